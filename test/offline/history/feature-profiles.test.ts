/** What a profile says of an as-of, against the rows that were put in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  array,
  boolean,
  date,
  decimal,
  defineEntity,
  float64,
  int32,
  sql,
  string,
  timestamp,
} from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import type { FeatureValue } from '../../../src/core/definitions/types.js';
import { DAY, HOUR } from '../../../src/core/helpers/time.js';
import type { FeatureProfile, FeatureProfiles } from '../../../src/core/ports/feature-profiles.js';
import type { StagedRow } from '../../../src/core/ports/offline.js';
import { createFeatureProfiles } from '../../../src/offline/history/feature-profiles.js';
import { openMigrated } from '../migrated.js';
import { type OfflineFixture, viewOf } from '../support.js';

const person = defineEntity({ name: 'person', joinKeys: ['person_id'], description: 'A person.' });
const features = {
  amount: int32({ description: 'An amount' }),
  ratio: float64({ description: 'A ratio' }),
  money: decimal({ description: 'Money' }),
  segment: string({ description: 'A segment' }),
  active: boolean({ description: 'Whether active' }),
  since: date({ description: 'A day' }),
  seen: timestamp({ description: 'An instant' }),
  months: array(int32(), { description: 'A list' }),
};
const AT = Date.parse('2026-01-01T16:00:00Z');
const watch = { report: async () => undefined, signal: new AbortController().signal };

let fixture: OfflineFixture;
let profiles: FeatureProfiles;
let statements: string[] = [];
let run = 0;

const view = (name: string, of: Partial<typeof features> = features): View =>
  viewOf(name, 1, { entity: person, features: of as typeof features, query: () => sql`SELECT 1` });

const row = (key: string, values: readonly FeatureValue[]): StagedRow => ({ key: [key], tombstone: false, values });

async function* batches(rows: readonly StagedRow[]): AsyncGenerator<readonly StagedRow[]> {
  if (rows.length > 0) yield rows;
}

/** One committed run of an as-of. */
async function commit(of: View, asOf: number, rows: readonly StagedRow[], lateBy = 0): Promise<void> {
  run += 1;
  const one = { id: run, view: of, asOf, knowledge: asOf + of.delayMs };
  await fixture.writers.createView(of);
  await fixture.writes.stageRows(one, batches(rows));
  await fixture.writes.commitRuns(of, [{ run: one, availableAt: asOf + of.delayMs + lateBy }]);
  await fixture.writes.dropStages(one.view, [one]);
}

const refresh = async (of: View): Promise<number> => (await profiles.refresh([of], watch))[0]?.asOfs ?? -1;
const read = (of: View, feature: string): Promise<readonly FeatureProfile[]> =>
  profiles.read({ view: of, feature }, { from: 0, to: AT + 100 * DAY });

beforeAll(async () => {
  fixture = await openMigrated();
  const { store } = fixture;
  const counted = new Proxy(store, {
    get(target, name) {
      const own = target[name as keyof typeof target];
      if (typeof own !== 'function') return own;
      return (label: string, ...rest: never[]) => {
        statements.push(label);
        return (own as (...given: unknown[]) => unknown).call(target, label, ...rest);
      };
    },
  });
  profiles = createFeatureProfiles({ store: counted });
});

afterAll(() => fixture.close());

describe('a profile', () => {
  const whole = view('whole');

  it('says of every type what its values are, in the form of the wire', async () => {
    await commit(whole, AT, [
      row('a', [1, 0.5, '10.25', 'gold', true, '2020-02-29', '2026-01-01T00:00:00.000Z', [1, 2]]),
      row('b', [3, -1.5, '-2', 'gold', false, '1960-01-01', '2025-12-31T23:59:59.999Z', []]),
      row('c', [null, null, null, null, null, null, null, []]),
      row('d', [100, 2.5, '0.000001', 'blue', true, '2024-05-06', '2026-01-01T01:00:00.000Z', [7]]),
    ]);
    expect(await refresh(whole)).toBe(1);
    const found = await Promise.all(Object.keys(features).map(async (name) => [name, (await read(whole, name))[0]]));
    const none = { mean: null, p5: null, p50: null, p95: null };
    const base = { asOf: AT, rows: 4, nullRate: 0.25, distinct: 3 };
    expect(Object.fromEntries(found)).toEqual({
      amount: { reference: 'whole@1:amount', ...base, min: 1, max: 100, mean: 104 / 3, p5: 1, p50: 3, p95: 100 },
      ratio: { reference: 'whole@1:ratio', ...base, min: -1.5, max: 2.5, mean: 0.5, p5: -1.5, p50: 0.5, p95: 2.5 },
      money: {
        reference: 'whole@1:money',
        ...base,
        min: '-2',
        max: '10.25',
        mean: expect.closeTo(8.250001 / 3, 12),
        p5: -2,
        p50: 0.000001,
        p95: 10.25,
      },
      segment: { reference: 'whole@1:segment', ...base, distinct: 2, min: 'blue', max: 'gold', ...none },
      active: { reference: 'whole@1:active', ...base, distinct: 2, min: false, max: true, ...none, mean: 2 / 3 },
      since: { reference: 'whole@1:since', ...base, min: '1960-01-01', max: '2024-05-06', ...none },
      seen: {
        reference: 'whole@1:seen',
        ...base,
        min: '2025-12-31T23:59:59.999Z',
        max: '2026-01-01T01:00:00.000Z',
        ...none,
      },
      months: {
        reference: 'whole@1:months',
        asOf: AT,
        rows: 4,
        nullRate: 0.5,
        distinct: null,
        min: null,
        max: null,
        ...none,
      },
    });
  });

  it('counts neither a key that a later run of the as-of no longer gives nor the value that it restates, and keeps what it left alone', async () => {
    const some = view('restated', { amount: features.amount });
    await commit(some, AT, [row('a', [1]), row('b', [2]), row('c', [3])]);
    expect(await refresh(some)).toBe(1);
    await commit(some, AT, [row('a', [50]), row('b', [2])], HOUR);
    expect(await refresh(some)).toBe(1);
    expect(await read(some, 'amount')).toEqual([
      expect.objectContaining({ rows: 2, min: 2, max: 50, mean: 26, distinct: 2, nullRate: 0 }),
    ]);
  });

  it('of an as-of without rows says so, and is not computed again', async () => {
    const some = view('empty', { amount: features.amount });
    await commit(some, AT, []);
    await commit(some, AT + DAY, [row('a', [1])]);
    expect(await refresh(some)).toBe(2);
    expect(await refresh(some)).toBe(0);
    expect((await read(some, 'amount')).map(({ rows, nullRate }) => [rows, nullRate])).toEqual([
      [0, null],
      [1, 0],
    ]);
  });

  it('takes only what is new: ten days are one measurement, the next day another, and nothing new none', async () => {
    const some = view('many', { amount: features.amount, months: features.months });
    for (let day = 0; day < 10; day++) await commit(some, AT + day * DAY, [row('a', [day, []]), row('b', [null, [1]])]);
    statements = [];
    expect(await refresh(some)).toBe(10);
    expect(statements).toEqual(['profiles-pending', 'profiles-measure', 'profiles-write']);
    expect((await read(some, 'amount')).map(({ min }) => min)).toEqual(Array.from({ length: 10 }, (_, day) => day));
    await commit(some, AT + 10 * DAY, [row('a', [99, []])]);
    expect(await refresh(some)).toBe(1);
    statements = [];
    expect(await refresh(some)).toBe(0);
    expect(statements).toEqual(['profiles-pending']);
    expect((await read(some, 'months')).at(-1)).toMatchObject({ asOf: AT + 10 * DAY, rows: 1, nullRate: 1 });
  });

  it('is measured again where a process died between two features', async () => {
    const some = view('halved', { amount: features.amount, ratio: features.ratio });
    await commit(some, AT, [row('a', [1, 1])]);
    await refresh(some);
    await fixture.store.run(
      'test-halve',
      sql`DELETE FROM feature_profiles WHERE view = ${'halved@1'} AND feature = ${'ratio'}`,
    );
    expect(await refresh(some)).toBe(1);
    expect(await read(some, 'ratio')).toHaveLength(1);
  });

  it('is read for a range that ends before its last instant, and the newest of many views in one statement', async () => {
    expect((await profiles.read({ view: whole, feature: 'amount' }, { from: AT - DAY, to: AT })).length).toBe(0);
    expect((await profiles.read({ view: whole, feature: 'amount' }, { from: AT, to: AT + 1 })).length).toBe(1);
    statements = [];
    const newest = await profiles.newest([view('many', { amount: features.amount, months: features.months }), whole]);
    expect(statements).toEqual(['profiles-newest']);
    expect(newest.get('many@1:amount')).toMatchObject({ min: 99, asOf: AT + 10 * DAY });
    expect(newest.get('whole@1:segment')).toMatchObject({ max: 'gold' });
    expect(newest.size).toBe(10);
  });
});

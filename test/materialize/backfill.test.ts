import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import { raw, sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { BackfillEstimate } from '../../src/core/ports/materialize.js';
import { estimateBackfill } from '../../src/materialize/estimate.js';
import { changedWriters } from '../support/writes.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { openSourceRows, paidView, type SourceRows } from './sources.js';
import { factsView, HOUR, MIDNIGHT } from './views.js';

const DAY = 24 * HOUR;
let fixture: MaterializeFixture;
let sources: SourceRows;
let tests = 0;
let view: View;

beforeAll(async () => {
  fixture = await materializeFixture();
  sources = await openSourceRows(fixture.clickhouse);
  const pay = (id: string, customer: string, at: number, more: object = {}) => ({
    repayment_id: id,
    customer_id: customer,
    loan_id: 'L',
    paid_at: at,
    principal_paid: 100,
    interest_paid: 0,
    method: 'SELF',
    ingested_at: at,
    ...more,
  });
  // C1 pays and is waived, C2 says its fee once, C3 pays late in the range and is known later still.
  await sources.add('repayments', [
    pay('R1', 'C1', MIDNIGHT - 9 * DAY),
    pay('R2', 'C2', MIDNIGHT - 9 * DAY, { fee_paid: 7 }),
    pay('R3', 'C2', MIDNIGHT - 4 * DAY),
    pay('R4', 'C1', MIDNIGHT - 3 * DAY, { method: 'WAIVER' }),
    pay('R5', 'C3', MIDNIGHT - 2 * DAY, { ingested_at: MIDNIGHT - DAY }),
  ]);
  await fixture.addFacts([
    { customer: 'C1', at: MIDNIGHT - 9 * DAY, amount: 1 },
    { customer: 'C2', at: MIDNIGHT - 3 * DAY, amount: 2, label: 'x' },
  ]);
});
afterAll(() => fixture?.close());
beforeEach(() => {
  fixture.clock.now = MIDNIGHT + 3 * HOUR;
  view = paidView(`paid_${++tests}`);
});

const range = (views: readonly View[], from = '2026-02-20', to = '2026-03-01') => ({
  views,
  from,
  to,
  now: fixture.clock.now,
});

const backfill = async (
  views: readonly View[],
  { from, to, ...change }: { from?: string; to?: string } & Parameters<MaterializeFixture['materializer']>[0] = {},
) =>
  (await fixture.materializer(change).backfill({ jobId: newUuid(Date.now()), ...range(views, from, to) }, unwatched()))
    .views;

/** All that a view has: the bytes of its history and state, and those that Redis holds. */
async function everything(views: readonly View[]) {
  const stores: unknown[] = [];
  for (const { name } of views) {
    for (const table of [`history_${name}_v1`, `state_${name}_v1 FINAL`]) {
      stores.push(await fixture.clickhouse.rows('test', raw(`SELECT * FROM ${table} ORDER BY ALL`)));
    }
  }
  const keys = (await fixture.redis.client.keys('*')).sort();
  const online = await Promise.all(keys.map((key) => fixture.redis.client.dumpBuffer(key)));
  return { stores, online: online.map((bytes, index) => [keys[index], bytes?.toString('hex')]) };
}

describe('a backfill of several views', () => {
  it('works on them at once, and leaves what it leaves one by one', async () => {
    const views = ['a', 'b', 'c'].map((name) => paidView(`side_${name}`));
    let inside = 0;
    let release: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    let most = 0;
    const writers = changedWriters(fixture.writers, (writer) => ({
      async stageRuns(runs, computed) {
        most = Math.max(most, ++inside);
        if (inside === 2) release();
        // Were they one after the other, the first would wait here for ever.
        await both;
        const counts = await writer.stageRuns(runs, computed);
        inside--;
        return counts;
      },
    }));
    const side = await backfill(views, { writers, viewsAtOnce: 2 });
    expect(most).toBe(2);
    const alone = paidView('side_alone');
    const [expected] = await backfill([alone], { viewsAtOnce: 1 });
    const rowsOf = async ({ name }: View) => {
      const rows = await fixture.clickhouse.rows(
        'test',
        raw(`SELECT * EXCEPT _sequence FROM history_${name}_v1 ORDER BY ALL`),
      );
      const state = raw(`SELECT * EXCEPT (_sequence, _ord, _fills) FROM state_${name}_v1 FINAL ORDER BY ALL`);
      return { rows, state: await fixture.clickhouse.rows('test', state) };
    };
    for (const [index, each] of views.entries()) {
      expect({ ...side[index], view: '' }).toEqual({ ...expected, view: '' });
      expect(await rowsOf(each)).toEqual(await rowsOf(alone));
      const { offline: newest, online } = await fixture.newest(each);
      expect(online).toEqual(newest);
      expect(newest).toHaveLength(3);
    }
  });

  it('of which one has nothing due yet computes the others and names that one; where none has, it is refused with the reason', async () => {
    const [soon, late] = [paidView('idle_soon'), paidView('idle_late', { schedule: { every: 'day', delay: '9h' } })];
    const asked = { ...range([late, soon], '2026-03-01', '2026-03-02'), jobId: newUuid(Date.now()) };
    const words = 'idle_late@1 has no as-of from 2026-03-01 on that is due: the newest is 2026-02-27T16:00:00.000Z';
    const materializer = fixture.materializer();
    const told = await materializer.estimateBackfill(asked);
    expect(told.views.map(({ view: id }) => id)).toEqual([soon.id]);
    expect(told.notes).toEqual([
      expect.stringContaining('idle_soon@1: 1 as-of not due yet left out'),
      `${words}; nothing of it is computed`,
    ]);
    const { views, notes } = await materializer.backfill(asked, unwatched());
    expect(views).toMatchObject([
      { view: soon.id, asOfs: 1, rows: 3 },
      { view: late.id, asOfs: 0, rows: 0, from: null, to: null },
    ]);
    expect(notes).toEqual(told.notes);
    const none = { ...asked, from: '2026-03-02' };
    const refusal = {
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^idle_late@1 has no.*; idle_soon@1 has/),
    };
    await expect(materializer.backfill(none, unwatched())).rejects.toMatchObject(refusal);
    expect(() => materializer.checkBackfill(none)).toThrow(expect.objectContaining(refusal));
    expect(() => materializer.checkBackfill(asked)).not.toThrow();
  });

  it('stops with the first that fails; repeated, it does what is missing', async () => {
    const views = ['fine', 'broken'].map((name) => paidView(`stop_${name}`));
    const writers = changedWriters(fixture.writers, (writer) => ({
      stageRuns: (runs, computed) =>
        runs[0]?.view.name === 'stop_broken' ? Promise.reject(new Error('broken')) : writer.stageRuns(runs, computed),
    }));
    await expect(backfill(views, { writers })).rejects.toThrow('broken');
    expect(await backfill(views)).toMatchObject([{ asOfs: 10 }, { asOfs: 10 }]);
    for (const each of views) {
      const { offline: newest, online } = await fixture.newest(each);
      expect(online).toEqual(newest);
      expect(newest).toHaveLength(3);
    }
  });

  it('done twice changes nothing: the bytes of history, state and online store, tombstones and kept values among them', async () => {
    const views = [view, factsView({}, `twice_${tests}`)];
    await backfill(views);
    const { offline: newest } = await fixture.newest(view);
    expect(newest.map(({ key, tombstone, values }) => [key[0], tombstone, values[2]])).toEqual([
      ['C1', true, undefined],
      ['C2', false, '7'],
      ['C3', false, null],
    ]);
    const before = await everything(views);
    fixture.clock.now += HOUR;
    expect(await backfill(views)).toMatchObject([
      { changed: 0, published: 0, asOfs: 10 },
      { changed: 0, published: 0, asOfs: 10 },
    ]);
    expect(await everything(views)).toEqual(before);
    // Another order of chunks, and only a part of the range.
    await backfill(views.toReversed(), { from: '2026-02-25', to: '2026-02-26', viewsAtOnce: 1 });
    expect(await everything(views)).toEqual(before);
  });
});

describe('a range before anything was known', () => {
  it('computes nothing of it: ten years cost what the days with data cost', async () => {
    let computed = 0;
    const writers = changedWriters(fixture.writers, (writer) => ({
      stageRuns: (runs, told) => {
        computed += runs.length;
        return writer.stageRuns(runs, told);
      },
    }));
    const [result] = await backfill([view], { writers, from: '2016-03-01', to: '2026-02-21' });
    expect(result).toMatchObject({ asOfs: 3_645, empty: 3_643, rows: 4 });
    expect(computed).toBe(2);
    const [none] = await backfill([paidView('never')], { writers, from: '2016-03-01', to: '2016-06-01' });
    expect(none).toMatchObject({ asOfs: 93, empty: 93, rows: 0, published: 0 });
    expect(computed).toBe(2);
  });

  it('is computed where the view gives rows of nothing', async () => {
    const always = paidView('always', {
      query: ({ source }) => sql`SELECT 'all' AS customer_id, sum(principal_paid) AS paid, toInt32(count()) AS times,
        NULL AS fee, false AS gone FROM ${source('repayments')}`,
    });
    expect(await backfill([always], { from: '2026-01-01', to: '2026-01-03' })).toMatchObject([{ empty: 0, rows: 3 }]);
  });
});

describe('the estimate of a backfill', () => {
  const estimate = (views: readonly View[], from?: string, to?: string): Promise<BackfillEstimate> =>
    fixture.materializer().estimateBackfill(range(views, from, to));

  it('tells as-ofs, rows and what is done, and writes nothing', async () => {
    // Rows: 2 a day up to the 27th, 3 on the last two days; counted on the first, the 24th and the last.
    const told = await estimate([view], '2026-02-10', '2026-03-01');
    expect(told).toMatchObject({ asOfs: 20, seconds: null });
    expect(told.views).toMatchObject([
      {
        view: view.id,
        asOfs: 20,
        empty: 10,
        done: 0,
        countedAsOfs: 3,
        seconds: null,
        measuredRuns: 0,
        clampedTo: null,
      },
    ]);
    expect(told.rows).toBeGreaterThanOrEqual(20);
    expect(told.rows).toBeLessThanOrEqual(30);
    const tables = await fixture.clickhouse.rows(
      'test',
      raw(`SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%${view.name}_v1'`),
    );
    expect(tables).toEqual([]);
    await backfill([view], { from: '2026-02-20', to: '2026-02-22' });
    expect((await estimate([view], '2026-02-21', '2026-02-24')).views).toMatchObject([{ asOfs: 4, done: 2 }]);
  });

  it('is exact where all as-ofs are counted', async () => {
    expect(await estimate([view], '2026-02-27', '2026-03-01')).toMatchObject({ asOfs: 3, rows: 8 });
    expect(await backfill([view], { from: '2026-02-27', to: '2026-03-01' })).toMatchObject([{ rows: 8 }]);
  });

  it('expects the time that earlier runs of the view took for as many rows', async () => {
    const writers = changedWriters(fixture.writers, (writer) => ({
      stageRuns: (runs, computed) => {
        fixture.clock.now += 12_000;
        return writer.stageRuns(runs, computed);
      },
    }));
    const [done] = await backfill([view], { writers, from: '2026-02-20', to: '2026-02-22' });
    expect(done?.rows).toBe(6);
    const told = await estimate([view], '2026-02-27', '2026-03-01');
    expect(told.views).toMatchObject([{ rows: 8, seconds: 16, measuredRuns: 3 }]);
    expect(told.seconds).toBe(16);
    expect(await estimate([view, paidView('unmeasured')])).toMatchObject({ seconds: null });
  });

  it('expects views side by side to take as long as the longest row of those that wait for each other', async () => {
    const [input, other] = [paidView('input'), paidView('other')];
    const scores = {
      ...paidView('scores'),
      origin: { kind: 'scores', model: { features: [{ view: input }] } },
    } as unknown as View;
    const seconds: Readonly<Record<string, number>> = { [input.id]: 20, [other.id]: 25, [scores.id]: 30 };
    const told = (views: readonly View[]) =>
      estimateBackfill(
        {
          calendar: new BusinessCalendar('Asia/Shanghai'),
          derived: [],
          viewsAtOnce: 2,
          offline: { firstKnown: async () => 0, estimateRows: async () => ({ rows: 1 }) },
          ledger: {
            done: async () => [],
            pace: async (id: string) => ({ runs: 1, rows: 10, seconds: seconds[id] as number }),
          },
        } as unknown as Parameters<typeof estimateBackfill>[0],
        range(views, '2026-02-01', '2026-02-10'),
      );
    expect(await told([scores, input, other])).toMatchObject({ rows: 30, seconds: 50 });
    expect(await told([input, other])).toMatchObject({ seconds: 25 });
  });

  it('says where the range is cut, and refuses what the backfill would refuse', async () => {
    expect((await estimate([view], '2026-02-28', '2026-12-31')).views).toMatchObject([
      { asOfs: 2, clampedTo: '2026-02-28T16:00:00.000Z' },
    ]);
    await expect(estimate([view], '2027-01-01', '2027-01-02')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(estimate([view], '2026-02-02', '2026-02-01')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

it('a kept value that a backfill finds after a live run is online too, though the row is no newer', async () => {
  await fixture.materializer().materialize({ jobId: newUuid(1), views: [view], now: fixture.clock.now }, unwatched());
  const fee = async () => {
    const { offline: newest, online } = await fixture.newest(view);
    expect(online).toEqual(newest);
    return newest.find(({ key }) => key[0] === 'C2')?.values[2];
  };
  expect(await fee()).toBeNull();
  await backfill([view], { from: '2026-02-20', to: '2026-02-22' });
  expect(await fee()).toBe('7');
});

describe('a worker that goes on after it has lost the view', () => {
  const loseLocks = async () => {
    const client = new pg.Client({ connectionString: fixture.urls.postgres });
    await client.connect();
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    await client.end();
  };

  it.each(['before it makes its rows history', 'before it says that they are staged'])(
    'adds nothing to what the next one has made of it: %s',
    async (when) => {
      let next: unknown;
      const overtake = async () => {
        await loseLocks();
        fixture.clock.now += DAY;
        const request = { jobId: newUuid(Date.now()), views: [view], now: fixture.clock.now };
        await fixture.materializer().materialize(request, unwatched());
        next = await everything([view]);
      };
      const writers = changedWriters(fixture.writers, (writer) => ({
        async commitRuns(runs) {
          if (when.includes('history')) await overtake();
          return writer.commitRuns(runs);
        },
        async stageRuns(runs, computed) {
          const counts = await writer.stageRuns(runs, computed);
          if (when.includes('staged')) await overtake();
          return counts;
        },
      }));
      await expect(backfill([view], { writers })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await everything([view])).toEqual(next);
      await backfill([view]);
      const { offline: newest, online } = await fixture.newest(view);
      expect(online).toEqual(newest);
      expect(newest).toHaveLength(3);
    },
  );
});

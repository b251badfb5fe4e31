/** One function, three ways to its values: a request over Redis, a historical table and a training set over ClickHouse. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyFeatureRef } from '../../src/core/definitions/definitions.js';
import { DAY, formatInstant } from '../../src/core/helpers/time.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { refsOf } from '../offline/support.js';
import { onDemandRefs } from '../support/on-demand.js';
import { type Asked, exact, NOW, openWorld, type Row, type World } from './on-demand-world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const idOf = fc.oneof(
  fc.integer({ min: 0, max: 8 }).map((n) => `F${n}`),
  fc.integer({ min: 0, max: 8 }).map((n) => `S${n}`),
  fc.constantFrom('nobody', null),
);
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const instantOf = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
});
const ROW = fc.record({
  id: idOf,
  amount: orNull(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((n) => (n / 1_000).toFixed(3))),
  factor: orNull(fc.double({ noNaN: true, noDefaultInfinity: true })),
  when: orNull(instantOf.map((one) => one.toISOString().slice(0, 10))),
  moment: orNull(instantOf.map((one) => one.toISOString())),
  yes: orNull(fc.boolean()),
  word: orNull(fc.string({ unit: 'binary', maxLength: 8 })),
  count: orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
  list: orNull(fc.array(orNull(fc.string({ maxLength: 3 })), { maxLength: 4 })),
});

const rowsOf = (seed: number, count: number) => fc.sample(ROW, { seed, numRuns: count });
const column = <K extends string>(rows: readonly Record<K, unknown>[], name: K) => rows.map((row) => row[name]);

/** Statuses and values as they should be, told by the definition of a status and not by the code that makes one. */
describe('the same function', () => {
  const all = (): readonly AnyFeatureRef[] => [...onDemandRefs(world.afford), ...onDemandRefs(world.echo)];
  const ask = (seed: number, count: number): Asked => {
    const rows = rowsOf(seed, count);
    const names = ['amount', 'factor', 'when', 'moment', 'yes', 'word', 'count', 'list'] as const;
    const request = Object.fromEntries(names.map((name) => [name, column(rows, name)]));
    return { features: all(), ids: rows.map(({ id }) => id), request };
  };

  it.each(['RETURN', 'NULL'] as const)(
    'answers a request as it fills a historical table, and a training set (%s)',
    async (stalePolicy) => {
      const asked = { ...ask(stalePolicy === 'NULL' ? 11 : 5, 60), stalePolicy };
      const online = await world.readOnline(asked);
      expect(await world.readHistory(asked)).toEqual(online);
      expect(await world.readSet(asked)).toEqual(online);
      const statuses = new Set(online.flat().map(([, status]) => status));
      expect([...statuses].sort()).toEqual(['NULL', 'PRESENT', 'STALE']);
    },
  );

  it('sees what is stored and null for what is not, and is not asked where stale values are to be held back', async () => {
    const asked = { features: onDemandRefs(world.echo, ['seen']), ids: ['F3', 'S3', 'nobody', null] };
    const nothing = { when: null, moment: null, yes: null, word: null, count: null, list: [] };
    const request = Object.fromEntries(Object.keys(nothing).map((name) => [name, asked.ids.map(() => null)]));
    const seen = (rows: Row[]) =>
      rows.map(([cell]) => [cell?.[0] ? JSON.parse(cell[0] as string) : null, cell?.[1], cell?.[2]]);
    const its = (days: number) => ({
      its_income: days === 1 ? '3704.703673' : '3703.703673',
      its_ratio: (Math.sin(3) * 1e-7) / 3,
      its_small: Math.fround(3 / 7),
      its_big: '9007199254740996',
      its_flag: false,
      its_born: '1990-03-03',
      its_name: 'it\'s "3" 你',
      its_seen: '2026-05-05T01:02:06.004Z',
      its_months: [3, null, 0],
    });
    const none = Object.fromEntries(Object.keys(its(0)).map((name) => [name, null]));
    const fresh = [{ ...its(1), ...nothing }, 'PRESENT', formatInstant(NOW - DAY)];
    const stale = (shown: object | null) => [shown && { ...shown, ...nothing }, 'STALE', formatInstant(NOW - 5 * DAY)];
    const absent = [{ ...none, ...nothing }, 'PRESENT', null];
    const returned = await world.readOnline({ ...asked, request });
    expect(seen(returned)).toEqual([fresh, stale(its(0)), absent, absent]);
    const nulled = { ...asked, request, stalePolicy: 'NULL' as const };
    expect(seen(await world.readOnline(nulled))).toEqual([fresh, stale(null), absent, absent]);
    expect(seen(await world.readHistory(nulled))).toEqual([fresh, stale(null), absent, absent]);
  });

  it('leaves out what is only computed from, and keeps the order asked', async () => {
    const features = [
      ...onDemandRefs(world.afford, ['rest']),
      ...refsOf(world.profile, ['income']),
      ...onDemandRefs(world.afford, ['share']),
    ];
    const asked = { features, ids: ['F3'], request: { amount: ['1000'], factor: [null] } };
    const at = formatInstant(NOW - DAY);
    const expected = [
      [
        ['2704.703673', 'PRESENT', at],
        ['3704.703673', 'PRESENT', at],
        [new exact('1000').div('3704.703673').toNumber(), 'PRESENT', at],
      ],
    ];
    expect(await world.readOnline(asked)).toEqual(expected);
    expect(await world.readHistory(asked)).toEqual(expected);
    const { views } = await createOnlineFeatures({ online: world.online }).read({
      features: onDemandRefs(world.afford, ['rest']),
      entities: { customer_id: ['F3'] },
      request: asked.request,
      stalePolicy: 'RETURN',
      now: NOW,
    });
    expect(views.map(({ view }) => view)).toEqual(['afford@1']);
  });

  it('computes from the request alone where nothing is stored, and needs no store for it', async () => {
    const asked = {
      features: onDemandRefs(world.place),
      ids: ['a', null],
      request: { latitude: [-1.5, null], channel: ['H5', 'APP'] },
    };
    const expected = [
      [
        [true, 'PRESENT', null],
        ['-1.5 by H5', 'PRESENT', null],
      ],
      [
        [null, 'NULL', null],
        ['null by APP', 'PRESENT', null],
      ],
    ];
    expect(await world.readOnline(asked)).toEqual(expected);
    expect(await world.readHistory(asked)).toEqual(expected);
    expect(await world.readSet(asked)).toEqual(expected);
  });

  it('is ERROR, never a guess, where the store did not answer for an input', async () => {
    const failing: OnlineStore = {
      ...world.online,
      read: async (groups) => groups.map(({ keys, views }) => keys.map(() => views.map(() => 'ERROR' as const))),
    };
    const { columns } = await createOnlineFeatures({ online: failing }).read({
      features: onDemandRefs(world.afford, ['share', 'rest']),
      entities: { customer_id: ['F3'] },
      request: { amount: ['1'], factor: [1] },
      stalePolicy: 'RETURN',
      now: NOW,
    });
    expect(columns.map(({ values, statuses }) => [values[0], statuses[0]])).toEqual([
      [null, 'ERROR'],
      [null, 'ERROR'],
    ]);
  });
});

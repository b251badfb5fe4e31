import { expect } from 'vitest';
import { sql } from '../../src/core/definitions/define.js';
import { formatInstant, type Instant } from '../../src/core/helpers/time.js';
import { refsOf } from '../offline/support.js';
import { type Case, defineRule, shared } from './conformance.js';
import { customer, DELAY, march, openScheduledWorld, residenceView, type ScheduledWorld } from './scheduled-world.js';

/**
 * Ran on time on 2, 5 and 7 March, seven hours late on the 3rd, and not on the 4th. The days from 1 to 6 were backfilled on the 6th at noon,
 * those from 1 to 7 again on the 8th at noon.
 */
const lived = residenceView('lived');
/** The same for customers of Sanya alone, of whom nobody knew before the 5th. */
const sanya = residenceView('sanya', {
  entity: customer,
  query: ({ source }) =>
    sql`SELECT customer_id, city, toInt32(0) AS seen FROM ${source('customers')} WHERE city = 'Sanya'`,
});
const VIEWS = { lived, sanya };

const FIRST_BACKFILL = march(6, 12);
const SECOND_BACKFILL = march(8, 12);

interface Version {
  readonly city: string;
  readonly known: Instant;
  /** When a file brought the row, as history, where that was after it was known. */
  readonly brought?: Instant;
}

interface BackfillCase extends Case {
  readonly versions: readonly Version[];
  readonly asked: readonly {
    readonly view?: keyof typeof VIEWS;
    readonly t: Instant;
    /** Null: there is no value. */
    readonly city: string | null;
    readonly event?: Instant;
    readonly available?: Instant;
  }[];
}

const LONG_AGO = march(-20);
const wuhan: Version = { city: 'Wuhan', known: LONG_AGO };

const CASES: readonly BackfillCase[] = [
  {
    name: 'what was not known before a late run is not known before it after a backfill either',
    versions: [{ city: 'Beijing', known: march(3, 1) }],
    asked: [
      { t: march(3) + DELAY, city: null },
      { t: march(3, 9, -1), city: null },
      { t: march(3, 9), city: 'Beijing', event: march(3), available: march(3, 9) },
    ],
  },
  {
    name: 'until a late run the day before is in force, also after a backfill',
    versions: [wuhan, { city: 'Beijing', known: march(3, 1) }],
    asked: [
      { t: march(3, 9, -1), city: 'Wuhan', event: march(2), available: march(2) + DELAY },
      { t: march(3, 9), city: 'Beijing', event: march(3), available: march(3, 9) },
    ],
  },
  {
    name: 'a day that had no run is filled with the times that its scheduled run would have given',
    versions: [wuhan, { city: 'Beijing', known: march(4, 1) }],
    asked: [
      { t: march(4) + DELAY - 1, city: 'Wuhan', event: march(3) },
      { t: march(4) + DELAY, city: 'Beijing', event: march(4), available: march(4) + DELAY },
    ],
  },
  {
    name: 'a day before the first run is filled',
    versions: [wuhan],
    asked: [{ t: march(1) + DELAY, city: 'Wuhan', event: march(1), available: march(1) + DELAY }],
  },
  {
    name: 'a day that was due and not yet computed is filled',
    versions: [wuhan, { city: 'Beijing', known: march(6, 1) }],
    asked: [{ t: march(6) + DELAY, city: 'Beijing', event: march(6), available: march(6) + DELAY }],
  },
  {
    name: 'a row of the past that a file brings later changes no answer of a day that has history',
    versions: [wuhan, { city: 'Harbin', known: march(2, 1), brought: march(5, 20) }],
    asked: [
      { t: march(2, 12), city: 'Wuhan', event: march(2), available: march(2) + DELAY },
      { t: march(3, 12), city: 'Wuhan', event: march(3), available: march(3, 9) },
      { t: march(5, 12), city: 'Wuhan', event: march(5), available: march(5) + DELAY },
    ],
  },
  {
    name: 'it is in the days that the backfill fills, from their own time on',
    versions: [wuhan, { city: 'Harbin', known: march(2, 1), brought: march(5, 20) }],
    asked: [
      { t: march(4, 12), city: 'Harbin', event: march(4), available: march(4) + DELAY },
      { t: march(6, 12), city: 'Harbin', event: march(6), available: march(6) + DELAY },
    ],
  },
  {
    name: 'what a backfill knows better of the newest day is known from the backfill on, and not before',
    versions: [wuhan, { city: 'Harbin', known: march(7, 1), brought: march(7, 20) }],
    asked: [
      { t: march(7, 12), city: 'Wuhan', event: march(7), available: march(7) + DELAY },
      { t: SECOND_BACKFILL - 1, city: 'Wuhan', event: march(7) },
      { t: SECOND_BACKFILL, city: 'Harbin', event: march(7), available: SECOND_BACKFILL },
    ],
  },
  {
    name: 'a key that a backfill finds on the newest day is there from the backfill on',
    versions: [{ city: 'Harbin', known: march(7, 1), brought: march(7, 20) }],
    asked: [
      { t: march(7, 12), city: null },
      { t: SECOND_BACKFILL, city: 'Harbin', event: march(7), available: SECOND_BACKFILL },
    ],
  },
  {
    name: 'a day that a backfill filled keeps what it said when the next backfill knows better',
    versions: [wuhan, { city: 'Harbin', known: march(4, 1), brought: march(7, 20) }],
    asked: [
      { t: march(4, 12), city: 'Wuhan', event: march(4), available: march(4) + DELAY },
      { t: march(6, 12), city: 'Wuhan', event: march(6), available: march(6) + DELAY },
    ],
  },
  {
    name: 'a run without a row said so of every key: its day has history',
    versions: [{ city: 'Sanya', known: march(2, 1), brought: march(4, 20) }],
    asked: [
      { view: 'sanya', t: march(2, 12), city: null },
      { view: 'sanya', t: march(3, 12), city: null },
      { view: 'sanya', t: march(4, 12), city: 'Sanya', event: march(4), available: march(4) + DELAY },
      { view: 'sanya', t: march(5, 12), city: 'Sanya', event: march(5), available: march(5) + DELAY },
    ],
  },
];

const idOf = (number: number): string => `C${number}`;

const world = shared(async (): Promise<ScheduledWorld> => {
  const opened = await openScheduledWorld();
  const versions = CASES.flatMap((each, number) => each.versions.map((version) => ({ ...version, id: idOf(number) })));
  /** Rows that no file had brought by an instant are loaded once it has come. */
  let loaded = Number.NEGATIVE_INFINITY;
  const load = async (until: Instant) => {
    let left = versions.filter(({ known, brought = known }) => brought > loaded && brought <= until);
    loaded = until;
    // One import a version: two versions of a row in one file are one row.
    while (left.length > 0) {
      const some = left.filter((each, index) => left.findIndex(({ id }) => id === each.id) === index);
      const rows = some.map(({ id, city, known }) => ({
        customer_id: id,
        city,
        registered_at: formatInstant(LONG_AGO),
        ingested_at: formatInstant(known),
      }));
      await opened.load('customers', rows, { now: until, history: true });
      left = left.filter((each) => !some.includes(each));
    }
  };
  for (const view of Object.values(VIEWS)) {
    await opened.writers.createView(view);
  }
  const runs = async (now: Instant) => {
    await load(now);
    for (const view of Object.values(VIEWS)) await opened.runAt(now, view);
  };
  const backfills = async (now: Instant, to: string) => {
    await load(now);
    for (const view of Object.values(VIEWS)) await opened.backfillAt(now, view, '2026-03-01', to);
  };
  await runs(march(2) + DELAY);
  await runs(march(3, 9));
  await runs(march(5) + DELAY);
  await backfills(FIRST_BACKFILL, '2026-03-06');
  await runs(march(7) + DELAY);
  await backfills(SECOND_BACKFILL, '2026-03-07');
  return opened;
});

defineRule(
  {
    rule: 27,
    open: world,
    async check(each: BackfillCase, { offline, features }) {
      const key = idOf(CASES.indexOf(each));
      for (const { view: name = 'lived', t, city, event, available } of each.asked) {
        const where = `${name} at ${formatInstant(t)}`;
        const view = VIEWS[name];
        const { rows } = await offline.historicalFeatures({
          features: refsOf(view, ['city']),
          spine: { customer_id: [key], event_timestamp: [formatInstant(t)] },
          includeEventTimes: false,
          includeStatuses: false,
        });
        expect(rows[0]?.[2], where).toBe(city);
        const [row] = await offline.rowsAt(view, t, [[key]]);
        if (event !== undefined) expect(row?.eventTime, `${where}: event time`).toBe(event);
        if (available !== undefined) expect(row?.availableAt, `${where}: available`).toBe(available);
      }
      // Redis holds what the history says of now.
      const newest = (await offline.rowsAt(lived, SECOND_BACKFILL, [[key]]))[0] ?? null;
      const { columns } = await features.read({
        features: refsOf(lived, ['city']),
        entities: { customer_id: [key] },
        stalePolicy: 'RETURN',
        now: SECOND_BACKFILL,
      });
      expect(columns[0]?.values, 'online').toEqual([newest?.values[0] ?? null]);
    },
  },
  CASES,
);

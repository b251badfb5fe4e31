import { globSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { sql } from '../../src/core/definitions/sql.js';
import { DAY, formatInstant, type Instant } from '../../src/core/helpers/time.js';
import { viewTables } from '../../src/offline/history/tables.js';
import { type Case, defineRule, shared } from './conformance.js';
import { DELAY, march, openScheduledWorld, residenceView, type ScheduledWorld } from './scheduled-world.js';

interface ScheduleCase extends Case {
  /** What is run, at which time of the clock: a scheduled run of an as-of or a backfill of the days from 2 to 4 March. */
  readonly done: readonly { readonly now: Instant; readonly asOf?: Instant }[];
}

const onTime = [2, 3, 4].map((date) => ({ now: march(date) + DELAY, asOf: march(date) }));
const TEN_YEARS = 3_652 * DAY;

const CASES: readonly ScheduleCase[] = [
  { name: 'runs at their time', done: onTime },
  {
    name: 'runs that were some minutes late',
    done: onTime.map(({ now, asOf }, index) => ({ now: now + (index + 1) * 61_001, asOf })),
  },
  {
    name: 'runs that were a day late each, for the as-of they were meant for',
    done: onTime.map(({ now, asOf }) => ({ now: now + DAY, asOf })),
  },
  {
    name: 'runs of which the newest came first',
    done: [...onTime].reverse().map(({ asOf }, index) => ({ now: march(5) + index, asOf })),
  },
  { name: 'a run that is repeated on another day', done: [...onTime, { now: march(20), asOf: march(3) }] },
  { name: 'a backfill of the next week', done: [{ now: march(12) }] },
  { name: 'a backfill of ten years later', done: [{ now: march(2) + TEN_YEARS }] },
  { name: 'a backfill that is repeated by another clock', done: [{ now: march(12) }, { now: march(2) + TEN_YEARS }] },
  { name: 'runs of which one was never made, and a backfill', done: [...onTime.slice(0, 2), { now: march(30) }] },
];

/** By hand: C moved on the 3rd, known at noon, and was seen on the 2nd and the 3rd; the second sighting was reported on the 4th at 01:00. */
const EXPECTED = [
  [formatInstant(march(2)), 'Wuhan', 0],
  [formatInstant(march(3)), 'Wuhan', 1],
  [formatInstant(march(4)), 'Beijing', 2],
];

const world = shared(async (): Promise<ScheduledWorld> => {
  const opened = await openScheduledWorld();
  for (const [city, known] of [
    ['Wuhan', march(1)],
    ['Beijing', march(3, 12)],
  ] as const) {
    const registered_at = formatInstant(march(1));
    await opened.load('customers', [{ customer_id: 'C', city, registered_at, ingested_at: formatInstant(known) }]);
  }
  await opened.load(
    'device_sightings',
    [
      [march(2, 5), march(2, 5)],
      [march(3, 5), march(4, 1)],
    ].map(([at = 0, known = 0]) => ({
      customer_id: 'C',
      device_id: 'D',
      seen_at: formatInstant(at),
      ingested_at: formatInstant(known),
    })),
  );
  return opened;
});

defineRule(
  {
    rule: 4,
    open: world,
    async check({ done }: ScheduleCase, opened) {
      const view = residenceView(`schedule_${CASES.findIndex((each) => each.done === done)}`);
      await opened.writers.createView(view);
      for (const { now, asOf } of done) {
        if (asOf === undefined) await opened.backfillAt(now, view, '2026-03-02', '2026-03-04');
        else await opened.runAt(now, view, asOf);
      }
      const rows = await opened.store.rows<{ at: string; city: string; seen: number }>(
        'conformance',
        sql`SELECT toString(toUnixTimestamp64Milli(_event_time)) AS at, city, seen FROM ${viewTables(view).history} ORDER BY _event_time`,
      );
      expect(rows.map(({ at, city, seen }) => [formatInstant(Number(at)), city, seen])).toEqual(EXPECTED);
    },
  },
  CASES.map((each) => ({ ...each, name: `${each.name}: the numbers of the schedule` })),
);

/** What reads a clock, in TypeScript and in SQL. */
const CLOCK =
  /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|(?<!new )\bDate\(\)|\bperformance\b|\bDateTime\.(?:now|local|utc)\(\s*\)|['"](?:node:)?perf_hooks['"]|\b(?:now|now64|today|yesterday|nowInBlock)\(/;

interface CodeCase extends Case {
  readonly folder: string;
}

defineRule(
  {
    rule: 4,
    check({ folder }: CodeCase) {
      const files = globSync(`${folder}/**/*.ts`);
      expect(files.length).toBeGreaterThan(0);
      const reading = files.filter((path) =>
        readFileSync(path, 'utf8')
          .split('\n')
          .some((line) => CLOCK.test(line)),
      );
      expect(reading).toEqual([]);
    },
  },
  ['src/core', 'src/materialize', 'features', 'indicators', 'models'].map((folder) => ({
    name: `no line below ${folder} reads a clock`,
    folder,
  })),
);

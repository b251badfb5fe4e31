import { expect } from 'vitest';
import { formatInstant, type Instant } from '../../src/core/helpers/time.js';
import { refsOf } from '../offline/support.js';
import { type Case, defineRule, shared } from './conformance.js';
import { DELAY, march, openScheduledWorld, residenceView, type ScheduledWorld } from './scheduled-world.js';

const VIEWS = {
  /** Never ran at its time: the days from 2 to 7 March were computed a year later. */
  backfilled: residenceView('backfilled'),
  /** Ran each day from 2 to 6 March: that of the 3rd seven hours late, the others on time. */
  live: residenceView('live'),
};

interface Version {
  readonly city: string;
  readonly known: Instant;
  /** 1 February where it is not said. */
  readonly registered?: Instant;
}

interface BitemporalCase extends Case {
  readonly versions: readonly Version[];
  readonly sightings?: readonly { readonly at: Instant; readonly known?: Instant }[];
  readonly asked: readonly {
    readonly view: keyof typeof VIEWS;
    readonly t: Instant;
    /** Bound on knowledge of the set: none where it is not said. */
    readonly asOf?: Instant;
    /** Null: there is no value. */
    readonly city: string | null;
    readonly seen?: number;
    /** The stamps of the row in force. */
    readonly event?: Instant;
    readonly available?: Instant;
  }[];
}

const LONG_AGO = march(-20);
const wuhan: Version = { city: 'Wuhan', known: LONG_AGO };

const CASES: readonly BitemporalCase[] = [
  {
    name: 'a value is seen from as-of + delay on, and not one millisecond before',
    versions: [wuhan],
    asked: [
      { view: 'backfilled', t: march(2) + DELAY - 1, city: null },
      { view: 'backfilled', t: march(2) + DELAY, city: 'Wuhan', event: march(2), available: march(2) + DELAY },
    ],
  },
  {
    name: 'a backfill of a year later stamps what the schedule would have published, when it would have',
    versions: [wuhan],
    asked: [
      { view: 'backfilled', t: march(4, 12), city: 'Wuhan', event: march(4), available: march(4) + DELAY },
      { view: 'backfilled', t: march(5, 1), city: 'Wuhan', event: march(4), available: march(4) + DELAY },
    ],
  },
  {
    name: 'a correction is not seen on days before it was known, though the backfill ran long after',
    versions: [wuhan, { city: 'Beijing', known: march(4, 12) }],
    asked: [
      { view: 'backfilled', t: march(4, 23), city: 'Wuhan', event: march(4) },
      { view: 'backfilled', t: march(5, 2), city: 'Beijing', event: march(5) },
    ],
  },
  {
    name: 'what was known in the very millisecond of as-of + delay is read, one later is not',
    versions: [
      { city: 'first', known: march(3) + DELAY },
      { city: 'second', known: march(4) + DELAY + 1 },
    ],
    asked: [
      { view: 'backfilled', t: march(3, 12), city: 'first', event: march(3) },
      { view: 'backfilled', t: march(4, 12), city: 'first', event: march(4) },
      { view: 'backfilled', t: march(5, 12), city: 'second', event: march(5) },
    ],
  },
  {
    name: 'what happened in the very millisecond of the as-of counts, one later does not',
    versions: [wuhan],
    sightings: [{ at: march(3) }, { at: march(3, 0, 1) }],
    asked: [
      { view: 'backfilled', t: march(3, 12), city: 'Wuhan', seen: 1 },
      { view: 'backfilled', t: march(4, 12), city: 'Wuhan', seen: 2 },
    ],
  },
  {
    name: 'an event that was reported late counts from the run that could know of it',
    versions: [wuhan],
    sightings: [{ at: march(2, 3), known: march(5, 12) }],
    asked: [
      { view: 'backfilled', t: march(5, 23), city: 'Wuhan', seen: 0 },
      { view: 'backfilled', t: march(6, 12), city: 'Wuhan', seen: 1 },
      { view: 'live', t: march(6, 12), city: 'Wuhan', seen: 1 },
    ],
  },
  {
    name: 'what is announced before it happens is not there before it happened',
    versions: [{ city: 'Wuhan', known: march(2, 1), registered: march(4, 12) }],
    asked: [
      { view: 'backfilled', t: march(4, 23), city: null },
      { view: 'backfilled', t: march(5, 12), city: 'Wuhan' },
    ],
  },
  {
    name: 'a live run on time is stamped with as-of + delay',
    versions: [wuhan],
    asked: [
      { view: 'live', t: march(2) + DELAY - 1, city: null },
      { view: 'live', t: march(2) + DELAY, city: 'Wuhan', event: march(2), available: march(2) + DELAY },
    ],
  },
  {
    name: 'a live run that was late is stamped when it was readable: until then the day before is seen',
    versions: [wuhan, { city: 'Beijing', known: march(3, 1) }],
    asked: [
      { view: 'live', t: march(3, 9, -1), city: 'Wuhan', event: march(2) },
      { view: 'live', t: march(3, 9), city: 'Beijing', event: march(3), available: march(3, 9) },
    ],
  },
  {
    name: 'a late live run reads what it would have read on time, not what came in meanwhile',
    versions: [wuhan, { city: 'Beijing', known: march(3, 5) }],
    asked: [
      { view: 'live', t: march(3, 12), city: 'Wuhan', event: march(3) },
      { view: 'live', t: march(4, 12), city: 'Beijing', event: march(4) },
    ],
  },
  {
    name: 'live and backfilled values of a day are the same',
    versions: [wuhan, { city: 'Beijing', known: march(4, 1) }, { city: 'Harbin', known: march(5, 3) }],
    sightings: [{ at: march(3, 5) }, { at: march(4, 5), known: march(6, 1) }],
    asked: (['backfilled', 'live'] as const).flatMap((view) => [
      { view, t: march(4, 12), city: 'Beijing', seen: 1 },
      { view, t: march(5, 12), city: 'Beijing', seen: 1 },
      { view, t: march(6, 12), city: 'Harbin', seen: 2 },
    ]),
  },
  {
    name: 'a set that knows nothing past an instant sees no value that became available after it',
    versions: [wuhan, { city: 'Beijing', known: march(4, 1) }],
    asked: [
      { view: 'backfilled', t: march(6, 12), asOf: march(3, 12), city: 'Wuhan', event: march(3) },
      { view: 'backfilled', t: march(6, 12), asOf: march(2) + DELAY - 1, city: null },
      { view: 'backfilled', t: march(6, 12), asOf: march(4) + DELAY, city: 'Beijing', event: march(4) },
    ],
  },
];

const idOf = (number: number): string => `C${number}`;

const world = shared(async (): Promise<ScheduledWorld> => {
  const opened = await openScheduledWorld();
  const versions = CASES.flatMap((each, number) =>
    each.versions.map(({ city, known, registered = LONG_AGO }) => ({
      customer_id: idOf(number),
      city,
      registered_at: formatInstant(registered),
      ingested_at: formatInstant(known),
    })),
  );
  // One import a version: two versions of a row in one file are one row.
  for (let left = versions; left.length > 0; ) {
    const some = left.filter(
      (each, index) => left.findIndex(({ customer_id }) => customer_id === each.customer_id) === index,
    );
    await opened.load('customers', some);
    left = left.filter((each) => !some.includes(each));
  }
  const sightings = CASES.flatMap((each, number) =>
    (each.sightings ?? []).map(({ at, known = at }) => ({
      customer_id: idOf(number),
      device_id: 'D',
      seen_at: formatInstant(at),
      ingested_at: formatInstant(known),
    })),
  );
  await opened.load('device_sightings', sightings);
  const { live, backfilled } = VIEWS;
  for (const view of Object.values(VIEWS)) await opened.writers.createView(view);
  for (const date of [2, 3, 4, 5, 6]) await opened.runAt(date === 3 ? march(3, 9) : march(date) + DELAY, live);
  await opened.backfillAt(march(1 + 365), backfilled, '2026-03-02', '2026-03-07');
  return opened;
});

defineRule(
  {
    rule: 2,
    open: world,
    async check(each: BitemporalCase, { offline }) {
      const key = idOf(CASES.indexOf(each));
      for (const { view: name, t, asOf, city, seen, event, available } of each.asked) {
        const where = `${name} at ${formatInstant(t)}`;
        const view = VIEWS[name];
        const { rows } = await offline.historicalFeatures({
          features: refsOf(view),
          spine: { customer_id: [key], event_timestamp: [formatInstant(t)] },
          includeEventTimes: false,
          includeStatuses: false,
          ...(asOf === undefined ? {} : { asOf }),
        });
        expect(rows[0]?.[2], where).toBe(city);
        if (seen !== undefined) expect(rows[0]?.[3], where).toBe(seen);
        const [row] = await offline.rowsAt(view, asOf === undefined ? t : Math.min(t, asOf), [[key]]);
        if (event !== undefined) expect(row?.eventTime, `${where}: event time`).toBe(event);
        if (available !== undefined) expect(row?.availableAt, `${where}: available`).toBe(available);
      }
    },
  },
  CASES,
);

interface EarlyCase extends Case {
  readonly now: Instant;
  readonly asOf: Instant;
  /** What Redis says at `now`, after the attempt; null: nothing. */
  readonly online: string | null;
}

defineRule(
  {
    rule: 2,
    open: world,
    async check({ now, asOf, online }: EarlyCase, opened) {
      const view = residenceView(`early_${now}`);
      await opened.writers.createView(view);
      const attempt = opened.runAt(now, view, asOf);
      if (online === null) await expect(attempt).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      else await attempt;
      const { columns } = await opened.features.read({
        features: refsOf(view, ['city']),
        entities: { customer_id: [idOf(0)] },
        stalePolicy: 'RETURN',
        now,
      });
      expect(columns[0]?.values).toEqual([online]);
    },
  },
  [
    {
      name: 'nothing is online one millisecond before as-of + delay: the run is refused',
      now: march(5) + DELAY - 1,
      asOf: march(5),
      online: null,
    },
    { name: 'at as-of + delay it is online', now: march(5) + DELAY, asOf: march(5), online: 'Wuhan' },
  ],
);

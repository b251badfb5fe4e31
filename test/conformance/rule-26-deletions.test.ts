import { expect } from 'vitest';
import { int32, sql } from '../../src/core/definitions/define.js';
import { formatInstant, type Instant } from '../../src/core/helpers/time.js';
import { refsOf, viewOf } from '../offline/support.js';
import { type Case, defineRule, shared } from './conformance.js';
import { customer, DELAY, march, openScheduledWorld, residenceView, type ScheduledWorld } from './scheduled-world.js';

/** How often the phone was seen in the last two days: a customer whose was not is absent. */
const seenView = (name: string, absent?: 'ends') =>
  viewOf(name, 1, {
    entity: customer,
    schedule: { every: 'day', delay: '2h' },
    ...(absent && { absent }),
    features: { seen: int32({ description: 'Sightings of two days' }) },
    query: ({ source, asOf }) => sql`SELECT customer_id, toInt32(count()) AS seen FROM ${source('device_sightings')}
      WHERE seen_at > ${asOf.minusDays(2)} GROUP BY customer_id`,
    sources: ['device_sightings'],
  });

/** Each ran at its time on 2, 3, 4, 6 and 7 March; those of the past were backfilled on the 9th. */
const VIEWS = {
  home: residenceView('home'),
  past: residenceView('past'),
  keeps: seenView('keeps'),
  ends: seenView('ends', 'ends'),
  endsPast: seenView('ends_past', 'ends'),
};
const LIVE = [VIEWS.home, VIEWS.keeps, VIEWS.ends];
const NOW = march(9, 12);

interface DeletionCase extends Case {
  /** Versions of the customer; null: the row is deleted. */
  readonly customers?: readonly (readonly [city: string | null, known: Instant])[];
  /** Sightings: where a second instant is said, the row is deleted then. */
  readonly sightings?: readonly (readonly [at: Instant, deleted?: Instant])[];
  /** By view: what is read at an instant, null where there is no value. */
  readonly asked: Partial<
    Record<keyof typeof VIEWS, readonly (readonly [t: Instant, value: string | number | null])[]>
  >;
}

const LONG_AGO = march(-20);

const CASES: readonly DeletionCase[] = [
  {
    name: 'a key whose row was deleted ends with the first as-of that knows of it',
    customers: [
      ['Wuhan', LONG_AGO],
      [null, march(4, 1)],
    ],
    asked: {
      home: [
        [march(4) + DELAY - 1, 'Wuhan'],
        [march(4) + DELAY, null],
        [march(8, 12), null],
      ],
    },
  },
  {
    name: 'until as-of + delay the deletion is not known: one millisecond later is the next run',
    customers: [
      ['Wuhan', LONG_AGO],
      [null, march(4) + DELAY + 1],
    ],
    asked: {
      home: [
        [march(4, 12), 'Wuhan'],
        [march(6) + DELAY, null],
      ],
    },
  },
  {
    name: 'a backfill ends it on the day on which the scheduled run would have',
    customers: [
      ['Wuhan', LONG_AGO],
      [null, march(4, 1)],
    ],
    asked: {
      past: [
        [march(4) + DELAY - 1, 'Wuhan'],
        [march(4) + DELAY, null],
        [march(8, 12), null],
      ],
    },
  },
  {
    name: 'a row that comes back begins again',
    customers: [
      ['Wuhan', LONG_AGO],
      [null, march(3, 1)],
      ['Beijing', march(6, 1)],
    ],
    asked: {
      home: [
        [march(3, 12), null],
        [march(6) + DELAY - 1, null],
        [march(6) + DELAY, 'Beijing'],
      ],
      past: [
        [march(3, 12), null],
        [march(6, 12), 'Beijing'],
      ],
    },
  },
  {
    name: 'a key that was deleted before any run knew of it is not there',
    customers: [
      ['Wuhan', march(2, 3)],
      [null, march(3, 1)],
    ],
    asked: { home: [[march(8, 12), null]], past: [[march(8, 12), null]] },
  },
  {
    name: 'a row that is only changed ends nothing',
    customers: [
      ['Wuhan', LONG_AGO],
      ['Beijing', march(4, 1)],
    ],
    asked: { home: [[march(8, 12), 'Beijing']] },
  },
  {
    name: 'of several rows of a key the deletion of one leaves the others',
    sightings: [[march(2, 12)], [march(2, 13), march(3, 12)]],
    asked: {
      keeps: [
        [march(3, 12), 2],
        [march(4, 12), 1],
      ],
      ends: [[march(4, 12), 1]],
    },
  },
  {
    name: 'the deletion of the only row of a window ends the key, whatever the view says of absent ones',
    sightings: [[march(2, 12), march(3, 12)]],
    asked: {
      keeps: [
        [march(3, 12), 1],
        [march(4) + DELAY, null],
        [march(8, 12), null],
      ],
      ends: [[march(4, 12), null]],
    },
  },
  {
    name: 'a key that merely left the window keeps its last row, where the view says nothing',
    sightings: [[march(2, 12)]],
    asked: {
      keeps: [
        [march(4, 12), 1],
        [march(8, 12), 1],
      ],
    },
  },
  {
    name: 'a key that merely left the window ends where the view says so',
    sightings: [[march(1, 12)]],
    asked: {
      ends: [
        [march(3, 12), 1],
        [march(4) + DELAY - 1, 1],
        [march(4) + DELAY, null],
        [march(8, 12), null],
      ],
      endsPast: [
        [march(4) + DELAY - 1, 1],
        [march(4) + DELAY, null],
      ],
    },
  },
  {
    name: 'a key that left and comes again begins again, also where it had ended',
    sightings: [[march(1, 12)], [march(6, 12)]],
    asked: {
      ends: [
        [march(6, 12), null],
        [march(7) + DELAY, 1],
      ],
      keeps: [
        [march(6, 12), 1],
        [march(7, 12), 1],
      ],
    },
  },
  {
    name: 'a row that was deleted after it had left the window changes nothing',
    sightings: [[march(2, 12), march(7, 12)]],
    asked: { keeps: [[march(8, 12), 1]] },
  },
];

const idOf = (number: number): string => `C${number}`;

const world = shared(async (): Promise<ScheduledWorld> => {
  const opened = await openScheduledWorld();
  // One import a version: two versions of a row in one file are one row.
  const load = async (table: string, rows: readonly (readonly Readonly<Record<string, unknown>>[])[]) => {
    for (let version = 0; rows.some((each) => each[version]); version++) {
      await opened.load(
        table,
        rows.flatMap((each) => each.slice(version, version + 1)),
        { history: true },
      );
    }
  };
  await load(
    'customers',
    CASES.map(({ customers = [] }, number) =>
      customers.map(([city, known]) => ({
        customer_id: idOf(number),
        ingested_at: formatInstant(known),
        ...(city === null ? { deleted: 1 } : { city, registered_at: formatInstant(LONG_AGO) }),
      })),
    ),
  );
  await load(
    'device_sightings',
    CASES.flatMap(({ sightings = [] }, number) =>
      sightings.map(([at, deleted]) => {
        const key = { customer_id: idOf(number), device_id: 'D', seen_at: formatInstant(at) };
        const gone = deleted === undefined ? [] : [{ ...key, ingested_at: formatInstant(deleted), deleted: 1 }];
        return [{ ...key, ingested_at: formatInstant(at) }, ...gone];
      }),
    ),
  );
  for (const view of Object.values(VIEWS)) await opened.writers.createView(view);
  for (const date of [2, 3, 4, 6, 7]) {
    for (const view of LIVE) await opened.runAt(march(date) + DELAY, view);
  }
  for (const view of [VIEWS.past, VIEWS.endsPast]) await opened.backfillAt(NOW, view, '2026-03-01', '2026-03-08');
  return opened;
});

defineRule(
  {
    rule: 26,
    open: world,
    async check(each: DeletionCase, { offline, features }) {
      const key = idOf(CASES.indexOf(each));
      for (const [name, asked] of Object.entries(each.asked) as [keyof typeof VIEWS, (typeof each.asked)['home']][]) {
        const view = VIEWS[name];
        const refs = refsOf(view).slice(0, 1);
        const { rows } = await offline.historicalFeatures({
          features: refs,
          spine: {
            customer_id: (asked ?? []).map(() => key),
            event_timestamp: (asked ?? []).map(([t]) => formatInstant(t)),
          },
          includeEventTimes: false,
          includeStatuses: true,
        });
        expect(
          rows.map((row) => row.slice(2)),
          name,
        ).toEqual((asked ?? []).map(([, value]) => [value, value === null ? 'NOT_FOUND' : 'PRESENT']));
        // The same is read online as in the history of now.
        const [found] = await offline.rowsAt(view, NOW, [[key]]);
        const value = found && !found.tombstone ? found.values[0] : null;
        const request = { entities: { customer_id: [key] }, stalePolicy: 'RETURN', now: NOW } as const;
        const { columns } = await features.read({ features: refs, ...request });
        expect(columns[0], `${name} online`).toMatchObject({
          values: [value],
          statuses: [value === null ? 'NOT_FOUND' : 'PRESENT'],
        });
      }
    },
  },
  CASES,
);

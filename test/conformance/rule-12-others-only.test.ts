import { expect } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../support/views.js';
import { type Case, defineRule, shared } from './conformance.js';

interface Sighting {
  readonly who: string;
  /** 'D' where it is not said. */
  readonly device?: string;
  readonly at: string;
  /** When it was known: at once where it is not said. */
  readonly known?: string;
}

interface Late {
  readonly who: string;
  readonly day: string;
  readonly dpd: number;
  readonly status?: 'OVERDUE' | 'WRITTEN_OFF' | 'CURRENT';
  /** When it was known: half an hour after the midnight that ends the day, as the nightly derivation knows it, where it is not said. */
  readonly known?: string;
}

interface OthersCase extends Case {
  readonly seen: readonly Sighting[];
  readonly late?: readonly Late[];
  readonly asked: readonly {
    readonly view: 'device_sharing@1' | 'device_profile@1' | 'device_defaults@1';
    /** The run for the local midnight that begins this day. */
    readonly day: string;
    readonly who?: string;
    readonly device?: string;
    /** Null: the view has no row of the key. */
    readonly expected: Readonly<Record<string, number>> | null;
  }[];
}

const DAY = '2026-04-01';
const MARCH = '2026-03-20T00:00:00.000Z';
const seen = (...who: string[]): Sighting[] => who.map((name) => ({ who: name, at: MARCH }));

const CASES: readonly OthersCase[] = [
  {
    name: 'the only customer of a device has no others',
    seen: seen('A'),
    asked: [
      { view: 'device_sharing@1', day: DAY, who: 'A', expected: { other_customers_30d: 0, other_customers_400d: 0 } },
      { view: 'device_profile@1', day: DAY, expected: { customers_30d: 1, other_customers_30d: 0 } },
      { view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_late_customers_400d: 0 } },
    ],
  },
  {
    name: 'of three customers each has two others',
    seen: seen('A', 'B', 'C'),
    asked: ['A', 'B', 'C'].map((who) => ({
      view: 'device_sharing@1' as const,
      day: DAY,
      who,
      expected: { other_customers_30d: 2, other_customers_400d: 2 },
    })),
  },
  {
    name: 'a customer seen ten times on a device is left out ten times, and is one other to the second',
    seen: [
      ...Array.from({ length: 10 }, (_, hour) => ({ who: 'A', at: `2026-03-20T0${hour}:00:00.000Z` })),
      ...seen('B'),
    ],
    asked: [
      { view: 'device_sharing@1', day: DAY, who: 'A', expected: { other_customers_30d: 1, sightings_30d: 10 } },
      { view: 'device_sharing@1', day: DAY, who: 'B', expected: { other_customers_30d: 1, sightings_30d: 1 } },
    ],
  },
  {
    name: 'a subject who was not seen within the window is not taken from those who were',
    seen: [{ who: 'A', at: '2026-01-10T00:00:00.000Z' }, ...seen('B', 'C')],
    asked: [
      { view: 'device_sharing@1', day: DAY, who: 'A', expected: { other_customers_30d: 2, other_customers_400d: 2 } },
      { view: 'device_sharing@1', day: DAY, who: 'B', expected: { other_customers_30d: 1, other_customers_400d: 2 } },
    ],
  },
  {
    name: 'others of one device are not others of another, though the subject uses both',
    seen: [...seen('A', 'B'), { who: 'A', device: 'E', at: MARCH }],
    asked: [
      { view: 'device_sharing@1', day: DAY, who: 'A', expected: { other_customers_30d: 1 } },
      { view: 'device_sharing@1', day: DAY, who: 'A', device: 'E', expected: { other_customers_30d: 0 } },
      { view: 'device_sharing@1', day: DAY, who: 'B', device: 'E', expected: null },
    ],
  },
  {
    name: 'a neighbour whose sighting became known after the run is not counted by it, and is by the next',
    seen: [...seen('A'), { who: 'B', at: MARCH, known: '2026-04-01T12:00:00.000Z' }],
    asked: [
      { view: 'device_sharing@1', day: DAY, who: 'A', expected: { other_customers_30d: 0 } },
      { view: 'device_sharing@1', day: '2026-04-02', who: 'A', expected: { other_customers_30d: 1 } },
    ],
  },
  {
    name: 'a neighbour’s default counts, and the subject’s own does not',
    seen: seen('A', 'B'),
    late: [{ who: 'B', day: '2026-03-25', dpd: 90 }],
    asked: [
      {
        view: 'device_defaults@1',
        day: DAY,
        who: 'A',
        expected: { other_late_customers_400d: 1, other_defaulted_customers_400d: 1 },
      },
      {
        view: 'device_defaults@1',
        day: DAY,
        who: 'B',
        expected: { other_late_customers_400d: 0, other_defaulted_customers_400d: 0 },
      },
    ],
  },
  {
    name: 'a default known after the run is not counted, though the day it is about is long over',
    seen: seen('A', 'B'),
    late: [{ who: 'B', day: '2026-03-01', dpd: 95, known: '2026-04-01T12:00:00.000Z' }],
    asked: [
      { view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_defaulted_customers_400d: 0 } },
      { view: 'device_defaults@1', day: '2026-04-02', who: 'A', expected: { other_defaulted_customers_400d: 1 } },
    ],
  },
  {
    name: 'a default counts to the millisecond at which the run may still know of it',
    seen: seen('A', 'B', 'C'),
    late: [
      // The run of 1 April knows what was known by 02:00 in Shanghai, 18:00 UTC of the day before.
      { who: 'B', day: '2026-03-30', dpd: 90, known: '2026-03-31T18:00:00.000Z' },
      { who: 'C', day: '2026-03-30', dpd: 90, known: '2026-03-31T18:00:00.001Z' },
    ],
    asked: [{ view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_defaulted_customers_400d: 1 } }],
  },
  {
    name: 'a day that is not over yet at the as-of is nobody’s default, even where it is known early',
    seen: seen('A', 'B'),
    late: [{ who: 'B', day: '2026-04-01', dpd: 90, known: '2026-03-31T17:00:00.000Z' }],
    asked: [
      { view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_defaulted_customers_400d: 0 } },
      { view: 'device_defaults@1', day: '2026-04-02', who: 'A', expected: { other_defaulted_customers_400d: 1 } },
    ],
  },
  {
    name: 'a default that was taken back counts until that was known, and not after',
    seen: seen('A', 'B'),
    late: [
      { who: 'B', day: '2026-03-25', dpd: 90 },
      { who: 'B', day: '2026-03-25', dpd: 0, status: 'CURRENT', known: '2026-04-01T12:00:00.000Z' },
    ],
    asked: [
      { view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_defaulted_customers_400d: 1 } },
      {
        view: 'device_defaults@1',
        day: '2026-04-02',
        who: 'A',
        expected: { other_late_customers_400d: 0, other_defaulted_customers_400d: 0 },
      },
    ],
  },
  {
    name: '29 days late is not late, 30 is, 89 is no default, 90 is, and a write-off is at any day',
    seen: seen('A', 'L29', 'L30', 'L89', 'L90', 'OFF'),
    late: [
      { who: 'L29', day: '2026-03-25', dpd: 29 },
      { who: 'L30', day: '2026-03-25', dpd: 30 },
      { who: 'L89', day: '2026-03-25', dpd: 89 },
      { who: 'L90', day: '2026-03-25', dpd: 90 },
      { who: 'OFF', day: '2026-03-25', dpd: 0, status: 'WRITTEN_OFF' },
    ],
    asked: [
      {
        view: 'device_defaults@1',
        day: DAY,
        who: 'A',
        expected: { other_late_customers_400d: 4, other_defaulted_customers_400d: 2 },
      },
      {
        view: 'device_defaults@1',
        day: DAY,
        who: 'L90',
        expected: { other_late_customers_400d: 3, other_defaulted_customers_400d: 1 },
      },
    ],
  },
  {
    name: 'a neighbour with two defaulted loans is one neighbour, and a stranger’s default is nobody’s',
    seen: [...seen('A', 'B'), { who: 'S', device: 'E', at: MARCH }],
    late: [
      { who: 'B', day: '2026-03-24', dpd: 90 },
      { who: 'B', day: '2026-03-25', dpd: 91 },
      { who: 'S', day: '2026-03-25', dpd: 200 },
    ],
    asked: [
      { view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_defaulted_customers_400d: 1 } },
      { view: 'device_defaults@1', day: DAY, who: 'S', device: 'E', expected: { other_defaulted_customers_400d: 0 } },
    ],
  },
  {
    name: 'defaults of more than 400 days ago are forgotten',
    seen: seen('A', 'B', 'C'),
    late: [
      { who: 'B', day: '2025-02-25', dpd: 90 },
      { who: 'C', day: '2025-02-24', dpd: 90 },
    ],
    asked: [{ view: 'device_defaults@1', day: DAY, who: 'A', expected: { other_defaulted_customers_400d: 1 } }],
  },
];

interface World {
  readonly rows: (view: string, day: string) => Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Half an hour after the local midnight that ends the day, in Shanghai. */
const derivedAt = (day: string): string => new Date(Date.parse(`${day}T16:30:00.000Z`)).toISOString();

function snapshot(number: number, { who, day, dpd, status = 'OVERDUE', known = derivedAt(day) }: Late): TableRow {
  return {
    loan_id: `${number}-${who}-${day}`,
    as_of: day,
    customer_id: `${number}-${who}`,
    product: 'P',
    status,
    restructured: 0,
    dpd,
    principal_outstanding: '1.00',
    overdue_principal: '1.00',
    disbursed_on: '2024-01-01',
    principal: '1.00',
    ingested_at: known,
  };
}

const world = shared(async (): Promise<World> => {
  const tables: SourceTables = await openSourceTables();
  await tables.insert(
    'device_sightings',
    CASES.flatMap((each, number) =>
      each.seen.map(({ who, device = 'D', at, known = at }) => ({
        customer_id: `${number}-${who}`,
        device_id: `${number}-${device}`,
        seen_at: at,
        ingested_at: known,
        flags: [],
      })),
    ),
  );
  await tables.insert(
    'loan_snapshots',
    CASES.flatMap((each, number) => (each.late ?? []).map((late) => snapshot(number, late))),
  );
  const computed = new Map<string, Promise<readonly Record<string, unknown>[]>>();
  return {
    rows: (view, day) => {
      const id = `${view} ${day}`;
      const rows = computed.get(id) ?? tables.view(view, day);
      computed.set(id, rows);
      return rows;
    },
    close: () => tables.close(),
  };
});

defineRule(
  {
    rule: 12,
    open: world,
    async check(each: OthersCase, { rows }) {
      const number = CASES.indexOf(each);
      for (const { view, day, who, device = 'D', expected } of each.asked) {
        const found = (await rows(view, day)).filter(
          (row) =>
            row.device_id === `${number}-${device}` && (who === undefined || row.customer_id === `${number}-${who}`),
        );
        expect(found.length, `rows of ${view} for ${who ?? device}`).toBe(expected === null ? 0 : 1);
        if (expected) expect(found[0], `${view} on ${day} for ${who ?? device}`).toMatchObject(expected);
      }
    },
  },
  CASES,
);

import fc from 'fast-check';
import { defineRule } from './conformance.js';
import { type Answer, checkHistory, day, type HistoryCase, openHistory } from './history.js';

const amount = (value: number | null, status: Answer[1]) => ({ amount: [value, status] }) as const;
const gone = amount(null, 'NOT_FOUND');
const TEN_YEARS = 3_652;

/** `aging`: STALE after 2 days, gone after 5. `dying`: gone after 5. `tiring`: STALE after 2. */
const CASES: readonly HistoryCase[] = [
  {
    name: 'a value exactly as old as maxAge is PRESENT, one millisecond older it is STALE and still returned',
    view: 'aging',
    rows: [{ at: day(0), values: { amount: 7 } }],
    asked: [
      { t: day(2), expected: amount(7, 'PRESENT') },
      { t: day(2, 1), expected: amount(7, 'STALE'), event: day(0) },
    ],
  },
  {
    name: 'a value exactly as old as ttl is there, one millisecond older it is NOT_FOUND and has no event time',
    view: 'dying',
    rows: [{ at: day(0), values: { amount: 7 } }],
    asked: [
      { t: day(5), expected: amount(7, 'PRESENT'), event: day(0) },
      { t: day(5, 1), expected: gone, event: null },
    ],
  },
  {
    name: 'with both limits it is STALE to the last millisecond of its ttl, then NOT_FOUND',
    view: 'aging',
    rows: [{ at: day(0), values: { amount: 7 } }],
    asked: [
      { t: day(5), expected: amount(7, 'STALE') },
      { t: day(5, 1), expected: gone, event: null },
    ],
  },
  {
    name: 'without a ttl a value lasts for ever',
    view: 'plain',
    rows: [{ at: day(0), values: { amount: 7 } }],
    asked: [{ t: day(TEN_YEARS), expected: amount(7, 'PRESENT'), event: day(0) }],
  },
  {
    name: 'with maxAge alone it is STALE for ever, never gone',
    view: 'tiring',
    rows: [{ at: day(0), values: { amount: 7 } }],
    asked: [{ t: day(TEN_YEARS), expected: amount(7, 'STALE'), event: day(0) }],
  },
  {
    name: 'age counts from when it happened, not from when it became available',
    view: 'aging',
    rows: [{ at: day(0), known: day(3), values: { amount: 7 } }],
    asked: [
      { t: day(3), expected: amount(7, 'STALE') },
      { t: day(5, 1), expected: gone },
    ],
  },
  {
    name: 'a row that becomes available past its ttl is never seen',
    view: 'dying',
    rows: [{ at: day(0), known: day(6), values: { amount: 7 } }],
    asked: [
      { t: day(6), expected: gone, event: null },
      { t: day(9), expected: gone },
    ],
  },
  {
    name: 'a newer row brings a value back',
    view: 'aging',
    rows: [
      { at: day(0), values: { amount: 7 } },
      { at: day(8), values: { amount: 8 } },
    ],
    asked: [
      { t: day(7), expected: gone },
      { t: day(8), expected: amount(8, 'PRESENT'), event: day(8) },
    ],
  },
  {
    name: 'a restatement does not make an old value young',
    view: 'aging',
    rows: [
      { at: day(0), run: 1, values: { amount: 7 } },
      { at: day(0), known: day(4), run: 2, values: { amount: 9 } },
    ],
    asked: [
      { t: day(4), expected: amount(9, 'STALE'), event: day(0) },
      { t: day(5, 1), expected: gone },
    ],
  },
  {
    name: 'age outranks NULL: a NULL past maxAge is STALE',
    view: 'aging',
    rows: [{ at: day(0), values: { amount: null } }],
    asked: [
      { t: day(1), expected: amount(null, 'NULL') },
      { t: day(3), expected: amount(null, 'STALE') },
    ],
  },
  {
    name: 'a filled value is as old as the newest row, not as the row that it comes from',
    view: 'aging',
    rows: [
      { at: day(0), values: { amount: 1, kept: 5 } },
      { at: day(4), values: { amount: 2, kept: null } },
    ],
    asked: [
      { t: day(6), expected: { kept: [5, 'PRESENT'], amount: [2, 'PRESENT'] }, event: day(4) },
      { t: day(6, 1), expected: { kept: [5, 'STALE'], amount: [2, 'STALE'] } },
      { t: day(9, 1), expected: { kept: [null, 'NOT_FOUND'], amount: [null, 'NOT_FOUND'] } },
    ],
  },
  {
    name: 'where the caller wants none, a stale value comes as null and its status is still STALE',
    view: 'aging',
    stalePolicy: 'NULL',
    rows: [{ at: day(0), values: { amount: 7 } }],
    asked: [
      { t: day(2), expected: amount(7, 'PRESENT') },
      { t: day(2, 1), expected: amount(null, 'STALE'), event: day(0) },
      { t: day(5, 1), expected: gone },
    ],
  },
];

const histories = fc.sample(
  fc.record({
    events: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 4 }),
    asked: fc.nat(16),
    off: fc.integer({ min: -1, max: 1 }),
  }),
  { numRuns: 500, seed: 7 },
);

/** The rule in its own words, for rows that are known at once. */
function agedAt(events: readonly number[], days: number, off: number): ReturnType<typeof amount> {
  const happened = events.filter((event) => event * 86_400_000 <= days * 86_400_000 + off);
  if (happened.length === 0) return gone;
  const newest = Math.max(...happened);
  const age = (days - newest) * 86_400_000 + off;
  if (age > 5 * 86_400_000) return gone;
  return amount(newest, age > 2 * 86_400_000 ? 'STALE' : 'PRESENT');
}

defineRule({ rule: 7, open: openHistory, check: checkHistory }, [
  ...CASES,
  {
    name: 'five hundred random histories, asked at the edges of both limits, have the age the rule says',
    view: 'aging',
    rows: histories.flatMap(({ events }, number) =>
      events.map((event) => ({ key: `h${number}`, at: day(event), values: { amount: event } })),
    ),
    asked: histories.map(({ events, asked, off }, number) => ({
      key: `h${number}`,
      t: day(asked, off),
      expected: agedAt(events, asked, off),
    })),
  },
]);

import fc from 'fast-check';
import { defineRule } from './conformance.js';
import { checkHistory, day, type HistoryCase, openHistory, type Question } from './history.js';

const gone: Question['expected'] = { amount: [null, 'NOT_FOUND'], kept: [null, 'NOT_FOUND'] };

/** `filled`: of `amount` the newest row decides, of `kept` the newest row that says something. */
const CASES: readonly HistoryCase[] = [
  {
    name: 'the newest row wins even where its value is NULL',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 5 } },
      { at: day(2), values: { amount: null } },
    ],
    asked: [
      { t: day(1), expected: { amount: [5, 'PRESENT'] } },
      { t: day(2), expected: { amount: [null, 'NULL'] }, event: day(2) },
    ],
  },
  {
    name: 'a filled feature keeps its newest value that is not NULL, under the event time of the newest row',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 1, kept: 5 } },
      { at: day(2), values: { amount: 2, kept: 6 } },
      { at: day(3), values: { amount: null, kept: null } },
      { at: day(4), values: { amount: null, kept: null } },
    ],
    asked: [{ t: day(5), expected: { amount: [null, 'NULL'], kept: [6, 'PRESENT'] }, event: day(4) }],
  },
  {
    name: 'a filled feature that never had a value is NULL',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 1, kept: null } },
      { at: day(2), values: { amount: 2, kept: null } },
    ],
    asked: [{ t: day(3), expected: { amount: [2, 'PRESENT'], kept: [null, 'NULL'] } }],
  },
  {
    name: 'zero and the empty text are values, not NULL',
    view: 'plain2',
    rows: [
      { at: day(1), values: { amount: 9, note: 'said', kept: 9 } },
      { at: day(2), values: { amount: 0, note: '', kept: 0 } },
    ],
    asked: [{ t: day(3), expected: { amount: [0, 'PRESENT'], note: ['', 'PRESENT'], kept: [0, 'PRESENT'] } }],
  },
  {
    name: 'a tombstone ends validity from the millisecond it is available, for filled features too',
    view: 'filled',
    rows: [{ at: day(1), values: { amount: 1, kept: 5 } }, { at: day(3) }],
    asked: [
      { t: day(3, -1), expected: { amount: [1, 'PRESENT'], kept: [5, 'PRESENT'] } },
      { t: day(3), expected: gone, event: null },
      { t: day(900), expected: gone },
    ],
  },
  {
    name: 'a tombstone that is not available yet ends nothing',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 1, kept: 5 } },
      { at: day(2), known: day(6) },
    ],
    asked: [
      { t: day(6, -1), expected: { amount: [1, 'PRESENT'], kept: [5, 'PRESENT'] }, event: day(1) },
      { t: day(6), expected: gone },
    ],
  },
  {
    name: 'a tombstone about an older day leaves the newer day in force',
    view: 'filled',
    rows: [
      { at: day(1), known: day(4), run: 2 },
      { at: day(2), values: { amount: 2, kept: 7 } },
    ],
    asked: [{ t: day(5), expected: { amount: [2, 'PRESENT'], kept: [7, 'PRESENT'] }, event: day(2) }],
  },
  {
    name: 'a row after a tombstone begins anew: what was known before it does not fill',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 1, kept: 5 } },
      { at: day(2) },
      { at: day(3), values: { amount: 3, kept: null } },
    ],
    asked: [
      { t: day(2), expected: gone },
      { t: day(3), expected: { amount: [3, 'PRESENT'], kept: [null, 'NULL'] }, event: day(3) },
    ],
  },
  {
    name: 'a tombstone is taken back by a restatement of its own day',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 1, kept: 5 } },
      { at: day(2), run: 1 },
      { at: day(2), known: day(4), run: 2, values: { amount: 2, kept: 6 } },
    ],
    asked: [
      { t: day(3), expected: gone },
      { t: day(4), expected: { amount: [2, 'PRESENT'], kept: [6, 'PRESENT'] }, event: day(2) },
    ],
  },
  {
    name: 'a late value of an older day fills once it is available, and not before',
    view: 'filled',
    rows: [
      { at: day(1), known: day(5), values: { amount: 1, kept: 7 } },
      { at: day(2), values: { amount: 2, kept: null } },
    ],
    asked: [
      { t: day(5, -1), expected: { kept: [null, 'NULL'], amount: [2, 'PRESENT'] } },
      { t: day(5), expected: { kept: [7, 'PRESENT'], amount: [2, 'PRESENT'] }, event: day(2) },
    ],
  },
  {
    name: 'a late value of an older day does not displace what a newer day says',
    view: 'filled',
    rows: [
      { at: day(1), known: day(5), values: { amount: 1, kept: 7 } },
      { at: day(2), values: { amount: 2, kept: 8 } },
      { at: day(3), values: { amount: 3, kept: null } },
    ],
    asked: [{ t: day(6), expected: { kept: [8, 'PRESENT'], amount: [3, 'PRESENT'] } }],
  },
  {
    name: 'a restated value fills as it was restated, once that was available',
    view: 'filled',
    rows: [
      { at: day(1), run: 1, values: { amount: 1, kept: 5 } },
      { at: day(2), run: 2, values: { amount: 2, kept: null } },
      { at: day(1), known: day(4), run: 3, values: { amount: 1, kept: 6 } },
    ],
    asked: [
      { t: day(3), expected: { kept: [5, 'PRESENT'] } },
      { t: day(4), expected: { kept: [6, 'PRESENT'], amount: [2, 'PRESENT'] }, event: day(2) },
    ],
  },
  {
    name: 'a key that was never there is NOT_FOUND, not NULL',
    view: 'filled',
    rows: [{ at: day(1), values: { amount: null, kept: null } }],
    asked: [
      { key: 'b', t: day(2), expected: gone },
      { t: day(2), expected: { amount: [null, 'NULL'], kept: [null, 'NULL'] } },
    ],
  },
];

interface Generated {
  readonly at: number;
  readonly lag: number;
  readonly amount: number | null;
  readonly kept: number | null;
  readonly tombstone: boolean;
}

/** The rule in its own words: the newest row; of `kept` the newest that says something since the last tombstone. */
function inForce(rows: readonly Generated[], t: number): Question['expected'] {
  const seen = rows.filter(({ at, lag }) => at + lag <= t).sort((a, b) => b.at - a.at);
  const newest = seen[0];
  if (!newest || newest.tombstone) return gone;
  const telling = seen.find(({ kept, tombstone }) => tombstone || kept !== null);
  const kept = telling && !telling.tombstone ? telling.kept : null;
  return {
    amount: [newest.amount, newest.amount === null ? 'NULL' : 'PRESENT'],
    kept: [kept, kept === null ? 'NULL' : 'PRESENT'],
  };
}

const histories = fc.sample(
  fc.uniqueArray(
    fc.record({
      at: fc.nat(8),
      lag: fc.nat(5),
      amount: fc.option(fc.nat(99)),
      kept: fc.option(fc.nat(99), { freq: 2 }),
      tombstone: fc.integer({ min: 0, max: 5 }).map((draw) => draw === 0),
    }),
    { minLength: 1, maxLength: 7, selector: ({ at }) => at },
  ),
  { numRuns: 700, seed: 8 },
);

defineRule({ rule: 8, open: openHistory, check: checkHistory }, [
  ...CASES,
  {
    name: 'seven hundred random histories of values, NULLs and tombstones answer as the rule read word by word',
    view: 'filled',
    rows: histories.flatMap((rows, number) =>
      rows.map(({ at, lag, amount, kept, tombstone }) => ({
        key: `h${number}`,
        at: day(at),
        known: day(at + lag),
        ...(tombstone ? {} : { values: { amount, kept } }),
      })),
    ),
    asked: histories.flatMap((rows, number) =>
      [3, 6, 13].map((t) => ({ key: `h${number}`, t: day(t), expected: inForce(rows, t) })),
    ),
  },
]);

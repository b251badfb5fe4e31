import fc from 'fast-check';
import { defineRule } from './conformance.js';
import { checkHistory, day, type HistoryCase, type HistoryRow, openHistory, type Question } from './history.js';

const is = (amount: number): Question['expected'] => ({ amount: [amount, 'PRESENT'] });
const nothing: Question['expected'] = { amount: [null, 'NOT_FOUND'] };
const row = (at: number, known: number, amount: number, run = 1): HistoryRow => ({
  at: day(at),
  known: day(known),
  run,
  values: { amount },
});

const CASES: readonly HistoryCase[] = [
  {
    name: 'of two rows the one that happened later wins',
    view: 'plain',
    rows: [row(1, 1, 10), row(2, 2, 20)],
    asked: [{ t: day(3), expected: is(20), event: day(2) }],
  },
  {
    name: 'a row is seen in the very millisecond it became available and not the one before',
    view: 'plain',
    rows: [row(1, 2, 10)],
    asked: [
      { t: day(2, -1), expected: nothing, event: null },
      { t: day(2), expected: is(10), event: day(1) },
    ],
  },
  {
    name: 'a late row about an older day does not displace the row of a newer day',
    view: 'plain',
    rows: [row(1, 4, 10), row(2, 2, 20)],
    asked: [
      { t: day(3), expected: is(20) },
      { t: day(5), expected: is(20), event: day(2) },
    ],
  },
  {
    name: 'a restated day shows its first value until the restatement was available, and the second from then on',
    view: 'plain',
    rows: [row(1, 1, 10, 1), row(1, 4, 11, 2)],
    asked: [
      { t: day(3), expected: is(10) },
      { t: day(4, -1), expected: is(10) },
      { t: day(4), expected: is(11), event: day(1) },
    ],
  },
  {
    name: 'a restatement of an older day leaves the newer day in force',
    view: 'plain',
    rows: [row(1, 1, 10, 1), row(2, 2, 20, 2), row(1, 3, 11, 3)],
    asked: [
      { t: day(1, 1), expected: is(10) },
      { t: day(9), expected: is(20) },
    ],
  },
  {
    name: 'rows that happened and became available in the same millisecond are told apart by their run, and one comes out',
    view: 'plain',
    rows: [row(1, 1, 12, 3), row(1, 1, 10, 1), row(1, 1, 11, 2)],
    asked: [{ t: day(1), expected: is(12), event: day(1) }],
  },
  {
    name: 'of equal event times the one available later wins whatever the number of its run',
    view: 'plain',
    rows: [row(1, 3, 11, 1), row(1, 2, 10, 9)],
    asked: [
      { t: day(2), expected: is(10) },
      { t: day(3), expected: is(11) },
    ],
  },
  {
    name: 'event times one millisecond apart differ',
    view: 'plain',
    rows: [
      { at: day(1), known: day(2), run: 9, values: { amount: 10 } },
      { at: day(1, 1), known: day(2), run: 1, values: { amount: 11 } },
    ],
    asked: [{ t: day(2), expected: is(11), event: day(1, 1) }],
  },
  {
    name: 'the older row is kept while the newer one is not available yet',
    view: 'plain',
    rows: [row(1, 1, 10), row(2, 6, 20)],
    asked: [
      { t: day(5), expected: is(10), event: day(1) },
      { t: day(6), expected: is(20), event: day(2) },
    ],
  },
  {
    name: 'the whole row wins: features of an older row are not mixed in',
    view: 'plain',
    rows: [
      { at: day(1), values: { amount: 10, note: 'old' } },
      { at: day(2), values: { amount: 20, note: 'new' } },
    ],
    asked: [{ t: day(2), expected: { amount: [20, 'PRESENT'], note: ['new', 'PRESENT'] } }],
  },
  {
    name: 'the keys ("1", "23"), ("12", "3") and ("123", "") are three keys',
    view: 'pair',
    rows: [
      { key: ['1', '23'], at: day(1), values: { amount: 10 } },
      { key: ['12', '3'], at: day(2), values: { amount: 20 } },
      { key: ['123', ''], at: day(3), values: { amount: 30 } },
    ],
    asked: [
      { key: ['1', '23'], t: day(4), expected: is(10) },
      { key: ['12', '3'], t: day(4), expected: is(20) },
      { key: ['123', ''], t: day(4), expected: is(30) },
      { key: ['1', '2'], t: day(4), expected: nothing },
      { key: ['23', '1'], t: day(4), expected: nothing },
    ],
  },
  {
    name: 'keys with separators, quotes, spaces and other scripts in them are themselves and nothing else',
    view: 'pair',
    rows: [
      { key: ['a:b', 'c'], at: day(1), values: { amount: 1 } },
      { key: ['a', 'b:c'], at: day(1), values: { amount: 2 } },
      { key: ["o'n", '\\'], at: day(1), values: { amount: 3 } },
      { key: ['张 三', ' x '], at: day(1), values: { amount: 4 } },
      { key: ['a\u0000', 'b'], at: day(1), values: { amount: 5 } },
    ],
    asked: [
      { key: ['a:b', 'c'], t: day(2), expected: is(1) },
      { key: ['a', 'b:c'], t: day(2), expected: is(2) },
      { key: ["o'n", '\\'], t: day(2), expected: is(3) },
      { key: ['张 三', ' x '], t: day(2), expected: is(4) },
      { key: ['张 三', 'x'], t: day(2), expected: nothing },
      { key: ['a\u0000', 'b'], t: day(2), expected: is(5) },
      { key: ['a', 'b'], t: day(2), expected: nothing },
    ],
  },
  {
    name: 'a key is text: "1", "01" and "1.0" are three keys, and case counts',
    view: 'plain',
    rows: [
      { key: '1', at: day(1), values: { amount: 1 } },
      { key: '01', at: day(1), values: { amount: 2 } },
      { key: '1.0', at: day(1), values: { amount: 3 } },
      { key: 'k', at: day(1), values: { amount: 4 } },
    ],
    asked: [
      { key: '1', t: day(2), expected: is(1) },
      { key: '01', t: day(2), expected: is(2) },
      { key: '1.0', t: day(2), expected: is(3) },
      { key: 'K', t: day(2), expected: nothing },
    ],
  },
];

interface Generated {
  readonly event: number;
  readonly lag: number;
  readonly run: number;
  readonly amount: number;
}

/** All rows looked at, the best of those that could be seen taken: the rule, word by word. */
function newestAt(rows: readonly Generated[], t: number): Question['expected'] {
  const seen = rows.filter(({ event, lag }) => event <= t && event + lag <= t);
  const better = (a: Generated, b: Generated) =>
    a.event - b.event || a.event + a.lag - (b.event + b.lag) || a.run - b.run;
  const best = seen.reduce<Generated | null>((found, each) => (found && better(found, each) > 0 ? found : each), null);
  return best ? is(best.amount) : nothing;
}

const generated = fc.uniqueArray(
  fc.record({ event: fc.nat(6), lag: fc.nat(5), run: fc.integer({ min: 1, max: 3 }), amount: fc.nat(999) }),
  { minLength: 1, maxLength: 7, selector: ({ event, lag, run }) => `${event} ${lag} ${run}` },
);

defineRule({ rule: 6, open: openHistory, check: checkHistory }, [
  ...CASES,
  {
    name: 'a thousand random histories full of ties and late rows answer as every row looked at one by one does',
    view: 'plain',
    rows: fc.sample(generated, { numRuns: 1_000, seed: 6 }).flatMap((rows, number) =>
      rows.map(({ event, lag, run, amount }) => ({
        key: `h${number}`,
        at: day(0, event),
        known: day(0, event + lag),
        run,
        values: { amount },
      })),
    ),
    asked: fc
      .sample(generated, { numRuns: 1_000, seed: 6 })
      .flatMap((rows, number) =>
        [3, 6, 12].map((t) => ({ key: `h${number}`, t: day(0, t), expected: newestAt(rows, t) })),
      ),
  },
]);

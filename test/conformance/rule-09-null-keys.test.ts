import { expect } from 'vitest';
import { raw } from '../../src/core/definitions/define.js';
import { formatInstant } from '../../src/core/helpers/time.js';
import { openOffline, refsOf, viewOf } from '../offline/support.js';
import { type Case, defineRule } from './conformance.js';
import { checkHistory, day, type HistoryCase, openHistory, type Question, VIEWS } from './history.js';

const is = (amount: number): Question['expected'] => ({ amount: [amount, 'PRESENT'] });
const nothing: Question['expected'] = { amount: [null, 'NOT_FOUND'] };
const none = { t: day(2), expected: nothing, event: null } as const;

const CASES: readonly HistoryCase[] = [
  {
    name: 'a NULL key is NOT_FOUND, whatever keys there are',
    view: 'plain',
    rows: [{ at: day(1), values: { amount: 1 } }],
    asked: [{ key: null, ...none }],
  },
  {
    name: 'neighbours of a NULL key are answered as if it were not there',
    view: 'plain',
    rows: [
      { key: 'a', at: day(1), values: { amount: 1 } },
      { key: 'b', at: day(1), values: { amount: 2 } },
    ],
    asked: [
      { key: 'a', t: day(2), expected: is(1) },
      { key: null, ...none },
      { key: 'b', t: day(2), expected: is(2) },
      { key: null, ...none },
      { key: 'a', t: day(2), expected: is(1) },
    ],
  },
  {
    name: 'the empty text is a key like others and not NULL',
    view: 'plain',
    bare: true,
    rows: [{ key: '', at: day(1), values: { amount: 3 } }],
    asked: [
      { key: '', t: day(2), expected: is(3), event: day(1) },
      { key: null, ...none },
    ],
  },
  {
    name: 'words for nothing are keys like others: NULL, null, None, NaN, \\N, nan, undefined',
    view: 'plain',
    bare: true,
    rows: ['NULL', 'null', 'None', 'NaN', '\\N', 'nan', 'undefined'].map((key, amount) => ({
      key,
      at: day(1),
      values: { amount },
    })),
    asked: [
      ...['NULL', 'null', 'None', 'NaN', '\\N', 'nan', 'undefined'].map((key, amount) => ({
        key,
        t: day(2),
        expected: is(amount),
      })),
      { key: null, ...none },
    ],
  },
  {
    name: 'a NULL in the first part of two is NOT_FOUND though the second part is there',
    view: 'pair',
    rows: [{ key: ['l', 'r'], at: day(1), values: { amount: 1 } }],
    asked: [
      { key: [null, 'r'], ...none },
      { key: ['l', 'r'], t: day(2), expected: is(1) },
    ],
  },
  {
    name: 'a NULL in the second part of two is NOT_FOUND though the first part is there',
    view: 'pair',
    rows: [{ key: ['l', 'r'], at: day(1), values: { amount: 1 } }],
    asked: [{ key: ['l', null], ...none }],
  },
  {
    name: 'NULL in both parts is NOT_FOUND',
    view: 'pair',
    rows: [{ key: ['l', 'r'], at: day(1), values: { amount: 1 } }],
    asked: [{ key: [null, null], ...none }],
  },
  {
    name: 'an empty part is not NULL: ("x", "") is found and ("x", NULL) is not',
    view: 'pair',
    rows: [{ key: ['x', ''], at: day(1), values: { amount: 4 } }],
    asked: [
      { key: ['x', ''], t: day(2), expected: is(4) },
      { key: ['x', null], ...none },
    ],
  },
  {
    name: 'with a filled feature a NULL key is NOT_FOUND and nothing is filled',
    view: 'filled',
    rows: [
      { at: day(1), values: { amount: 1, kept: 5 } },
      { at: day(2), values: { amount: 1, kept: null } },
    ],
    asked: [
      { key: null, t: day(2), expected: { amount: [null, 'NOT_FOUND'], kept: [null, 'NOT_FOUND'] }, event: null },
    ],
  },
  {
    name: 'a NULL key is NOT_FOUND and never STALE',
    view: 'aging',
    rows: [{ at: day(0), values: { amount: 1 } }],
    asked: [
      { key: null, t: day(3), expected: nothing, event: null },
      { t: day(3), expected: { amount: [1, 'STALE'] } },
    ],
  },
];

defineRule({ rule: 9, open: openHistory, check: checkHistory }, CASES);

interface SourceCase extends Case {
  readonly view: 'plain' | 'pair';
  /** What the view's query gives. */
  readonly query: string;
  readonly counted: { readonly rows: number; readonly nullKeys: number };
  readonly asked: readonly (readonly (string | null)[])[];
  readonly amounts: readonly (number | null)[];
}

const SOURCES: readonly SourceCase[] = [
  {
    name: 'rows that a view makes for nobody never become history, and are counted',
    view: 'plain',
    query:
      "SELECT CAST(x.1, 'Nullable(String)') AS id, x.2 AS amount, 'n' AS note FROM (SELECT arrayJoin([(NULL, 1), (NULL, 2), ('a', 3)]) AS x)",
    counted: { rows: 1, nullKeys: 2 },
    asked: [['a'], [null], ['']],
    amounts: [3, null, null],
  },
  {
    name: 'of two parts one NULL is enough for a row to belong to nobody',
    view: 'pair',
    query:
      "SELECT CAST(x.1, 'Nullable(String)') AS left_id, CAST(x.2, 'Nullable(String)') AS right_id, x.3 AS amount FROM (SELECT arrayJoin([('l', NULL, 1), (NULL, 'r', 2), ('l', 'r', 3), (NULL, NULL, 4)]) AS x)",
    counted: { rows: 1, nullKeys: 3 },
    asked: [
      ['l', 'r'],
      ['l', null],
      [null, 'r'],
      ['l', ''],
    ],
    amounts: [3, null, null, null],
  },
];

defineRule(
  {
    rule: 9,
    async check({ view: name, query, counted, asked, amounts }: SourceCase) {
      const fixture = await openOffline();
      try {
        const { entity } = VIEWS[name];
        const features = Object.fromEntries(VIEWS[name].features.map((feature) => [feature.name, feature]));
        const view = viewOf('made', 1, { entity, features, query: () => raw(query) });
        await fixture.writers.createView(view);
        const run = { id: 1, view, asOf: day(1), knowledge: day(1) };
        expect(await fixture.writes.stageRun(run)).toMatchObject(counted);
        await fixture.writes.commitRuns(view, [{ run, availableAt: day(1) }]);
        const { rows } = await fixture.offline.historicalFeatures({
          features: refsOf(view, ['amount']),
          spine: {
            ...Object.fromEntries(entity.joinKeys.map((key, part) => [key, asked.map((each) => each[part] ?? null)])),
            event_timestamp: asked.map(() => formatInstant(day(2))),
          },
          includeEventTimes: false,
          includeStatuses: true,
        });
        expect(rows.map((row) => row.slice(-2))).toEqual(
          amounts.map((amount) => [amount, amount === null ? 'NOT_FOUND' : 'PRESENT']),
        );
      } finally {
        await fixture.close();
      }
    },
  },
  SOURCES,
);

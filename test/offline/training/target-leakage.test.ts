/** Columns that say the label, and profiles by either way of counting. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { raw } from '../../../src/core/definitions/define.js';
import type { FeatureType } from '../../../src/core/definitions/types.js';
import { type ProfiledColumn, profileColumns } from '../../../src/offline/training/profile.js';
import { refuseLabelCopies } from '../../../src/offline/training/target-leakage.js';
import { type OfflineFixture, openOffline } from '../support.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openOffline();
});
afterAll(() => fixture?.close());

/** Rows 0 to 99: every fifth is bad, every tenth is not known yet. */
const BAD = 'number % 5 = 1';
const LABEL = `if(number % 10 = 9, NULL, toFloat64(${BAD}))`;
const column = (value: string, type: FeatureType = 'INT32'): ProfiledColumn => ({
  name: 'hint',
  type,
  explains: true,
  value: raw(`CAST(${value}, '${type === 'STRING' ? 'Nullable(String)' : 'Nullable(Float64)'}')`),
});

const look = (
  hint: ProfiledColumn,
  { label = LABEL, rows = 100, as = 'features' as 'features' | 'spine' } = {},
): Promise<unknown> => {
  const from = raw(`(SELECT number, number AS rid, toInt64(number) AS t, ${label} AS label FROM numbers(${rows}))`);
  const none = { spine: [], features: [] };
  return refuseLabelCopies({ store: fixture.store, checkpoints: { options: {} } }, from, { ...none, [as]: [hint] });
};

describe('a feature that says the label in every row is refused, and no value of it is in the error', () => {
  test.each<[string, ProfiledColumn, RegExp]>([
    ['itself', column(BAD), /^the feature 'hint' equals the label in all 90 rows that have one: row 0 at 1970-/],
    [
      'turned around',
      column(`NOT (${BAD})`),
      /^the feature 'hint' says the label in all 90 rows that have both, each of its values standing for one outcome: row 0 at /,
    ],
    [
      'scaled',
      column(`if(${BAD}, 0.3, 700)`),
      /all 90 rows that have both, each of its values standing for one outcome: row 0 at /,
    ],
    [
      'as text',
      column(`if(${BAD}, 'late', 'paid')`, 'STRING'),
      /all 90 rows that have both, each of its values standing for one outcome: row 0/,
    ],
    [
      'in most rows, and no other way in any',
      column(`if(number % 4 = 0, NULL, NOT (${BAD}))`),
      /all 65 rows that have both, each of its values standing for one outcome: row 1 at /,
    ],
  ])('%s', async (_, hint, words) => {
    await expect(look(hint)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(words) });
    await expect(look(hint, { as: 'spine' })).rejects.toThrow(/^the spine's column 'hint'/);
  });

  test('of three outcomes, and an amount in another unit', async () => {
    await expect(
      look(column("['a', 'b', 'c'][number % 3 + 1]", 'STRING'), { label: 'toNullable(toFloat64(number % 3))' }),
    ).rejects.toThrow(/all 100 rows that have both, each of its values/);
    const amount = { label: 'toNullable(toFloat64(number * 37 % 101) / 3)' };
    await expect(look(column('5 - (number * 37 % 101) / 300'), amount)).rejects.toThrow(
      /all 100 rows that have both, scaled or shifted: row 0/,
    );
    expect(await look(column('5 - (number * 37 % 101) / 300 + if(number = 7, 0.001, 0)'), amount)).toEqual([]);
  });
});

test.each<[string, ProfiledColumn, { label?: string; rows?: number }]>([
  ['misses in one row', column(`if(number = 50, 1, ${BAD})`), {}],
  ['is strong and of many values', column(`if(${BAD}, 1000, 0) + number`), {}],
  ['has one value for two outcomes', column('1'), {}],
  ['is of few rows', column(`NOT (${BAD})`), { rows: 25 }],
  ['has few rows of an outcome', column('number != 3'), { label: 'toNullable(toFloat64(number = 3))' }],
  [
    'differs from an amount by more than a double holds',
    column('if(number = 0, -1.7e308, 1.5e308 + number)'),
    { label: 'toNullable(toFloat64(number))' },
  ],
  ['is known for one outcome only, of one value', column(`if(${BAD}, NULL, 1)`), { rows: 25 }],
  ['is beside a label of one outcome', column('1'), { label: 'toNullable(toFloat64(1))' }],
])('a feature that %s may be trained on', async (_, hint, more) => {
  expect(await look(hint, more)).toEqual([]);
});

test('a feature that is there for one outcome only is said in the manifest, and so is one that equals a handful of labels', async () => {
  expect(await look(column(`if(${BAD}, number, NULL)`))).toEqual([
    {
      column: 'hint',
      message: expect.stringContaining(
        'hint has a value in 20 of 90 rows that have a label, and these are all of one outcome',
      ),
    },
  ]);
  const equal = [{ column: 'hint', message: expect.stringContaining('equals the label in every row that has one') }];
  expect(await look(column(BAD), { rows: 12 })).toEqual(equal);
  // One bad row of a hundred, which a rare flag meets easily.
  expect(await look(column('number = 3'), { label: 'toNullable(toFloat64(number = 3))' })).toEqual(equal);
});

test('a profile counted exactly and one that is estimated say the same of few rows, and nearly the same of many', async () => {
  const ROWS = 40_000;
  const from = raw(
    `(SELECT number AS rid, cityHash64(number) AS h, h % 3 = 0 AS bad, toNullable(toFloat64(bad)) AS label FROM numbers(${ROWS}))`,
  );
  const columns: ProfiledColumn[] = [
    { name: 'few', type: 'INT32', value: raw('if(h % 10 = 0, NULL, toInt32(h % 7))'), explains: true },
    { name: 'many', type: 'FLOAT64', value: raw('toNullable(toFloat64(rid) / 8 + bad * 1000.0625)'), explains: true },
    { name: 'word', type: 'STRING', value: raw("toNullable(concat('w', toString(h % 5 + bad)))"), explains: true },
    { name: 'day', type: 'DATE', value: raw('toNullable(toDate32(20000 + h % 300))'), explains: true },
    { name: 'list', type: 'ARRAY<INT32>', value: raw('if(h % 4 = 0, [], [toNullable(toInt32(1))])'), explains: true },
  ];
  const profile = (exactRows: number) =>
    profileColumns(fixture.store, { from, rows: ROWS, columns, label: raw('label'), options: {}, exactRows });
  const [exact, estimated] = [await profile(ROWS), await profile(ROWS - 1)];
  for (const [index, one] of exact.entries()) {
    const other = estimated[index] as typeof one;
    const { name, nullRate, min, max } = one;
    expect({ nullRate: other.nullRate, min: other.min, max: other.max }, name).toEqual({ nullRate, min, max });
    if (one.mean === null) expect(other.mean, name).toBeNull();
    else expect(other.mean, name).toBeCloseTo(one.mean, 9);
    if (one.distinct === null) expect(other.distinct, name).toBeNull();
    else expect(Math.abs((other.distinct as number) / one.distinct - 1), name).toBeLessThan(0.01);
    if (one.informationValue === null) expect(other.informationValue, name).toBeNull();
    else
      expect(Math.abs((other.informationValue as number) - one.informationValue), name).toBeLessThan(
        0.02 + 0.05 * one.informationValue,
      );
  }
  const [few, many, word, day, list] = exact;
  expect(few).toMatchObject({ distinct: 7, min: 0, max: 6 });
  expect(few?.nullRate).toBeCloseTo(0.1, 2);
  expect(many).toMatchObject({ distinct: ROWS, nullRate: 0 });
  expect(many?.informationValue).toBeGreaterThan(0.1);
  expect(word).toMatchObject({ distinct: 6, min: 'w0', max: 'w5', mean: null });
  expect(day).toMatchObject({ distinct: 300, min: '2024-10-04' });
  expect(list).toMatchObject({ distinct: null, informationValue: null });
});

import { expect, it } from 'vitest';
import { rowMeasure } from '../../src/indicators/row-measures.js';

const measure = (expression: string) => rowMeasure('m', { expression, description: 'a measure', unit: 'CNY' });

it.each([
  ['count()', 'toUInt8(1)', 'sum(m)'],
  ["countIf(status = 'A, (B)')", "toUInt8(ifNull(status = 'A, (B)', 0))", 'sum(m)'],
  ['sum(balance)', 'balance', 'sum(m)'],
  ['sumIf(balance, dpd >= 30)', 'if(ifNull(dpd >= 30, 0), balance, 0)', 'sum(m)'],
  ['-sumIf(paid, reversed)', 'if(ifNull(reversed, 0), paid, 0)', '-sum(m)'],
  ['round(sum(cost), 2)', 'cost', 'round(sum(m), 2)'],
  ['toDecimal256(sum(balance), 20) / 365', 'balance', 'toDecimal256(sum(m), 20) / 365'],
  ['uniqExactIf(case, has([1, 2], kind))', 'if(ifNull(has([1, 2], kind), 0), case, NULL)', 'uniqExact(m)'],
  ['quantileExactIfOrNull(0.5)(minutes, kept)', 'if(ifNull(kept, 0), minutes, NULL)', 'quantileExactOrNull(0.5)(m)'],
])('%s is one value a row, and the aggregate of its column', (expression, value, read) => {
  expect(measure(expression)).toMatchObject({ value, read });
});

it.each([
  'sum(a) / sum(b)',
  'sum(balance) * sum(balance)',
  'sum(a) + sumMap(b)',
  'sum(arraySum(groupArray(a)))',
  'arraySum(arraySlice(arrayReverseSort(groupArray(balance)), 1, 10))',
  'avg(balance)',
  'max(dpd)',
  'uniq(customer_id)',
])('%s has no column: it needs all rows at once', (expression) => {
  expect(measure(expression)).toBeNull();
});

it('counts once by a key, which the view hashes', () => {
  expect(measure('uniqExact(customer_id)')?.isKey).toBe(true);
  expect(measure('sum(balance)')?.isKey).toBe(false);
});

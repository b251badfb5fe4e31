import type { IndicatorDimension } from 'riskgraph';

/** A band of a number by its upper edges, each in the band below it: `01: <= 1000`, …, so that bands sort as they rise. NULL has none. */
const bandOf = (column: string, edges: readonly number[], unit = ''): string => {
  const number = (index: number): string => String(index + 1).padStart(2, '0');
  const cases = edges.map((edge, index) => `${column} <= ${edge}, '${number(index)}: <= ${edge}${unit}'`);
  return `multiIf(${column} IS NULL, NULL, ${cases.join(', ')}, '${number(edges.length)}: > ${edges.at(-1)}${unit}')`;
};

export const amountBand = (column: string): IndicatorDimension => ({
  expression: bandOf(column, [1000, 3000, 5000, 10_000, 20_000, 50_000]),
  description: 'The band of the amount',
});

export const tenorBand = (column: string): IndicatorDimension => ({
  expression: bandOf(column, [3, 6, 12, 24, 36], ' months'),
  description: 'The band of the agreed term',
});

export const rateBand = (column: string): IndicatorDimension => ({
  expression: bandOf(column, [0.12, 0.18, 0.24, 0.36]),
  description: 'The band of the nominal rate a year, as a fraction',
});

/** M0 to M7+ by days past due: M1 is 1 to 30, M2 31 to 60, …, M7+ over 180. */
export const bucketOf = (dpd: string): string =>
  `multiIf(${dpd} = 0, 'M0', ${dpd} > 180, 'M7+', concat('M', toString(intDiv(${dpd} + 29, 30))))`;

/** Months on book: months between the month of the disbursement and that of the day. */
export const monthsOnBook = (disbursedOn: string, day: string): string =>
  `dateDiff('month', toStartOfMonth(${disbursedOn}), toStartOfMonth(${day}))`;

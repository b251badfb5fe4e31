import { type IndicatorDimension, type IndicatorQueryContext, type Sql, sql } from 'riskgraph';

/** One row a loan, dated on the local day of its disbursement. */
export const disbursedLoans = ({ source, timezone }: IndicatorQueryContext): Sql => sql`
  SELECT toDate(disbursed_at, ${timezone}) AS date, principal, product, channel, province FROM ${source('loans')}`;

export const loanDimensions: Readonly<Record<string, IndicatorDimension>> = {
  product: { expression: 'product', description: "The loan's product" },
  channel: { expression: 'channel', description: 'Channel in which the loan was taken' },
  province: { expression: 'province', description: "The loan's province" },
};

import { defineIndicator, sql } from 'riskgraph';

export default defineIndicator({
  domain: 'asset_quality',
  description:
    '30+ balance delinquency (余额逾期率, 合同口径, coincident): principal outstanding, due or not, of loans with DPD >= 30 over principal outstanding ' +
    'of all loans, on the last day of the period that has loan snapshots. On-book loans alone (CURRENT and OVERDUE): settled, written-off and sold ' +
    'ones are in neither.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  stock: true,
  finestGrain: 'DAY',
  from: ({ source }) => sql`
  SELECT as_of AS date, product, channel, dpd, if(status IN ('CURRENT', 'OVERDUE'), principal_outstanding, 0) AS balance
  FROM ${source('loan_snapshots', { dated: true })}`,
  numerator: 'sumIf(balance, dpd >= 30)',
  denominator: 'sum(balance)',
  dimensions: {
    product: { expression: 'product', description: "The loan's product" },
    channel: { expression: 'channel', description: 'Channel in which the loan was taken' },
  },
});

import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description:
    'Yield: interest, fees and penalties received, a year, over the mean daily balance; INCOMPLETE where loan_snapshots skips a day of the period.',
  owner: 'finance',
  unit: 'fraction',
  term: '资产收益率',
  formula: 'income x 365 / days / mean daily balance',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'Cash and not accrual; interest that is received after a write-off is in it.',
  value: ratioOf('loan_returns@1:income', 'loan_returns@1:balance_years'),
});

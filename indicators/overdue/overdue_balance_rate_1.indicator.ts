import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    '1+ balance delinquency, coincident: principal outstanding, due or not, of loans with DPD >= 1 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '余额逾期率',
  formula: 'balance of DPD >= 1 / balance',
  direction: 'LOWER_IS_BETTER',
  pitfalls: 'A growing book dilutes it: compare cohorts with vintage.',
  value: ratioOf('loan_days@1:overdue_balance_1', 'loan_days@1:balance'),
});

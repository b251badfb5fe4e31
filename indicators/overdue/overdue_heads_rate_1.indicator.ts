import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    '1+ delinquency by heads: customers with a loan of DPD >= 1 over customers with a loan on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '人头逾期率',
  formula: 'customers with DPD >= 1 / customers on book',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:overdue_customers_1', 'loan_days@1:customers'),
});

import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'Bucket M1: principal outstanding of loans with DPD 1 to 30 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: 'M1余额占比',
  formula: 'balance of M1 / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:balance_m1', 'loan_days@1:balance'),
});

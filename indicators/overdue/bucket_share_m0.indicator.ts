import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'Bucket M0: principal outstanding of loans with DPD 0 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: 'M0余额占比',
  formula: 'balance of M0 / balance',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('loan_days@1:balance_m0', 'loan_days@1:balance'),
});

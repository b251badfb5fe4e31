import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'Bucket M7+: principal outstanding of loans with DPD over 180 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: 'M7+余额占比',
  formula: 'balance of M7+ / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:balance_m7_plus', 'loan_days@1:balance'),
});

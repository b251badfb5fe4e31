import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'Bucket M5: principal outstanding of loans with DPD 121 to 150 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: 'M5余额占比',
  formula: 'balance of M5 / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:balance_m5', 'loan_days@1:balance'),
});

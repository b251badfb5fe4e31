import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'Bucket M4: principal outstanding of loans with DPD 91 to 120 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: 'M4余额占比',
  formula: 'balance of M4 / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:balance_m4', 'loan_days@1:balance'),
});

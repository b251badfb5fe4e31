import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'Bucket M6: principal outstanding of loans with DPD 151 to 180 over principal outstanding of all loans on book, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: 'M6余额占比',
  formula: 'balance of M6 / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:balance_m6', 'loan_days@1:balance'),
});

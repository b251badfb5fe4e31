import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'Restructured: principal outstanding of restructured loans over that of all loans on book, at the end of the period.',
  owner: 'finance',
  unit: 'fraction',
  term: '重组贷款占比',
  formula: 'restructured balance / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:restructured_balance', 'loan_days@1:balance'),
});

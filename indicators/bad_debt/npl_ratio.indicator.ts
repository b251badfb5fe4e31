import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'NPL ratio: principal outstanding of non-performing loans over that of all loans on book, at the end of the period.',
  owner: 'finance',
  unit: 'fraction',
  term: '不良贷款率',
  formula: 'NPL balance / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:npl_balance', 'loan_days@1:balance'),
});

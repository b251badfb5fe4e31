import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'Loan provision ratio: provisions over principal outstanding of all loans on book, each at its newest day of the period.',
  owner: 'finance',
  unit: 'fraction',
  term: '贷款拨备率',
  formula: 'provisions / balance',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('provisions@1:amount', 'loan_days@1:balance'),
});

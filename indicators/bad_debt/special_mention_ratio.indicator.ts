import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'Special mention: principal outstanding of special-mention loans over that of all loans on book, at the end of the period.',
  owner: 'finance',
  unit: 'fraction',
  term: '关注类贷款占比',
  formula: 'special-mention balance / balance',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loan_days@1:special_mention_balance', 'loan_days@1:balance'),
});

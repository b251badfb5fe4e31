import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description:
    'Principal paid before it is due over the principal outstanding at the opening of the month; of a longer period, over the openings of all its months: a rate a month.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '提前还款率',
  formula: 'principal paid before due / opening balance',
  pitfalls: 'A payment that is taken back on a later day still counts.',
  value: ratioOf('prepayments@1:principal', 'opening_balances@1:balance'),
});

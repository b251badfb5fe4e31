import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'Net charge-off: principal charged off less recoveries, a year, over the mean daily balance; INCOMPLETE where loan_snapshots skips a day of the period.',
  owner: 'finance',
  unit: 'fraction',
  term: '净坏账率',
  formula: '(charged off - recovered) x 365 / days / mean daily balance',
  direction: 'LOWER_IS_BETTER',
  pitfalls: 'Recoveries of older write-offs are in the period in which they come in.',
  value: ratioOf('loan_returns@1:net_charge_off', 'loan_returns@1:balance_years'),
});

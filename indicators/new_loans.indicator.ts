import { defineIndicator } from 'riskgraph';
import { disbursedLoans, loanDimensions } from './disbursed_loans.js';

export default defineIndicator({
  domain: 'origination',
  description:
    'New loans (放款笔数): the number of loans disbursed, by the local day of disbursement. Every drawdown is a loan; a loan that pays out an older ' +
    'one (refinancing) counts as well.',
  owner: 'portfolio-analytics',
  unit: 'count',
  stock: false,
  finestGrain: 'DAY',
  from: disbursedLoans,
  numerator: 'count()',
  dimensions: loanDimensions,
});

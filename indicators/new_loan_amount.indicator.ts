import { defineIndicator } from 'riskgraph';
import { disbursedLoans, loanDimensions } from './disbursed_loans.js';

export default defineIndicator({
  domain: 'origination',
  description:
    'New loan amount (放款金额): SUM(principal) of loans disbursed, by the local day of disbursement; the same loans as new_loans.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  stock: false,
  finestGrain: 'DAY',
  from: disbursedLoans,
  numerator: 'sum(principal)',
  dimensions: loanDimensions,
});

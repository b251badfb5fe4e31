import { defineIndicator } from 'riskgraph';
import { statementAccounts, statementDimensions } from './statement_accounts.js';

export default defineIndicator({
  domain: 'in_loan',
  description:
    'Used over granted on statement products at the end of a month: SUM(max(statement_balance, 0)) / SUM(credit_limit) over the accounts with a ' +
    'statement and a limit above 0. A ratio of sums, not a mean of ratios; balances are floored at 0 an account and never capped at the limit.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  stock: true,
  finestGrain: 'MONTH',
  from: statementAccounts,
  numerator: 'sumIf(greatest(statement_balance, 0), credit_limit > 0)',
  denominator: 'sumIf(credit_limit, credit_limit > 0)',
  dimensions: statementDimensions,
});

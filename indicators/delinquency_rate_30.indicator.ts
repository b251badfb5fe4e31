import { defineIndicator } from 'riskgraph';
import { statementAccounts, statementDimensions } from './statement_accounts.js';

export default defineIndicator({
  domain: 'asset_quality',
  description:
    '30+ delinquency of statement products at the end of a month, by count: accounts (customer and product) with DPD >= 30 over all accounts with a ' +
    'statement in that month, where DPD = 30 x max(delinquency, 0). Written-off accounts print no statement and are in neither.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  stock: true,
  finestGrain: 'MONTH',
  from: statementAccounts,
  numerator: 'countIf(dpd >= 30)',
  denominator: 'count()',
  dimensions: statementDimensions,
});

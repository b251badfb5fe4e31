import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'First draw: the share of loans disbursed that are the first of their customer.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '首贷占比',
  formula: 'first loans / loans',
  value: ratioOf('loans@1:first_loans', 'loans@1:loans'),
});

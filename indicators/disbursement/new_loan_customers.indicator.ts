import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'Customers who took a loan in the period.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '放款人数',
  formula: 'COUNT(DISTINCT customers)',
  value: totalOf('loans@1:customers'),
});

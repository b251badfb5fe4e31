import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description: 'Customers with a loan on book at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '在贷人数',
  formula: 'COUNT(DISTINCT customers on book)',
  pitfalls: 'Customers of two groups are counted in both: values of groups do not add up to the total.',
  value: totalOf('loan_days@1:customers'),
});

import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Customers who applied, by the day of the application.',
  owner: 'credit-policy',
  unit: 'count',
  term: '申请人数',
  formula: 'COUNT(DISTINCT applicants)',
  value: totalOf('applications@1:applicants'),
});

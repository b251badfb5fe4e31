import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Applications for credit and loans, by the day on which they were made.',
  owner: 'credit-policy',
  unit: 'count',
  term: '进件量',
  formula: 'COUNT(applications)',
  value: totalOf('applications@1:applications'),
});

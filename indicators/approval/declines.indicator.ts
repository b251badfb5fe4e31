import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Declined applications; by decline_reason it says why.',
  owner: 'credit-policy',
  unit: 'count',
  term: '拒绝笔数',
  formula: 'COUNT(declined)',
  value: totalOf('decided_applications@1:declined'),
});

import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Amount applied for an application.',
  owner: 'credit-policy',
  unit: 'CNY',
  term: '件均申请金额',
  formula: 'amount / applications',
  value: ratioOf('applications@1:amount', 'applications@1:applications'),
});

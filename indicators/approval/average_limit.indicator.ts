import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Amount granted an approval.',
  owner: 'credit-policy',
  unit: 'CNY',
  term: '件均额度',
  formula: 'granted / approved',
  value: ratioOf('decided_applications@1:approved_amount', 'decided_applications@1:approved'),
});

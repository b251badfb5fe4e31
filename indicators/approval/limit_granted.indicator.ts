import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Amount granted by approvals.',
  owner: 'credit-policy',
  unit: 'CNY',
  term: '授信金额',
  formula: 'SUM(granted)',
  value: totalOf('decided_applications@1:approved_amount'),
});

import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description:
    'Approval rate by count: approved applications over decided ones, by the day of the decision. Pending, cancelled and expired applications are in neither, nor are drawdowns.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '批核率',
  formula: 'approved / decided',
  value: ratioOf('decided_applications@1:approved', 'decided_applications@1:decided'),
});

import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'The share of decided applications that no person touched.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '自动审批率',
  formula: 'automatic / decided',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('decided_applications@1:automatic', 'decided_applications@1:decided'),
});

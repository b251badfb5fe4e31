import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'The share of decided applications that a person decided.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '人工审核率',
  formula: 'manual / decided',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('decided_applications@1:manual', 'decided_applications@1:decided'),
});

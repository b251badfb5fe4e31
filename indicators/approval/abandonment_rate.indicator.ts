import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'The share of applications made that were cancelled or expired by now.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '放弃率',
  formula: 'abandoned / applications',
  direction: 'LOWER_IS_BETTER',
  pitfalls: 'Applications of the last days are still open, so that the newest periods rise later.',
  value: ratioOf('applications@1:abandoned', 'applications@1:applications'),
});

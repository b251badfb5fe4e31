import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Approval rate of drawdowns on a granted line.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '支用通过率',
  formula: 'approved drawdowns / decided drawdowns',
  value: ratioOf('decided_applications@1:drawdowns_approved', 'decided_applications@1:drawdowns_decided'),
});

import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Granted over asked for, of approved applications.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '额度满足率',
  formula: 'granted / requested of approved',
  value: ratioOf('decided_applications@1:approved_amount', 'decided_applications@1:requested_of_approved'),
});

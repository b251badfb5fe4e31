import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Approval rate by amount: granted over asked for, of decided applications.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '金额批核率',
  formula: 'granted / requested',
  value: ratioOf('decided_applications@1:approved_amount', 'decided_applications@1:requested_amount'),
});

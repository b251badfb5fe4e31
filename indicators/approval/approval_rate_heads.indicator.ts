import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description:
    'Approval rate by heads: customers whose last decision of the period is an approval over customers with a decision.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '人头批核率',
  formula: 'approved customers / decided customers',
  value: ratioOf('decided_applications@1:approved_customers', 'decided_applications@1:decided_customers'),
});

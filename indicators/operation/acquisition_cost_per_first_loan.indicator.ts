import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Acquisition cost over the first loans of customers in the period.',
  owner: 'operations',
  unit: 'CNY',
  term: '首贷获客成本',
  formula: 'acquisition cost / first loans',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('costs@1:acquisition', 'loans@1:first_loans'),
});

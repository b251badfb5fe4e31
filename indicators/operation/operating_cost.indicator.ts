import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Costs of the lender; by cost_kind it says which.',
  owner: 'operations',
  unit: 'CNY',
  term: '成本',
  formula: 'SUM(costs)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('costs@1:amount'),
});

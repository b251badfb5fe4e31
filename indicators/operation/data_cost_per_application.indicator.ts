import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Cost of data over applications made.',
  owner: 'operations',
  unit: 'CNY',
  term: '单件数据成本',
  formula: 'data cost / applications',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('costs@1:data', 'applications@1:applications'),
});

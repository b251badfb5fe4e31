import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Supplier success: reports answered, with data or without, over reports asked for.',
  owner: 'operations',
  unit: 'fraction',
  term: '外部数据成功率',
  formula: '(OK + NO_HIT) / all',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('external_reports@1:answered', 'external_reports@1:reports'),
});

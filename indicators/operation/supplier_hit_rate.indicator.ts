import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Supplier hits: reports with data over reports answered.',
  owner: 'operations',
  unit: 'fraction',
  term: '外部数据查得率',
  formula: 'OK / (OK + NO_HIT)',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('external_reports@1:hits', 'external_reports@1:answered'),
});

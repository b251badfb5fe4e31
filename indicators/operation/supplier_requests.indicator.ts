import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Reports asked of suppliers.',
  owner: 'operations',
  unit: 'count',
  term: '外部数据调用量',
  formula: 'COUNT(reports)',
  value: totalOf('external_reports@1:reports'),
});

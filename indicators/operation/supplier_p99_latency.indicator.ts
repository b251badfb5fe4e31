import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: '99th percentile of the time to the answer of a supplier.',
  owner: 'operations',
  unit: 'ms',
  term: '外部数据时延99分位',
  formula: 'P99(latency)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('external_reports@1:p99_latency'),
});

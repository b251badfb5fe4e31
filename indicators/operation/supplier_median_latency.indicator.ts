import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Median of the time to the answer of a supplier.',
  owner: 'operations',
  unit: 'ms',
  term: '外部数据时延中位数',
  formula: 'MEDIAN(latency)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('external_reports@1:median_latency'),
});

import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description: 'Reports asked of suppliers by the local day on which they were asked for.',
  owner: 'data-sourcing',
  grain: 'one report, on the day on which it was asked for',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(requested_at, ${timezone}) AS date, provider, product, status, latency_ms, ifNull(cost, 0) AS cost FROM ${source('external_reports')}`,
  dimensions: {
    provider: { expression: 'provider', description: 'The supplier' },
    report: { expression: 'product', description: 'The product of the supplier' },
    report_status: { expression: 'status', description: 'OK, NO_HIT, ERROR or TIMEOUT' },
  },
  measures: {
    reports: { expression: 'count()', description: 'Reports asked for', unit: 'count' },
    answered: {
      expression: "countIf(status IN ('OK', 'NO_HIT'))",
      description: 'Reports that were answered: OK or NO_HIT',
      unit: 'count',
    },
    hits: { expression: "countIf(status = 'OK')", description: 'Reports with data', unit: 'count' },
    cost: { expression: 'sum(cost)', description: 'Cost of the reports', unit: 'CNY' },
    median_latency: {
      expression: 'quantileExactIfOrNull(0.5)(assumeNotNull(latency_ms), isNotNull(latency_ms))',
      description: 'Median of the time to the answer',
      unit: 'ms',
    },
    p99_latency: {
      expression: 'quantileExactIfOrNull(0.99)(assumeNotNull(latency_ms), isNotNull(latency_ms))',
      description: '99th percentile of the time to the answer',
      unit: 'ms',
    },
  },
});

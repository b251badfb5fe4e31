import { defineFact, sql } from 'riskgraph';
import { amountBand } from '../bands.js';

export default defineFact({
  description:
    'Credit lines in force at the end of local days, with the principal outstanding on them; days are those of loan_snapshots. The measures count lines that are ACTIVE and have a limit above 0.',
  owner: 'portfolio-analytics',
  grain: 'one credit line at the end of a local day',
  stock: true,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT c.date AS date, c.line AS line_id, c.state.1 AS product, c.state.2 AS limit_amount, c.state.3 = 'ACTIVE' AND c.state.2 > 0 AS is_active,
    toDecimal128(ifNull(u.used, 0), 2) AS used
  FROM (
    SELECT d.date AS date, v.line_id AS line, argMax((v.product, v.limit_amount, v.status), v.effective_at) AS state
    FROM (SELECT DISTINCT as_of AS date FROM ${source('loan_snapshots', { dated: true, columns: ['as_of'] })}) AS d
    CROSS JOIN (SELECT *, toDate(effective_at, ${timezone}) AS since FROM ${source('credit_lines')}) AS v
    WHERE v.since <= d.date GROUP BY date, line
  ) AS c
  LEFT JOIN (
    SELECT as_of, assumeNotNull(line_id) AS line, sum(principal_outstanding) AS used
    FROM ${source('loan_snapshots', { dated: true, columns: ['as_of', 'line_id', 'status', 'principal_outstanding'] })}
    WHERE line_id IS NOT NULL AND status IN ('CURRENT', 'OVERDUE') GROUP BY as_of, line
  ) AS u ON c.date = u.as_of AND c.line = u.line`,
  dimensions: {
    product: { expression: 'product', description: 'The product of the line' },
    limit_band: { ...amountBand('limit_amount'), description: 'The band of the limit' },
  },
  measures: {
    lines: { expression: 'countIf(is_active)', description: 'Active lines', unit: 'count' },
    limit: { expression: 'sumIf(limit_amount, is_active)', description: 'Limits of active lines', unit: 'CNY' },
    used: { expression: 'sumIf(used, is_active)', description: 'Principal outstanding on active lines', unit: 'CNY' },
  },
});

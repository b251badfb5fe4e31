import { defineFact, sql } from 'riskgraph';
import { amountBand } from '../bands.js';

export default defineFact({
  description:
    'Credit lines by the local day on which they were granted (their first row), with what was drawn on them.',
  owner: 'growth',
  grain: 'one credit line, on the day of its grant',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT c.date AS date, addDays(c.date, 30) AS matures_on, c.customer AS customer_id, c.product AS product, c.granted AS granted,
    toDecimal128(ifNull(sumIf(l.principal, l.day >= c.date AND l.day <= addDays(c.date, 30)), 0), 2) AS drawn_30, ifNull(countIf(l.day >= c.date AND l.day <= addDays(c.date, 30)) > 0, false) AS drew_30,
    countIf(ifNull(l.line_id, '') != '') > 0 AS drew
  FROM (
    SELECT line_id AS line, toDate(min(effective_at), ${timezone}) AS date, argMin(customer_id, effective_at) AS customer, argMin(product, effective_at) AS product,
      argMin(limit_amount, effective_at) AS granted
    FROM ${source('credit_lines')} GROUP BY line_id HAVING granted > 0
  ) AS c
  LEFT JOIN (SELECT line_id, principal, toDate(disbursed_at, ${timezone}) AS day FROM ${source('loans')} WHERE line_id IS NOT NULL) AS l ON c.line = l.line_id
  GROUP BY c.line, c.date, c.customer, c.product, c.granted`,
  dimensions: {
    product: { expression: 'product', description: 'The product of the line' },
    limit_band: { ...amountBand('granted'), description: 'The band of the limit granted' },
  },
  measures: {
    lines: { expression: 'count()', description: 'Lines granted', unit: 'count' },
    customers: { expression: 'uniqExact(customer_id)', description: 'Customers granted a line', unit: 'count' },
    drew: {
      expression: 'uniqExactIf(customer_id, drew)',
      description: 'Customers who drew on the line by now',
      unit: 'count',
    },
    drew_30: {
      expression: 'uniqExactIf(customer_id, drew_30)',
      description: 'Customers who drew within 30 days of the grant',
      unit: 'count',
      matures: 'matures_on',
    },
    granted: { expression: 'sum(granted)', description: 'Limits granted', unit: 'CNY' },
    drawn_30: {
      expression: 'sum(drawn_30)',
      description: 'Principal drawn within 30 days of the grant, what was repaid and drawn again included',
      unit: 'CNY',
      matures: 'matures_on',
    },
  },
});

import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description:
    'Customers who settled: days on which a loan closed and no loan of the customer is on book at its end, by loan_snapshots. Who takes a loan again within 90 ' +
    'days is retained.',
  owner: 'growth',
  grain: 'one customer and day on which the total balance became 0',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT s.as_of AS date, s.customer_id AS customer_id, any(s.product) AS product, any(s.channel) AS channel,
    addDays(s.as_of, 90) AS matures_on,
    countIf(l.day > s.as_of AND l.day <= addDays(s.as_of, 90)) > 0 AS retained,
    countIf(l.day >= s.as_of AND l.day <= addDays(s.as_of, 7)) > 0 AS reborrowed
  FROM (
    SELECT customer_id, as_of, anyIf(product, status = 'SETTLED') AS product, anyIf(channel, status = 'SETTLED') AS channel
    FROM ${source('loan_snapshots')} GROUP BY customer_id, as_of
    HAVING countIf(status = 'SETTLED') > 0 AND countIf(status IN ('CURRENT', 'OVERDUE')) = 0
  ) AS s
  LEFT JOIN (SELECT customer_id, toDate(disbursed_at, ${timezone}) AS day FROM ${source('loans')}) AS l ON s.customer_id = l.customer_id
  GROUP BY s.as_of, s.customer_id`,
  dimensions: {
    product: { expression: 'product', description: 'The product of a loan that was settled' },
    channel: { expression: 'channel', description: 'The channel of a loan that was settled' },
  },
  measures: {
    settled: { expression: 'count()', description: 'Customers who settled', unit: 'count', matures: 'matures_on' },
    retained: {
      expression: 'countIf(retained)',
      description: 'Customers who settled and took a loan on one of the 90 days after',
      unit: 'count',
      matures: 'matures_on',
    },
    settled_by_now: { expression: 'count()', description: 'Customers who settled, matured or not', unit: 'count' },
    reborrowed: {
      expression: 'countIf(reborrowed)',
      description: 'Customers who took a loan on the day on which they settled, or within the week after',
      unit: 'count',
    },
  },
});

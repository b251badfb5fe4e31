import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description:
    'Customers who settled: days on which a loan of the customer is settled and no loan of an earlier day is on book at its end, by loan_snapshots; a loan that is ' +
    'disbursed on the day itself is a re-loan. Who takes a loan again within 90 days after is retained.',
  owner: 'growth',
  grain: 'one customer and day on which the balance of all earlier loans became 0',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT s.as_of AS date, s.customer_id AS customer_id, any(s.product) AS product, any(s.channel) AS channel,
    addDays(s.as_of, 90) AS matures_90, addDays(s.as_of, 7) AS matures_7,
    countIf(l.day > s.as_of AND l.day <= addDays(s.as_of, 90)) > 0 AS retained,
    countIf(l.day >= s.as_of AND l.day <= addDays(s.as_of, 7)) > 0 AS reborrowed
  FROM (
    SELECT customer_id, as_of, argMinIf(product, loan_id, status = 'SETTLED') AS product, argMinIf(channel, loan_id, status = 'SETTLED') AS channel
    FROM ${source('loan_snapshots', { dated: true })} GROUP BY customer_id, as_of
    HAVING countIf(status = 'SETTLED') > 0 AND countIf(status IN ('CURRENT', 'OVERDUE') AND disbursed_on < as_of) = 0
  ) AS s
  LEFT JOIN (SELECT customer_id, toDate(disbursed_at, ${timezone}) AS day FROM ${source('loans')}) AS l ON s.customer_id = l.customer_id
  GROUP BY s.as_of, s.customer_id`,
  dimensions: {
    product: { expression: 'product', description: 'The product of a loan that was settled' },
    channel: { expression: 'channel', description: 'The channel of a loan that was settled' },
  },
  measures: {
    settled: {
      expression: 'uniqExact(customer_id)',
      description: 'Customers who settled, once all are 90 days past',
      unit: 'count',
      matures: 'matures_90',
    },
    retained: {
      expression: 'uniqExactIf(customer_id, retained)',
      description: 'Customers who settled and took a loan on one of the 90 days after',
      unit: 'count',
      matures: 'matures_90',
    },
    settled_7: {
      expression: 'uniqExact(customer_id)',
      description: 'Customers who settled, once all are 7 days past',
      unit: 'count',
      matures: 'matures_7',
    },
    reborrowed: {
      expression: 'uniqExactIf(customer_id, reborrowed)',
      description: 'Customers who took a loan on the day on which they settled, or within the week after',
      unit: 'count',
      matures: 'matures_7',
    },
  },
});

import { defineFact, sql } from 'riskgraph';

/** Balance by employer: who an employer is never leaves the statement. */
const balances = 'mapValues(sumMap(map(employer, toDecimal256(balance, 2))))';

export default defineFact({
  description:
    'Principal outstanding of loans on book at the end of local days, by the employer that identifier_links named last by then. Loans of customers without one are left out.',
  owner: 'portfolio-analytics',
  grain: 'one loan of a customer with an employer at the end of a local day',
  stock: true,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT s.as_of AS date, s.product AS product, s.channel AS channel, s.principal_outstanding AS balance,
    arrayLast(seen -> seen.1 <= s.as_of, e.employers).2 AS employer
  FROM ${source('loan_snapshots', { dated: true, columns: ['customer_id', 'as_of', 'product', 'channel', 'status', 'principal_outstanding'] })} AS s
  INNER JOIN (
    SELECT customer_id, arraySort(seen -> seen.3, groupArray((toDate(seen_at, ${timezone}), identifier, seen_at))) AS employers
    FROM ${source('identifier_links')} WHERE identifier_type = 'EMPLOYER' GROUP BY customer_id
  ) AS e ON s.customer_id = e.customer_id
  WHERE s.status IN ('CURRENT', 'OVERDUE') AND employer != ''`,
  dimensions: {
    product: { expression: 'product', description: "The loan's product" },
    channel: { expression: 'channel', description: 'The channel in which the loan was taken' },
  },
  measures: {
    balance: {
      expression: 'sum(balance)',
      description: 'Principal outstanding of loans with an employer',
      unit: 'CNY',
    },
    top10_balance: {
      expression: `arraySum(arraySlice(arrayReverseSort(${balances}), 1, 10))`,
      description: 'Principal outstanding with the ten employers that have most of it',
      unit: 'CNY',
    },
    squares: {
      expression: `arraySum(own -> own * own, ${balances})`,
      description: 'Sum of the squared balances of employers',
      unit: 'CNY squared',
    },
    square: {
      expression: 'toDecimal256(sum(balance), 2) * toDecimal256(sum(balance), 2)',
      description: 'Square of the balance with an employer',
      unit: 'CNY squared',
    },
  },
});

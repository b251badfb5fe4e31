import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description:
    'Accounts of statement products, a customer and product, at the end of a month. DPD = 30 x max(delinquency, 0). A written-off account prints no statement.',
  owner: 'portfolio-analytics',
  grain: 'one account at the end of a month',
  stock: true,
  finestGrain: 'MONTH',
  from: ({ source }) => sql`
  SELECT toLastDayOfMonth(s.month) AS date, s.customer_id AS customer_id, s.product AS product, s.credit_limit AS credit_limit,
    s.statement_balance AS statement_balance, 30 * greatest(toInt32(s.delinquency), 0) AS dpd, s.amount_paid AS amount_paid,
    c.province AS province, c.segment AS segment, c.channel AS channel
  FROM ${source('statements')} AS s LEFT JOIN ${source('customers')} AS c ON s.customer_id = c.customer_id`,
  dimensions: {
    product: { expression: 'product', description: 'The statement product' },
    province: { expression: 'province', description: "The customer's province" },
    segment: { expression: 'segment', description: "The customer's segment" },
    channel: { expression: 'channel', description: 'The channel in which the customer registered' },
  },
  measures: {
    accounts: { expression: 'count()', description: 'Accounts with a statement', unit: 'count' },
    overdue_accounts_30: { expression: 'countIf(dpd >= 30)', description: 'Accounts with DPD >= 30', unit: 'count' },
    overdue_accounts_60: { expression: 'countIf(dpd >= 60)', description: 'Accounts with DPD >= 60', unit: 'count' },
    overdue_accounts_90: { expression: 'countIf(dpd >= 90)', description: 'Accounts with DPD >= 90', unit: 'count' },
    limit_in_force: {
      expression: 'sumIf(credit_limit, credit_limit > 0)',
      description: 'Credit limits of accounts with one above 0',
      unit: 'CNY',
    },
    used: {
      expression: 'sumIf(greatest(statement_balance, 0), credit_limit > 0)',
      description: 'Balances used, floored at 0 an account, of accounts with a limit above 0',
      unit: 'CNY',
    },
    balance: { expression: 'sum(statement_balance)', description: 'Statement balances', unit: 'CNY' },
    paid: { expression: 'sum(amount_paid)', description: 'Payments of the month', unit: 'CNY' },
  },
});

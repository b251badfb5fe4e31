import { type IndicatorDimension, type IndicatorQueryContext, type Sql, sql } from 'riskgraph';

/** One row an account (customer and product) and month, dated on the month's last day, with what is known of its customer. */
export const statementAccounts = ({ source }: IndicatorQueryContext): Sql => sql`
  SELECT toLastDayOfMonth(s.month) AS date, s.product AS product, s.credit_limit AS credit_limit,
    s.statement_balance AS statement_balance, 30 * greatest(toInt32(s.delinquency), 0) AS dpd,
    c.province AS province, c.segment AS segment, c.channel AS channel
  FROM ${source('statements')} AS s LEFT JOIN ${source('customers')} AS c ON s.customer_id = c.customer_id`;

export const statementDimensions: Readonly<Record<string, IndicatorDimension>> = {
  product: { expression: 'product', description: 'Statement product' },
  province: { expression: 'province', description: "The customer's province" },
  segment: { expression: 'segment', description: "The customer's segment" },
  channel: { expression: 'channel', description: 'Channel in which the customer registered' },
};

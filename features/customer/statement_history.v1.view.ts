import { array, decimal, defineFeatureView, float64, int32, join, raw, sql, string } from 'riskgraph';
import { customer } from '../entities.js';

/** Statement months shown; month 0 is the last calendar month that has ended. */
const MONTHS = 6;

const monthly = (description: string) => ({
  length: MONTHS,
  pad: null,
  description: `${description}, one value a month, newest first: element 0 is the last complete calendar month; NULL without a statement`,
});

export default defineFeatureView({
  entity: customer,
  description:
    'The last six monthly statements of a customer over all statement products, as they were printed, and who the customer is. There is no ttl: a ' +
    'book that ended long ago is still read, as STALE once 62 days have gone by without a new statement run. The protected attributes are here ' +
    'for fairness reports; birth dates are not.',
  owner: 'behaviour-risk',
  tags: ['statements'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '62d',
  features: {
    credit_limit: decimal({
      unit: 'CNY',
      description: 'Limit on the newest statements of the window, summed over products',
    }),
    utilization: float64({
      unit: 'fraction',
      description:
        'Newest balance, floored at 0 a product, over that limit; never capped; NULL without a limit above 0',
    }),
    months_observed: int32({ unit: 'months', description: 'Months of the six that have a statement' }),
    delinquency: array(int32(), {
      ...monthly('Months past due as the statement says it, highest over products; 0 and below: none'),
      unit: 'months',
    }),
    statement_balance: array(decimal(), { ...monthly('Balance, summed over products, may be negative'), unit: 'CNY' }),
    amount_paid: array(decimal(), {
      ...monthly("Paid in the month, towards the month before's balance, summed over products"),
      unit: 'CNY',
    }),
    gender: string({ description: "As registered: 'male', 'female'; never an input of a credit decision" }),
    education: string({ description: "As registered: 'graduate_school', 'university', 'high_school', 'other', …" }),
    marital_status: string({
      description: "As registered: 'married', 'single', 'other'; never an input of a credit decision",
    }),
    age: int32({ unit: 'years', description: 'Full years of age on the last complete day' }),
  },
  query: ({ source, asOf }) => {
    const thisMonth = sql`toStartOfMonth(${asOf.date})`;
    const perMonth = (column: string) =>
      sql`arrayMap(i -> if(indexOf(agos, i) = 0, NULL, ${raw(column)}[indexOf(agos, i)]), range(${raw(String(MONTHS))}))`;
    return sql`
      SELECT h.customer_id AS customer_id, h.credit_limit AS credit_limit,
        if(h.limit_above_0 > 0, toFloat64(h.used) / toFloat64(h.limit_above_0), NULL) AS utilization,
        h.months_observed AS months_observed, h.delinquency AS delinquency, h.statement_balance AS statement_balance,
        h.amount_paid AS amount_paid, c.gender AS gender, c.education AS education, c.marital_status AS marital_status,
        toInt32(age('year', c.birth_date, toDate32(${asOf.date} - 1))) AS age
      FROM (
        SELECT customer_id, credit_limit, used, limit_above_0, toInt32(length(agos)) AS months_observed,
          ${join([
            sql`${perMonth('delinquencies')} AS delinquency`,
            sql`${perMonth('balances')} AS statement_balance`,
            sql`${perMonth('payments')} AS amount_paid`,
          ])}
        FROM (
          SELECT customer_id, groupArray(ago) AS agos, groupArray(month_delinquency) AS delinquencies, groupArray(month_balance) AS balances,
            groupArray(month_paid) AS payments, argMin(month_limit, ago) AS credit_limit, argMin(month_used, ago) AS used,
            argMin(month_limit_above_0, ago) AS limit_above_0
          FROM (
            SELECT customer_id, toUInt64(dateDiff('month', month, ${thisMonth}) - 1) AS ago, toInt32(max(delinquency)) AS month_delinquency,
              sum(statement_balance) AS month_balance, sum(s.amount_paid) AS month_paid, sum(s.credit_limit) AS month_limit,
              sumIf(greatest(statement_balance, 0), s.credit_limit > 0) AS month_used,
              sumIf(s.credit_limit, s.credit_limit > 0) AS month_limit_above_0
            FROM ${source('statements')} AS s
            WHERE month >= ${thisMonth} - toIntervalMonth(${MONTHS}) AND month < ${thisMonth}
            GROUP BY customer_id, ago)
          GROUP BY customer_id)) AS h
      LEFT JOIN ${source('customers')} AS c ON h.customer_id = c.customer_id`;
  },
});

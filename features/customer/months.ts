/** The months of a customer, of loans and of statements. */
import { join, raw, type Sql, sql, type ViewQueryContext } from 'riskgraph';
import { judgedInstalments } from '../instalments.js';

interface Fact {
  /** Months back; 0 is the last that has ended. */
  readonly ago: Sql;
  readonly dpd?: Sql;
  readonly worst?: Sql;
  readonly x?: Sql;
  readonly y?: Sql;
  readonly product?: Sql;
}

/** Rows of one shape, so that all facts are one list. Amounts are exact: a float sum would depend on the order of the rows. */
const fact = (kind: string, from: Sql, { ago, dpd, worst, x, y, product }: Fact): Sql => sql`
  SELECT customer_id, ${kind} AS fact, toInt32(${ago}) AS ago, toInt32(${dpd ?? sql`0`}) AS dpd, toInt32(${worst ?? sql`0`}) AS worst,
    toDecimal128(${x ?? sql`0`}, 2) AS x, toDecimal128(${y ?? sql`0`}, 2) AS y, ${product ?? sql`''`} AS product FROM (${from})`;

/**
 * `(SELECT …)` of one row a customer and month in which the customer has a loan snapshot or a statement, over the last `months` complete months: ago, dpd,
 * worst, days_late, partial, due, paid, paid_ratio, balance, utilization, products.
 */
export const observedMonths = (context: ViewQueryContext, months: number): Sql => {
  const { source, asOf, timezone } = context;
  const count = raw(String(months));
  const thisMonth = sql`toStartOfMonth(${asOf.date})`;
  const firstMonth = sql`(${thisMonth} - toIntervalMonth(${count}))`;
  const ago = (day: string) => sql`(dateDiff('month', toStartOfMonth(${raw(day)}), ${thisMonth}) - 1)`;

  const loanMonths = sql`
    SELECT customer_id, loan_id, ${ago('as_of')} AS ended,
      argMax((dpd, status, principal_outstanding, product), as_of) AS last, argMax(tuple(line_id), as_of).1 AS line_id,
      max(dpd) AS worst, last.2 IN ('CURRENT', 'OVERDUE') AS on_book
    FROM ${source('loan_snapshots', { where: sql`as_of >= ${firstMonth} AND as_of < ${thisMonth}` })}
    GROUP BY customer_id, loan_id, ended`;
  // A closing row of WRITTEN_OFF or SOLD stands for every later month too.
  const standing = sql`
    SELECT *, arrayJoin(if(last.2 IN ('WRITTEN_OFF', 'SOLD'), range(toUInt32(ended) + 1), [toUInt32(ended)])) AS back FROM (${loanMonths})`;
  const lines = sql`
    SELECT line.3 AS customer_id, line_id, back, line.2 AS granted
    FROM (
      SELECT line_id, back, argMax((status, limit_amount, customer_id), effective_at) AS line
      FROM (SELECT *, arrayJoin(range(${count})) AS back FROM ${source('credit_lines')})
      WHERE toDate(effective_at, ${timezone}) < ${thisMonth} - toIntervalMonth(back) GROUP BY line_id, back)
    WHERE line.1 = 'ACTIVE' AND line.2 > 0`;
  // The days of loans are the largest table: they are read once, for what is owed and for what of it is drawn from a line.
  const loans = sql`
    SELECT s.customer_id AS customer_id, s.back AS back, s.ended AS ended, s.last AS last, s.worst AS worst, s.on_book AS on_book, l.granted IS NOT NULL AS is_drawn
    FROM (${standing}) AS s
    LEFT JOIN (SELECT line_id, back, toNullable(granted) AS granted FROM (${lines})) AS l ON s.line_id = l.line_id AND s.back = toUInt32(l.back)`;
  const statements = sql`
    SELECT *, 30 * greatest(toInt32(delinquency), 0) AS past_due FROM ${source('statements')} WHERE month >= ${firstMonth} AND month < ${thisMonth}`;
  const billed = sql`
    SELECT * FROM (
      SELECT customer_id, month, amount_paid AS paid_now, lagInFrame(statement_balance) OVER before AS balance_before, lagInFrame(month) OVER before AS month_before
      FROM ${source('statements')} WHERE month >= ${firstMonth} - toIntervalMonth(1) AND month < ${thisMonth}
      WINDOW before AS (PARTITION BY customer_id, product ORDER BY month ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))
    WHERE month >= ${firstMonth}`;
  const cash = sql`
    SELECT customer_id, toDate(paid_at, ${timezone}) AS day, principal_paid + interest_paid + ifNull(fee_paid, 0) AS cash
    FROM ${source('repayments')} WHERE ifNull(method, '') != 'WAIVER' AND day >= ${firstMonth} AND day < ${thisMonth}`;
  const instalments = sql`SELECT * FROM ${judgedInstalments(context, firstMonth)} WHERE due_date < ${thisMonth}`;

  const facts = [
    fact('loan', loans, {
      ago: sql`back`,
      dpd: sql`last.1`,
      worst: sql`if(back = ended, worst, last.1)`,
      x: sql`if(on_book, last.3, 0)`,
      y: sql`if(on_book AND is_drawn, last.3, 0)`,
      product: sql`if(on_book, last.4, '')`,
    }),
    fact('statement', statements, {
      ago: ago('month'),
      dpd: sql`past_due`,
      worst: sql`past_due`,
      x: sql`statement_balance`,
      product: sql`concat('statement ', product)`,
    }),
    fact('limit', sql`SELECT * FROM (${statements}) WHERE credit_limit > 0`, {
      ago: ago('month'),
      x: sql`greatest(statement_balance, 0)`,
      y: sql`credit_limit`,
    }),
    fact('limit', lines, { ago: sql`back`, y: sql`granted` }),
    fact('paid', cash, { ago: ago('day'), x: sql`cash` }),
    fact('paid', billed, {
      ago: ago('month'),
      x: sql`paid_now`,
      y: sql`if(month_before = month - toIntervalMonth(1), greatest(balance_before, 0), 0)`,
    }),
    fact('instalment', instalments, {
      ago: ago('due_date'),
      dpd: sql`days_late`,
      worst: sql`is_partial`,
      y: sql`toDecimal128(due, 2) / 100`,
    }),
  ];
  return sql`(
    SELECT customer_id, ago, if(countIf(fact = 'loan') > 0, maxIf(f.dpd, fact = 'loan'), maxIf(f.dpd, fact = 'statement')) AS dpd,
      if(countIf(fact = 'loan') > 0, maxIf(f.worst, fact = 'loan'), maxIf(f.worst, fact = 'statement')) AS worst,
      maxOrNullIf(f.dpd, fact = 'instalment') AS days_late, maxIf(f.worst, fact = 'instalment') = 1 AS partial,
      sumIf(y, fact IN ('paid', 'instalment')) AS due, sumIf(x, fact = 'paid') AS paid,
      if(due > 0, toFloat64(paid) / toFloat64(due), NULL) AS paid_ratio, sumIf(x, fact IN ('loan', 'statement')) AS balance,
      if(sumIf(y, fact = 'limit') > 0, toFloat64(sumIf(x, fact = 'limit') + sumIf(y, fact = 'loan')) / toFloat64(sumIf(y, fact = 'limit')), NULL) AS utilization,
      toInt32(uniqExactIf(product, product != '')) AS products
    FROM (${join(facts, ' UNION ALL ')}) AS f
    GROUP BY customer_id, ago HAVING countIf(fact IN ('loan', 'statement')) > 0)`;
};

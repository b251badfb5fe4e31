import { array, defineFeatureView, float64, int32, join, raw, sql } from 'riskgraph';
import { customer } from '../entities.js';

/** Months of the window: month 0 is the last calendar month that has ended, local time. */
const MONTHS = 24;
/** Days within which a loan on book has a snapshot, also where a lender brings them once a month. */
const NEWEST_WITHIN_DAYS = 31;

export default defineFeatureView({
  entity: customer,
  description:
    'The repayment history of the last 24 complete calendar months; month 0 is the last month that has ended. A month is the DPD of each ' +
    "loan at its last snapshot in that month, the customer's the highest of them; a loan written off or sold keeps its closing DPD for the rest " +
    'of the window. Where a customer has no loan snapshot in a month, the month comes from statements with DPD = 30 x max(delinquency, 0). The ' +
    'month in progress counts in current_dpd and utilization only, which are about loans on book: from its closing day on a loan is settled, ' +
    'written off or sold, and neither late nor drawn. (Version 1 counts its closing row for 31 days more.)',
  owner: 'behaviour-risk',
  tags: ['repayment'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    dpd_sequence: array(int32(), {
      length: MONTHS,
      pad: 0,
      unit: 'days',
      description:
        'DPD at the end of each of the last 24 complete months, newest first; 0 too where nothing was on book (months_observed tells how many were)',
    }),
    current_dpd: int32({
      unit: 'days',
      description:
        'Highest DPD over the loans on book (CURRENT or OVERDUE) at their newest snapshot of the last 31 days; without one, of the newest ' +
        'statement of the last 62 days; NULL without either',
    }),
    max_dpd_3m: int32({
      unit: 'days',
      description: 'Highest DPD at the last 3 month ends; NULL when none is observed',
    }),
    max_dpd_6m: int32({
      unit: 'days',
      description: 'Highest DPD at the last 6 month ends; NULL when none is observed',
    }),
    max_dpd_12m: int32({
      unit: 'days',
      description: 'Highest DPD at the last 12 month ends; NULL when none is observed',
    }),
    months_since_last_30plus: int32({
      unit: 'months',
      description:
        'Months since the newest month end with DPD >= 30 (0: the last one); NULL when there is none in 24 months',
    }),
    on_time_streak: int32({
      unit: 'months',
      description:
        'Observed month ends with DPD 0 since the newest one with DPD > 0; months without a row neither count nor break',
    }),
    months_observed: int32({
      unit: 'months',
      description: 'Month ends of the last 24 that have a snapshot or a statement',
    }),
    paid_ratio_6m: float64({
      unit: 'fraction',
      description:
        'Cash paid (no waiver, no penalty) over what fell due in the last 6 complete months: instalments under the schedule in force on their due ' +
        'date, and statements (paid in a month over the balance of the month before). Above 1 where arrears or later instalments were paid; NULL ' +
        'when nothing fell due',
    }),
    utilization: float64({
      unit: 'fraction',
      description:
        'Used over granted, summed over ACTIVE credit lines (principal outstanding of their loans on book) and statement products (newest ' +
        'balance, floored at 0); never capped; NULL without a limit above 0',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const thisMonth = sql`toStartOfMonth(${asOf.date})`;
    const firstMonth = sql`${thisMonth} - toIntervalMonth(${MONTHS})`;
    const sixMonths = sql`${thisMonth} - toIntervalMonth(6)`;

    // Facts are exact decimals: float sums would differ in their last digit from run to run, and a repeated run must change nothing.
    // One row a loan and month: its last snapshot. Closing rows of WRITTEN_OFF and SOLD stand for every later month too.
    const loanMonths = sql`
      SELECT customer_id, dpd, arrayJoin(if(status IN ('WRITTEN_OFF', 'SOLD'), range(ago_end + 1), [ago_end])) AS ago
      FROM (
        SELECT customer_id, loan_id, argMax(dpd, as_of) AS dpd, argMax(status, as_of) AS status,
          toUInt64(dateDiff('month', toStartOfMonth(as_of), ${thisMonth}) - 1) AS ago_end
        FROM ${source('loan_snapshots', { where: sql`as_of >= ${firstMonth} AND as_of < ${thisMonth}` })}
        GROUP BY customer_id, loan_id, ago_end)`;
    const statementMonths = sql`
      SELECT customer_id, 30 * greatest(toInt32(delinquency), 0) AS dpd,
        toUInt64(dateDiff('month', month, ${thisMonth}) - 1) AS ago
      FROM ${source('statements')} WHERE month >= ${firstMonth} AND month < ${thisMonth}`;
    // Amounts stay Decimal until the division: a float sum would depend on the order of the rows, and no rerun would equal the first.
    const months = sql`
      SELECT customer_id, 'month' AS fact, toInt32(ago) AS ago,
        toDecimal128(if(max(is_loan) = 1, maxIf(dpd, is_loan = 1), max(dpd)), 2) AS x, toDecimal128(0, 2) AS y
      FROM (SELECT customer_id, toInt32(dpd) AS dpd, ago, 1 AS is_loan FROM (${loanMonths})
            UNION ALL SELECT customer_id, toInt32(dpd) AS dpd, ago, 0 AS is_loan FROM (${statementMonths}))
      GROUP BY customer_id, ago`;

    // Where a loan has ended, its newest snapshot is the closing row: it says so, and nothing of what is owed now.
    const newestSnapshots = sql`
      SELECT customer_id, loan_id, argMax(dpd, as_of) AS dpd, argMax(principal_outstanding, as_of) AS used,
        argMax(tuple(line_id), as_of).1 AS line_id, argMax(status, as_of) IN ('CURRENT', 'OVERDUE') AS on_book
      FROM ${source('loan_snapshots', { where: sql`as_of >= ${asOf.date} - ${NEWEST_WITHIN_DAYS}` })} GROUP BY customer_id, loan_id`;
    const newestStatements = sql`
      SELECT customer_id, product, argMax(delinquency, month) AS delinquency, argMax(statement_balance, month) AS balance,
        argMax(credit_limit, month) AS credit_limit, max(month) AS newest
      FROM ${source('statements')} WHERE month >= ${firstMonth} GROUP BY customer_id, product`;
    const now = sql`
      SELECT customer_id, if(on_book, 'loan now', 'loan closed') AS fact, 0 AS ago, toDecimal128(dpd, 2) AS x, toDecimal128(0, 2) AS y FROM (${newestSnapshots})
      UNION ALL
      SELECT customer_id, 'statement now' AS fact, 0 AS ago, toDecimal128(30 * greatest(toInt32(delinquency), 0), 2) AS x, toDecimal128(0, 2) AS y
      FROM (${newestStatements}) WHERE newest >= ${asOf.date} - 62`;

    const lines = sql`
      SELECT line_id, argMax(customer_id, effective_at) AS customer_id, argMax(status, effective_at) AS status,
        argMax(limit_amount, effective_at) AS granted
      FROM ${source('credit_lines')} GROUP BY line_id`;
    const used = sql`
      SELECT l.customer_id AS customer_id, 'used' AS fact, 0 AS ago, toDecimal128(ifNull(u.used, 0), 2) AS x, toDecimal128(l.granted, 2) AS y
      FROM (${lines}) AS l
      LEFT JOIN (SELECT assumeNotNull(line_id) AS line_id, toNullable(sum(used)) AS used FROM (${newestSnapshots})
                 WHERE line_id IS NOT NULL AND on_book GROUP BY line_id) AS u ON l.line_id = u.line_id
      WHERE l.status = 'ACTIVE' AND l.granted > 0
      UNION ALL
      SELECT customer_id, 'used' AS fact, 0 AS ago, toDecimal128(greatest(balance, 0), 2) AS x, toDecimal128(credit_limit, 2) AS y
      FROM (${newestStatements}) WHERE credit_limit > 0`;

    // An instalment counts in the schedule that was in force when it fell due; what falls due after a settlement is void.
    const due = sql`
      SELECT customer_id, 'paid' AS fact, 0 AS ago, toDecimal128(0, 2) AS x,
        toDecimal128(principal_due + interest_due + ifNull(fee_due, 0), 2) AS y
      FROM (SELECT loan_id, customer_id, due_date, principal_due, interest_due, fee_due, effective_at,
              groupUniqArray(effective_at) OVER (PARTITION BY loan_id) AS schedules
            FROM ${source('installments')}) AS i
      LEFT JOIN (SELECT loan_id, toNullable(min(occurred_at)) AS settled_at FROM ${source('loan_events')}
                 WHERE event_type = 'SETTLED' GROUP BY loan_id) AS s ON i.loan_id = s.loan_id
      WHERE due_date >= ${sixMonths} AND due_date < ${thisMonth}
        AND NOT arrayExists(e -> e > effective_at AND toDate(e, ${timezone}) <= due_date, schedules)
        AND (settled_at IS NULL OR due_date <= toDate(settled_at, ${timezone}))`;
    const paid = sql`
      SELECT customer_id, 'paid' AS fact, 0 AS ago, toDecimal128(principal_paid + interest_paid + ifNull(fee_paid, 0), 2) AS x,
        toDecimal128(0, 2) AS y
      FROM ${source('repayments')}
      WHERE toDate(paid_at, ${timezone}) >= ${sixMonths} AND toDate(paid_at, ${timezone}) < ${thisMonth}
        AND ifNull(method, '') != 'WAIVER'`;
    const paidStatements = sql`
      SELECT customer_id, 'paid' AS fact, 0 AS ago, toDecimal128(amount_paid, 2) AS x, toDecimal128(greatest(balance_before, 0), 2) AS y
      FROM (SELECT customer_id, month, amount_paid,
              lagInFrame(statement_balance) OVER before AS balance_before, lagInFrame(month) OVER before AS month_before
            FROM ${source('statements')} WHERE month >= ${thisMonth} - toIntervalMonth(7) AND month < ${thisMonth}
            WINDOW before AS (PARTITION BY customer_id, product ORDER BY month ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))
      WHERE month >= ${sixMonths} AND month_before = month - toIntervalMonth(1)`;

    return sql`
      SELECT customer_id, dpd_sequence, current_dpd, max_dpd_3m, max_dpd_6m, max_dpd_12m, months_since_last_30plus,
        toInt32(arrayCount(a -> a < ifNull(last_late, ${MONTHS}), observed)) AS on_time_streak,
        toInt32(length(observed)) AS months_observed, paid_ratio_6m, utilization
      FROM (
        SELECT customer_id,
          groupArrayInsertAtIf(toInt32(0), ${raw(String(MONTHS))})(toInt32(x), toUInt32(ago), fact = 'month') AS dpd_sequence,
          toInt32(ifNull(maxOrNullIf(x, fact = 'loan now'), maxOrNullIf(x, fact = 'statement now'))) AS current_dpd,
          toInt32(maxOrNullIf(x, fact = 'month' AND ago < 3)) AS max_dpd_3m,
          toInt32(maxOrNullIf(x, fact = 'month' AND ago < 6)) AS max_dpd_6m,
          toInt32(maxOrNullIf(x, fact = 'month' AND ago < 12)) AS max_dpd_12m,
          minOrNullIf(ago, fact = 'month' AND x >= 30) AS months_since_last_30plus,
          minOrNullIf(ago, fact = 'month' AND x > 0) AS last_late,
          groupArrayIf(ago, fact = 'month') AS observed,
          if(sumIf(y, fact = 'paid') > 0, toFloat64(sumIf(x, fact = 'paid')) / toFloat64(sumIf(y, fact = 'paid')), NULL) AS paid_ratio_6m,
          if(sumIf(y, fact = 'used') > 0, toFloat64(sumIf(x, fact = 'used')) / toFloat64(sumIf(y, fact = 'used')), NULL) AS utilization
        FROM (${join([months, now, used, due, paid, paidStatements], ' UNION ALL ')})
        GROUP BY customer_id
        HAVING countIf(fact IN ('month', 'loan now', 'loan closed', 'statement now')) > 0)`;
  },
});

import { array, decimal, defineFeatureView, float64, int32, raw, sql } from 'riskgraph';
import { customer } from '../entities.js';

/** Weeks of the sequence; week 0 is the seven days that end with the last complete day. */
const WEEKS = 24;
/** Days over which use of the limit is averaged: thirteen weeks, so that each day of the week counts alike. */
const USE_DAYS = 91;
/** A loan without a snapshot for longer is no longer on book: month-end snapshots still count. */
const NEWEST_WITHIN_DAYS = 31;

const worst = (months: string) => ({
  unit: 'days',
  description: `Highest DPD of any loan on any day of the last ${months}; NULL without a snapshot in it`,
});

export default defineFeatureView({
  entity: customer,
  description:
    'The debts of the customer, the arrears on any day of the last 12 months, and the use of the limit, from daily loan snapshots. The ' +
    'last day is the last complete one. A window of n months is every day from the as-of day n months earlier on. A loan is on book when its ' +
    'newest snapshot of the last 31 days is CURRENT or OVERDUE; a closing row counts as a day of its DPD, then the loan is gone. One row a ' +
    'customer with a snapshot in 12 months.',
  owner: 'behaviour-risk',
  tags: ['repayment'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    open_loans: int32({ unit: 'loans', description: 'Loans on book' }),
    overdue_loans: int32({ unit: 'loans', description: 'Loans on book with DPD > 0' }),
    restructured_loans: int32({ unit: 'loans', description: 'Loans on book that were restructured' }),
    principal_outstanding: decimal({ unit: 'CNY', description: 'Unpaid principal, due or not, of the loans on book' }),
    overdue_principal: decimal({ unit: 'CNY', description: 'Principal due and unpaid of the loans on book' }),
    principal_repaid_share: float64({
      unit: 'fraction',
      description:
        '1 - principal outstanding / principal disbursed over the loans on book; NULL without a loan on book',
    }),
    current_dpd: int32({ unit: 'days', description: 'Highest DPD of the loans on book; NULL without one' }),
    max_dpd_1m: int32(worst('month')),
    max_dpd_3m: int32(worst('3 months')),
    max_dpd_6m: int32(worst('6 months')),
    max_dpd_12m: int32(worst('12 months')),
    days_since_overdue: int32({
      unit: 'days',
      description: 'Days from the newest day with DPD > 0 to the last day; NULL when there is none in 12 months',
    }),
    overdue_days_3m: int32({ unit: 'days', description: 'Days of the last 3 months with any loan at DPD > 0' }),
    overdue_days_6m: int32({ unit: 'days', description: 'Days of the last 6 months with any loan at DPD > 0' }),
    overdue_spells_12m: int32({
      unit: 'spells',
      description: 'Unbroken runs of days with any loan at DPD > 0 in the last 12 months',
    }),
    dpd_weeks: array(int32(), {
      length: WEEKS,
      pad: 0,
      unit: 'days',
      description:
        'Highest DPD of any loan in each of the last 24 weeks, newest first: element 0 is the seven days up to the last day; 0 too where nothing ' +
        'was on book',
    }),
    months_on_book: int32({ unit: 'months', description: 'Complete months since the first loan was disbursed' }),
    loans_ever: int32({ unit: 'loans', description: 'Loans disbursed so far' }),
    new_loans_3m: int32({ unit: 'loans', description: 'Loans disbursed in the last 3 months' }),
    credit_limit: decimal({
      unit: 'CNY',
      description: 'Limit of the lines that are not CLOSED, frozen ones included; NULL without one',
    }),
    frozen_lines: int32({ unit: 'lines', description: 'Lines that are FROZEN' }),
    utilization: float64({
      unit: 'fraction',
      description:
        'Principal outstanding drawn from those lines / credit_limit; never capped; NULL without a limit > 0',
    }),
    utilization_mean_3m: float64({
      unit: 'fraction',
      description:
        'Mean over the last 91 days of the principal outstanding drawn from those lines / credit_limit as it is now',
    }),
    utilization_change_3m: float64({
      unit: 'fraction',
      description:
        'Principal outstanding drawn from those lines on the last day less that 90 days before / credit_limit as it is now',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const since = (months: number) => sql`(${asOf.date} - toIntervalMonth(${months}))`;
    const lastDay = sql`(${asOf.date} - 1)`;
    const firstUseDay = sql`(${asOf.date} - ${USE_DAYS})`;

    // Sums stay Decimal until a division: a float sum would depend on the order of the rows.
    const loans = sql`
      SELECT customer_id, loan_id, max(as_of) AS newest,
        argMax((status, dpd, principal_outstanding, overdue_principal, principal, restructured), as_of) AS last,
        argMax(tuple(line_id), as_of).1 AS line_id,
        last.1 IN ('CURRENT', 'OVERDUE') AND newest >= ${asOf.date} - ${NEWEST_WITHIN_DAYS} AS on_book,
        groupArrayIf((as_of, toInt32(dpd)), dpd > 0) AS overdue,
        sumIf(principal_outstanding, as_of >= ${firstUseDay} AND status IN ('CURRENT', 'OVERDUE')) AS used_days,
        sumIf(principal_outstanding, as_of = ${firstUseDay} AND status IN ('CURRENT', 'OVERDUE')) AS used_before
      FROM ${source('loan_snapshots', { where: sql`as_of >= ${since(12)}` })}
      GROUP BY customer_id, loan_id`;
    const lines = sql`
      SELECT line_id, argMax(customer_id, effective_at) AS customer_id, argMax(status, effective_at) AS status,
        argMax(limit_amount, effective_at) AS granted
      FROM ${source('credit_lines')} GROUP BY line_id HAVING status != 'CLOSED'`;
    const limits = sql`
      SELECT customer_id, toNullable(sum(granted)) AS credit_limit, toInt32(countIf(status = 'FROZEN')) AS frozen_lines
      FROM (${lines}) GROUP BY customer_id`;
    const borrowing = sql`
      SELECT customer_id, toInt32(count()) AS loans_ever, toInt32(countIf(disbursed_at >= ${asOf.minusMonths(3)})) AS new_loans_3m,
        toInt32(age('month', min(toDate(disbursed_at, ${timezone})), ${asOf.date})) AS months_on_book
      FROM ${source('loans')} GROUP BY customer_id`;

    const worstSince = (months: number) => sql`
      if(newest >= ${since(months)}, arrayMax(o -> if(o.1 >= ${since(months)}, o.2, 0), overdue), NULL)`;
    const overdueDaysSince = (months: number) => sql`toInt32(arrayCount(day -> day >= ${since(months)}, overdue_days))`;
    const share = (numerator: string) => sql`
      if(l.credit_limit > 0, toFloat64(${raw(numerator)}) / toFloat64(l.credit_limit), NULL)`;

    return sql`
      SELECT c.customer_id AS customer_id, open_loans, overdue_loans, restructured_loans, principal_outstanding, overdue_principal,
        if(disbursed > 0, 1 - toFloat64(principal_outstanding) / toFloat64(disbursed), NULL) AS principal_repaid_share,
        current_dpd, ${worstSince(1)} AS max_dpd_1m, ${worstSince(3)} AS max_dpd_3m, ${worstSince(6)} AS max_dpd_6m,
        ${worstSince(12)} AS max_dpd_12m,
        if(empty(overdue_days), NULL, toInt32(${lastDay} - overdue_days[-1])) AS days_since_overdue,
        ${overdueDaysSince(3)} AS overdue_days_3m, ${overdueDaysSince(6)} AS overdue_days_6m,
        toInt32(arrayCount((day, at) -> at = 1 OR day - overdue_days[at - 1] > 1, overdue_days, arrayEnumerate(overdue_days)))
          AS overdue_spells_12m,
        arrayMap(week -> arrayMax(o -> if(intDiv(${lastDay} - o.1, 7) = week, o.2, 0), overdue), range(${raw(String(WEEKS))})) AS dpd_weeks,
        b.months_on_book AS months_on_book, ifNull(b.loans_ever, 0) AS loans_ever, ifNull(b.new_loans_3m, 0) AS new_loans_3m,
        l.credit_limit AS credit_limit, ifNull(l.frozen_lines, 0) AS frozen_lines,
        ${share('used')} AS utilization,
        ${share('used_days')} / ${USE_DAYS} AS utilization_mean_3m,
        ${share('used - used_before')} AS utilization_change_3m
      FROM (
        SELECT s.customer_id AS customer_id, max(s.newest) AS newest,
          toInt32(countIf(s.on_book)) AS open_loans, toInt32(countIf(s.on_book AND s.last.2 > 0)) AS overdue_loans,
          toInt32(countIf(s.on_book AND s.last.6 = 1)) AS restructured_loans,
          sumIf(s.last.3, s.on_book) AS principal_outstanding, sumIf(s.last.4, s.on_book) AS overdue_principal,
          sumIf(s.last.5, s.on_book) AS disbursed, toInt32(maxOrNullIf(s.last.2, s.on_book)) AS current_dpd,
          groupArrayArray(s.overdue) AS overdue, arraySort(arrayDistinct(arrayMap(o -> o.1, overdue))) AS overdue_days,
          sumIf(s.last.3, s.on_book AND ifNull(k.line_id, '') != '') AS used, sumIf(s.used_days, ifNull(k.line_id, '') != '') AS used_days,
          sumIf(s.used_before, ifNull(k.line_id, '') != '') AS used_before
        FROM (${loans}) AS s
        LEFT JOIN (${lines}) AS k ON s.line_id = k.line_id
        GROUP BY s.customer_id) AS c
      LEFT JOIN (SELECT customer_id, loans_ever, new_loans_3m, toNullable(months_on_book) AS months_on_book FROM (${borrowing})) AS b
        ON c.customer_id = b.customer_id
      LEFT JOIN (${limits}) AS l ON c.customer_id = l.customer_id`;
  },
});

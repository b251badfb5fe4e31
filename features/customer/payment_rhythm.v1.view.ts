import { array, decimal, defineFeatureView, float64, int32, raw, sql } from 'riskgraph';
import { customer } from '../entities.js';

/** Instalments looked back on; half of them against the other half is the trend. */
const LAST = 6;
/** Instalments of the sequence. */
const SEQUENCE = 12;
/** A payment earlier than this is one of a lump sum, not of a rhythm. */
const EARLIEST = -10;

export default defineFeatureView({
  entity: customer,
  description:
    'The timing of payments, instalment by instalment, from the payments themselves: one day late, which no DPD shows, and early. It covers ' +
    'the last 6 instalments over all loans whose due day is over, of the last 12 months, each in the schedule that was in force on its due day; ' +
    'what fell due after a settlement, a write-off or a sale is left out. Days late = the local day on which the last missing cent was paid or ' +
    'waived - the due date, at least -10; for what is unpaid, the as-of day - the due date. Payments count for the number they carry in the ' +
    'schedule then in force, without penalty; where one of a schedule carries none, all of it count oldest instalment first.',
  owner: 'behaviour-risk',
  tags: ['repayment'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    instalments_due: int32({ unit: 'instalments', description: 'Instalments that fell due in the last 12 months' }),
    mean_days_late: float64({
      unit: 'days',
      description: 'Mean days late of the last 6 instalments, early ones negative; NULL before the first due day',
    }),
    max_days_late: int32({ unit: 'days', description: 'Most days late of the last 6 instalments' }),
    last_days_late: int32({ unit: 'days', description: 'Days late of the newest instalment' }),
    days_late: array(int32(), {
      length: SEQUENCE,
      pad: null,
      unit: 'days',
      description: 'Days late of the last 12 instalments of the 12 months, newest first; NULL where there were fewer',
    }),
    late_instalments: int32({
      unit: 'instalments',
      description: 'Number of the last 6 instalments that were late by a day or more',
    }),
    lateness_trend: float64({
      unit: 'days',
      description: 'Mean days late of the newest 3 instalments less that of the 3 before; NULL with fewer than 6',
    }),
    paid_early_share: float64({
      unit: 'fraction',
      description: 'Share of the last 6 instalments that were fully paid before the due day',
    }),
    auto_debit_share: float64({
      unit: 'fraction',
      description:
        'Share of the paid ones among the last 6 instalments that AUTO_DEBIT completed; NULL when none is paid',
    }),
    partial_instalments: int32({
      unit: 'instalments',
      description: 'Number of the last 6 instalments that were paid in more than one part, or in part so far',
    }),
    collected_payments_6m: int32({
      unit: 'payments',
      description: 'Payments by COLLECTION in the last 6 months',
    }),
    reversals_6m: int32({ unit: 'payments', description: 'Payments taken back (REVERSAL) in the last 6 months' }),
    days_since_payment: int32({
      unit: 'days',
      description: 'Local days from the newest payment of cash to the as-of day; NULL without one in 12 months',
    }),
    due_next_30d: decimal({
      unit: 'CNY',
      description:
        'Principal, interest and fee of the instalments due from the as-of day to 29 days later, on loans that are not closed, as the schedule ' +
        'now in force says; what was paid ahead is not taken off',
    }),
    debt_service_ratio: float64({
      unit: 'fraction',
      description: 'due_next_30d / registered monthly income; NULL without an income above 0',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const yearAgo = sql`(${asOf.date} - toIntervalMonth(12))`;
    const sixMonthsAgo = asOf.minusMonths(6);
    const local = (column: string) => sql`toDate(${raw(column)}, ${timezone})`;

    // Cents as integers: sums are exact and do not depend on the order of the rows.
    const instalments = sql`
      SELECT i.loan_id AS loan_id, customer_id, installment_no, effective_at, due_date, due, due_up_to
      FROM (
        SELECT loan_id, customer_id, installment_no, effective_at, due_date,
          toInt64((principal_due + interest_due + ifNull(fee_due, 0)) * 100) AS due,
          sum(due) OVER (PARTITION BY loan_id, effective_at ORDER BY installment_no) AS due_up_to,
          groupUniqArray(effective_at) OVER (PARTITION BY loan_id) AS schedules
        FROM ${source('installments')}) AS i
      LEFT JOIN (
        SELECT loan_id, toNullable(min(occurred_at)) AS closed_at FROM ${source('loan_events')}
        WHERE event_type IN ('SETTLED', 'WRITTEN_OFF', 'SOLD') GROUP BY loan_id) AS e ON i.loan_id = e.loan_id
      WHERE due_date >= ${yearAgo} AND due_date < ${asOf.date} + 30
        AND NOT arrayExists(s -> s > effective_at AND ${local('s')} <= due_date, schedules)
        AND (closed_at IS NULL OR due_date <= ${local('closed_at')})`;

    const schedules = sql`SELECT loan_id, groupUniqArray(effective_at) AS schedules FROM ${source('installments')} GROUP BY loan_id`;
    const payments = sql`
      SELECT r.loan_id AS loan_id, toNullable(arrayMax(arrayFilter(s -> s <= paid_at, schedules))) AS effective_at,
        toInt64((principal_paid + interest_paid + ifNull(fee_paid, 0)) * 100) AS cents, paid_at, repayment_id, installment_no, method
      FROM ${source('repayments')} AS r INNER JOIN (${schedules}) AS s ON r.loan_id = s.loan_id
      WHERE arrayExists(s -> s <= paid_at, schedules)`;
    const paid = sql`
      SELECT loan_id, effective_at, countIf(installment_no IS NULL) > 0 AS oldest_first,
        arraySort(groupArray((paid_at, repayment_id, ifNull(installment_no, 0), cents, ifNull(method, '')))) AS payments
      FROM (${payments}) GROUP BY loan_id, effective_at`;

    // Paid by the payment after the last moment at which something was missing: one that was taken back pays nothing.
    const judged = sql`
      SELECT customer_id, loan_id, installment_no, due_date, due,
        arrayFilter(p -> ifNull(oldest_first, 0) = 1 OR p.3 = installment_no, payments) AS own,
        if(ifNull(oldest_first, 0) = 1, due_up_to, due) AS wanted,
        arrayLastIndex(s -> s < wanted, arrayCumSum(p -> p.4, own)) + 1 AS completing,
        completing <= length(own) AS is_paid,
        if(is_paid, ${local('own[completing].1')}, ${asOf.date}) AS until,
        is_paid AND own[completing].5 = 'AUTO_DEBIT' AS is_debited,
        toInt32(greatest(until - due_date, ${EARLIEST})) AS late,
        is_paid AND until < due_date AS is_early,
        arrayCount(p -> p.4 > 0 AND p.5 != 'WAIVER', own) > toUInt8(is_paid) AS is_partial
      FROM (${instalments}) AS i
      LEFT JOIN (${paid}) AS p ON i.loan_id = p.loan_id AND i.effective_at = p.effective_at
      WHERE due > 0`;
    const rhythm = sql`
      SELECT customer_id, toInt32(countIf(due_date < ${asOf.date})) AS instalments_due,
        toDecimal128(sumIf(due, due_date >= ${asOf.date}), 2) / 100 AS due_next_30d,
        arraySlice(arrayReverseSort(groupArrayIf(
          (due_date, loan_id, installment_no, late, is_paid, is_debited, is_early, is_partial), due_date < ${asOf.date})), 1, ${SEQUENCE}) AS recent
      FROM (${judged}) GROUP BY customer_id`;
    const cash = sql`
      SELECT customer_id, toInt32(countIf(method = 'COLLECTION' AND paid_at > ${sixMonthsAgo})) AS collected,
        toInt32(countIf(method = 'REVERSAL' AND paid_at > ${sixMonthsAgo})) AS reversed,
        toInt32(${asOf.date} - maxOrNullIf(${local('paid_at')}, principal_paid + interest_paid > 0
          AND ifNull(method, '') NOT IN ('WAIVER', 'REVERSAL'))) AS days_since_payment
      FROM ${source('repayments')} WHERE paid_at > ${asOf.minusMonths(12)} GROUP BY customer_id`;

    return sql`
      SELECT r.customer_id AS customer_id, instalments_due,
        arrayMap(l -> l.4, recent) AS days_late,
        if(empty(last), NULL, arraySum(l -> l.4, last) / length(last)) AS mean_days_late,
        if(empty(last), NULL, arrayMax(l -> l.4, last)) AS max_days_late,
        if(empty(last), NULL, last[1].4) AS last_days_late,
        toInt32(arrayCount(l -> l.4 > 0, last)) AS late_instalments,
        if(length(last) < ${LAST}, NULL, (arraySum((l, at) -> if(at <= ${LAST / 2}, l.4, -l.4), last, arrayEnumerate(last))) / ${LAST / 2})
          AS lateness_trend,
        if(empty(last), NULL, arrayCount(l -> l.7, last) / length(last)) AS paid_early_share,
        if(arrayExists(l -> l.5, last), arrayCount(l -> l.6, last) / arrayCount(l -> l.5, last), NULL) AS auto_debit_share,
        toInt32(arrayCount(l -> l.8, last)) AS partial_instalments,
        ifNull(p.collected, 0) AS collected_payments_6m, ifNull(p.reversed, 0) AS reversals_6m,
        p.days_since_payment AS days_since_payment, due_next_30d,
        if(c.monthly_income > 0, toFloat64(due_next_30d) / toFloat64(c.monthly_income), NULL) AS debt_service_ratio
      FROM (SELECT *, arraySlice(recent, 1, ${LAST}) AS last FROM (${rhythm})) AS r
      LEFT JOIN (${cash}) AS p ON r.customer_id = p.customer_id
      LEFT JOIN ${source('customers')} AS c ON r.customer_id = c.customer_id`;
  },
});

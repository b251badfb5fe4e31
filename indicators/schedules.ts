import { type IndicatorQueryContext, type Sql, sql } from 'riskgraph';

/**
 * `(SELECT …)`, one row a loan and schedule with an instalment: `loan_id`; `lines`, its instalments by due date as (due date, number, principal due, amount due);
 * `paid`, the payments and waivers made while it was in force as (local day, number or 0, principal, amount without penalties, 1 or 0 of a waiver); and
 * `first_day` and `last_day`, the local days at whose end it is in force, up to `closed_on`, that on which the loan closed.
 */
export const schedules = ({ source, timezone }: IndicatorQueryContext): Sql => sql`(
    SELECT s.loan_id AS loan_id, s.lines AS lines, s.first_day AS first_day, ifNull(c.closed_on, toDate('2149-06-05')) AS closed_on,
      least(ifNull(s.next_day - 1, closed_on), closed_on) AS last_day,
      arrayMap(payment -> (payment.2, payment.3, payment.4, payment.5, payment.6),
        arrayFilter(payment -> (s.is_first OR payment.1 >= s.effective_at) AND ifNull(payment.1 < s.next_at, true), p.payments)) AS paid
    FROM (
      SELECT loan_id, effective_at, lines, toDate(effective_at, ${timezone}) AS first_day, next_at, toDate(next_at, ${timezone}) AS next_day, is_first
      FROM (
        SELECT loan_id, effective_at, lines, row_number() OVER (PARTITION BY loan_id ORDER BY effective_at) = 1 AS is_first,
          leadInFrame(toNullable(effective_at)) OVER (PARTITION BY loan_id ORDER BY effective_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_at
        FROM (
          SELECT loan_id, effective_at,
            arraySort(groupArray((due_date, installment_no, toDecimal128(principal_due, 2), toDecimal128(principal_due, 2) + interest_due + ifNull(fee_due, 0)))) AS lines
          FROM ${source('installments')} GROUP BY loan_id, effective_at
        )
      )
    ) AS s
    LEFT JOIN (
      SELECT loan_id, groupArray((paid_at, toDate(paid_at, ${timezone}), ifNull(installment_no, 0), toDecimal128(principal_paid, 2),
        toDecimal128(principal_paid, 2) + interest_paid + ifNull(fee_paid, 0), ifNull(method != 'WAIVER', true))) AS payments
      FROM ${source('repayments')} GROUP BY loan_id
    ) AS p ON s.loan_id = p.loan_id
    LEFT JOIN (
      SELECT loan_id, toNullable(toDate(min(occurred_at), ${timezone})) AS closed_on FROM ${source('loan_events')}
      WHERE event_type IN ('SETTLED', 'WRITTEN_OFF', 'SOLD') GROUP BY loan_id
    ) AS c ON s.loan_id = c.loan_id
  )`;

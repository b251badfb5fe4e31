/** Instalments as the views of sequences read them: which schedule counts, and when each instalment was paid. */
import { raw, type Sql, sql, type ViewQueryContext } from 'riskgraph';

/** A payment earlier than this is one of a lump sum, not of a rhythm. */
const EARLIEST = -10;

/**
 * `(SELECT …)` of the instalments that are due from `since` (a Date) on and before the as-of day, one row each, in the schedule that was in force on the
 * due day; what falls due after a settlement, a write-off or a sale is void, and so is an instalment of nothing. Payments count for the number that they
 * carry in the schedule then in force, without penalty; where one of a schedule carries none, all of it count oldest instalment first.
 *
 * Columns: loan_id, customer_id, installment_no, due_date; `due`, `settled` (paid or waived so far, at most `due`) and `ahead` (cash before the due day,
 * at most `due`) in cents; `is_paid`; `until`, the local day on which the last missing cent came, else the as-of day or the day on which the loan was closed
 * or a new schedule replaced the instalment; `dpd`, the highest DPD that it
 * had at the end of a day so far; `days_late`, `until` - due date, at least -10; `is_partial`, paid in more than one part of cash, or in part so far.
 */
export const judgedInstalments = ({ source, asOf, timezone }: ViewQueryContext, since: Sql): Sql => {
  const local = (column: string): Sql => sql`toDate(${raw(column)}, ${timezone})`;
  const instalments = sql`
    SELECT i.loan_id AS loan_id, customer_id, installment_no, effective_at, due_date, due, due_up_to,
      arrayMin(arrayConcat([${asOf.date}], if(closed_at IS NULL, [], [${local('assumeNotNull(closed_at)')}]),
        arrayMap(s -> ${local('s')}, arrayFilter(s -> s > effective_at, schedules)))) AS ended
    FROM (
      SELECT loan_id, customer_id, installment_no, effective_at, due_date,
        toInt64((principal_due + interest_due + ifNull(fee_due, 0)) * 100) AS due,
        sum(due) OVER (PARTITION BY loan_id, effective_at ORDER BY installment_no) AS due_up_to,
        groupUniqArray(effective_at) OVER (PARTITION BY loan_id) AS schedules
      FROM ${source('installments')}) AS i
    LEFT JOIN (
      SELECT loan_id, toNullable(min(occurred_at)) AS closed_at FROM ${source('loan_events')}
      WHERE event_type IN ('SETTLED', 'WRITTEN_OFF', 'SOLD') GROUP BY loan_id) AS e ON i.loan_id = e.loan_id
    WHERE due_date >= ${since} AND due_date < ${asOf.date} AND due > 0
      AND NOT arrayExists(s -> s > effective_at AND ${local('s')} <= due_date, schedules)
      AND (closed_at IS NULL OR due_date <= ${local('closed_at')})`;
  const payments = sql`
    SELECT r.loan_id AS loan_id, toNullable(arrayMax(arrayFilter(s -> s <= paid_at, schedules))) AS effective_at,
      toInt64((principal_paid + interest_paid + ifNull(fee_paid, 0)) * 100) AS cents, paid_at, repayment_id, installment_no, method
    FROM ${source('repayments')} AS r
    INNER JOIN (SELECT loan_id, groupUniqArray(effective_at) AS schedules FROM ${source('installments')} GROUP BY loan_id) AS s ON r.loan_id = s.loan_id
    WHERE arrayExists(s -> s <= paid_at, schedules)`;
  const paid = sql`
    SELECT loan_id, effective_at, countIf(installment_no IS NULL) > 0 AS oldest_first,
      arraySort(groupArray((paid_at, repayment_id, ifNull(installment_no, 0), cents, ifNull(method, '')))) AS payments
    FROM (${payments}) GROUP BY loan_id, effective_at`;
  // Paid by the payment after the last moment at which something was missing: one that was taken back pays nothing.
  return sql`(
    SELECT customer_id, loan_id, installment_no, due_date, due,
      ifNull(oldest_first, 0) = 1 AS pooled,
      arrayFilter(p -> pooled OR p.3 = installment_no, payments) AS own,
      if(pooled, due_up_to, due) AS wanted,
      wanted - due AS before,
      arrayCumSum(p -> p.4, own) AS so_far,
      arrayLastIndex(s -> s < wanted, so_far) + 1 AS completing,
      completing <= length(own) AS is_paid,
      greatest(least(arraySum(p -> p.4, own) - before, due), 0) AS settled,
      greatest(least(arraySum(p -> if(${local('p.1')} < due_date AND p.5 != 'WAIVER', p.4, 0), own) - before, due), 0) AS ahead,
      if(is_paid, ${local('own[completing].1')}, ended) AS until,
      toInt32(greatest(until - due_date - 1, 0)) AS dpd,
      toInt32(greatest(until - due_date, ${EARLIEST})) AS days_late,
      arrayCount((p, s) -> p.4 > 0 AND p.5 != 'WAIVER' AND s > before AND s - p.4 < wanted, own, so_far) > toUInt8(is_paid) AS is_partial
    FROM (${instalments}) AS i
    LEFT JOIN (${paid}) AS p ON i.loan_id = p.loan_id AND i.effective_at = p.effective_at)`;
};

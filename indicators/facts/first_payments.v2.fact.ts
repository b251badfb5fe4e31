import { defineFact, raw, sql } from 'riskgraph';
import { loanDimensions } from '../loan_dimensions.js';

/** The days past due at which a payment counts as missed. */
const DAYS = [1, 7, 30] as const;
const PAYMENTS = ['first', 'second', 'third'] as const;
const ordinal = (payment: number): string => PAYMENTS[payment - 1] as string;

/** Missed at a number of days past due: not fully paid at the end of so many days after the due date, and no instalment before it was. */
const missed = (payment: number, days: number) => ({
  [`missed_${ordinal(payment)}_${days}`]: {
    expression: `countIf(missed_${payment}_${days})`,
    description: `Loans whose ${ordinal(payment)} instalment is the first that reached DPD ${days}`,
    unit: 'count',
    matures: `matures_${payment}_${days}`,
  },
});

const due = (payment: number, days: number) => ({
  [`due_${ordinal(payment)}_${days}`]: {
    expression: `countIf(known_${payment}_${days})`,
    description: `Loans with a ${ordinal(payment)} instalment, once all of a period have been due for ${days} days`,
    unit: 'count',
    matures: `matures_${payment}_${days}`,
  },
});

const each = <T>(make: (payment: number, days: number) => T): readonly T[] =>
  [1, 2, 3].flatMap((payment) => DAYS.map((days) => make(payment, days)));

/** The day on which a payment has been due for so long. */
const judged = (payment: number, days: number): string => `addDays(due_${payment}, ${days})`;

/**
 * Of one payment and number of days, by the loan's own row of that day, or by how it had closed before. A day that loan_snapshots has not reached matures
 * later than every report; a day that it skipped makes the period incomplete. Of a loan without a row on a day that others have, nothing is known: it is in no part.
 */
const columns = (payment: number, days: number): string => {
  const [day, name] = [judged(payment, days), `${payment}_${days}`];
  const before = Array.from({ length: payment - 1 }, (_, index) => `ifNull(late_${index + 1}_${days} = 1, false)`);
  return [
    `multiIf(rows_${name} > 0, toNullable(toUInt8(dpd_${name} >= ${days})),
      closed_on <= ${day}, toNullable(toUInt8(closed_as = 'WRITTEN_OFF' OR (closed_as = 'SOLD' AND closed_dpd >= ${days}))), NULL) AS late_${name}`,
    `ifNull(late_${name} = 1, false)${before.map((one) => ` AND NOT ${one}`).join('')} AS missed_${name}`,
    `late_${name} IS NOT NULL AS known_${name}`,
    `multiIf(due_${payment} IS NULL, toDate('1970-01-01'), ifNull(closed_on <= ${day}, false), assumeNotNull(${day}),
      ${day} > newest_day, toDate('2149-06-05'), NOT has(snapshot_days, assumeNotNull(${day})), toDate('2149-06-06'), assumeNotNull(${day})) AS matures_${name}`,
  ].join(', ');
};

const states = (payment: number, days: number): string => {
  const isDay = `s.as_of = addDays(f.due_${payment}, ${days})`;
  return `countIf(${isDay}) AS rows_${payment}_${days}, maxIf(s.dpd, ${isDay}) AS dpd_${payment}_${days}`;
};

export default defineFact({
  description:
    'Loans by the local day of their disbursement, with how the first three instalments of the original schedule were paid; those that a later schedule adds are none of them. A payment is missed at k days ' +
    'where the instalment is not fully paid at the end of the day k days after its due date, by loan_snapshots; of the second and the third only ' +
    'where none before it was missed at k (exclusive form). A loan without a snapshot of that day is in no part.',
  owner: 'fraud-risk',
  grain: 'one loan, on the day of its disbursement',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  WITH (SELECT groupUniqArray(as_of) FROM ${source('loan_snapshots', { columns: ['as_of'] })}) AS snapshot_days, arrayMax(snapshot_days) AS newest_day
  SELECT date, disbursed_on, loan_id, customer_id, product, channel, province, purpose, term_months, annual_rate, principal, due_1, due_2, due_3,
    ${raw(each(columns).join(',\n    '))}
  FROM (
    SELECT l.loan_id AS loan_id, any(toDate(l.disbursed_at, ${timezone})) AS date, date AS disbursed_on, any(l.customer_id) AS customer_id,
      any(l.product) AS product, any(l.channel) AS channel, any(l.province) AS province, any(l.purpose) AS purpose, any(l.term_months) AS term_months,
      any(l.annual_rate) AS annual_rate, any(l.principal) AS principal, any(f.due_1) AS due_1, any(f.due_2) AS due_2, any(f.due_3) AS due_3,
      ${raw(each(states).join(', '))},
      minIf(s.as_of, s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS first_closed, countIf(s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS closings,
      if(closings = 0, NULL, first_closed) AS closed_on, argMinIf(s.status, s.as_of, s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS closed_as,
      argMinIf(s.dpd, s.as_of, s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')) AS closed_dpd
    FROM ${source('loans')} AS l
    LEFT JOIN (
      SELECT loan_id, minIf(due_date, installment_no = 1) AS due_1, if(countIf(installment_no = 2) = 0, NULL, minIf(due_date, installment_no = 2)) AS due_2,
        if(countIf(installment_no = 3) = 0, NULL, minIf(due_date, installment_no = 3)) AS due_3
      FROM (SELECT loan_id, installment_no, due_date, effective_at = min(effective_at) OVER (PARTITION BY loan_id) AS is_original FROM ${source('installments')})
      WHERE is_original AND installment_no <= 3
      GROUP BY loan_id HAVING countIf(installment_no = 1) > 0
    ) AS f ON l.loan_id = f.loan_id
    LEFT JOIN (SELECT loan_id, as_of, status, dpd FROM ${source('loan_snapshots', { columns: ['loan_id', 'as_of', 'status', 'dpd'] })}) AS s ON l.loan_id = s.loan_id
    GROUP BY l.loan_id
  )`,
  through: ({ source, timezone }) =>
    sql`SELECT toDate(disbursed_at, ${timezone}) AS date FROM ${source('loans', { columns: ['disbursed_at'] })}`,
  dimensions: loanDimensions,
  measures: Object.assign({}, ...each(missed), ...each(due)),
});

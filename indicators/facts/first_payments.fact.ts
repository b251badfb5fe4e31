import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

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
    expression: `countIf(isNotNull(due_${payment}))`,
    description: `Loans with a ${ordinal(payment)} instalment, once all of a period have been due for ${days} days`,
    unit: 'count',
    matures: `matures_${payment}_${days}`,
  },
});

const each = <T>(make: (payment: number, days: number) => T): readonly T[] =>
  [1, 2, 3].flatMap((payment) => DAYS.map((days) => make(payment, days)));

/** The columns of one payment and number of days. The original schedule rules: a later one moves no first payment. */
const columns = (payment: number, days: number): string => {
  const before = Array.from({ length: payment - 1 }, (_, index) => `missed_${index + 1}_${days}`);
  return [
    `ifNull(addDays(due_${payment}, ${days}), toDate('1970-01-01')) AS matures_${payment}_${days}`,
    `ifNull(has(late_${days}, assumeNotNull(due_${payment})), false)${before.map((one) => ` AND NOT ${one}`).join('')} AS missed_${payment}_${days}`,
  ].join(', ');
};

export default defineFact({
  description:
    'Loans by the local day of their disbursement, with how the first three instalments of the original schedule were paid. A payment is missed at k days ' +
    'where the instalment is not fully paid at the end of the day k days after its due date, by loan_snapshots; of the second and the third only ' +
    'where none before it was missed at k (exclusive form).',
  owner: 'fraud-risk',
  grain: 'one loan, on the day of its disbursement',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(l.disbursed_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)},
    f.due_1 AS due_1, f.due_2 AS due_2, f.due_3 AS due_3, ${raw(DAYS.map((days) => `s.late_${days} AS late_${days}`).join(', '))},
    ${raw(each(columns).join(', '))}
  FROM ${source('loans')} AS l
  LEFT JOIN (
    SELECT loan_id, minIf(due_date, installment_no = 1) AS due_1, if(countIf(installment_no = 2) = 0, NULL, minIf(due_date, installment_no = 2)) AS due_2,
      if(countIf(installment_no = 3) = 0, NULL, minIf(due_date, installment_no = 3)) AS due_3
    FROM (SELECT loan_id, installment_no, argMin(due_date, effective_at) AS due_date FROM ${source('installments')}
      WHERE installment_no <= 3 GROUP BY loan_id, installment_no)
    GROUP BY loan_id HAVING countIf(installment_no = 1) > 0
  ) AS f ON l.loan_id = f.loan_id
  LEFT JOIN (
    SELECT loan_id, ${raw(DAYS.map((days) => `groupArrayIf(as_of - ${days}, dpd >= ${days}) AS late_${days}`).join(', '))}
    FROM ${source('loan_snapshots')} WHERE dpd > 0 AND as_of <= addMonths(disbursed_on, 5) GROUP BY loan_id
  ) AS s ON l.loan_id = s.loan_id
  SETTINGS join_use_nulls = 1`,
  dimensions: loanDimensions,
  measures: Object.assign({}, ...each(missed), ...each(due)),
});

import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

const CASH = "method != 'WAIVER'";

export default defineFact({
  description:
    'Repayments by the local day on which they were made, one allocation a row. A reversal is negative; a waiver satisfies what is due and is never cash. ' +
    'Cash after a loan was written off is a recovery.',
  owner: 'portfolio-analytics',
  grain: 'one allocation of a payment, on the day of the payment',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(r.paid_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)},
    ifNull(r.method, 'SELF') AS method, r.principal_paid AS principal_paid, r.interest_paid AS interest_paid, ifNull(r.fee_paid, 0) AS fee_paid,
    ifNull(r.penalty_paid, 0) AS penalty_paid,
    toDecimal128(r.principal_paid, 2) + r.interest_paid + ifNull(r.fee_paid, 0) + ifNull(r.penalty_paid, 0) AS paid,
    ifNull(r.paid_at > w.written_off_at, false) AS after_write_off
  FROM ${source('repayments')} AS r
  LEFT JOIN ${source('loans')} AS l ON r.loan_id = l.loan_id
  LEFT JOIN (
    SELECT loan_id, toNullable(min(occurred_at)) AS written_off_at FROM ${source('loan_events')} WHERE event_type = 'WRITTEN_OFF' GROUP BY loan_id
  ) AS w ON r.loan_id = w.loan_id`,
  dimensions: {
    ...loanDimensions,
    method: { expression: 'method', description: 'SELF, AUTO_DEBIT, COLLECTION, WAIVER or REVERSAL' },
  },
  measures: {
    cash: { expression: `sumIf(paid, ${CASH})`, description: 'Cash received, less reversals', unit: 'CNY' },
    gross_cash: {
      expression: "sumIf(paid, method NOT IN ('WAIVER', 'REVERSAL'))",
      description: 'Cash received, before reversals',
      unit: 'CNY',
    },
    principal: {
      expression: `sumIf(principal_paid, ${CASH})`,
      description: 'Principal received, less reversals',
      unit: 'CNY',
    },
    interest: {
      expression: `sumIf(interest_paid, ${CASH})`,
      description: 'Interest received, less reversals',
      unit: 'CNY',
    },
    income: {
      expression: `sumIf(toDecimal128(interest_paid, 2) + fee_paid + penalty_paid, ${CASH})`,
      description: 'Interest, fees and penalties received, less reversals',
      unit: 'CNY',
    },
    waived: { expression: "sumIf(paid, method = 'WAIVER')", description: 'Amount waived', unit: 'CNY' },
    reversed: {
      expression: "-sumIf(paid, method = 'REVERSAL')",
      description: 'Amount of payments taken back',
      unit: 'CNY',
    },
    collected: {
      expression: "sumIf(paid, method = 'COLLECTION')",
      description: 'Cash received by collections, before reversals',
      unit: 'CNY',
    },
    auto_debited: {
      expression: "sumIf(paid, method = 'AUTO_DEBIT')",
      description: 'Cash received by automatic debit, before reversals',
      unit: 'CNY',
    },
    recovered: {
      expression: `sumIf(paid, ${CASH} AND after_write_off)`,
      description: 'Cash received after the loan was written off',
      unit: 'CNY',
    },
    payers: {
      expression: `uniqExactIf(customer_id, ${CASH} AND paid > 0)`,
      description: 'Customers who paid, also where the payment was taken back',
      unit: 'count',
    },
  },
});

import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description: 'Events of loans beside their payments by the local day on which they happened: restructured, sold.',
  owner: 'portfolio-analytics',
  grain: 'one event of a loan, on the day on which it happened',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(e.occurred_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)},
    e.event_type AS event_type, ifNull(e.amount, 0) AS amount, e.detail AS detail
  FROM ${source('loan_events')} AS e LEFT JOIN ${source('loans')} AS l ON e.loan_id = l.loan_id`,
  dimensions: {
    ...loanDimensions,
    detail: { expression: 'detail', description: 'The kind of restructuring and the like' },
  },
  measures: {
    sale_proceeds: {
      expression: "sumIf(amount, event_type = 'SOLD')",
      description: 'Proceeds of loans sold',
      unit: 'CNY',
    },
    restructured_loans: {
      expression: "uniqExactIf(loan_id, event_type = 'RESTRUCTURED')",
      description: 'Loans restructured',
      unit: 'count',
    },
  },
});

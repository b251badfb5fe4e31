import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description:
    'Loans by the local day on which they closed, by the closing rows of loan_snapshots: settled, written off at the balance charged off, or sold.',
  owner: 'portfolio-analytics',
  grain: 'one loan, on the day on which it closed',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT s.as_of AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}, s.status AS status, s.principal_outstanding AS balance
  FROM ${source('loan_snapshots', { dated: true })} AS s LEFT JOIN ${source('loans')} AS l ON s.loan_id = l.loan_id
  WHERE s.status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')`,
  dimensions: loanDimensions,
  measures: {
    settled_loans: { expression: "countIf(status = 'SETTLED')", description: 'Loans settled', unit: 'count' },
    written_off_loans: {
      expression: "countIf(status = 'WRITTEN_OFF')",
      description: 'Loans written off',
      unit: 'count',
    },
    written_off_amount: {
      expression: "sumIf(balance, status = 'WRITTEN_OFF')",
      description: 'Principal charged off',
      unit: 'CNY',
    },
    sold_loans: { expression: "countIf(status = 'SOLD')", description: 'Loans sold', unit: 'count' },
    sold_amount: {
      expression: "sumIf(balance, status = 'SOLD')",
      description: 'Principal outstanding of loans sold',
      unit: 'CNY',
    },
  },
});

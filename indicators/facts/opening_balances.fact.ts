import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description:
    'Loans on book at the end of the last day of a month, dated on the first day of the next, which they open. Months are added up: of a longer period the openings of all its months.',
  owner: 'portfolio-analytics',
  grain: 'one loan at the opening of a month',
  stock: false,
  finestGrain: 'MONTH',
  from: ({ source, timezone }) => sql`
  SELECT s.as_of + 1 AS date, s.principal_outstanding AS balance, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}
  FROM ${source('loan_snapshots', { where: sql`as_of = toLastDayOfMonth(as_of)` })} AS s LEFT JOIN ${source('loans')} AS l ON s.loan_id = l.loan_id
  WHERE s.status IN ('CURRENT', 'OVERDUE')`,
  dimensions: loanDimensions,
  measures: {
    balance: { expression: 'sum(balance)', description: 'Principal outstanding at the opening', unit: 'CNY' },
    loans: { expression: 'count()', description: 'Loans on book at the opening', unit: 'count' },
  },
});

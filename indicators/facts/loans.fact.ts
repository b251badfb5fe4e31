import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description:
    'Loans by the local day of their disbursement. Every drawdown is a loan; a loan that pays out an older one (refinancing) is one too.',
  owner: 'portfolio-analytics',
  grain: 'one loan, on the day of its disbursement',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(l.disbursed_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)},
    l.refinances_loan_id IS NOT NULL AS refinancing,
    row_number() OVER (PARTITION BY l.customer_id ORDER BY l.disbursed_at, l.loan_id) = 1 AS is_first
  FROM ${source('loans')} AS l`,
  dimensions: {
    ...loanDimensions,
    customer_kind: {
      expression: "if(is_first, 'NEW', 'REPEAT')",
      description: "NEW: the customer's first loan; REPEAT: a later one",
    },
  },
  measures: {
    loans: { expression: 'count()', description: 'Loans disbursed', unit: 'count' },
    amount: { expression: 'sum(principal)', description: 'Principal disbursed', unit: 'CNY' },
    customers: { expression: 'uniqExact(customer_id)', description: 'Customers who took a loan', unit: 'count' },
    first_loans: {
      expression: 'countIf(is_first)',
      description: 'Loans that are the first of their customer',
      unit: 'count',
    },
    first_amount: {
      expression: 'sumIf(principal, is_first)',
      description: 'Principal of loans that are the first of their customer',
      unit: 'CNY',
    },
    refinanced_amount: {
      expression: 'sumIf(principal, refinancing)',
      description: 'Principal of loans that pay out an older one',
      unit: 'CNY',
    },
    amount_by_rate: {
      expression: 'sum(toDecimal128(principal, 2) * toDecimal128(annual_rate, 6))',
      description: 'Principal times nominal rate a year',
      unit: 'CNY a year',
    },
    amount_by_months: {
      expression: 'sum(toDecimal128(principal, 2) * term_months)',
      description: 'Principal times months of the agreed term',
      unit: 'CNY months',
    },
  },
});

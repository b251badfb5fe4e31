import { defineFact, sql } from 'riskgraph';
import { amountBand, tenorBand } from '../bands.js';

export default defineFact({
  description:
    'Applications for credit and loans by the local day on which they were made (applied_at), whatever became of them. Drawdowns on a granted line are left out.',
  owner: 'portfolio-analytics',
  grain: 'one application, on the day on which it was made',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(applied_at, ${timezone}) AS date, customer_id, kind, product, channel, province, city, purpose, amount, term_months,
    ifNull(decision, 'PENDING') AS decision
  FROM ${source('applications')} WHERE kind != 'DRAWDOWN'`,
  dimensions: {
    product: { expression: 'product', description: 'The product applied for' },
    channel: { expression: 'channel', description: 'The channel of the application' },
    province: { expression: 'province', description: 'The province given in the application' },
    city: { expression: 'city', description: 'The city given in the application' },
    kind: { expression: 'kind', description: 'CREDIT or LOAN' },
    purpose: { expression: 'purpose', description: 'The stated purpose' },
    decision: {
      expression: 'decision',
      description: 'What became of it: APPROVED, DECLINED, PENDING, CANCELLED or EXPIRED',
    },
    amount_band: amountBand('amount'),
    tenor_band: tenorBand('term_months'),
  },
  measures: {
    applications: { expression: 'count()', description: 'Applications made', unit: 'count' },
    applicants: { expression: 'uniqExact(customer_id)', description: 'Customers who applied', unit: 'count' },
    amount: { expression: 'sum(amount)', description: 'Amount applied for', unit: 'CNY' },
    decided: {
      expression: "countIf(decision IN ('APPROVED', 'DECLINED'))",
      description: 'Applications made that are decided by now',
      unit: 'count',
    },
    approved: {
      expression: "countIf(decision = 'APPROVED')",
      description: 'Applications made that are approved by now',
      unit: 'count',
    },
    abandoned: {
      expression: "countIf(decision IN ('CANCELLED', 'EXPIRED'))",
      description: 'Applications made that were cancelled or expired',
      unit: 'count',
    },
  },
});

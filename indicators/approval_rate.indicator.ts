import { defineIndicator, sql } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description:
    'Approval rate (批核率, 通过率) by count: approved applications over decided ones, by the local day of the decision (decided_at). Decided is ' +
    'APPROVED or DECLINED: pending, cancelled and expired applications are in neither. Credit and loan applications; drawdowns on a granted line ' +
    'are left out.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(assumeNotNull(decided_at), ${timezone}) AS date, decision, product, channel, province
  FROM ${source('applications')}
  WHERE kind != 'DRAWDOWN' AND decided_at IS NOT NULL AND ifNull(decision IN ('APPROVED', 'DECLINED'), false)`,
  numerator: "countIf(decision = 'APPROVED')",
  denominator: 'count()',
  dimensions: {
    product: { expression: 'product', description: 'Product applied for' },
    channel: { expression: 'channel', description: 'Channel of the application' },
    province: { expression: 'province', description: 'Province given in the application' },
  },
});

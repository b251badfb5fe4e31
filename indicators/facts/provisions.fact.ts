import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description: 'Provisions for loan losses, dated on the day on which they stand.',
  owner: 'finance',
  grain: 'one product and kind of provision at the end of a local day',
  stock: true,
  finestGrain: 'DAY',
  from: ({ source }) => sql`SELECT as_of AS date, product, kind, amount FROM ${source('provisions', { dated: true })}`,
  dimensions: {
    product: { expression: 'product', description: 'The product' },
    provision_kind: { expression: 'kind', description: 'GENERAL, SPECIFIC or SPECIAL' },
  },
  measures: { amount: { expression: 'sum(amount)', description: 'Provisions', unit: 'CNY' } },
});

import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description: 'Costs of the lender by month.',
  owner: 'finance',
  grain: 'one product, channel and kind of cost in a month',
  stock: false,
  finestGrain: 'MONTH',
  from: ({ source }) => sql`SELECT month AS date, product, channel, kind, amount FROM ${source('costs')}`,
  dimensions: {
    product: { expression: 'product', description: 'The product' },
    channel: { expression: 'channel', description: 'The channel' },
    cost_kind: { expression: 'kind', description: 'FUNDING, ACQUISITION, DATA, COLLECTION or OPERATION' },
  },
  measures: {
    amount: { expression: 'sum(amount)', description: 'Costs', unit: 'CNY' },
    funding: { expression: "sumIf(amount, kind = 'FUNDING')", description: 'Costs of funding', unit: 'CNY' },
    acquisition: {
      expression: "sumIf(amount, kind = 'ACQUISITION')",
      description: 'Costs of winning customers',
      unit: 'CNY',
    },
    data: { expression: "sumIf(amount, kind = 'DATA')", description: 'Costs of data', unit: 'CNY' },
    collection: { expression: "sumIf(amount, kind = 'COLLECTION')", description: 'Costs of collections', unit: 'CNY' },
  },
});

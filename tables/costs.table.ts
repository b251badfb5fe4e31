import { day, defineTable, money, oneOf, text } from 'riskgraph';

export default defineTable({
  description: 'Costs of a month.',
  key: ['month', 'product', 'channel', 'kind'],
  eventTime: { kind: 'month', column: 'month' },
  columns: {
    month: day('The month, by its first day'),
    product: text('The product'),
    channel: text('The channel'),
    kind: oneOf('The kind of cost', ['FUNDING', 'ACQUISITION', 'DATA', 'COLLECTION', 'OPERATION']),
    amount: money('The amount'),
  },
});

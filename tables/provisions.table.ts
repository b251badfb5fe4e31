import { day, defineTable, money, oneOf, text } from 'riskgraph';

export default defineTable({
  description: 'Provisions of the book at the end of a local day.',
  key: ['as_of', 'product', 'kind'],
  eventTime: { kind: 'day', column: 'as_of' },
  columns: {
    as_of: day('The local day at whose end this holds'),
    product: text('The product'),
    kind: oneOf('The kind of provision; empty where not told apart', ['', 'GENERAL', 'SPECIFIC', 'SPECIAL'], {
      default: '',
    }),
    amount: money('The amount set aside'),
  },
});

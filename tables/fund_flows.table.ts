import { defineTable, instant, money, text } from 'riskgraph';

export default defineTable({
  description: 'Where the money of a loan went.',
  key: ['flow_id'],
  eventTime: 'occurred_at',
  columns: {
    flow_id: text('The id of the flow'),
    loan_id: text('The loan'),
    customer_id: text('Who borrowed'),
    occurred_at: instant('When the money moved'),
    amount: money('The amount'),
    counterparty_type: text('The kind of the receiver'),
  },
});

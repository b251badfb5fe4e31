import { defineTable, instant, money, oneOf, opt, rate, text } from 'riskgraph';

export default defineTable({
  description: 'A credit line from an instant on: its limit, rate and status. A change is another row.',
  key: ['line_id', 'effective_at'],
  eventTime: 'effective_at',
  columns: {
    line_id: text('The id of the credit line'),
    effective_at: instant('Since when this row holds'),
    customer_id: text('Whose line it is'),
    product: text('The product of the line'),
    application_id: opt(text('The application that opened it')),
    limit_amount: money('The limit'),
    annual_rate: opt(rate('The nominal rate a year')),
    status: oneOf('Whether the line can be drawn', ['ACTIVE', 'FROZEN', 'CLOSED']),
    reason: opt(oneOf('Why the row was written', ['INITIAL', 'INCREASE', 'DECREASE', 'FREEZE', 'UNFREEZE'])),
  },
});

import { defineTable, instant, money, oneOf, opt, text } from 'riskgraph';

export default defineTable({
  description: 'What happens to a loan beside its payments.',
  key: ['loan_id', 'event_type', 'occurred_at'],
  eventTime: 'occurred_at',
  columns: {
    loan_id: text('The loan'),
    event_type: oneOf('What happened', ['RESTRUCTURED', 'RATE_CHANGED', 'WRITTEN_OFF', 'SETTLED', 'SOLD']),
    occurred_at: instant('When it happened'),
    amount: opt(money('The principal charged off, or the proceeds of a sale')),
    detail: opt(text('The kind of restructuring and the like: EXTENSION, REFINANCE, WAIVER …')),
  },
});

import { day, defineTable, instant, money, oneOf, opt, text } from 'riskgraph';

export default defineTable({
  description: 'An action of collecting an overdue loan.',
  key: ['action_id'],
  eventTime: 'acted_at',
  columns: {
    action_id: text('The id of the action'),
    case_id: opt(text('The case that it belongs to')),
    loan_id: text('The overdue loan'),
    customer_id: text('Who owes'),
    acted_at: instant('When it was done'),
    party: opt(oneOf('Whom it addressed', ['BORROWER', 'CONTACT'])),
    action: oneOf('What was done', ['SMS', 'CALL', 'VISIT', 'LEGAL']),
    result: opt(oneOf('What came of it', ['REACHED', 'NOT_REACHED', 'PROMISE', 'PAID'])),
    promised_on: opt(day('The day for which a payment was promised')),
    promised_amount: opt(money('The amount promised')),
    amount: opt(money('The amount collected')),
    agency: opt(text('The agency; NULL where the lender acts itself')),
  },
});

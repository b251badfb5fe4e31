import { defineTable, instant, money, oneOf, opt, pii, text } from 'riskgraph';

export default defineTable({
  description: 'A booking on a bank account of a customer, as an account aggregator gives it with consent.',
  key: ['transaction_id'],
  eventTime: 'booked_at',
  columns: {
    transaction_id: text('The id of the booking'),
    customer_id: text('Whose account it is'),
    account_hash: pii(text('The account, hashed')),
    booked_at: instant('When it was booked'),
    direction: oneOf('Whether money came in or went out', ['IN', 'OUT']),
    amount: money('The amount, never negative', { unit: 'CNY' }),
    category: opt(
      oneOf('What it was for', ['SALARY', 'RENT', 'LOAN_REPAYMENT', 'LOAN_DISBURSEMENT', 'GAMBLING', 'CASH', 'OTHER']),
    ),
    counterparty_hash: opt(pii(text('The other account, hashed'))),
  },
});

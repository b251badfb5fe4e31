import { defineTable, instant, money, months, opt, rate, text } from 'riskgraph';

export default defineTable({
  description: 'A loan as it was disbursed.',
  key: ['loan_id'],
  eventTime: 'disbursed_at',
  columns: {
    loan_id: text('The id of the loan'),
    customer_id: text('Who borrows'),
    application_id: opt(text('The application that led to it')),
    line_id: opt(text('The credit line that it draws on')),
    refinances_loan_id: opt(text('The loan that it replaces')),
    product: text('The product'),
    channel: opt(text('The channel of the sale')),
    disbursed_at: instant('When the money was paid out'),
    principal: money('The amount paid out'),
    term_months: months('The agreed term, in months'),
    annual_rate: rate('The nominal rate a year'),
    purpose: opt(text('The stated purpose')),
    province: opt(text('The borrower’s province at disbursement')),
  },
});

import { day, defineTable, instant, money, months, opt, ordinal, text, uint16 } from 'riskgraph';

export default defineTable({
  description: 'An account with another lender, as a bureau report lists it. It is known with its report.',
  key: ['report_id', 'tradeline_no'],
  eventTime: 'reported_at',
  columns: {
    report_id: text('The report that lists it'),
    tradeline_no: ordinal('The place in the report, from 1'),
    customer_id: text('Whose account it is'),
    reported_at: instant('When the other lender reported it to the bureau'),
    opened_on: opt(day('The day on which it was opened')),
    account_type: opt(text('The kind of account: CARD, MORTGAGE, CONSUMER_LOAN, CAR_LOAN …')),
    organisation: opt(text('The lender, as the bureau names it')),
    credit_limit: opt(money('The limit, or the amount that was lent')),
    balance: opt(money('What is owed')),
    status: opt(text('Where it stands: OPEN, CLOSED, SETTLED, WRITTEN_OFF …')),
    worst_dpd: opt(uint16('Highest DPD so far, in days')),
    months_on_book: opt(months('Months since it was opened')),
  },
});

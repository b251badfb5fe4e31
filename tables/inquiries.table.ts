import { defineTable, instant, money, opt, ordinal, text } from 'riskgraph';

export default defineTable({
  description:
    'An inquiry that a bureau report lists: another organisation asked for the report of the customer. It is known with its report, not on its own day.',
  key: ['report_id', 'inquiry_no'],
  eventTime: 'inquired_at',
  columns: {
    report_id: text('The report that lists it'),
    inquiry_no: ordinal('The place in the report, from 1'),
    customer_id: text('Whom it is about'),
    inquired_at: instant('When the other organisation asked'),
    organisation: opt(text('Who asked, as the bureau names it')),
    reason: opt(text('Why it asked: LOAN_APPROVAL, CARD_APPROVAL, ACCOUNT_REVIEW …')),
    amount: opt(money('The amount that was applied for there')),
  },
});

import { defineTable, instant, money, oneOf, opt, ordinal, text } from 'riskgraph';

export default defineTable({
  description:
    'A payment, one row an allocation to an instalment. A reversal is negative; a waiver satisfies what is due and is never cash.',
  key: ['repayment_id'],
  eventTime: 'paid_at',
  columns: {
    repayment_id: text('The id of the allocation'),
    loan_id: text('The loan that is paid'),
    customer_id: text('Whose loan it is'),
    installment_no: opt(ordinal('The instalment that is paid; NULL pays the oldest first')),
    paid_at: instant('When the money came in'),
    principal_paid: money('The principal paid'),
    interest_paid: money('The interest paid'),
    fee_paid: opt(money('The fees paid')),
    penalty_paid: opt(money('The penalty interest paid; it never enters days past due')),
    method: opt(oneOf('How it was paid', ['SELF', 'AUTO_DEBIT', 'COLLECTION', 'WAIVER', 'REVERSAL'])),
  },
});

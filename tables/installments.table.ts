import { day, defineTable, instant, money, opt, ordinal, text } from 'riskgraph';

export default defineTable({
  description:
    'The repayment schedule: one row an instalment. A restructuring writes a new schedule, with a later `effective_at`.',
  key: ['loan_id', 'installment_no', 'effective_at'],
  eventTime: 'effective_at',
  columns: {
    loan_id: text('The loan'),
    installment_no: ordinal('The place in the schedule, from 1'),
    effective_at: instant('Since when this schedule holds'),
    customer_id: text('Who owes it'),
    due_date: day('The day on which it is due'),
    principal_due: money('The principal due'),
    interest_due: money('The interest due'),
    fee_due: opt(money('The fees due')),
  },
});

import { day, defineTable, flag, money, oneOf, opt, text, uint16 } from 'riskgraph';

export default defineTable({
  description: 'A loan at the end of a local day: imported, or derived from schedules, payments and events.',
  key: ['loan_id', 'as_of'],
  derivationRuns: 'loan_snapshot_runs',
  eventTime: { kind: 'day', column: 'as_of' },
  columns: {
    loan_id: text('The loan'),
    as_of: day('The local day at whose end this holds'),
    customer_id: text('Who borrows'),
    product: text('The product'),
    channel: opt(text('The channel of the sale')),
    line_id: opt(text('The credit line')),
    status: oneOf('Where the loan stands; SETTLED, WRITTEN_OFF and SOLD close it', [
      'CURRENT',
      'OVERDUE',
      'SETTLED',
      'WRITTEN_OFF',
      'SOLD',
    ]),
    restructured: flag('1 once the loan has been restructured'),
    dpd: uint16('Days past due of the oldest instalment that is not fully paid'),
    principal_outstanding: money('The principal not yet paid'),
    overdue_principal: money('The principal that was due before this day and is unpaid'),
    interest_overdue: opt(money('The interest that was due before this day and is unpaid')),
    fee_overdue: opt(money('The fees that were due before this day and are unpaid')),
    penalty_accrued: opt(money('The penalty interest accrued and unpaid')),
    risk_class: opt(
      oneOf('The regulator’s five classes', ['NORMAL', 'SPECIAL_MENTION', 'SUBSTANDARD', 'DOUBTFUL', 'LOSS']),
    ),
    disbursed_on: day('The local day of the disbursement'),
    principal: money('The amount paid out'),
  },
});

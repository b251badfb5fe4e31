import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalDate } from '../../../src/core/helpers/time.js';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

const DISBURSED = '2025-01-10T00:00:00.000Z';

const due = (loan: string, no: number, date: LocalDate, more: TableRow = {}): TableRow => ({
  loan_id: loan,
  customer_id: loan.split('-')[0],
  installment_no: no,
  due_date: date,
  effective_at: DISBURSED,
  principal_due: '90.00',
  interest_due: '10.00',
  ...more,
});

let payments = 0;
const paid = (loan: string, no: number | null, at: string, more: TableRow = {}): TableRow => ({
  repayment_id: `R${String(++payments).padStart(4, '0')}`,
  loan_id: loan,
  customer_id: loan.split('-')[0],
  installment_no: no,
  paid_at: at,
  principal_paid: '90.00',
  interest_paid: '10.00',
  method: 'SELF',
  ...more,
});

/** Noon in Shanghai. */
const noon = (date: LocalDate): string => `${date}T04:00:00.000Z`;

describe('payment_rhythm', () => {
  let tables: SourceTables;
  const of = async (customer: string, day: LocalDate = '2026-03-10') =>
    (await tables.view('payment_rhythm@1', day)).find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('installments', [
      // Seven months: the first of them is not one of the last six.
      ...['2025-08', '2025-09', '2025-10', '2025-11', '2025-12', '2026-01', '2026-02'].map((month, index) =>
        due('SIX-1', index + 1, `${month}-20`),
      ),
      due('SIX-1', 8, '2026-03-20'),
      // The due day itself is not over on its own morning.
      due('DAY-1', 1, '2026-03-09'),
      due('DAY-1', 2, '2026-03-10'),
      // The first day of twelve months, and the day before.
      due('YEAR-1', 1, '2025-03-09'),
      due('YEAR-1', 2, '2025-03-10'),
      due('PARTS-1', 1, '2026-01-10'),
      due('PARTS-1', 2, '2026-02-10'),
      due('BACK-1', 1, '2026-02-10'),
      due('POOL-1', 1, '2026-01-10'),
      due('POOL-1', 2, '2026-02-10'),
      // A new schedule on 1 February: number 1 is another instalment then, and the old number 2 is gone.
      due('NEW-1', 1, '2026-01-10'),
      due('NEW-1', 2, '2026-02-10'),
      due('NEW-1', 1, '2026-03-01', { effective_at: noon('2026-02-01'), principal_due: '40.00', interest_due: '0.00' }),
      due('CLOSED-1', 1, '2026-01-10'),
      due('CLOSED-1', 2, '2026-02-10'),
      due('CLOSED-1', 3, '2026-03-10'),
      due('LATE-1', 1, '2026-03-06'),
      due('LUMP-1', 1, '2026-03-05'),
      // Due in the next thirty days: 10 March to 8 April.
      due('NEXT-1', 1, '2026-03-10', { fee_due: '0.50' }),
      due('NEXT-1', 2, '2026-04-08'),
      due('NEXT-1', 3, '2026-04-09'),
    ]);
    await tables.insert('repayments', [
      paid('SIX-1', 1, noon('2025-08-30')),
      paid('SIX-1', 2, noon('2025-09-20'), { method: 'AUTO_DEBIT' }),
      paid('SIX-1', 3, noon('2025-10-20'), { method: 'AUTO_DEBIT' }),
      paid('SIX-1', 4, noon('2025-11-21')),
      paid('SIX-1', 5, noon('2025-12-18')),
      // 23:59:59.999 of 23 January, and the first millisecond of 25 February, local time.
      paid('SIX-1', 6, '2026-01-23T15:59:59.999Z', { method: 'COLLECTION', penalty_paid: '3.00' }),
      paid('SIX-1', 7, '2026-02-24T16:00:00.000Z'),
      paid('DAY-1', 2, noon('2026-03-09')),
      paid('PARTS-1', 1, noon('2026-01-09'), { principal_paid: '89.99' }),
      paid('PARTS-1', 1, noon('2026-01-12'), {
        principal_paid: '0.00',
        interest_paid: '0.00',
        fee_paid: '0.01',
        method: 'WAIVER',
      }),
      paid('PARTS-1', 2, noon('2026-02-10'), { interest_paid: '0.00' }),
      // Bounced, and paid again.
      paid('BACK-1', 1, noon('2026-02-10'), { method: 'AUTO_DEBIT' }),
      paid('BACK-1', 1, noon('2026-02-12'), { principal_paid: '-90.00', interest_paid: '-10.00', method: 'REVERSAL' }),
      paid('BACK-1', 1, noon('2026-02-15')),
      // 150 without a number, then the rest: oldest first.
      paid('POOL-1', null, noon('2026-01-11'), { principal_paid: '150.00', interest_paid: '0.00' }),
      paid('POOL-1', 2, noon('2026-02-13'), { principal_paid: '50.00', interest_paid: '0.00' }),
      paid('NEW-1', 1, noon('2026-01-10')),
      paid('NEW-1', 1, noon('2026-03-04'), { principal_paid: '40.00', interest_paid: '0.00' }),
      paid('CLOSED-1', 1, noon('2026-01-13')),
      paid('CLOSED-1', 2, noon('2026-01-20')),
      // Paid on the 7th and known on the 10th, after the run.
      paid('LATE-1', 1, noon('2026-03-07'), { ingested_at: '2026-03-09T18:00:00.001Z' }),
      // Three months ahead.
      paid('LUMP-1', 1, noon('2025-12-01')),
    ]);
    await tables.insert('loan_events', [
      { loan_id: 'CLOSED-1', event_type: 'SETTLED', occurred_at: noon('2026-01-20') },
    ]);
    await tables.insert('customers', [
      { customer_id: 'NEXT', registered_at: DISBURSED, monthly_income: '1000.00' },
      { customer_id: 'SIX', registered_at: DISBURSED, monthly_income: '0.00' },
    ]);
  });
  afterAll(() => tables.close());

  it('measures the last six instalments by the local day of payment, early and late', async () => {
    // Newest first: 25 February, 23 January, 18 December, 21 November, 20 October, 20 September, each due on the 20th.
    expect(await of('SIX')).toEqual({
      customer_id: 'SIX',
      instalments_due: 7,
      mean_days_late: (5 + 3 - 2 + 1 + 0 + 0) / 6,
      max_days_late: 5,
      last_days_late: 5,
      // The seventh was paid ten days late.
      days_late: [5, 3, -2, 1, 0, 0, 10],
      late_instalments: 3,
      lateness_trend: (5 + 3 - 2) / 3 - (1 + 0 + 0) / 3,
      paid_early_share: 1 / 6,
      auto_debit_share: 2 / 6,
      partial_instalments: 0,
      collected_payments_6m: 1,
      reversals_6m: 0,
      days_since_payment: 13,
      due_next_30d: '100',
      debt_service_ratio: null,
    });
  });

  it('judges an instalment when its due day is over, an unpaid one by the days so far', async () => {
    expect(await of('DAY')).toMatchObject({ instalments_due: 1, mean_days_late: 1, auto_debit_share: null });
    expect(await of('DAY', '2026-03-12')).toMatchObject({ instalments_due: 2, max_days_late: 3, last_days_late: -1 });
    expect(await of('DAY', '2026-03-09')).toMatchObject({
      instalments_due: 0,
      mean_days_late: null,
      late_instalments: 0,
    });
  });

  it('looks back twelve months and no further', async () => {
    expect(await of('YEAR')).toMatchObject({ instalments_due: 1, days_since_payment: null });
    expect(await of('YEAR', '2025-03-10')).toMatchObject({ instalments_due: 1 });
    expect(await of('YEAR', '2026-03-11')).toBeUndefined();
  });

  it('takes the last missing cent, waived or paid, as the payment, and counts parts of cash', async () => {
    // The second is short of 10.
    expect(await of('PARTS')).toMatchObject({
      late_instalments: 2,
      max_days_late: 28,
      mean_days_late: (2 + 28) / 2,
      partial_instalments: 1,
    });
  });

  it('takes a payment that was reversed as none', async () => {
    expect(await of('BACK')).toMatchObject({
      last_days_late: 5,
      auto_debit_share: 0,
      reversals_6m: 1,
      partial_instalments: 1,
    });
    // On the 12th the money was still there.
    expect(await of('BACK', '2026-02-12')).toMatchObject({ last_days_late: 0, auto_debit_share: 1, reversals_6m: 0 });
  });

  it('lets payments without a number pay the oldest instalment first', async () => {
    expect(await of('POOL')).toMatchObject({ mean_days_late: (1 + 3) / 2, last_days_late: 3, partial_instalments: 2 });
  });

  it('reads the schedule in force on the due day and its payments alone', async () => {
    expect(await of('NEW')).toMatchObject({ instalments_due: 2, mean_days_late: (0 + 3) / 2, max_days_late: 3 });
  });

  it('leaves out what falls due after a loan was closed, past and future', async () => {
    expect(await of('CLOSED')).toMatchObject({ instalments_due: 1, last_days_late: 3, due_next_30d: '0' });
  });

  it('does not know a payment before it was recorded', async () => {
    expect(await of('LATE')).toMatchObject({ last_days_late: 4 });
    expect(await of('LATE', '2026-03-11')).toMatchObject({ last_days_late: 1 });
  });

  it('takes a payment far ahead as ten days early', async () => {
    expect(await of('LUMP')).toMatchObject({ mean_days_late: -10, paid_early_share: 1 });
  });

  it('adds up what falls due in the next thirty days, against the income', async () => {
    expect(await of('NEXT')).toMatchObject({ due_next_30d: '200.5', debt_service_ratio: 0.2005, instalments_due: 0 });
  });
});

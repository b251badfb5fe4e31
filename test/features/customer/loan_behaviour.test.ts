import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, type LocalDate } from '../../../src/core/helpers/time.js';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

const snapshot = (loan: string, asOf: LocalDate, dpd: number, more: TableRow = {}): TableRow => ({
  loan_id: loan,
  as_of: asOf,
  customer_id: loan.split('-')[0],
  product: 'CASH_LINE',
  status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
  restructured: 0,
  dpd,
  principal_outstanding: '1000.00',
  overdue_principal: '0.00',
  disbursed_on: '2025-01-01',
  principal: '2000.00',
  ...more,
});

/** A run of overdue days whose DPD begins at 1 and ends on a day. */
const spell = (loan: string, to: LocalDate, days: number): TableRow[] =>
  Array.from({ length: days }, (_, index) => snapshot(loan, addDays(to, -index), days - index));

const weeks = (at: Readonly<Record<number, number>>): number[] =>
  Array.from({ length: 24 }, (_, week) => at[week] ?? 0);

describe('loan_behaviour', () => {
  let tables: SourceTables;
  const of = async (customer: string, day: LocalDate) =>
    (await tables.view('loan_behaviour@1', day)).find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('loan_snapshots', [
      // Three loans on book, one of them restructured and late, and one that was settled.
      snapshot('OPEN-1', '2026-03-09', 0, { principal_outstanding: '500.01' }),
      snapshot('OPEN-2', '2026-03-09', 4, {
        principal_outstanding: '300.02',
        overdue_principal: '80.01',
        restructured: 1,
      }),
      // Month-end snapshots: the newest within 31 days still stands for the loan, an older one does not.
      snapshot('OPEN-3', '2026-02-07', 0, { principal_outstanding: '100.00' }),
      snapshot('OPEN-4', '2026-02-06', 0),
      snapshot('OPEN-5', '2026-02-27', 0, { status: 'CURRENT' }),
      snapshot('OPEN-5', '2026-02-28', 0, { status: 'SETTLED', principal_outstanding: '0.00' }),
      snapshot('LOST-1', '2026-01-19', 180),
      snapshot('LOST-1', '2026-01-20', 181, { status: 'WRITTEN_OFF' }),
      // The first days of the windows before 10 March 2026, and the days before them.
      snapshot('EDGE1-1', '2026-02-10', 11),
      snapshot('EDGE1-1', '2026-02-09', 12),
      snapshot('EDGE1-1', '2025-12-10', 13),
      snapshot('EDGE1-1', '2025-12-09', 14),
      snapshot('EDGE1-1', '2025-09-10', 15),
      snapshot('EDGE1-1', '2025-09-09', 16),
      snapshot('EDGE1-1', '2025-03-10', 17),
      snapshot('EDGE1-1', '2025-03-09', 18),
      snapshot('GONE-1', '2025-03-09', 18),
      // Between month ends, and cured at each of them.
      ...spell('SPELLS-1', '2026-02-20', 10),
      snapshot('SPELLS-1', '2026-02-21', 0),
      ...spell('SPELLS-1', '2026-02-24', 2),
      // The other loan is late while the first is: a day of the customer counts once, and the run is one.
      ...spell('SPELLS-2', '2026-02-22', 5),
      snapshot('SPELLS-1', '2026-03-09', 0),
      snapshot('SPELLS-2', '2026-02-23', 0, { status: 'SETTLED' }),
      // Week 0 is 3 to 9 March, week 23 is 23 to 29 September, the day before is out.
      snapshot('WEEKS-1', '2026-03-09', 8),
      snapshot('WEEKS-1', '2026-03-03', 2),
      snapshot('WEEKS-1', '2026-03-02', 1),
      snapshot('WEEKS-2', '2026-03-02', 40),
      snapshot('WEEKS-1', '2025-09-23', 6),
      snapshot('WEEKS-1', '2025-09-22', 5),
      // Restated: never late. Known from 6 March on.
      snapshot('RESTATED-1', '2026-03-04', 3),
      snapshot('RESTATED-1', '2026-03-04', 0, { ingested_at: '2026-03-06T00:00:00.000Z' }),
      // Derived half an hour after midnight: in time. Derived three hours after: unknown to the run of that day.
      snapshot('LATE-1', '2026-03-08', 1, { ingested_at: '2026-03-08T16:30:00.000Z' }),
      snapshot('LATE-1', '2026-03-09', 2, { ingested_at: '2026-03-09T19:00:00.000Z' }),
      // 1,000 on the first of 91 days, 400 on the others; another line is closed, and a loan was sold.
      snapshot('USE-1', '2025-12-08', 0, { line_id: 'K1', principal_outstanding: '9999.00' }),
      snapshot('USE-1', '2025-12-09', 0, { line_id: 'K1', principal_outstanding: '1000.00' }),
      ...Array.from({ length: 90 }, (_, index) =>
        snapshot('USE-1', addDays('2026-03-09', -index), 0, { line_id: 'K1', principal_outstanding: '400.00' }),
      ),
      snapshot('USE-2', '2026-03-09', 0, { line_id: 'K2', principal_outstanding: '250.00' }),
      snapshot('USE-3', '2026-03-09', 0, { line_id: 'K3', principal_outstanding: '7000.00' }),
      snapshot('USE-4', '2026-03-09', 0, { principal_outstanding: '7000.00' }),
      snapshot('USE-5', '2026-03-05', 95, { status: 'SOLD', line_id: 'K1', principal_outstanding: '800.00' }),
      snapshot('ZERO-1', '2026-03-09', 0, { line_id: 'K4' }),
      snapshot('BORROWS-1', '2026-03-09', 0),
    ]);
    const line = { product: 'CASH_LINE', status: 'ACTIVE', effective_at: '2025-01-01T00:00:00.000Z' };
    await tables.insert('credit_lines', [
      { ...line, line_id: 'K1', customer_id: 'USE', limit_amount: '900.00' },
      { ...line, line_id: 'K1', customer_id: 'USE', limit_amount: '1000.00', effective_at: '2026-02-01T00:00:00.000Z' },
      // Raised in the future.
      { ...line, line_id: 'K1', customer_id: 'USE', limit_amount: '5000.00', effective_at: '2026-03-09T16:00:00.001Z' },
      { ...line, line_id: 'K2', customer_id: 'USE', limit_amount: '600.00' },
      {
        ...line,
        line_id: 'K2',
        customer_id: 'USE',
        limit_amount: '600.00',
        effective_at: '2026-03-01T00:00:00.000Z',
        status: 'FROZEN',
      },
      { ...line, line_id: 'K3', customer_id: 'USE', limit_amount: '8000.00' },
      {
        ...line,
        line_id: 'K3',
        customer_id: 'USE',
        limit_amount: '8000.00',
        effective_at: '2026-03-01T00:00:00.000Z',
        status: 'CLOSED',
      },
      { ...line, line_id: 'K4', customer_id: 'ZERO', limit_amount: '0.00' },
    ]);
    const loan = {
      customer_id: 'BORROWS',
      product: 'CASH_LINE',
      principal: '1.00',
      term_months: 12,
      annual_rate: '0.2',
    };
    await tables.insert('loans', [
      // 10 March 2025, local time, is a year before; one millisecond earlier it was the 9th.
      { ...loan, loan_id: 'BORROWS-1', disbursed_at: '2025-03-09T16:00:00.000Z' },
      { ...loan, loan_id: 'BORROWS-2', disbursed_at: '2025-12-09T15:59:59.999Z' },
      { ...loan, loan_id: 'BORROWS-3', disbursed_at: '2025-12-09T16:00:00.000Z' },
      { ...loan, loan_id: 'BORROWS-4', disbursed_at: '2026-03-09T16:00:00.001Z' },
      {
        ...loan,
        loan_id: 'BORROWS-5',
        disbursed_at: '2026-01-01T00:00:00.000Z',
        ingested_at: '2026-03-09T18:00:00.001Z',
      },
    ]);
  });
  afterAll(() => tables.close());

  it('adds up the loans that are on book, exactly', async () => {
    expect(await of('OPEN', '2026-03-10')).toMatchObject({
      open_loans: 3,
      overdue_loans: 1,
      restructured_loans: 1,
      principal_outstanding: '900.03',
      overdue_principal: '80.01',
      principal_repaid_share: 1 - 900.03 / 6000,
      current_dpd: 4,
      loans_ever: 0,
      months_on_book: null,
      credit_limit: null,
      utilization: null,
    });
  });

  it('keeps the closing row of a lost loan in its windows and nothing of it on book', async () => {
    expect(await of('LOST', '2026-03-10')).toMatchObject({
      open_loans: 0,
      principal_outstanding: '0',
      principal_repaid_share: null,
      current_dpd: null,
      max_dpd_1m: null,
      max_dpd_3m: 181,
      overdue_days_3m: 2,
      days_since_overdue: 48,
    });
  });

  it('sees the worst of any day, from the day n months before on, and no day earlier', async () => {
    expect(await of('EDGE1', '2026-03-10')).toMatchObject({
      max_dpd_1m: 11,
      max_dpd_3m: 13,
      max_dpd_6m: 15,
      max_dpd_12m: 17,
      overdue_days_3m: 3,
      overdue_days_6m: 5,
      days_since_overdue: 27,
    });
    expect(await of('EDGE1', '2026-03-11')).toMatchObject({ max_dpd_1m: null, max_dpd_3m: 12 });
    expect(await of('GONE', '2026-03-09')).toMatchObject({ max_dpd_12m: 18 });
    expect(await of('GONE', '2026-03-10')).toBeUndefined();
  });

  it('counts a day once and an unbroken run of days once, whichever loan was late', async () => {
    // 11 to 20 February, then 18 to 22 by the other loan, then 23 and 24: one run of 14 days.
    expect(await of('SPELLS', '2026-03-10')).toMatchObject({
      overdue_spells_12m: 1,
      overdue_days_3m: 14,
      days_since_overdue: 13,
      max_dpd_1m: 10,
      current_dpd: 0,
    });
    expect(await of('EDGE1', '2026-03-10')).toMatchObject({ overdue_spells_12m: 4 });
    expect(await of('WEEKS', '2026-03-10')).toMatchObject({ overdue_spells_12m: 3 });
  });

  it('puts the worst day of each of 24 weeks into the sequence, newest first', async () => {
    expect(await of('WEEKS', '2026-03-10')).toMatchObject({
      dpd_weeks: weeks({ 0: 8, 1: 40, 23: 6 }),
      days_since_overdue: 0,
    });
    expect(await of('WEEKS', '2026-03-11')).toMatchObject({ dpd_weeks: weeks({ 0: 8, 1: 40 }), days_since_overdue: 1 });
  });

  it('is blind to a restatement until it was known, and to a snapshot that came too late for the run', async () => {
    expect(await of('RESTATED', '2026-03-06')).toMatchObject({ max_dpd_1m: 3, days_since_overdue: 1 });
    expect(await of('RESTATED', '2026-03-07')).toMatchObject({ max_dpd_1m: 0, days_since_overdue: null });
    expect(await of('LATE', '2026-03-09')).toMatchObject({ current_dpd: 1 });
    expect(await of('LATE', '2026-03-10')).toMatchObject({ current_dpd: 1 });
    expect(await of('LATE', '2026-03-11')).toMatchObject({ current_dpd: 2 });
  });

  it('measures use against the limit in force of lines that are not closed', async () => {
    expect(await of('USE', '2026-03-10')).toMatchObject({
      credit_limit: '1600',
      frozen_lines: 1,
      utilization: 650 / 1600,
      utilization_mean_3m: (1000 + 90 * 400 + 250) / 1600 / 91,
      utilization_change_3m: (650 - 1000) / 1600,
    });
    expect(await of('ZERO', '2026-03-10')).toMatchObject({
      credit_limit: '0',
      utilization: null,
      utilization_mean_3m: null,
    });
  });

  it('counts loans by the local day of disbursement and knows none of the future', async () => {
    expect(await of('BORROWS', '2026-03-10')).toMatchObject({ loans_ever: 3, new_loans_3m: 1, months_on_book: 12 });
    expect(await of('BORROWS', '2026-03-11')).toMatchObject({ loans_ever: 5, new_loans_3m: 2, months_on_book: 12 });
  });
});

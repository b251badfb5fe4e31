import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

/** In Shanghai: the last complete month is June, the last complete day 30 June. */
const DAY = '2026-07-01';
const noon = (date: string): string => `${date}T04:00:00.000Z`;

const snapshot = (date: string, dpd: number, balance: number, more: TableRow = {}): TableRow => ({
  loan_id: 'A-1',
  customer_id: 'A',
  as_of: date,
  product: 'CASH',
  line_id: 'LINE',
  status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
  restructured: 0,
  dpd,
  principal_outstanding: balance,
  overdue_principal: 0,
  disbursed_on: '2026-01-01',
  principal: 540,
  ...more,
});

let payments = 0;
const paid = (no: number | null, date: string, principal: number, more: TableRow = {}): TableRow => ({
  repayment_id: `R${++payments}`,
  loan_id: 'A-1',
  customer_id: 'A',
  installment_no: no,
  paid_at: noon(date),
  principal_paid: principal,
  interest_paid: 10,
  method: 'SELF',
  ...more,
});

const statement = (month: string, delinquency: number, balance: number, amount: number): TableRow => ({
  customer_id: 'S',
  product: '',
  month: `2026-${month}-01`,
  credit_limit: 1000,
  statement_balance: balance,
  amount_paid: amount,
  delinquency,
});

let tables: SourceTables;
beforeAll(async () => {
  tables = await openSourceTables();
  const due = (loan: string, no: number, date: string) => ({
    loan_id: loan,
    customer_id: loan.slice(0, 1),
    installment_no: no,
    effective_at: '2026-01-01T00:00:00.000Z',
    due_date: date,
    principal_due: 90,
    interest_due: 10,
  });
  // A owes 100 on the 15th of each month from January to June. The fifth is unpaid, though the sixth is paid.
  await tables.insert('installments', [
    ...[1, 2, 3, 4, 5, 6].map((no) => due('A-1', no, `2026-0${no}-15`)),
    due('B-1', 1, '2026-05-20'),
    due('B-1', 2, '2026-06-20'),
    due('C-1', 1, '2026-06-20'),
    // Extended on 5 June, 16 days after the first was due; the second of the old schedule is gone.
    due('D-1', 1, '2026-05-20'),
    due('D-1', 2, '2026-06-20'),
    { ...due('D-1', 1, '2026-06-25'), effective_at: noon('2026-06-05') },
  ]);
  await tables.insert('repayments', [
    paid(1, '2026-01-14', 90, { method: 'AUTO_DEBIT' }),
    paid(2, '2026-02-15', 90),
    paid(3, '2026-03-25', 90, { penalty_paid: 3 }),
    paid(4, '2026-04-15', 50),
    paid(4, '2026-05-20', 40, { interest_paid: 0 }),
    paid(6, '2026-06-15', 90),
    // Without a number: oldest first.
    paid(null, '2026-05-20', 140, { loan_id: 'B-1', customer_id: 'B' }),
    paid(1, '2026-06-25', 90, { loan_id: 'D-1', customer_id: 'D' }),
  ]);
  const call = (date: string, party: string, result: string | null, more: TableRow = {}): TableRow => ({
    action_id: date,
    loan_id: 'A-1',
    customer_id: 'A',
    acted_at: noon(date),
    action: 'CALL',
    party,
    result,
    ...more,
  });
  await tables.insert('collections', [
    call('2026-05-18', 'BORROWER', 'NOT_REACHED'),
    call('2026-05-19', 'BORROWER', 'PROMISE', { promised_on: '2026-05-20', promised_amount: 40 }),
    call('2026-06-20', 'CONTACT', 'REACHED'),
    call('2026-06-25', 'BORROWER', 'PROMISE', { promised_on: '2026-06-28', promised_amount: 100 }),
    call('2026-06-29', 'BORROWER', null),
  ]);
  await tables.insert('loan_snapshots', [
    snapshot('2026-01-31', 0, 450),
    snapshot('2026-02-28', 0, 360),
    snapshot('2026-03-24', 9, 360),
    snapshot('2026-03-31', 0, 270),
    snapshot('2026-04-30', 15, 220),
    snapshot('2026-05-19', 34, 220),
    snapshot('2026-05-31', 16, 180),
    snapshot('2026-06-15', 31, 90),
    snapshot('2026-06-30', 46, 90),
    snapshot('2026-04-20', 100, 70, { loan_id: 'W-1', customer_id: 'W', line_id: null }),
    snapshot('2026-04-21', 101, 70, { loan_id: 'W-1', customer_id: 'W', line_id: null, status: 'WRITTEN_OFF' }),
  ]);
  const line = { line_id: 'LINE', customer_id: 'A', product: 'CASH', status: 'ACTIVE' };
  await tables.insert('credit_lines', [
    { ...line, effective_at: '2026-01-01T00:00:00.000Z', limit_amount: 500 },
    { ...line, effective_at: '2026-06-10T00:00:00.000Z', limit_amount: 1000 },
  ]);
  const report = (id: string, date: string, more: TableRow = {}): TableRow => ({
    report_id: id,
    customer_id: 'A',
    provider: 'BUREAU',
    product: 'CREDIT',
    requested_at: noon(date),
    status: 'OK',
    values: {},
    ...more,
  });
  // The newest report lists no account: accounts come from the one before. That of July is after the as-of.
  await tables.insert('external_reports', [
    report('R1', '2026-03-01'),
    report('R2', '2026-06-21'),
    report('R3', '2026-07-01'),
    report('R4', '2026-06-30', { status: 'ERROR' }),
  ]);
  const inquiry = (id: string, no: number, date: string, organisation: string, more: TableRow = {}): TableRow => ({
    report_id: id,
    inquiry_no: no,
    customer_id: 'A',
    inquired_at: noon(date),
    organisation,
    ...more,
  });
  await tables.insert('inquiries', [
    inquiry('R1', 1, '2026-02-20', 'X'),
    inquiry('R2', 1, '2026-02-20', 'X'),
    inquiry('R2', 2, '2026-06-20', 'Y', { amount: 5000, reason: 'LOAN_APPROVAL' }),
    inquiry('R2', 3, '2026-05-02', 'Y', { amount: 100 }),
    inquiry('R2', 4, '2026-06-01', 'Z'),
    inquiry('R3', 1, '2026-06-29', 'W'),
    inquiry('R4', 1, '2026-06-29', 'W'),
  ]);
  const tradeline = (no: number, more: TableRow): TableRow => ({
    report_id: 'R1',
    tradeline_no: no,
    customer_id: 'A',
    reported_at: '2026-02-28T00:00:00.000Z',
    ...more,
  });
  await tables.insert('tradelines', [
    tradeline(1, {
      opened_on: '2025-07-01',
      account_type: 'CARD',
      organisation: 'X',
      credit_limit: 1000,
      balance: 400,
      status: 'OPEN',
      worst_dpd: 35,
    }),
    tradeline(2, {
      opened_on: '2026-04-02',
      account_type: 'LOAN',
      organisation: 'X',
      credit_limit: 3000,
      balance: 2600,
      worst_dpd: 0,
    }),
    tradeline(3, {
      opened_on: '2024-07-01',
      account_type: 'LOAN',
      organisation: 'Y',
      credit_limit: 900,
      balance: 0,
      status: 'Settled',
      worst_dpd: 95,
    }),
    tradeline(4, { organisation: 'Z' }),
  ]);
  // S has no statement of May.
  await tables.insert('statements', [
    statement('01', 0, 500, 0),
    statement('02', 1, 600, 50),
    statement('03', 2, 700, 0),
    statement('04', 0, 200, 650),
    statement('06', -1, -50, 100),
  ]);
});
afterAll(() => tables.close());

const rowOf = async (view: string, keys: TableRow, day = DAY): Promise<TableRow> => {
  const rows = await tables.view(view, day);
  return rows.find((row) => Object.entries(keys).every(([key, value]) => row[key] === value)) ?? {};
};
/** The elements of a sequence, newest first. */
const sequence = (row: TableRow, name: string, length?: number) => (row[name] as readonly unknown[]).slice(0, length);

describe('monthly_sequences', () => {
  it('reads months of loans: ends, worst days, what was due and paid, use of the line', async () => {
    const row = await rowOf('monthly_sequences@1', { customer_id: 'A' });
    // Values after the sixth month are NULL, as the mask says.
    const months = (name: string) => sequence(row, name, 6);
    expect(row.observed).toEqual(Array.from({ length: 24 }, (_, month) => month < 6));
    expect(sequence(row, 'dpd').slice(6)).toEqual(Array(18).fill(null));
    expect(months('dpd')).toEqual([46, 16, 15, 0, 0, 0]);
    expect(months('max_dpd')).toEqual([46, 34, 15, 9, 0, 0]);
    expect(months('days_late')).toEqual([0, 47, 35, 10, 0, -1]);
    expect(months('amount_due')).toEqual(Array(6).fill('100'));
    expect(months('amount_paid')).toEqual(['100', '40', '60', '100', '100', '100']);
    expect(months('paid_ratio')).toEqual([1, 0.4, 0.6, 1, 1, 1]);
    expect(months('partial')).toEqual([false, false, true, false, false, false]);
    expect(months('balance')).toEqual(['90', '180', '220', '270', '360', '450']);
    expect(months('utilization')).toEqual([0.09, 0.36, 0.44, 0.54, 0.72, 0.9]);
    expect(months('products_open')).toEqual(Array(6).fill(1));
    expect(row).toMatchObject({
      months_observed: 6,
      max_dpd_3m: 46,
      max_dpd_24m: 46,
      mean_dpd_3m: (46 + 16 + 15) / 3,
      mean_dpd_24m: (46 + 16 + 15) / 6,
      times_1plus_3m: 3,
      times_1plus_6m: 4,
      times_30plus_3m: 2,
      times_60plus_24m: 0,
      months_since_1plus: 0,
      months_since_30plus: 0,
      months_since_60plus: null,
      cures_12m: 0,
      // June is in M2 after M1, April in M1 after M0.
      rolls_forward_3m: 2,
      rolls_back_24m: 0,
      on_time_months: 0,
      longest_on_time_months: 2,
      dpd_trend_6m: (46 + 16 + 15) / 3,
      paid_ratio_3m: 2 / 3,
      paid_ratio_12m: 5 / 6,
      short_paid_months_12m: 2,
      utilization_max_12m: 0.9,
      utilization_change_6m: null,
      balance_change_6m: null,
    });
    expect(row.utilization_mean_6m).toBeCloseTo((0.09 + 0.36 + 0.44 + 0.54 + 0.72 + 0.9) / 6, 12);
    // One month later it is the seventh, of which nothing is known but the past.
    expect(await rowOf('monthly_sequences@1', { customer_id: 'A' }, '2026-08-01')).toMatchObject({
      months_observed: 6,
      months_since_1plus: 1,
      times_30plus_3m: 2,
      paid_ratio_3m: 1.4 / 2,
    });
  });

  it('reads months of statements, where a gap is neither a cure nor on time', async () => {
    const row = await rowOf('monthly_sequences@1', { customer_id: 'S' });
    const months = (name: string) => sequence(row, name, 6);
    expect(months('observed')).toEqual([true, false, true, true, true, true]);
    expect(months('dpd')).toEqual([0, null, 0, 60, 30, 0]);
    // June follows no statement of May, so nothing is known to be due.
    expect(months('amount_due')).toEqual(['0', null, '700', '600', '500', '0']);
    expect(months('amount_paid')).toEqual(['100', null, '650', '0', '50', '0']);
    expect(months('balance')).toEqual(['-50', null, '200', '700', '600', '500']);
    expect(months('utilization')).toEqual([0, null, 0.2, 0.7, 0.6, 0.5]);
    expect(row).toMatchObject({
      months_observed: 5,
      months_since_60plus: 3,
      cures_6m: 1,
      rolls_forward_6m: 2,
      rolls_back_6m: 1,
      on_time_months: 2,
      longest_on_time_months: 2,
      dpd_trend_6m: null,
    });
  });

  it('keeps the closing DPD of a loan that was written off, and nothing open', async () => {
    const row = await rowOf('monthly_sequences@1', { customer_id: 'W' });
    const months = (name: string) => sequence(row, name, 4);
    expect(months('dpd')).toEqual([101, 101, 101, null]);
    expect(months('balance')).toEqual(['0', '0', '0', null]);
    expect(months('products_open')).toEqual([0, 0, 0, null]);
  });
});

describe('instalment_sequences', () => {
  it('reads a loan instalment by instalment, what is unpaid by the days so far', async () => {
    const row = await rowOf('instalment_sequences@1', { loan_id: 'A-1' });
    expect(row).toEqual({
      loan_id: 'A-1',
      observed: Array(6).fill(true),
      dpd: [0, 46, 34, 9, 0, 0],
      days_late: [0, 47, 35, 10, 0, -1],
      amount_due: Array(6).fill('100'),
      amount_paid: ['100', '0', '100', '100', '100', '100'],
      paid_ratio: [1, 0, 1, 1, 1, 1],
      partial: [false, false, true, false, false, false],
      balance: ['90', null, null, null, null, null],
      instalments_due: 6,
      instalments_unpaid: 1,
      max_dpd_3: 46,
      max_dpd_6: 46,
      max_dpd_12: 46,
      mean_days_late_3: (0 + 47 + 35) / 3,
      mean_days_late_6: (0 + 47 + 35 + 10 + 0 - 1) / 6,
      mean_days_late_12: (0 + 47 + 35 + 10 + 0 - 1) / 6,
      times_1plus_3: 2,
      times_1plus_6: 3,
      times_1plus_12: 3,
      times_30plus_3: 2,
      times_30plus_6: 2,
      times_30plus_12: 2,
      times_60plus_3: 0,
      times_60plus_6: 0,
      times_60plus_12: 0,
      instalments_since_late: 1,
      on_time_instalments: 1,
      longest_on_time_instalments: 2,
      cures: 1,
      lateness_trend_6: (0 + 47 + 35 - 10 - 0 + 1) / 3,
      // Oldest first -1, 0, 10, 35, 47, 0 at -2.5 … 2.5.
      payment_day_drift: (2.5 + 0 - 5 + 17.5 + 70.5 + 0) / 17.5,
      payment_day_spread: expect.closeTo(Math.sqrt(3535 / 6 - (91 / 6) ** 2), 9),
      prepaid_share: 1 / 6,
      partial_instalments_12: 1,
      first_days_late: -1,
      first_payment_default_1: false,
      first_payment_default_7: false,
      first_payment_default_30: false,
      collection_actions_30d: 3,
      collection_actions_90d: 5,
      borrower_reached_share_90d: 2 / 3,
      contacts_addressed_90d: 1,
      contact_reached_share_90d: 1,
      days_since_reached: 6,
      promises_90d: 2,
      // 40 came on the day after the first promise, nothing after the second.
      promises_kept_share: 0.5,
    });
  });

  it('lets a payment without a number pay the oldest instalment first', async () => {
    // 150 on 20 May: 100 for the first, on its due day, and 50 for the second, a month early.
    expect(await rowOf('instalment_sequences@1', { loan_id: 'B-1' })).toMatchObject({
      days_late: [11, 0],
      amount_paid: ['50', '100'],
      partial: [true, false],
      prepaid_share: 0.25,
      lateness_trend_6: null,
      payment_day_drift: null,
    });
  });

  it('stops the days of an unpaid instalment where a new schedule replaces it', async () => {
    expect(await rowOf('instalment_sequences@1', { loan_id: 'D-1' })).toMatchObject({
      days_late: [0, 16],
      dpd: [0, 15],
      instalments_unpaid: 1,
    });
  });

  it('calls the first payment a default once the days after its due date are over', async () => {
    const fpd = async (day: string) => {
      const row = await rowOf('instalment_sequences@1', { loan_id: 'C-1' }, day);
      return [1, 7, 30].map((days) => row[`first_payment_default_${days}`]);
    };
    // Due on 20 June: the day on which DPD 7 is reached is the 27th, which is over on the 28th.
    expect(await fpd('2026-06-21')).toEqual([null, null, null]);
    expect(await fpd('2026-06-27')).toEqual([true, null, null]);
    expect(await fpd('2026-06-28')).toEqual([true, true, null]);
    expect(await fpd('2026-07-21')).toEqual([true, true, true]);
  });
});

describe('bureau_sequences', () => {
  it('reads the inquiries and accounts of the newest report that lists them', async () => {
    expect(await rowOf('bureau_sequences@1', { customer_id: 'A' })).toEqual({
      customer_id: 'A',
      inquiry_observed: [true, true, true, true],
      inquiry_days_ago: [11, 30, 60, 131],
      inquiry_amount: ['5000', null, '100', null],
      inquiry_reason: ['LOAN_APPROVAL', null, null, null],
      inquiry_report_days: 10,
      inquiries_7d: 0,
      inquiries_30d: 2,
      inquiries_90d: 3,
      inquiries_365d: 4,
      inquirers_7d: 0,
      inquirers_30d: 2,
      inquirers_90d: 2,
      inquirers_365d: 3,
      days_since_inquiry: 11,
      inquiry_amount_90d: '5100',
      inquiry_pace: 2,
      tradeline_observed: [true, true, true, true],
      // The one without a day of opening stands last.
      tradeline_days_open: [90, 365, 730, null],
      tradeline_type: ['LOAN', 'CARD', 'LOAN', null],
      tradeline_limit: ['3000', '1000', '900', null],
      tradeline_balance: ['2600', '400', '0', null],
      tradeline_worst_dpd: [0, 35, 95, null],
      tradeline_open: [true, true, false, true],
      tradeline_report_days: 122,
      tradelines: 4,
      open_tradelines: 3,
      lenders: 2,
      total_limit: '4000',
      total_balance: '3000',
      utilization: 0.75,
      worst_dpd: 95,
      tradelines_1plus: 2,
      tradelines_30plus: 2,
      tradelines_90plus: 1,
      tradelines_opened_7d: 0,
      tradelines_opened_30d: 0,
      tradelines_opened_90d: 1,
      tradelines_opened_365d: 2,
      oldest_tradeline_days: 730,
      mean_tradeline_days: (90 + 365 + 730) / 3,
    });
  });

  it('knows a line from its report on, whatever day it is about', async () => {
    // On 20 June the report of 1 March is the newest: of the inquiry of 1 June nothing is known yet.
    expect(await rowOf('bureau_sequences@1', { customer_id: 'A' }, '2026-06-20')).toMatchObject({
      inquiry_days_ago: [120],
      inquiries_30d: 0,
      inquiry_pace: null,
    });
    expect(await rowOf('bureau_sequences@1', { customer_id: 'A' }, '2026-03-01')).toEqual({});
  });
});

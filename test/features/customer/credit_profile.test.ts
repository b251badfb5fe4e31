import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

const DAY = '2026-07-01';
/** Noon in Shanghai. */
const noon = (date: string): string => `${date}T04:00:00.000Z`;

describe('credit_profile', () => {
  let tables: SourceTables;
  let rows: readonly Record<string, unknown>[];
  const of = (customer: string) => rows.find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('customers', [
      {
        customer_id: 'A',
        registered_at: noon('2025-07-01'),
        monthly_income: 2000,
        province: 'Z',
        city: 'H',
        id_region: 'Z',
        phone_region: 'J',
        channel: 'APP',
      },
      ...['POTENTIAL', 'NEW', 'DORMANT', 'LOST', 'CARD'].map((id) => ({
        customer_id: id,
        registered_at: noon('2024-01-01'),
      })),
    ]);
    await tables.insert('places', [{ province: 'Z', city: 'H', latitude: 30, longitude: 120 }]);
    const line = { line_id: 'L1', customer_id: 'A', product: 'CASH', status: 'ACTIVE' };
    await tables.insert('credit_lines', [
      { ...line, effective_at: noon('2025-07-10'), limit_amount: 1000, reason: 'INITIAL' },
      { ...line, effective_at: noon('2026-03-01'), limit_amount: 2000, reason: 'INCREASE' },
      { ...line, line_id: 'L2', effective_at: noon('2026-01-01'), limit_amount: 500, reason: 'INITIAL' },
      { ...line, line_id: 'L2', effective_at: noon('2026-05-01'), limit_amount: 500, status: 'CLOSED' },
    ]);
    const loan = (id: string, customer: string, date: string, principal: number, more: TableRow = {}): TableRow => ({
      loan_id: id,
      customer_id: customer,
      product: 'CASH',
      disbursed_at: noon(date),
      principal,
      term_months: 6,
      annual_rate: '0.240000',
      ...more,
    });
    await tables.insert('loans', [
      loan('X1', 'A', '2025-08-01', 400, { line_id: 'L1' }),
      loan('X2', 'A', '2026-02-01', 600, { line_id: 'L1', refinances_loan_id: 'X1' }),
      loan('X3', 'A', '2026-06-20', 300, { line_id: 'L1', product: 'FAST' }),
      loan('N1', 'NEW', '2026-05-01', 100),
      loan('D1', 'DORMANT', '2025-09-01', 100),
      loan('O1', 'LOST', '2024-01-01', 100),
    ]);
    const settled = (id: string, date: string): TableRow => ({
      loan_id: id,
      event_type: 'SETTLED',
      occurred_at: noon(date),
    });
    await tables.insert('loan_events', [
      settled('X1', '2026-02-01'),
      settled('X2', '2026-06-10'),
      settled('D1', '2026-01-01'),
      settled('O1', '2024-06-01'),
    ]);
    const snapshot = (
      id: string,
      customer: string,
      date: string,
      status: string,
      balance: number,
      more: TableRow = {},
    ): TableRow => ({
      loan_id: id,
      customer_id: customer,
      as_of: date,
      product: 'CASH',
      status,
      restructured: 0,
      dpd: 0,
      principal_outstanding: balance,
      overdue_principal: 0,
      disbursed_on: '2025-08-01',
      principal: 100,
      ...more,
    });
    await tables.insert('loan_snapshots', [
      snapshot('X2', 'A', '2026-06-10', 'SETTLED', 0, { line_id: 'L1' }),
      snapshot('X3', 'A', '2026-06-30', 'CURRENT', 300, { line_id: 'L1' }),
      snapshot('D1', 'DORMANT', '2025-12-31', 'CURRENT', 50),
      snapshot('D1', 'DORMANT', '2026-01-01', 'SETTLED', 0),
    ]);
    const application = (id: string, at: string, more: TableRow): TableRow => ({
      application_id: id,
      customer_id: 'A',
      kind: 'DRAWDOWN',
      product: 'CASH',
      applied_at: at,
      amount: 600,
      term_months: 6,
      ...more,
    });
    // The third is submitted an hour after the second, which is decided a day later; the fourth while the third has no decision.
    await tables.insert('applications', [
      application('1', noon('2025-07-05'), {
        amount: 1000,
        channel: 'APP',
        decision: 'APPROVED',
        approved_amount: 1000,
        decided_at: noon('2025-07-06'),
      }),
      application('2', noon('2026-06-19'), {
        channel: 'H5',
        decision: 'APPROVED',
        approved_amount: 300,
        decided_at: noon('2026-06-20'),
        latitude: 30.1,
        longitude: 120.1,
        datum: 'WGS84',
      }),
      application('3', '2026-06-19T05:00:00.000Z', { channel: 'H5', product: 'FAST' }),
      application('4', '2026-06-30T12:00:00.000Z', { decision: 'DECLINED', decided_at: '2026-06-30T12:01:00.000Z' }),
    ]);
    const statement = {
      customer_id: 'CARD',
      credit_limit: 1000,
      statement_balance: 10,
      amount_paid: 0,
      delinquency: 0,
    };
    await tables.insert('statements', [
      { ...statement, month: '2025-01-01' },
      { ...statement, month: '2026-05-01' },
    ]);
    rows = await tables.view('credit_profile@1', DAY);
  });
  afterAll(() => tables.close());

  it('says what a customer borrows, how soon again, and what is applied for at the same time', () => {
    expect(of('A')).toEqual({
      customer_id: 'A',
      segment: 'STABLE',
      tenure_days: 365,
      days_to_first_application: 4,
      days_since_first_loan: 334,
      days_since_last_loan: 11,
      monthly_income: '2000',
      limit_to_income: 1,
      debt_to_income: 0.15,
      credit_limit: '2000',
      first_limit: '1000',
      limit_increases_365d: 1,
      limit_decreases_365d: 0,
      days_since_limit_change: 122,
      principal_outstanding: '300',
      utilization: 0.15,
      draws_1d: 0,
      draws_7d: 0,
      draws_30d: 1,
      draws_90d: 1,
      draws_365d: 3,
      drawn_amount_90d: '300',
      largest_draw_to_limit: 0.3,
      loans_ever: 3,
      settled_loans: 2,
      refinancing_loans: 1,
      // The second came on the day on which the first was settled, the third ten days after the second was.
      same_day_reloans_365d: 1,
      reloans_365d: 1,
      last_reloan_gap_days: 10,
      applications_1d: 1,
      applications_7d: 1,
      applications_30d: 3,
      applications_90d: 3,
      applications_365d: 4,
      undecided_applications: 1,
      overlapping_applications_90d: 2,
      products_applied_30d: 2,
      channels_applied_30d: 1,
      approved_share_365d: 2 / 3,
      approved_to_asked_365d: 1300 / 1600,
      registration_channel: 'APP',
      last_channel: null,
      channels_ever: 2,
      products_ever: 2,
      last_product: 'FAST',
      last_product_is_new: true,
      id_region_is_phone_region: false,
      id_region_is_province: true,
      phone_region_is_province: false,
      // 14.7 km away.
      gps_near_declared_city: true,
      region_agreement: 0.5,
    });
  });

  it('gives each customer one segment, those without a loan too', () => {
    const segments = ['POTENTIAL', 'NEW', 'DORMANT', 'LOST', 'CARD'].map((id) => [id, of(id)?.segment]);
    expect(Object.fromEntries(segments)).toEqual({
      POTENTIAL: 'POTENTIAL',
      NEW: 'NEW',
      DORMANT: 'DORMANT',
      LOST: 'LOST',
      CARD: 'STABLE',
    });
    expect(of('POTENTIAL')).toMatchObject({
      loans_ever: 0,
      principal_outstanding: '0',
      credit_limit: null,
      utilization: null,
      days_since_last_loan: null,
      last_product_is_new: null,
      region_agreement: null,
    });
    expect(of('LOST')).toMatchObject({ settled_loans: 1, days_since_last_loan: 912, last_reloan_gap_days: null });
  });
});

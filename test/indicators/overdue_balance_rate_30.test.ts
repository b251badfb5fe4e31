import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableRow } from '../support/views.js';
import { type BookTables, openIndicators } from './support.js';

let tables: BookTables;
const snapshot = (loan_id: string, as_of: string, dpd: number, balance: number, more: TableRow = {}): TableRow => ({
  loan_id,
  as_of,
  customer_id: 'C1',
  product: 'CASH_LINE',
  channel: 'APP',
  status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
  restructured: 0,
  dpd,
  principal_outstanding: balance,
  overdue_principal: 1,
  disbursed_on: '2025-06-01',
  principal: 10_000,
  ...more,
});

beforeAll(async () => {
  tables = await openIndicators();
  await tables.insert('loan_snapshots', [
    // January ends on its 31st; the 30th would say one half.
    snapshot('L1', '2026-01-30', 30, 500),
    snapshot('L2', '2026-01-30', 0, 500),
    snapshot('L1', '2026-01-31', 29, 500),
    snapshot('L2', '2026-01-31', 30, 300),
    snapshot('L3', '2026-01-31', 0, 200, { product: 'SHOP_LINE', channel: null }),
    // Off the book: in neither, whatever their DPD and balance.
    snapshot('L4', '2026-01-31', 181, 4000, { status: 'WRITTEN_OFF' }),
    snapshot('L5', '2026-01-31', 0, 4000, { status: 'SOLD' }),
    snapshot('L6', '2026-01-31', 0, 0, { status: 'SETTLED' }),
    // February has rows up to the 10th only, and a tombstone on the 11th.
    snapshot('L1', '2026-02-10', 40, 450.5),
    // Restated on the 20th, when it became known that L2 had paid.
    snapshot('L2', '2026-02-10', 60, 549.5),
    snapshot('L2', '2026-02-10', 0, 449.5, { ingested_at: '2026-02-20T00:00:00.000Z' }),
    snapshot('L1', '2026-02-11', 0, 450),
    snapshot('L1', '2026-02-11', 0, 450, { deleted: 1 }),
    snapshot('L2', '2026-02-11', 0, 450, { deleted: 1 }),
  ]);
  await tables.insert('loan_snapshots', [snapshot('L3', '2026-04-01', 0, 100, { status: 'SETTLED' })]);
});
afterAll(() => tables.close());

describe('overdue_balance_rate_30', () => {
  it('divides the whole balance at 30 days past due and more by the balance on book, on the last day that has snapshots', async () => {
    const { rows, nulls, dataThrough } = await tables.table('overdue_balance_rate_30', { to: '2026-04-30' });
    expect(rows).toEqual([
      ['2026-01-01', '0.3', '300', '1000'],
      ['2026-02-01', '0.500556', '450.5', '900'],
      ['2026-03-01', null, null, null],
      ['2026-04-01', null, '0', '0'],
    ]);
    expect(nulls).toContainEqual({ row: 2, column: 'overdue_balance_rate_30', reason: 'NO_DATA' });
    expect(nulls).toContainEqual({ row: 3, column: 'overdue_balance_rate_30', reason: 'ZERO_DENOMINATOR' });
    expect(dataThrough).toBe('2026-04-01');
  });

  it('has 29 days in the denominator alone, by day as by month', async () => {
    const { rows } = await tables.table('overdue_balance_rate_30', {
      grain: 'DAY',
      from: '2026-01-30',
      to: '2026-02-01',
    });
    expect(rows).toEqual([
      ['2026-01-30', '0.5', '500', '1000'],
      ['2026-01-31', '0.3', '300', '1000'],
      ['2026-02-01', null, null, null],
    ]);
  });

  it('reads the newest day of the whole window as one period, and each product on the same day', async () => {
    const total = await tables.table('overdue_balance_rate_30', { grain: 'TOTAL', by: ['product'] });
    expect(total.rows).toEqual([['2026-01-01', 'CASH_LINE', '0.500556', '450.5', '900']]);
    const january = await tables.table('overdue_balance_rate_30', { to: '2026-01-31', by: ['product', 'channel'] });
    expect(january.rows).toEqual([
      ['2026-01-01', 'CASH_LINE', 'APP', '0.375', '300', '800'],
      ['2026-01-01', 'SHOP_LINE', null, '0', '0', '200'],
    ]);
  });

  it('tells the report as it was before a restatement', async () => {
    const asOf = (text: string) =>
      tables.table('overdue_balance_rate_30', { from: '2026-02-01', to: '2026-02-28', asOf: Date.parse(text) });
    expect((await asOf('2026-02-19T23:59:59.999Z')).rows).toEqual([['2026-02-01', '1', '1000', '1000']]);
    expect((await asOf('2026-02-20T00:00:00.000Z')).rows).toEqual([['2026-02-01', '0.500556', '450.5', '900']]);
    // Rows of a day that was not over by then are not read, though they were there.
    expect((await asOf('2026-02-10T15:59:59.998Z')).rows).toEqual([['2026-02-01', null, null, null]]);
  });

  it('skips a day whose rows were all withdrawn, and takes it before they were', async () => {
    await tables.insert('loan_snapshots', [
      snapshot('L7', '2026-06-01', 0, 100),
      snapshot('L7', '2026-06-02', 31, 100),
      snapshot('L7', '2026-06-02', 31, 100, { deleted: 1, ingested_at: '2026-06-20T00:00:00.000Z' }),
    ]);
    const june = { from: '2026-06-01', to: '2026-06-30' };
    const before = await tables.table('overdue_balance_rate_30', { ...june, asOf: Date.parse('2026-06-19T00:00:00Z') });
    expect(before.rows).toEqual([['2026-06-01', '1', '100', '100']]);
    expect(before.dataThrough).toBe('2026-06-02');
    const after = await tables.table('overdue_balance_rate_30', june);
    expect(after.rows).toEqual([['2026-06-01', '0', '0', '100']]);
    expect(after.dataThrough).toBe('2026-06-01');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableRow } from '../support/views.js';
import { type BookTables, openIndicators } from './support.js';

let tables: BookTables;
const loan = (loan_id: string, disbursed_at: string, principal: number, more: TableRow = {}): TableRow => ({
  loan_id,
  customer_id: 'C1',
  product: 'CASH_LINE',
  channel: 'APP',
  disbursed_at,
  principal,
  term_months: 12,
  annual_rate: 0.24,
  province: 'Henan',
  ...more,
});

beforeAll(async () => {
  tables = await openIndicators();
  await tables.insert('loans', [
    loan('L1', '2025-12-31T16:00:00.000Z', 1000.1),
    loan('L2', '2026-01-31T15:59:59.999Z', 2000.2, { channel: 'PARTNER' }),
    loan('L3', '2026-01-31T16:00:00.000Z', 4000, { product: 'SHOP_LINE', province: null }),
    loan('L4', '2026-02-28T00:00:00.000Z', 500, { refinances_loan_id: 'L1' }),
    // Restated once; told twice it is still one loan.
    loan('L4', '2026-02-28T00:00:00.000Z', 600, { refinances_loan_id: 'L1', ingested_at: '2026-05-01T00:00:00.000Z' }),
    // Withdrawn.
    loan('L5', '2026-02-28T00:00:00.000Z', 700),
    loan('L5', '2026-02-28T00:00:00.000Z', 700, { deleted: 1, ingested_at: '2026-05-01T00:00:00.000Z' }),
  ]);
});
afterAll(() => tables.close());

describe('new_loans and new_loan_amount', () => {
  it('count and add up the loans disbursed in each local month; a month without loans has no data', async () => {
    const { rows, nulls } = await tables.table('new_loans', {
      names: ['new_loans', 'new_loan_amount'],
      components: false,
    });
    expect(rows).toEqual([
      ['2026-01-01', '2', '3000.3'],
      ['2026-02-01', '2', '4600'],
      ['2026-03-01', null, null],
    ]);
    expect(nulls).toContainEqual({ row: 2, column: 'new_loans', reason: 'NO_DATA' });
  });

  it('tell an earlier report as it was', async () => {
    const request = {
      names: ['new_loans', 'new_loan_amount'],
      components: false,
      from: '2026-02-01',
      to: '2026-02-28',
    };
    const { rows } = await tables.table('new_loans', { ...request, asOf: Date.parse('2026-04-01T00:00:00Z') });
    expect(rows).toEqual([['2026-02-01', '3', '5200']]);
  });

  it('are told by product, channel and province', async () => {
    const by = async (dimension: string) =>
      (await tables.table('new_loans', { by: [dimension], grain: 'TOTAL' })).rows.map((row) => row.slice(1, 3));
    expect(await by('product')).toEqual([
      ['CASH_LINE', '3'],
      ['SHOP_LINE', '1'],
    ]);
    expect(await by('channel')).toEqual([
      ['APP', '3'],
      ['PARTNER', '1'],
    ]);
    expect(await by('province')).toEqual([
      ['Henan', '3'],
      [null, '1'],
    ]);
  });
});

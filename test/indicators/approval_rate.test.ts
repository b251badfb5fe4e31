import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableRow } from '../support/views.js';
import { type BookTables, openIndicators } from './support.js';

let tables: BookTables;
let count = 0;
const application = (decision: string | null, decided_at: string | null, more: TableRow = {}): TableRow => ({
  application_id: `A${++count}`,
  customer_id: 'C1',
  kind: 'CREDIT',
  product: 'CASH_LINE',
  channel: 'APP',
  province: 'Henan',
  applied_at: '2026-01-05T00:00:00.000Z',
  amount: 1000,
  term_months: 12,
  decision,
  decided_at,
  ...more,
});

beforeAll(async () => {
  tables = await openIndicators();
  await tables.insert('applications', [
    // January, local time: two approved of three decided.
    application('APPROVED', '2026-01-05T00:01:00.000Z'),
    application('APPROVED', '2026-01-06T00:00:00.000Z', { kind: 'LOAN', channel: 'PARTNER' }),
    application('DECLINED', '2026-01-31T15:59:59.999Z', { product: 'SHOP_LINE' }),
    // Midnight of the first of February in Shanghai, decided of an application of January.
    application('DECLINED', '2026-01-31T16:00:00.000Z', { channel: null }),
    // Not decided, or not an application for credit.
    application('PENDING', null),
    application(null, null),
    application('CANCELLED', '2026-01-07T00:00:00.000Z'),
    application('EXPIRED', '2026-01-07T00:00:00.000Z'),
    application('APPROVED', '2026-01-08T00:00:00.000Z', { kind: 'DRAWDOWN' }),
    application('DECLINED', '2026-01-08T00:00:00.000Z', { kind: 'DRAWDOWN' }),
  ]);
  // Pending when it came, approved in a version that was known on the second of February.
  const late = application('PENDING', null, { application_id: 'LATE', ingested_at: '2026-01-20T00:00:00.000Z' });
  const decided = { decision: 'APPROVED', decided_at: '2026-01-21T00:00:00.000Z' };
  await tables.insert('applications', [late, { ...late, ...decided, ingested_at: '2026-02-02T00:00:00.000Z' }]);
});
afterAll(() => tables.close());

describe('approval_rate', () => {
  it('is approved over decided by the local day of the decision; pending, cancelled, expired and drawdowns are in neither', async () => {
    const { rows, nulls } = await tables.table('approval_rate');
    expect(rows).toEqual([
      ['2026-01-01', '0.75', '3', '4'],
      ['2026-02-01', '0', '0', '1'],
      ['2026-03-01', null, null, null],
    ]);
    expect(nulls).toContainEqual({ row: 2, column: 'approval_rate', reason: 'NO_DATA' });
  });

  it('counts a decision only once it was known', async () => {
    const asOf = (text: string) => tables.table('approval_rate', { asOf: Date.parse(text), to: '2026-01-31' });
    expect((await asOf('2026-02-01T23:59:59.999Z')).rows).toEqual([['2026-01-01', '0.666667', '2', '3']]);
    expect((await asOf('2026-02-02T00:00:00.000Z')).rows).toEqual([['2026-01-01', '0.75', '3', '4']]);
    // A decision that lies in the future of the report is none, though its row was there.
    expect((await asOf('2026-01-05T12:00:00.000Z')).rows).toEqual([['2026-01-01', '1', '1', '1']]);
  });

  it('is told by product, channel and province', async () => {
    const by = async (dimension: string) =>
      (await tables.table('approval_rate', { by: [dimension], grain: 'TOTAL' })).rows.map((row) => row.slice(1));
    expect(await by('product')).toEqual([
      ['CASH_LINE', '0.75', '3', '4'],
      ['SHOP_LINE', '0', '0', '1'],
    ]);
    expect(await by('channel')).toEqual([
      ['APP', '0.666667', '2', '3'],
      ['PARTNER', '1', '1', '1'],
      [null, '0', '0', '1'],
    ]);
    expect(await by('province')).toEqual([['Henan', '0.6', '3', '5']]);
  });
});

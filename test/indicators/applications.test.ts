import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunnelRequest } from '../../src/core/ports/indicators.js';
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

/** The way to a loan in 2027, a year without anything above. */
async function insertJourneys(): Promise<void> {
  const step = (event_type: string, event_time: string, who: TableRow, more: TableRow = {}): TableRow => ({
    event_id: `E${++count}`,
    event_type,
    event_time,
    channel: 'APP',
    ...who,
    ...more,
  });
  const of = (customer_id: string): TableRow => ({ customer_id });
  const device = (device_id: string): TableRow => ({ device_id });
  await tables.insert('customers', [
    { customer_id: 'K1', registered_at: '2027-01-02T00:05:00.000Z', province: 'Henan' },
    { customer_id: 'K6', registered_at: '2026-01-01T00:00:00.000Z', province: 'Hunan' },
  ]);
  await tables.insert('events', [
    // All the way: the device opens before anyone is known, its customer registers on it.
    step('OPEN', '2027-01-02T00:00:00.000Z', device('D1')),
    step('REGISTER', '2027-01-02T00:05:00.000Z', of('K1'), device('D1')),
    step('FILL', '2027-01-03T00:00:00.000Z', of('K1')),
    step('SUBMIT', '2027-01-03T01:00:00.000Z', of('K1')),
    // After that REGISTER, whoever opens it is not known.
    step('OPEN', '2027-01-20T00:00:00.000Z', device('D1')),
    // Declined.
    step('OPEN', '2027-01-05T00:00:00.000Z', of('K2')),
    step('REGISTER', '2027-01-05T00:00:00.000Z', of('K2')),
    step('FILL', '2027-01-06T00:00:00.000Z', of('K2')),
    step('SUBMIT', '2027-01-06T01:00:00.000Z', of('K2')),
    // Fills in the form 30 times 24 hours after the opening, and submits it a millisecond later.
    step('OPEN', '2027-01-20T08:00:00.000Z', of('K3'), { channel: 'WEB' }),
    step('REGISTER', '2027-01-20T08:01:00.000Z', of('K3')),
    step('FILL', '2027-02-19T08:00:00.000Z', of('K3')),
    step('SUBMIT', '2027-02-19T08:00:00.001Z', of('K3')),
    // Fills in the form and registers then.
    step('OPEN', '2027-01-10T00:00:00.000Z', of('K4')),
    step('FILL', '2027-01-11T00:00:00.000Z', of('K4')),
    step('REGISTER', '2027-01-12T00:00:00.000Z', of('K4')),
    // Opens twice: gets further from the second time on, and is one person.
    step('OPEN', '2027-01-01T00:00:00.000Z', of('K5')),
    step('OPEN', '2027-01-30T00:00:00.000Z', of('K5')),
    step('REGISTER', '2027-02-10T00:00:00.000Z', of('K5')),
    // Registered a year before.
    step('OPEN', '2027-01-15T00:00:00.000Z', of('K6')),
    // The last millisecond of January in Shanghai, and the first of February.
    step('OPEN', '2027-01-31T15:59:59.999Z', device('D9')),
    step('OPEN', '2027-01-31T16:00:00.000Z', device('D8')),
  ]);
  const decided = (customer_id: string, decision: string): TableRow =>
    application(decision, '2027-01-06T02:00:00.000Z', { customer_id, applied_at: '2027-01-06T01:00:00.000Z' });
  await tables.insert('applications', [decided('K1', 'APPROVED'), decided('K2', 'DECLINED')]);
  await tables.insert('loans', [
    {
      loan_id: 'L1',
      customer_id: 'K1',
      product: 'CASH_LINE',
      disbursed_at: '2027-01-10T00:00:00.000Z',
      principal: 1000,
      term_months: 12,
      annual_rate: 0.24,
    },
  ]);
}

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
  await insertJourneys();
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

describe('application_funnel', () => {
  const funnel = async (request: Partial<FunnelRequest> = {}) => {
    const { columns, rows, nulls } = await tables.indicators.funnel({
      name: 'application_funnel',
      from: '2027-01-01',
      to: '2027-01-31',
      grain: 'MONTH',
      by: [],
      filters: [],
      rights: [],
      windowDays: 30,
      asOf: null,
      now: Date.parse('2030-01-01T00:00:00Z'),
      ...request,
    });
    const reasons = (row: number) =>
      nulls.filter((one) => one.row === row).map(({ column, reason }) => `${column} ${reason}`);
    return {
      names: columns.map(({ name }) => name),
      rows: rows.map((row, index) => [...row, ...reasons(index)].join(' ')),
    };
  };

  it('counts each person once at each step, in order and within the window of the first', async () => {
    const { names, rows } = await funnel();
    expect(names).toEqual(['period', 'step', 'people', 'conversion', 'share', 'dropped']);
    // K1 to K6 and D9 open; K1 to K5 register; K1 to K3 fill in the form after that; K1 and K2 submit it in time; K1 is approved and draws.
    expect(rows).toEqual([
      '2027-01-01 OPEN 7  1 ',
      '2027-01-01 REGISTER 5 0.714286 0.714286 2',
      '2027-01-01 FILL 3 0.6 0.428571 2',
      '2027-01-01 SUBMIT 2 0.666667 0.285714 1',
      '2027-01-01 APPROVE 1 0.5 0.142857 1',
      '2027-01-01 DRAWDOWN 1 1 0.142857 0',
    ]);
    // K3 submits within 31 days; K5 registers within 5 days of neither opening.
    expect((await funnel({ windowDays: 31 })).rows[3]).toBe('2027-01-01 SUBMIT 3 1 0.428571 0');
    expect((await funnel({ windowDays: 5 })).rows[1]).toBe('2027-01-01 REGISTER 4 0.571429 0.571429 3');
    // As an indicator it is the last step over the first.
    const asked = { from: '2027-01-01', to: '2027-01-31' };
    expect((await tables.table('application_funnel', asked)).rows).toEqual([['2027-01-01', '0.142857', '1', '7']]);
  });

  it('is told by what the first step says, and a month by itself', async () => {
    const { rows } = await funnel({ by: ['channel'], grain: 'TOTAL' });
    expect(rows.filter((row) => /OPEN|FILL/.test(row))).toEqual([
      '2027-01-01 APP OPEN 6  1 ',
      '2027-01-01 APP FILL 2 0.5 0.333333 2',
      '2027-01-01 WEB OPEN 1  1 ',
      '2027-01-01 WEB FILL 1 1 1 0',
    ]);
    // Who may read WEB alone sees none of the steps that K3 took in the app.
    const own = await funnel({ rights: [{ dimension: 'channel', values: ['WEB'] }] });
    expect(own.rows.slice(0, 2)).toEqual(['2027-01-01 OPEN 1  1 ', '2027-01-01 REGISTER 0 0 0 1']);
    const filters = [{ dimension: 'customer_kind', op: 'EQ', values: ['NEW'] }] as const;
    expect((await funnel({ filters })).rows[1]).toBe('2027-01-01 REGISTER 5 0.833333 0.833333 1');
    // D8 opens in February; March has nobody.
    expect(
      (await funnel({ from: '2027-02-01', to: '2027-03-31' })).rows.filter((row) => /OPEN|FILL/.test(row)),
    ).toEqual([
      '2027-02-01 OPEN 1  1 ',
      '2027-02-01 FILL 0  0 0 conversion ZERO_DENOMINATOR',
      '2027-03-01 OPEN     people NO_DATA share NO_DATA',
      '2027-03-01 FILL     people NO_DATA conversion NO_DATA share NO_DATA dropped NO_DATA',
    ]);
  });

  it('is immature until the window of the last first step is over', async () => {
    // D9 opens in the last millisecond of January: its 30 days end with the second of March.
    const over = Date.parse('2027-03-03T00:00:00+08:00');
    expect((await funnel({ asOf: over })).rows[5]).toBe('2027-01-01 DRAWDOWN 1 1 0.142857 0');
    expect((await funnel({ asOf: over - 1 })).rows.slice(0, 2)).toEqual([
      '2027-01-01 OPEN 7  1 ',
      '2027-01-01 REGISTER     people IMMATURE conversion IMMATURE share IMMATURE dropped IMMATURE',
    ]);
  });

  it('names the funnels where the name is of another indicator, and the bounds of the window', async () => {
    await expect(funnel({ name: 'approval_rate' })).rejects.toMatchObject({
      message: "'approval_rate' is not a funnel",
      hint: 'the funnels are application_funnel@1',
    });
    await expect(funnel({ windowDays: 0 })).rejects.toMatchObject({ hint: 'give days from 1 to 365' });
    await expect(funnel({ by: ['chanel'] })).rejects.toMatchObject({
      hint: expect.stringContaining("did you mean 'channel'?"),
    });
  });
});

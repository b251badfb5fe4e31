import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/core/definitions/sql.js';
import type { IndicatorService, IndicatorTableRequest } from '../../src/core/ports/indicators.js';
import { createIndicators } from '../../src/indicators/indicators.js';
import { loadRegistry } from '../../src/registry/load.js';
import { indicatorOf, namedIn } from '../support/indicators.js';
import { openSourceTables, ROOT, type SourceTables, type TableRow } from '../support/views.js';

/** A flow by day: no indicator of the book is one yet. */
const sightings = indicatorOf('sightings', {
  domain: 'test',
  description: 'Sightings of devices',
  owner: 'test',
  unit: 'count',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) =>
    sql`SELECT toDate(seen_at, ${timezone}) AS date, os, is_rooted FROM ${source('device_sightings')}`,
  numerator: 'count()',
  dimensions: {
    product: { expression: 'os', description: 'System' },
    rooted: { expression: 'is_rooted', description: '1 when rooted', type: 'INT64' },
  },
});

const statement = (customer: string, month: string, more: TableRow = {}): TableRow => ({
  customer_id: customer,
  product: 'A',
  month,
  credit_limit: 1000,
  statement_balance: 100,
  amount_paid: 0,
  delinquency: 0,
  ...more,
});

describe('indicators', () => {
  let tables: SourceTables;
  let indicators: IndicatorService;
  const NOW = Date.parse('2026-06-01T00:00:00Z');
  const table = (request: Partial<IndicatorTableRequest>) =>
    indicators.table({
      names: ['utilization_rate'],
      by: [],
      grain: 'MONTH',
      from: '2026-01-01',
      to: '2026-03-31',
      filters: [],
      rights: [],
      compare: null,
      components: false,
      orderBy: null,
      limit: null,
      asOf: null,
      now: NOW,
      ...request,
    });

  beforeAll(async () => {
    tables = await openSourceTables();
    const registry = await loadRegistry({ root: ROOT });
    indicators = createIndicators({
      catalogue: namedIn(registry, [sightings]),
      query: tables.clickhouse,
      calendar: tables.calendar,
    });
    await tables.insert('customers', [
      { customer_id: 'C1', registered_at: '2020-01-01T00:00:00.000Z', province: "O'Hare" },
      { customer_id: 'C2', registered_at: '2020-01-01T00:00:00.000Z', province: 'Henan' },
    ]);
    await tables.insert('statements', [
      statement('C1', '2026-01-01', { statement_balance: 1200, delinquency: 1 }),
      statement('C2', '2026-01-01', { statement_balance: -300 }),
      statement('C1', '2026-02-01', { credit_limit: 0 }),
      // March: one product in three, one restated in May.
      statement('C1', '2026-03-01', { statement_balance: 1000, credit_limit: 3000, delinquency: 3 }),
      statement('C1', '2026-03-01', {
        statement_balance: 500,
        credit_limit: 3000,
        ingested_at: '2026-05-01T00:00:00.000Z',
      }),
      statement('C2', '2026-03-01', { product: 'B', credit_limit: 0, delinquency: -2 }),
      statement('C3', '2026-03-01', { product: 'B', delinquency: 2 }),
    ]);
    const seen = (id: string, at: string, more: TableRow = {}): TableRow => ({
      customer_id: id,
      device_id: 'D',
      seen_at: at,
      flags: [],
      ...more,
    });
    await tables.insert('device_sightings', [
      seen('1', '2026-01-31T15:59:59.999Z', { os: 'iOS', is_rooted: 0 }),
      seen('2', '2026-01-31T16:00:00.000Z', { os: 'iOS', is_rooted: 1 }),
      seen('3', '2026-02-10T00:00:00.000Z', { os: 'Android' }),
      seen('4', '2026-02-11T00:00:00.000Z', { is_rooted: 1 }),
    ]);
  });
  afterAll(() => tables.close());

  it('divides sums, floors a balance at 0, never caps, and leaves zero limits out', async () => {
    const { rows, columns, nulls, dataThrough, asOf } = await table({ components: true });
    expect(columns.map((column) => column.name)).toEqual([
      'period',
      'utilization_rate',
      'utilization_rate__num',
      'utilization_rate__den',
    ]);
    expect(rows).toEqual([
      ['2026-01-01', '0.6', '1200', '2000'],
      ['2026-02-01', null, '0', '0'],
      ['2026-03-01', '0.15', '600', '4000'],
    ]);
    expect(nulls).toEqual([{ row: 1, column: 'utilization_rate', reason: 'ZERO_DENOMINATOR' }]);
    expect(dataThrough).toBe('2026-03-31');
    expect(asOf).toBe(NOW);
  });

  it('counts 30+ accounts by product and gives a period without data NULL with the reason', async () => {
    const { rows, nulls } = await table({
      names: ['delinquency_rate_30'],
      by: ['product'],
      asOf: Date.parse('2026-04-15T00:00:00Z'),
    });
    expect(rows).toEqual([
      ['2026-01-01', 'A', '0.5'],
      ['2026-01-01', 'B', null],
      ['2026-02-01', 'A', '0'],
      ['2026-02-01', 'B', null],
      ['2026-03-01', 'A', '1'],
      ['2026-03-01', 'B', '0.5'],
    ]);
    expect(nulls).toEqual([
      { row: 1, column: 'delinquency_rate_30', reason: 'NO_DATA' },
      { row: 3, column: 'delinquency_rate_30', reason: 'NO_DATA' },
    ]);
  });

  it('tells last month’s report as it was: knowledge time leaves out what came later', async () => {
    const march = {
      from: '2026-03-01',
      to: '2026-03-31',
      filters: [{ dimension: 'product', op: 'EQ', values: ['A'] }],
    } as const;
    expect((await table({ ...march, asOf: Date.parse('2026-04-30T23:59:59.999Z') })).rows).toEqual([
      ['2026-03-01', '0.333333'],
    ]);
    expect((await table({ ...march, asOf: Date.parse('2026-05-01T00:00:00.000Z') })).rows).toEqual([
      ['2026-03-01', '0.166667'],
    ]);
    expect((await table({ ...march, asOf: Date.parse('2026-03-31T15:59:59.998Z') })).dataThrough).toBe('2026-02-28');
  });

  it('reads a stock at the newest day of a period and adds up a flow over it', async () => {
    const quarter = { grain: 'QUARTER', from: '2026-01-01', to: '2026-03-31' } as const;
    expect((await table(quarter)).rows).toEqual([['2026-01-01', '0.15']]);
    expect((await table({ ...quarter, names: ['sightings'] })).rows).toEqual([['2026-01-01', '4']]);
    expect((await table({ names: ['sightings'], to: '2026-02-28' })).rows).toEqual([
      ['2026-01-01', '1'],
      ['2026-02-01', '3'],
    ]);
  });

  it('puts several indicators side by side and compares each with the period before', async () => {
    const { rows, nulls, columns } = await table({
      names: ['utilization_rate', 'delinquency_rate_30'],
      compare: 'PREVIOUS_PERIOD',
      from: '2026-01-01',
      to: '2026-02-28',
    });
    expect(columns.map((column) => column.name)).toEqual([
      'period',
      'utilization_rate',
      'utilization_rate__previous',
      'delinquency_rate_30',
      'delinquency_rate_30__previous',
    ]);
    expect(rows).toEqual([
      ['2026-01-01', '0.6', null, '0.5', null],
      ['2026-02-01', null, '0.6', '0', '0.5'],
    ]);
    expect(nulls).toContainEqual({ row: 0, column: 'utilization_rate__previous', reason: 'NO_DATA' });
  });

  it('filters by value only: quotes, NULLs and lists are data', async () => {
    const by = async (filters: IndicatorTableRequest['filters']) =>
      (await table({ names: ['delinquency_rate_30'], components: true, filters, grain: 'TOTAL' })).rows.map(
        (row) => row[3],
      );
    expect(await by([{ dimension: 'province', op: 'EQ', values: ["O'Hare"] }])).toEqual(['1']);
    expect(await by([{ dimension: 'province', op: 'EQ', values: ["' OR 1=1 --"] }])).toEqual([null]);
    // C3 is not registered: its province is NULL, which is not Henan.
    expect(await by([{ dimension: 'province', op: 'NE', values: ['Henan'] }])).toEqual(['2']);
    expect(await by([{ dimension: 'province', op: 'NOT_IN', values: ['Henan', "O'Hare"] }])).toEqual(['1']);
    expect(await by([{ dimension: 'province', op: 'IN', values: ['Henan', "O'Hare"] }])).toEqual(['2']);
  });

  it('compares numbers as numbers and refuses what is none', async () => {
    const rooted = (values: string[]) =>
      table({ names: ['sightings'], grain: 'TOTAL', filters: [{ dimension: 'rooted', op: 'GTE', values }] });
    expect((await rooted(['0'])).rows).toEqual([['2026-01-01', '3']]);
    await expect(rooted(['one'])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('groups a NULL dimension by itself, sorted last', async () => {
    expect((await table({ names: ['sightings'], by: ['product'], grain: 'TOTAL' })).rows).toEqual([
      ['2026-01-01', 'Android', '1'],
      ['2026-01-01', 'iOS', '2'],
      ['2026-01-01', null, '1'],
    ]);
  });

  it('orders by a column in both directions with NULL last, then cuts to the limit', async () => {
    const sorted = async (orderBy: string, limit: number | null = null) =>
      (await table({ orderBy, limit })).rows.map((row) => row[0]);
    expect(await sorted('utilization_rate')).toEqual(['2026-03-01', '2026-01-01', '2026-02-01']);
    expect(await sorted('-utilization_rate', 2)).toEqual(['2026-01-01', '2026-03-01']);
    expect(await sorted('-period', 1)).toEqual(['2026-03-01']);
  });

  it.each([
    [{ by: ['star_sign'] }, "'star_sign' is not a dimension", 'product'],
    [{ names: ['utilization_rate', 'sightings'], by: ['province'] }, "'province' is not a dimension", 'product'],
    [{ orderBy: 'nothing' }, "`orderBy` names 'nothing'", 'utilization_rate'],
    [{ grain: 'DAY' }, 'no values by DAY', 'MONTH'],
    [{ names: ['sightings'], grain: 'HOUR' }, 'no values by HOUR', 'DAY'],
    [{ from: '2026-02-01', to: '2026-01-01' }, 'is after', 'included'],
    [{ limit: 501 }, '`limit` is 501', '500'],
    [{ names: ['utilization_rate', 'utilization_rate'] }, 'twice', 'once'],
    [{ filters: [{ dimension: 'product', op: 'EQ', values: [] }] }, 'has 0 values', 'one value'],
  ] as const)('refuses %j, and says what to do', async (request, message, hint) => {
    await expect(table(request as Partial<IndicatorTableRequest>)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  it('says NO_DATA for a whole window without rows', async () => {
    const { rows, nulls, dataThrough } = await table({ from: '2020-01-01', to: '2020-01-31' });
    expect(rows).toEqual([['2020-01-01', null]]);
    expect(nulls).toEqual([{ row: 0, column: 'utilization_rate', reason: 'NO_DATA' }]);
    expect(dataThrough).toBe('2026-03-31');
  });
});

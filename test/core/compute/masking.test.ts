import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mask } from '../../../src/core/compute/masking.js';
import { param, sql } from '../../../src/core/definitions/sql.js';
import { type FreshStore, freshClickHouseDatabase } from '../../support/stores.js';
import { TABLES } from '../../support/tables.js';

const mask = new Mask(Buffer.alloc(32, 7), TABLES.personalColumns);

describe('a masked value', () => {
  it.each([
    ['STRING', '13800138000', mask.text('13800138000')],
    ['STRING', null, null],
    ['INT32', 42, null],
    ['INT64', '42', null],
    ['DECIMAL', '4.2', null],
    ['FLOAT64', 4.2, null],
    ['BOOLEAN', true, null],
    ['DATE', '1990-07-15', '1990-01-01'],
    ['TIMESTAMP', '1990-07-15T10:00:00.000Z', '1990-01-01T00:00:00.000Z'],
    ['ARRAY<STRING>', ['a', null], [mask.text('a'), null]],
    ['ARRAY<INT32>', [1, 2], [null, null]],
  ] as const)('of type %s: %j becomes %j', (type, value, masked) => {
    expect(mask.value(value, type)).toEqual(masked);
  });

  it.each([
    ['PRESENT', 4.2, 'FLOAT64', 'NULL'],
    ['STALE', 4.2, 'FLOAT64', 'STALE'],
    ['NULL', null, 'FLOAT64', 'NULL'],
    ['NOT_FOUND', null, 'FLOAT64', 'NOT_FOUND'],
    ['PRESENT', '13800138000', 'STRING', 'PRESENT'],
    ['PRESENT', [1, 2], 'ARRAY<INT32>', 'PRESENT'],
  ] as const)('of status %s: %j of type %s keeps value and status in agreement', (status, value, type, shown) => {
    expect(mask.cell({ value, status }, type)).toEqual({ value: mask.value(value, type), status: shown });
  });

  it('depends on the key and on every character, and shows nothing of the value', () => {
    expect(mask.text('13800138000')).toMatch(/^[0-9a-f]{32}$/);
    expect(mask.text('13800138000')).not.toBe(mask.text('13800138001'));
    expect(mask.text('13800138000')).not.toBe(
      new Mask(Buffer.alloc(32, 8), TABLES.personalColumns).text('13800138000'),
    );
  });

  it('needs a whole key', () => {
    expect(() => new Mask(Buffer.alloc(16), TABLES.personalColumns)).toThrow(/32 bytes/);
  });
});

describe('the same mask in SQL', () => {
  let store: FreshStore;
  beforeAll(async () => {
    store = await freshClickHouseDatabase();
  });
  afterAll(() => store.close());

  it('equals the one in process, for any text', async () => {
    const client = createClient({ url: store.url });
    const texts = ['', 'a', '13800138000', "quote ' and \\ and \u0000", '张三', 'x'.repeat(500)];
    for (const text of texts) {
      const { query, params } = sql`SELECT ${mask.textSql(sql`${param('String', text)}`)} AS masked`.render();
      const answer = await client.query({ query, query_params: params, format: 'JSONEachRow' });
      expect(await answer.json()).toEqual([{ masked: mask.text(text) }]);
    }
    await client.close();
  });
});

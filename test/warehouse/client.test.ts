import { afterAll, beforeAll, expect, test } from 'vitest';
import { param, raw, sql } from '../../src/core/definitions/sql.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { guardedBytes } from '../../src/warehouse/stream-guard.js';
import { quiet, unmeasured } from '../offline/support.js';
import { type FreshStore, freshClickHouseDatabase } from '../support/stores.js';

let database: FreshStore & { readonly database: string };
let store: ClickHouse;
const seen: { name: string; label: string | undefined; outcome: string | undefined }[] = [];

beforeAll(async () => {
  database = await freshClickHouseDatabase();
  store = openClickHouse({
    url: database.url,
    database: database.database,
    log: quiet,
    metrics: {
      ...unmeasured,
      observe: (name: string, _: number, labels: Readonly<Record<string, string>> = {}) =>
        void seen.push({ name, label: labels.label, outcome: labels.outcome }),
    },
  });
});
afterAll(async () => {
  await store.close();
  await database.close();
});

test('64-bit integers and decimals arrive whole, values travel as parameters, joins fill NULL', async () => {
  const rows = await store.rows(
    'types',
    sql`SELECT toInt64('9007199254740993') AS big, toDecimal64('1.50', 2) AS money, ${"it's \\ ü\n"} AS text, ${param('Array(String)', ["a'b", ''])} AS list, r.y AS missing
      FROM (SELECT 1 AS x) AS l LEFT JOIN (SELECT 2 AS x, 3 AS y) AS r USING (x)`,
  );
  expect(rows).toEqual([
    { big: '9007199254740993', money: '1.5', text: "it's \\ ü\n", list: ["a'b", ''], missing: null },
  ]);
});

test('a query is measured under its label, with its outcome', async () => {
  seen.length = 0;
  await store.rows('good-one', raw('SELECT 1'));
  await store.rows('bad-one', raw('SELECT nothing')).catch(() => undefined);
  expect(seen).toEqual([
    { name: 'clickhouse_query_seconds', label: 'good-one', outcome: 'ok' },
    { name: 'clickhouse_query_seconds', label: 'bad-one', outcome: 'failed' },
  ]);
});

test('a refusal warns in the log unless the SQL is a caller’s', async () => {
  const warned: string[] = [];
  const log = { ...quiet, warn: (fields: object) => void warned.push((fields as { label: string }).label) };
  const { url, database: name } = database;
  const logging = openClickHouse({ url, database: name, log, metrics: unmeasured });
  const bad = raw('SELECT nothing');
  await logging.rows('ours', bad).catch(() => undefined);
  await logging.rows('theirs', bad, { refusalIsAnswer: true }).catch(() => undefined);
  await logging.close();
  expect(warned).toEqual(['ours']);
});

test('a refused query is INTERNAL and hides what the store said', async () => {
  const failure = await store.rows('secret', raw('SELECT nothing FROM nowhere')).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'INTERNAL', message: "the offline store refused the query 'secret'" });
  expect(String((failure as Error).cause)).toMatch(/nowhere/);
});

test('a query over its time is TIMEOUT', async () => {
  // Its own client: a limit that is over in a moment would end the queries of the other tests on a busy machine.
  const { url, database: name } = database;
  const hasty = openClickHouse({ url, database: name, log: quiet, metrics: unmeasured, limitSeconds: 1 });
  await expect(
    hasty.rows('slow', raw('SELECT sum(sleepEachRow(0.5)) FROM numbers(60) SETTINGS max_block_size = 1')),
  ).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
  await hasty.close();
});

test('a store that does not answer is STORE_UNAVAILABLE', async () => {
  const away = openClickHouse({ url: 'http://127.0.0.1:9', database: 'x', log: quiet, metrics: unmeasured });
  await expect(away.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(away.rows('any', raw('SELECT 1'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(async () => {
    for await (const _ of away.bytes('any', raw('SELECT 1'), 'RowBinary'));
  }).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await away.close();
});

test('an aborted query ends with the reason of its signal', async () => {
  const reason = new Error('the job was cancelled');
  await expect(store.rows('aborted', raw('SELECT 1'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('an answer that breaks off is an error and never data', async () => {
  const read = async () => {
    let bytes = 0;
    const select = raw('SELECT number, throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 1000');
    for await (const chunk of store.bytes('broken', select, 'RowBinary')) bytes += chunk.length;
    return bytes;
  };
  await expect(read()).rejects.toMatchObject({ name: 'RiskgraphError' });
});

test.each([
  [
    'of today’s servers',
    { 'x-clickhouse-exception-tag': 'abcdefghijklmnop' },
    'data\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 395. DB::Exception: boom. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)\n73 abcdefghijklmnop\r\n__exception__\r\n',
  ],
  [
    'of older servers',
    {},
    'dataCode: 395. DB::Exception: boom. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 24.8.1.1 (official build))\n',
  ],
])('the failure at the end of an answer %s is not taken for data', async (_, headers, text) => {
  async function* stream() {
    yield Buffer.alloc(100_000, 1);
    yield Buffer.from(text.slice(0, 20));
    yield Buffer.from(text.slice(20));
  }
  const read = async () => {
    for await (const chunk of guardedBytes(stream(), headers)) expect(chunk.every((byte) => byte === 1)).toBe(true);
  };
  await expect(read()).rejects.toThrow(/boom/);
});

test('bytes pass through unchanged, however they are cut', async () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
  async function* stream() {
    for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of guardedBytes(stream(), undefined)) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});

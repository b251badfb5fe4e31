import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshClickHouseDatabase } from '../support/stores.js';

let store: Awaited<ReturnType<typeof freshClickHouseDatabase>>;
let client: ClickHouseClient;

beforeAll(async () => {
  store = await freshClickHouseDatabase();
  client = createClient({
    url: store.url,
    max_open_connections: 32,
    // Of another test file's queries there may be many before ours.
    request_timeout: 170_000,
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
  });
});
afterAll(async () => {
  await client?.close();
  await store?.close();
});
beforeEach(async () => {
  await client.command({ query: 'DROP TABLE IF EXISTS t SYNC' });
  await client.command({
    query: `CREATE TABLE t (a Int64, b String DEFAULT 'none', c Array(Nullable(String))) ENGINE = MergeTree ORDER BY a
            SETTINGS non_replicated_deduplication_window = 100`,
  });
});

const rows = async <T>(
  query: string,
  query_params?: Record<string, unknown>,
  clickhouse_settings = {},
): Promise<T[]> => {
  const answer = await client.query({
    query,
    format: 'JSONEachRow',
    ...(query_params ? { query_params } : {}),
    clickhouse_settings,
  });
  return answer.json<T>();
};
const count = async (): Promise<number> => Number((await rows<{ n: string }>('SELECT count() AS n FROM t'))[0]?.n);
const setting = async (name: string): Promise<unknown> =>
  (await rows<{ v: string }>(`SELECT toString(getSetting('${name}')) AS v`))[0]?.v;
const write = async (query: string, data: Buffer) => {
  const { stream, summary } = await client.exec({ query, values: Readable.from([data]) });
  await text(stream);
  return { summary };
};
const bytes = async (query: string): Promise<Buffer> => {
  const { stream } = await client.exec({ query });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

test('text that looks like SQL inside inserted data stays data', async () => {
  const hostile = 'x\n\n;DROP TABLE t;\n\nSELECT 1';
  await client.insert({ table: 't', values: [{ a: 1, b: hostile }], format: 'JSONEachRow' });
  await client.insert({
    table: 't',
    values: Readable.from([`2,"${hostile}",[]\n`], { objectMode: false }),
    format: 'CSV',
  });
  await client.command({ query: `INSERT INTO t (a, b) VALUES (3, 'x\n\n;DROP TABLE t'), (4, ';')` });
  await client.command({ query: "INSERT INTO t (a, b)\n\nSELECT 5, 'x\n\n;DROP TABLE t'\n\nFROM numbers(1)" });
  const all = await rows<{ b: string }>('SELECT b FROM t ORDER BY a');
  expect(all.map(({ b }) => b)).toEqual([hostile, hostile, 'x\n\n;DROP TABLE t', ';', 'x\n\n;DROP TABLE t']);
});

test('a body with a statement after a blank line is refused or read as data, never run', async () => {
  for (const format of ['TabSeparated', 'CSV', 'JSONCompactEachRow', 'JSONEachRow'] as const) {
    const body = Readable.from(['1\tx\t[]\n\n;DROP TABLE t\n'], { objectMode: false });
    await client.insert({ table: 't', values: body as never, format: format as never }).catch(() => undefined);
    expect(await rows('EXISTS TABLE t')).toEqual([{ result: 1 }]);
  }
});

test('rows go in as JSONEachRow, JSONCompactEachRow, CSV, RowBinary, Native, Arrow and Parquet, streamed and compressed', async () => {
  const source =
    "SELECT toInt64(number) AS a, concat('v\n\n;', char(0), toString(number)) AS b, [NULL, 'q'] AS c FROM numbers(1000)";
  for (const format of [
    'JSONEachRow',
    'JSONCompactEachRow',
    'CSV',
    'RowBinary',
    'Native',
    'ArrowStream',
    'Arrow',
    'Parquet',
  ]) {
    await client.command({ query: 'TRUNCATE TABLE t' });
    const data = await bytes(`${source} FORMAT ${format}`);
    const query = `INSERT INTO t (a, b, c) FORMAT ${format}`;
    const { summary } = await write(query, data);
    expect(summary?.written_rows, format).toBe('1000');
    const [sums] = await rows<object>(
      "SELECT count() AS n, sum(a) AS s, countIf(b LIKE 'v%;%') AS b, countIf(c = [NULL, 'q']) AS c FROM t",
    );
    expect(sums, format).toEqual({ n: '1000', s: '499500', b: '1000', c: '1000' });
  }
  const zipped = createClient({
    url: store.url,
    compression: { request: true, response: true },
    log: { level: ClickHouseLogLevel.OFF },
  });
  try {
    await zipped.insert({ table: 't', values: [{ a: 7, b: 'zipped' }], format: 'JSONEachRow' });
    const answer = await zipped.query({ query: "SELECT b, c FROM t WHERE b = 'zipped'", format: 'JSONEachRow' });
    expect(await answer.json()).toEqual([{ b: 'zipped', c: [] }]);
    await expect(zipped.query({ query: 'SELECT * FROM absent' })).rejects.toMatchObject({ code: '60' });
  } finally {
    await zipped.close();
  }
});

/** An LZ4 frame of `INSERT INTO t (a, b) FORMAT RowBinary` and two rows, some bytes of which are no UTF-8. */
const LZ4_INSERT =
  'BCJNGGhAPwAAAAAAAAC3PwAAgElOU0VSVCBJTlRPIHQgKGEsIGIpIEZPUk1BVCBSb3dCaW5hcnkK/v////////8Dw6k771/vAQAAAAAECgo7eAAAAAA=';

test('a BI client that names a session and packs its body in LZ4, statement and binary data together, is served', async () => {
  const { username, password, origin } = new URL(store.url);
  const ask = (query: Readonly<Record<string, string>>, body: Buffer, encoding = 'identity') =>
    fetch(
      `${origin}/?${new URLSearchParams({ database: store.database, session_id: 'bi', session_timeout: '60', ...query })}`,
      {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64')}`,
          'content-encoding': encoding,
        },
        body: new Uint8Array(body),
      },
    );
  const insert = await ask({}, Buffer.from(LZ4_INSERT, 'base64'), 'lz4');
  expect([insert.status, await insert.text()]).toEqual([200, '']);
  const read = await ask({ default_format: 'CSV' }, Buffer.from('SELECT a, b FROM t ORDER BY a'));
  expect(await read.text()).toBe('-2,"é;"\n32464879,"\n\n;x"\n');
  expect((await ask({}, Buffer.from('SET max_threads = 1'))).status).not.toBe(200);
});

test('missing columns take their defaults, and a column list in another order is followed', async () => {
  await client.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow' });
  await client.insert({ table: 't', columns: ['b', 'a'], values: [['two', 2]], format: 'JSONCompactEachRow' });
  expect(await rows('SELECT a, b, c FROM t ORDER BY a')).toEqual([
    { a: '1', b: 'none', c: [] },
    { a: '2', b: 'two', c: [] },
  ]);
});

test('an INSERT … SELECT reads its data by input()', async () => {
  await write(
    "INSERT INTO t (a, b) SELECT x + 1, upper(y) FROM input('x Int64, y String') FORMAT CSV",
    Buffer.from('1,one\n2,"t\n\n;wo"\n'),
  );
  expect(await rows('SELECT a, b FROM t ORDER BY a')).toEqual([
    { a: '2', b: 'ONE' },
    { a: '3', b: 'T\n\n;WO' },
  ]);
});

test('one bad row refuses the whole batch', async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => (i === 70_000 ? 'broken,1,[]' : `${i},v,[]`));
  const values = Readable.from([`${lines.join('\n')}\n`], { objectMode: false });
  await expect(client.insert({ table: 't', values, format: 'CSV' })).rejects.toMatchObject({ code: '27' });
  expect(await count()).toBe(0);
});

test('the same deduplication token writes once', async () => {
  for (const _ of [1, 2]) {
    await client.insert({
      table: 't',
      values: [{ a: 1 }],
      format: 'JSONEachRow',
      clickhouse_settings: { insert_deduplication_token: 'batch-1' },
    });
  }
  await client.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow' });
  expect(await count()).toBe(2);
});

test('an INSERT larger than the limit is refused with the reason', async () => {
  async function* tooMuch(): AsyncGenerator<string> {
    const line = `1,${'x'.repeat(1 << 20)},[]\n`;
    for (let i = 0; i < 300; i++) yield line;
  }
  const values = Readable.from(tooMuch(), { objectMode: false });
  await expect(client.insert({ table: 't', values, format: 'CSV' })).rejects.toThrow(/larger than 256 MiB/);
  expect(await count()).toBe(0);
});

test('parameters hold quotes, backslashes, new lines, unicode, arrays, maps and NULL as they are', async () => {
  const s = `it's "q" \`b\` \\ \n\t ü 漢 '); DROP TABLE t; --`;
  const [row] = await rows<object>(
    'SELECT {s:String} AS s, {list:Array(String)} AS list, {n:Nullable(String)} AS n, {i:Int64} AS i, {m:Map(String, UInt8)} AS m, {d:DateTime64(3)} AS d, {b:Bool} AS b',
    { s, list: [s, 'b'], n: null, i: 42, m: { [s]: 1 }, d: new Date('2024-01-02T03:04:05.678Z'), b: true },
  );
  expect(row).toEqual({ s, list: [s, 'b'], n: null, i: '42', m: { [s]: 1 }, d: '2024-01-02 03:04:05.678', b: true });
  const named = await rows('SELECT count() AS n FROM {t:Identifier}', { t: 't' });
  expect(named).toEqual([{ n: '0' }]);
  await expect(rows('SELECT {absent:String}')).rejects.toMatchObject({ code: '456' });
});

test('parameters too long for a URL come as a multipart body', async () => {
  const long = 'ü'.repeat(200_000);
  const answer = await client.query({
    query: 'SELECT lengthUTF8({s:String}) AS n, {s:String} = {u:String} AS same',
    query_params: { s: long, u: long },
    format: 'JSONEachRow',
    use_multipart_params: true,
  });
  expect(await answer.json()).toEqual([{ n: '200000', same: 1 }]);
});

test('settings of a request hold for it alone, whatever its kind', async () => {
  await rows('SELECT 1', undefined, { max_threads: 61, join_use_nulls: 1 });
  await client.command({ query: 'CREATE TABLE IF NOT EXISTS u AS t', clickhouse_settings: { max_threads: 9 } });
  await client.command({ query: 'DROP TABLE u' });
  await rows('SELECT 1', undefined, { readonly: '1' });
  for (let i = 0; i < 20; i++) {
    expect(await setting('max_threads')).not.toBe('61');
    expect(await setting('join_use_nulls')).toBe('false');
    expect(await setting('readonly')).toBe('0');
  }
  expect(Number(await setting('max_execution_time'))).toBe(600);
  expect(Number(await setting('max_memory_usage'))).toBeGreaterThanOrEqual(2 ** 30);
  const own = await rows<{ v: string }>("SELECT getSetting('max_threads') AS v SETTINGS max_threads = 3", undefined, {
    max_threads: 5,
  });
  expect(own).toEqual([{ v: 3 }]);
});

test('readonly refuses writes', async () => {
  await expect(client.command({ query: 'DROP TABLE t', clickhouse_settings: { readonly: '1' } })).rejects.toMatchObject(
    { code: '164' },
  );
});

test('a query past its time is ended', async () => {
  const query = 'SELECT sleepEachRow(0.2) FROM numbers(100) SETTINGS max_block_size = 1';
  await expect(rows(query, undefined, { max_execution_time: 1 })).rejects.toThrow();
});

test('twenty queries at once get their own answers, while a long one runs', async () => {
  const long = rows('SELECT sum(cityHash64(number)) AS s FROM numbers(300000000)');
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => rows<{ x: string }>('SELECT {x:String} AS x, sleep(0.01)', { x: `q${i}` })),
  );
  expect(answers.map(([row]) => row?.x)).toEqual(Array.from({ length: 20 }, (_, i) => `q${i}`));
  await long;
});

test('errors reach the client as ClickHouseError with code and type', async () => {
  const failure = await rows('SELECT * FROM absent').catch((cause: unknown) => cause);
  expect(failure).toBeInstanceOf(ClickHouseError);
  expect(failure).toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
  await expect(rows('SELEC 1')).rejects.toMatchObject({ code: '62', type: 'SYNTAX_ERROR' });
  await expect(rows('SELECT 1', undefined, { no_such_setting: 1 })).rejects.toMatchObject({ code: '115' });
  const withoutPassword = new URL(store.url);
  withoutPassword.password = 'wrong';
  const refused = createClient({ url: withoutPassword.href, log: { level: ClickHouseLogLevel.OFF } });
  await expect(refused.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' });
  await refused.close();
});

test('a statement that fails or is killed leaves system.processes and lets its table be dropped at once', async () => {
  const here =
    "current_database = currentDatabase() AND query LIKE '%throwIf%' AND query NOT LIKE '%system.processes%'";
  const held = () => rows(`SELECT query FROM system.processes WHERE ${here}`);
  const failing = 'SELECT throwIf(number = 300000) FROM numbers(3000000)';
  await expect(rows(failing)).rejects.toThrow();
  await expect(bytes(`${failing} FORMAT CSVWithNames`)).rejects.toThrow();
  await expect(client.command({ query: `INSERT INTO t (a) ${failing}` })).rejects.toThrow();
  expect(await held()).toEqual([]);

  const endless = client.command({
    query: 'INSERT INTO t (a) SELECT sum(throwIf(cityHash64(number) = 7)) FROM numbers(100000000000)',
  });
  const refused = expect(endless).rejects.toThrow(/cancelled/i);
  await expect.poll(held, { timeout: 60_000 }).toHaveLength(1);
  await client.command({ query: `KILL QUERY WHERE ${here} AND query_kind != 'KillQuery' SYNC` });
  await refused;
  expect(await held()).toEqual([]);
  await client.command({ query: 'DROP TABLE t SYNC' });
});

test('several statements, connection state and reaches outside the database are refused', async () => {
  const refused = [
    'SELECT 1; DROP TABLE t',
    "SELECT ';' ; SELECT 2",
    'SELECT 1 /* ; */ ; -- x\nDROP TABLE t',
    'DROP TABLE t; SELECT 1',
    'SET max_threads = 1',
    'USE default',
    'CREATE TEMPORARY TABLE x (a Int8)',
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1/', 'CSV')",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
    "SELECT * FROM executable('ls', 'CSV', 'a String')",
    'SYSTEM SHUTDOWN',
  ];
  for (const query of refused) {
    await expect(client.command({ query }), query).rejects.toBeInstanceOf(ClickHouseError);
  }
  expect(await rows('EXISTS TABLE t')).toEqual([{ result: 1 }]);
  expect(await rows("SELECT ';' AS s, '--' AS c ; ")).toEqual([{ s: ';', c: '--' }]);
});

test('a result that breaks off is an error, never a shorter result', async () => {
  const query = 'SELECT throwIf(number = 400000) AS x, number FROM numbers(600000)';
  await expect(rows(query)).rejects.toThrow(/throwIf|exception/i);
  for (const format of ['RowBinary', 'CSV', 'Parquet']) {
    await expect(bytes(`${query} FORMAT ${format}`), format).rejects.toThrow();
  }
});

test('a large result streams at the pace of its reader', async () => {
  const before = process.memoryUsage().rss;
  const answer = await client.query({ query: 'SELECT number FROM numbers(2000000)', format: 'JSONCompactEachRow' });
  let seen = 0;
  for await (const batch of answer.stream()) seen += batch.length;
  expect(seen).toBe(2_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
});

test('a reader that goes away frees its connection', async () => {
  for (let i = 0; i < 20; i++) {
    const { stream } = await client.exec({ query: 'SELECT number FROM numbers(1000000000) FORMAT RowBinary' });
    for await (const _ of stream) break;
    stream.destroy();
  }
  expect(await rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('formats with a header or a footer come as one whole document', async () => {
  const query = 'SELECT number AS n, toString(number) AS s FROM numbers(200000)';
  const json = JSON.parse((await bytes(`${query} FORMAT JSON`)).toString()) as { rows: number; data: unknown[] };
  expect([json.rows, json.data.length]).toEqual([200_000, 200_000]);
  const csv = (await bytes(`${query} FORMAT CSVWithNames`)).toString().split('\n');
  expect([csv.length, csv.filter((line) => line.startsWith('"n"')).length]).toEqual([200_002, 1]);
  const parquet = await bytes(`${query} FORMAT Parquet`);
  expect([parquet.subarray(0, 4).toString(), parquet.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
  const names = await bytes(`${query} FORMAT RowBinaryWithNamesAndTypes`);
  await client.command({ query: 'CREATE OR REPLACE TABLE back (n UInt64, s String) ENGINE = Memory' });
  for (const [format, data] of [
    ['Parquet', parquet],
    ['RowBinaryWithNamesAndTypes', names],
  ] as const) {
    await write(`INSERT INTO back FORMAT ${format}`, data);
  }
  expect(await rows('SELECT count() AS rows, sum(n) AS s FROM back')).toEqual([{ rows: '400000', s: '39999800000' }]);
});

test('the FORMAT clause is found beside SETTINGS, comments and names that look like it', async () => {
  const queries = [
    'SELECT 1 AS format FORMAT CSV',
    'SELECT 1 /* FORMAT JSON */ FORMAT CSV SETTINGS max_threads = 1',
    'SELECT 1 SETTINGS max_threads = 1 FORMAT CSV',
    "SELECT format('{}', '1')::UInt8 FORMAT CSV -- FORMAT JSON",
    'WITH 1 AS x SELECT x FORMAT CSV;',
    '(SELECT 1) FORMAT CSV',
  ];
  for (const query of queries) expect((await bytes(query)).toString(), query).toBe('1\n');
  expect(await text((await client.exec({ query: 'EXPLAIN AST SELECT 1' })).stream)).toContain('Literal UInt64_1');
});

test('DDL that the platform builds on works: EXCHANGE, materialized views, partitions, mutations', async () => {
  await client.command({
    query: 'CREATE OR REPLACE TABLE agg (a Int64, n AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY a',
  });
  await client.command({
    query: 'CREATE MATERIALIZED VIEW mv TO agg AS SELECT a, countState() AS n FROM t GROUP BY a',
  });
  await client.insert({ table: 't', values: [{ a: 1 }, { a: 1 }], format: 'JSONEachRow' });
  expect(await rows('SELECT countMerge(n) AS n FROM agg')).toEqual([{ n: '2' }]);
  await client.command({ query: 'DROP TABLE mv SYNC' });
  await client.command({ query: 'CREATE OR REPLACE TABLE t2 AS t' });
  await client.command({ query: 'EXCHANGE TABLES t AND t2' });
  expect(await count()).toBe(0);
  await client.command({ query: 'ALTER TABLE t2 DELETE WHERE a = 1', clickhouse_settings: { mutations_sync: '1' } });
  expect(await rows('SELECT count() AS n FROM t2')).toEqual([{ n: '0' }]);
  const { summary } = await client.command({ query: 'INSERT INTO t (a) SELECT number FROM numbers(10)' });
  expect(summary?.written_rows).toBe('10');
  await client.command({ query: 'INSERT INTO t (a) SELECT {n:Int64}', query_params: { n: 11 } });
  expect(await count()).toBe(11);
});

/** What a value is and what its status says, the same on every way out of the system. */
import { Readable } from 'node:stream';
import { createClient } from '@clickhouse/client';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatInstant, type Instant } from '../../src/core/time.js';
import { newUuid } from '../../src/core/uuid.js';
import { unwatched } from '../materialize/fixture.js';
import { type Api, type ApiStores, closeApiStores, freshApiStores, startApi } from '../support/api.js';

/** Midnight in Shanghai that begins a day of March 2026, and a time of that day. */
const march = (date: number, hours = 0): Instant => Date.UTC(2026, 2, date - 1, 16 + hours);
const NOW = march(10, 12);

type StalePolicy = 'RETURN' | 'NULL';

interface Sighting {
  /** Day of March on which it was, at noon. */
  readonly date: number;
  readonly brand?: string;
  /** A dash is an empty text: a file could not tell one from NULL. */
  readonly os?: string;
  readonly rooted?: 0 | 1;
  readonly sold?: true;
}

interface Situation {
  readonly name: string;
  /** 'D' where the second part is not said. */
  readonly key: readonly [string | null, string | null];
  readonly seen: readonly Sighting[];
  /** `brand`, `os_version`, `is_rooted`, `sightings`, `seen_at` as the wire writes them. */
  readonly values: readonly unknown[];
  readonly statuses: readonly string[];
}

const noon = (date: number): string => formatInstant(march(date, 12));
const all = (status: string) => Array<string>(5).fill(status);
const NOTHING = { values: Array<unknown>(5).fill(null), statuses: all('NOT_FOUND') };

/** Asked at noon of the 10th: the run of that midnight describes the 9th; STALE is older than the 8th at noon, gone older than the 5th at noon. */
const SITUATIONS: readonly Situation[] = [
  {
    name: 'values that are there',
    key: ['present', 'D'],
    seen: [{ date: 9, brand: 'HONOR', os: '12', rooted: 1 }],
    values: ['HONOR', '12', true, '1', noon(9)],
    statuses: all('PRESENT'),
  },
  {
    name: 'NULL that is the newest value',
    key: ['null', 'D'],
    seen: [{ date: 8, brand: 'OLD', rooted: 1 }, { date: 9 }],
    values: [null, null, null, '1', noon(9)],
    statuses: ['NULL', 'NULL', 'NULL', 'PRESENT', 'PRESENT'],
  },
  {
    name: 'a value that was filled with the last known',
    key: ['filled', 'D'],
    seen: [
      { date: 7, brand: 'A', os: '7', rooted: 0 },
      { date: 8, brand: 'B', os: '8', rooted: 0 },
      { date: 9, brand: 'C', rooted: 0 },
    ],
    values: ['C', '8', false, '1', noon(9)],
    statuses: all('PRESENT'),
  },
  {
    name: 'values past maxAge',
    key: ['stale', 'D'],
    seen: [{ date: 6, brand: 'S', os: '6', rooted: 0 }],
    values: ['S', '6', false, '1', noon(6)],
    statuses: all('STALE'),
  },
  {
    name: 'NULL past maxAge',
    key: ['stale-null', 'D'],
    seen: [{ date: 6 }],
    values: [null, null, null, '1', noon(6)],
    statuses: all('STALE'),
  },
  { name: 'values past their ttl', key: ['gone', 'D'], seen: [{ date: 3, brand: 'G', os: '3' }], ...NOTHING },
  {
    name: 'a tombstone',
    key: ['sold', 'D'],
    seen: [
      { date: 7, brand: 'T', os: '7' },
      { date: 8, brand: 'T', os: '7', sold: true },
    ],
    ...NOTHING,
  },
  {
    name: 'values behind a tombstone, which do not reach before it',
    key: ['again', 'D'],
    seen: [
      { date: 7, brand: 'T', os: '7', rooted: 1 },
      { date: 8, brand: 'T', os: '8', rooted: 1, sold: true },
      { date: 9, brand: 'N', rooted: 1 },
    ],
    values: ['N', null, true, '1', noon(9)],
    statuses: ['PRESENT', 'NULL', 'PRESENT', 'PRESENT', 'PRESENT'],
  },
  {
    name: 'one of two keys that read the same when put together',
    key: ['1', '23'],
    seen: [{ date: 9, brand: 'one', os: '1', rooted: 0 }],
    values: ['one', '1', false, '1', noon(9)],
    statuses: all('PRESENT'),
  },
  {
    name: 'the other of the two',
    key: ['12', '3'],
    seen: [{ date: 9, brand: 'twelve', os: '12', rooted: 1 }],
    values: ['twelve', '12', true, '1', noon(9)],
    statuses: all('PRESENT'),
  },
  { name: 'a key that was never seen', key: ['123', 'D'], seen: [], ...NOTHING },
  { name: 'a NULL in the first part of the key', key: [null, 'D'], seen: [], ...NOTHING },
  { name: 'a NULL in the second part of the key', key: ['present', null], seen: [], ...NOTHING },
  {
    name: 'text that every format must escape, and the empty text, which is not NULL',
    key: ['q"\',\n', 'D'],
    seen: [{ date: 9, brand: 'a"b,\\N;\n张', os: '-', rooted: 0 }],
    values: ['a"b,\\N;\n张', '', false, '1', noon(9)],
    statuses: all('PRESENT'),
  },
];

const FEATURES = ['brand', 'os_version', 'is_rooted', 'sightings', 'seen_at'] as const;
const COLUMNS = FEATURES.flatMap((name) => [`last_use__${name}`, `last_use__${name}__status`]);

/** `[value, status]` of each feature, by situation. */
type Answers = Readonly<Record<string, readonly unknown[]>>;

const expected = (policy: StalePolicy): Answers =>
  Object.fromEntries(
    SITUATIONS.map(({ name, values, statuses }) => [
      name,
      values.map((value, index) => [policy === 'NULL' && statuses[index] === 'STALE' ? null : value, statuses[index]]),
    ]),
  );

let stores: ApiStores;
let api: Api;
let worker: { close(): Promise<void> };

beforeAll(async () => {
  stores = await freshApiStores();
  api = await startApi({ stores, clock: () => NOW, definitions: 'test/conformance/fixtures/transports' });
  await ok('admin', 'mutation { applyRegistry { problems } }');
  const rows = SITUATIONS.flatMap(({ key: [customer_id, device_id], seen }) =>
    seen.map(({ date, brand, os, rooted, sold }) => ({
      ...{ customer_id, device_id, seen_at: noon(date), brand, os_version: os, is_rooted: rooted },
      flags: sold ? ['sold'] : [],
    })),
  );
  const response = await api.fetch('ingest', '/import/device_sightings?history=true', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  expect(await response.json()).toMatchObject({ accepted: rows.length, rejected: 0 });
  const { materializer, views } = api.app.services.worker;
  const run = { jobId: newUuid(NOW), views: await views(), now: NOW };
  await materializer.backfill({ ...run, from: '2026-03-04', to: '2026-03-09' }, unwatched());
  await materializer.materialize({ ...run, jobId: newUuid(NOW + 1) }, unwatched());
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
}, 180_000);

afterAll(async () => {
  await worker?.close();
  await api?.close();
  if (stores) await closeApiStores(stores);
});

async function ok<T>(role: 'admin' | 'decision', query: string, variables = {}): Promise<T> {
  const { data, errors } = await api.graphql<T>(role, query, variables);
  expect(errors).toEqual([]);
  return data as T;
}

const entities = {
  customer_id: SITUATIONS.map(({ key }) => key[0]),
  device_id: SITUATIONS.map(({ key }) => key[1]),
};
const spine = {
  situation: SITUATIONS.map(({ name }) => name),
  ...entities,
  event_timestamp: SITUATIONS.map(() => formatInstant(NOW)),
};

async function onlineFeatures(stalePolicy: StalePolicy): Promise<Answers> {
  const { onlineFeatures: answer } = await ok<{
    onlineFeatures: { columns: readonly { name: string; values: unknown[]; statuses: string[] }[] };
  }>(
    'decision',
    `query($entities: JSONObject!, $stalePolicy: StalePolicy!) {
      onlineFeatures(features: ["last_use@1"], entities: $entities, stalePolicy: $stalePolicy) { columns { name values statuses } } }`,
    { entities, stalePolicy },
  );
  expect(answer.columns.map(({ name }) => name)).toEqual(FEATURES.map((name) => `last_use@1:${name}`));
  return Object.fromEntries(
    SITUATIONS.map(({ name }, row) => [
      name,
      answer.columns.map(({ values, statuses }) => [values[row], statuses[row]]),
    ]),
  );
}

/** Of rows with the columns of a table that has statuses. */
const answersOf = (rows: readonly Readonly<Record<string, unknown>>[]): Answers =>
  Object.fromEntries(
    rows.map((row) => [
      row.situation,
      FEATURES.map((name) => [row[`last_use__${name}`], row[`last_use__${name}__status`]]),
    ]),
  );

async function historicalFeatures(stalePolicy: StalePolicy): Promise<Answers> {
  const { historicalFeatures: table } = await ok<{
    historicalFeatures: { columns: readonly { name: string }[]; rows: unknown[][] };
  }>(
    'admin',
    `query($spine: JSONObject!, $stalePolicy: StalePolicy!) {
      historicalFeatures(features: ["last_use@1"], spine: $spine, includeStatuses: true, stalePolicy: $stalePolicy) { columns { name } rows } }`,
    { spine, stalePolicy },
  );
  expect(table.columns.slice(4).map(({ name }) => name)).toEqual(COLUMNS);
  return answersOf(
    table.rows.map((row) => Object.fromEntries(table.columns.map(({ name }, index) => [name, row[index]]))),
  );
}

/** The file of a training set, as the download gives it. */
async function download(format: 'PARQUET' | 'CSV' | 'ARROW', stalePolicy: StalePolicy): Promise<Buffer> {
  const { createTrainingSet: set } = await ok<{ createTrainingSet: { id: string } }>(
    'admin',
    'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }',
    { input: { name: 'matrix', features: ['last_use@1'], spine, format, includeStatuses: true, stalePolicy } },
  );
  for (;;) {
    const { trainingSet } = await ok<{ trainingSet: { state: string; error: string | null; downloadUrl: string } }>(
      'admin',
      'query($id: ID!) { trainingSet(id: $id) { state error downloadUrl } }',
      { id: set.id },
    );
    expect(trainingSet.error).toBeNull();
    if (trainingSet.state === 'COMPLETED') {
      const response = await api.fetch('admin', trainingSet.downloadUrl);
      expect(response.status).toBe(200);
      return Buffer.from(await response.arrayBuffer());
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** As the wire writes it: 64-bit integers and instants are text. */
const wire = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Date ? value.toISOString() : value;
};

async function parquet(stalePolicy: StalePolicy): Promise<Answers> {
  const bytes = await download('PARQUET', stalePolicy);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors });
  expect(Object.keys(rows[0] ?? {}).slice(4)).toEqual(COLUMNS);
  return answersOf(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, wire(value)]))),
  );
}

/** Cells of RFC 4180; an empty cell without quotes is NULL. */
function cellsOf(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\r?\n|$)/gy;
  for (let match = cell.exec(text); match && match.index < text.length; match = cell.exec(text)) {
    const [, quoted, plain, end] = match;
    rows.at(-1)?.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

async function csv(stalePolicy: StalePolicy): Promise<Answers> {
  const [head = [], ...rows] = cellsOf((await download('CSV', stalePolicy)).toString());
  expect(head.slice(4)).toEqual(COLUMNS);
  const typed = (name: string, value: string | null): unknown =>
    name === 'last_use__is_rooted' && value !== null ? value === 'true' : value;
  return answersOf(
    rows.map((row) => Object.fromEntries(row.map((value, index) => [head[index], typed(String(head[index]), value)]))),
  );
}

/** Read back by the store, which reads Arrow as pandas does: by the types that the file says. */
async function arrow(stalePolicy: StalePolicy): Promise<Answers> {
  const bytes = await download('ARROW', stalePolicy);
  const client = createClient({ url: stores.clickhouse.url });
  const types: Readonly<Record<string, string>> = {
    last_use__is_rooted: 'Nullable(Bool)',
    last_use__sightings: 'Nullable(Int64)',
    last_use__seen_at: "Nullable(DateTime64(3, 'UTC'))",
  };
  const columns = ['situation', 'customer_id', 'device_id', ...COLUMNS];
  const ddl = columns.map((name) => `\`${name}\` ${types[name] ?? 'Nullable(String)'}`).join(', ');
  const table = `arrow_${stalePolicy}`;
  try {
    await client.command({
      query: `CREATE TABLE ${table} (${ddl}, event_timestamp DateTime64(3, 'UTC')) ENGINE = Memory`,
    });
    const inserted = await client.exec({ query: `INSERT INTO ${table} FORMAT Arrow`, values: Readable.from([bytes]) });
    inserted.stream.resume();
    const result = await client.query({
      query: `SELECT * FROM ${table}`,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1, date_time_output_format: 'iso' },
    });
    return answersOf(await result.json<Record<string, unknown>>());
  } finally {
    await client.close();
  }
}

const TRANSPORTS = { onlineFeatures, historicalFeatures, parquet, csv, arrow };

describe.each(['RETURN', 'NULL'] as const)(
  'composite keys, filled values, tombstones and ages, stale values as %s',
  (policy) => {
    test.each(Object.entries(TRANSPORTS))('say the same with the same status through %s', async (_, read) => {
      expect(await read(policy)).toEqual(expected(policy));
    });
  },
);

/** Uploaded spines: the same rows in every format, what is refused, and the outcome that a spine brings. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineEntity, int32, raw } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { badInput } from '../../src/core/errors.js';
import { formatInstant } from '../../src/core/helpers/time.js';
import type { SpineStore } from '../../src/core/ports/spines.js';
import type { TrainingSetRequest } from '../../src/core/ports/training-sets.js';
import { openArrow } from '../../src/sources/spines/arrow-file.js';
import { ByteReader } from '../../src/sources/spines/byte-reader.js';
import { createSpineStore } from '../../src/sources/spines/store.js';
import { type OfflineFixture, openOffline, quiet, refsOf, viewOf } from '../offline/support.js';
import { LYING_BODIES } from './parquet-bodies.js';

const T0 = Date.UTC(2026, 0, 10);
const DAY = 86_400_000;
const AS_OF = T0 + 100 * DAY;
const at = (days: number): string => formatInstant(T0 + days * DAY);
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });

let fixture: OfflineFixture;
let spines: SpineStore;
let folder: string;
let view: View;

beforeAll(async () => {
  fixture = await openOffline();
  folder = await mkdtemp(join(tmpdir(), 'spines-'));
  spines = storeOf({});
  view = viewOf('limits', 1, {
    entity: customer,
    features: { dpd: int32({ description: 'x' }) },
    query: () => raw("SELECT concat('C', toString(number)) AS customer_id, number AS dpd FROM numbers(4)"),
  });
  await fixture.writers.createView(view);
  const run = { id: 1, view, asOf: T0, knowledge: T0 };
  await fixture.writes.stageRun(run);
  await fixture.writes.commitRuns(view, [{ run, availableAt: T0 + 1 }]);
});
afterAll(async () => {
  await fixture?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const storeOf = (limits: { rows?: number; bytes?: number }): SpineStore =>
  createSpineStore({
    store: fixture.store,
    entities: () => [customer],
    limits: { rows: 1_000_000, bytes: 1e9, ...limits },
    log: quiet,
    tempDir: folder,
  });

let ids = 0;
const nextId = (): string => `spine-${++ids}`;

const upload = async (
  body: string | Uint8Array,
  format = 'csv',
  { target, store = spines }: { target?: string; store?: SpineStore } = {},
) => {
  const bytes = Buffer.from(body as string);
  // In pieces, as a network has them.
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) =>
    bytes.subarray(index * 1000, (index + 1) * 1000),
  );
  const id = nextId();
  const written = await store.write(id, { format, body: Readable.from(pieces), target, caller: 'modeler' });
  return { ...written, id, uploadedBy: 'modeler', uploadedAt: T0 };
};

const buildOf = async (spine: TrainingSetRequest['spine'], more: Partial<TrainingSetRequest> = {}) => {
  const id = `set-${++ids}`;
  const path = join(folder, id);
  const result = await fixture.sets.build({
    id,
    features: refsOf(view),
    spine,
    label: null,
    entities: new Map([[customer.name, customer]]),
    asOf: AS_OF,
    includeEventTimes: false,
    format: 'CSV',
    path,
    signal: new AbortController().signal,
    onProgress: async () => undefined,
    ...more,
  });
  return { result, lines: (await readFile(path, 'utf8')).trimEnd().split('\n') };
};

const arrowOf = async (parquet: Buffer, format: 'Arrow' | 'ArrowStream', select: string): Promise<Buffer> => {
  const { table } = await upload(parquet, 'parquet');
  const chunks: Buffer[] = [];
  for await (const chunk of fixture.store.bytes('test', raw(select.replace('%', table)), format)) chunks.push(chunk);
  return Buffer.concat(chunks);
};

test('a spine says which entities it names, each once, and how many there are where that is more than the audit log keeps', async () => {
  const spine = await upload(
    `customer_id,event_timestamp,note\nC1,${at(0)},a\n,${at(0)},b\nC2,${at(1)},c\nC1,${at(2)},d\n`,
  );
  const { columns, total } = await spines.keysOf(spine);
  expect([Object.keys(columns), columns.customer_id?.toSorted(), total]).toEqual([['customer_id'], ['C1', 'C2'], null]);
  const store = createSpineStore({
    store: fixture.store,
    entities: () => [customer, defineEntity({ name: 'device', joinKeys: ['device_id'], description: 'x' })],
    limits: { rows: 1, bytes: 1 },
    log: quiet,
    tempDir: folder,
  });
  await fixture.store.run(
    'test',
    raw(`CREATE TABLE many_keys ENGINE = MergeTree ORDER BY rid AS SELECT number AS rid, toInt64(0) AS t,
      CAST(toString(number), 'Nullable(String)') AS c0, CAST(toString(number % 7), 'Nullable(String)') AS c1 FROM numbers(120000)`),
  );
  const many = ['customer_id', 'device_id'].map((name) => ({ name, type: 'STRING' as const }));
  const part = await store.keysOf({ table: 'many_keys', columns: many });
  expect([part.columns.customer_id?.length, part.columns.device_id?.length, part.total]).toEqual([50_000, 7, 120_000]);
});

test('what a killed upload left is dropped minutes later, and not what one at work, or of a release before, marks', async () => {
  const [killed, ofBefore, kept] = ['uploading_spine_1', 'uploading_spine_2', 'uploaded_spine_3'] as const;
  const create = (name: string, comment: string) =>
    fixture.store.run('test', raw(`CREATE TABLE ${name} (a UInt8) ENGINE = MergeTree ORDER BY a COMMENT '${comment}'`));
  for (const name of [killed, kept]) await create(name, 'at work');
  await create(ofBefore, '');
  const ours = `database = currentDatabase() AND tables.name IN ('${killed}', '${ofBefore}', '${kept}')`;
  const paths = await fixture.store.tuples<[string]>(
    'test',
    raw(`SELECT concat(path, metadata_path) FROM system.tables, system.disks WHERE disks.name = 'default' AND ${ours}`),
  );
  const made = Date.now() / 1_000 - 660;
  for (const [path] of paths) await utimes(path, made, made);
  await spines.sweep(new Set([kept]));
  const left = await fixture.store.tuples<[string]>(
    'test',
    raw(`SELECT name FROM system.tables WHERE ${ours} ORDER BY name`),
  );
  expect(left.flat()).toEqual([kept, ofBefore]);
  for (const [name] of left) await fixture.store.run('test', raw(`DROP TABLE ${name}`));
  const { table } = await upload(`customer_id,event_timestamp\nC1,${at(0)}\n`);
  expect(
    await fixture.store.tuples(
      'test',
      raw(`SELECT comment FROM system.tables WHERE name = '${table}' AND database = currentDatabase()`),
    ),
  ).toEqual([['at work']]);
});

test('the same rows as Parquet, CSV, Arrow file, Arrow stream and in the request make the same set', async () => {
  const rows = 2_500;
  const ofRow = <T>(value: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => value(row));
  const columns = {
    customer_id: ofRow((row) => (row % 7 === 0 ? null : `C${row % 6}`)),
    event_timestamp: ofRow((row) => at((row % 5) - 1)),
    code: ofRow((row) => (row % 3 === 0 ? null : `00${row % 4}`)),
    amount: ofRow((row) => row * 1000003),
    ratio: ofRow((row) => (row % 11 === 0 ? null : row / 7 + 0.1)),
    ok: ofRow((row) => row % 2 === 0),
    words: ofRow((row) => `a "quoted", line\nof row ${row % 9} é`),
  };
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const quoted = (value: unknown): string =>
    value === null ? '' : typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : String(value);
  const csv = [
    names.join(','),
    ...ofRow((row) => names.map((name) => quoted(columns[name][row] ?? null)).join(',')),
  ].join('\n');
  const parquet = Buffer.from(
    parquetWriteBuffer({
      rowGroupSize: 1000,
      columnData: [
        { name: 'customer_id', data: columns.customer_id, type: 'STRING' },
        { name: 'event_timestamp', data: columns.event_timestamp.map((text) => new Date(text)), type: 'TIMESTAMP' },
        { name: 'code', data: columns.code, type: 'STRING' },
        { name: 'amount', data: columns.amount.map(BigInt), type: 'INT64' },
        { name: 'ratio', data: columns.ratio, type: 'DOUBLE' },
        { name: 'ok', data: columns.ok, type: 'BOOLEAN' },
        { name: 'words', data: columns.words, type: 'STRING' },
      ],
    }),
  );
  const select =
    'SELECT c0 AS customer_id, c1 AS event_timestamp, toLowCardinality(c2) AS code, c3 AS amount, c4 AS ratio, c5 AS ok, c6 AS words FROM % ORDER BY rid SETTINGS max_block_size = 1000, output_format_arrow_low_cardinality_as_dictionary = 1';
  const uploads = {
    csv: await upload(csv),
    parquet: await upload(parquet, 'parquet'),
    file: await upload(await arrowOf(parquet, 'Arrow', select), 'arrow'),
    stream: await upload(await arrowOf(parquet, 'ArrowStream', select), 'arrow'),
  };
  for (const { rows: taken, rejected } of Object.values(uploads)) expect([taken, rejected]).toEqual([rows, 0]);
  expect(uploads.csv.columns.map(({ type }) => type)).toEqual([
    ...['STRING', 'TIMESTAMP', 'STRING', 'INT64', 'FLOAT64', 'BOOLEAN', 'STRING'],
  ]);
  const inline = await buildOf(columns);
  for (const uploaded of Object.values(uploads)) {
    const built = await buildOf({ uploaded });
    expect(built.result.manifest.contentHash).toBe(inline.result.manifest.contentHash);
    expect(built.lines).toEqual(inline.lines);
  }
});

const HEADER = 'customer_id,event_timestamp';
test.each<[string, string, (string | number | null)[]]>([
  ['without an instant', 'C1,', [2, 'event_timestamp', 'has no value']],
  ['at a day', 'C1,2026-01-10', [2, 'event_timestamp', 'is a date, and an instant with a time zone is needed']],
  ['without a zone', 'C1,2026-01-10T00:00:00', [2, 'event_timestamp', 'has no time zone']],
  [
    'on a day that is not',
    'C1,2026-02-30T00:00:00Z',
    [2, 'event_timestamp', "is not an instant written as '2026-03-01T08:00:00+08:00'"],
  ],
  [
    'at an hour that is not',
    'C1,2026-02-03T25:00:00Z',
    [2, 'event_timestamp', "is not an instant written as '2026-03-01T08:00:00+08:00'"],
  ],
  [
    'of a spreadsheet',
    `1001.0,${at(1)}`,
    [2, 'customer_id', 'is a whole number with a fraction of zeros: write the id as 1001, not 1001.0'],
  ],
  ['of too many values', `C1,${at(1)},3`, [2, null, 'the row has 3 values and the header 2']],
])('a row %s is refused by name, and stops no other', async (_, row, [line, column, reason]) => {
  const { rows, rejected, refused, table } = await upload(`${HEADER}\n${row}\nC2,${at(1)}\nC3,2026-01-11 08:00+08\n`);
  expect({ rows, rejected, refused }).toEqual({ rows: 2, rejected: 1, refused: [{ line, column, reason }] });
  expect(await fixture.store.tuples('test', raw(`SELECT rid, c0, t FROM ${table} ORDER BY rid`))).toEqual([
    ['0', 'C2', String(T0 + DAY)],
    ['1', 'C3', String(T0 + DAY)],
  ]);
});

test.each<[string, string, RegExp]>([
  ['no key', `event_timestamp\n${at(1)}\n`, /no column of the file is a join key/],
  ['no instants', 'customer_id\nC1\n', /the file has no column 'event_timestamp'/],
  ['a name twice', `${HEADER},a,a\nC1,${at(1)},1,2\n`, /the file has the column 'a' twice/],
  ['an outcome that is never known', `${HEADER},target\nC1,${at(1)},1\n`, /the file has no column 'known_at'/],
  ['no rows', `${HEADER}\n`, /the file has no rows/],
  [
    'no good row',
    `${HEADER}\nC1,never\n`,
    /none of the 1 rows of the file can be taken: line 2: event_timestamp is not an instant/,
  ],
])('a file with %s is refused, and leaves nothing', async (_, body, message) => {
  await expect(upload(body)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(message) });
  expect(
    await fixture.store.rows(
      'test',
      raw(
        `SELECT name FROM system.tables WHERE database = currentDatabase() AND (startsWith(name, 'uploading_') OR name = 'uploaded_spine_spine${ids}')`,
      ),
    ),
  ).toEqual([]);
});

test('what is no Parquet or Arrow, or breaks off, is refused by its name; numbers for ids are taken, floats are not', async () => {
  const refused = (body: Uint8Array | string, format: string, message: RegExp) =>
    expect(upload(body, format)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(message),
    });
  const times = { name: 'event_timestamp', data: [new Date(at(1)), new Date(at(2))], type: 'TIMESTAMP' as const };
  const parquetOf = (...columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData']) =>
    Buffer.from(parquetWriteBuffer({ columnData }));
  const good = parquetOf({ name: 'customer_id', data: [1n, 2n], type: 'INT64' }, times);
  expect(await upload(good, 'parquet')).toMatchObject({
    rows: 2,
    columns: [{ type: 'STRING' }, { type: 'TIMESTAMP' }],
  });
  await refused(good.subarray(0, good.length - 20), 'parquet', /not Parquet/);
  await refused('PAR1 and nothing else', 'arrow', /not Arrow/);
  await refused(
    parquetOf({ name: 'customer_id', data: [1.5, 2], type: 'DOUBLE' }, times),
    'parquet',
    /'customer_id' is a Float64, and ids are strings/,
  );
  await refused(
    parquetOf({ name: 'customer_id', data: ['C1', 'C2'] }, { name: 'event_timestamp', data: [1, 2], type: 'INT32' }),
    'parquet',
    /'event_timestamp' is a Int32 and not an instant/,
  );
  const arrow = await arrowOf(good, 'Arrow', 'SELECT c0 AS customer_id, c1 AS event_timestamp FROM %');
  expect(await upload(arrow, 'arrow')).toMatchObject({ rows: 2 });
  for (const less of [1, 900, arrow.length - 20])
    await refused(arrow.subarray(0, arrow.length - less), 'arrow', /breaks off|not Arrow/);
});

/** An Arrow message without its body: its header has an int64, or a list of so many fields that are all one of a name of 1 KB. */
const arrowMessage = (
  kind: 'schema' | 'dictionary',
  { id = 0, fields = 0, body = 0 }: { id?: number; fields?: number; body?: number },
): Buffer => {
  const tables = Buffer.alloc(64);
  const shorts = (at: number, values: number[]): void =>
    values.forEach((value, index) => {
      tables.writeUInt16LE(value, at + 2 * index);
    });
  tables.writeUInt32LE(16, 0);
  shorts(4, [12, 20, 0, 4, 8, 12]);
  tables.writeInt32LE(12, 16);
  tables.writeUInt8(kind === 'schema' ? 1 : 2, 20);
  tables.writeUInt32LE(20, 24);
  tables.writeBigInt64LE(BigInt(body), 28);
  shorts(36, kind === 'schema' ? [8, 16, 0, 12] : [8, 16, 4, 0]);
  tables.writeInt32LE(8, 44);
  if (kind === 'schema') tables.writeUInt32LE(4, 56);
  else tables.writeBigInt64LE(BigInt(id), 48);
  tables.writeUInt32LE(fields, 60);
  const offsets = Buffer.alloc(4 * fields);
  for (let index = 0; index < fields; index++) offsets.writeUInt32LE(4 * (fields - index) + 8, 4 * index);
  const field = Buffer.alloc(20 + 1024, 'a');
  for (const [index, value] of [6, 8, 4, 0].entries()) field.writeUInt16LE(value, 2 * index);
  field.writeInt32LE(8, 8);
  field.writeUInt32LE(4, 12);
  field.writeUInt32LE(1024, 16);
  const metadata = Buffer.concat([tables, offsets, field]);
  const frame = Buffer.alloc(8, 0xff);
  frame.writeInt32LE(metadata.length, 4);
  return Buffer.concat([frame, metadata]);
};

test('an Arrow file that would make more of its bytes than they are is refused as soon as that shows', async () => {
  const whole = async (file: AsyncIterable<Uint8Array>): Promise<number> => {
    let rows = 0;
    for await (const document of (await openArrow(file)).documents) rows += document.rows;
    return rows;
  };
  const schema = (fields: number) => arrowMessage('schema', { fields });
  await expect(whole(Readable.from([schema(500_000)]))).rejects.toMatchObject({
    message: 'the file has 500000 columns',
    hint: 'a spine has at most 1000',
  });
  await expect(whole(Readable.from([schema(1_100_000)]))).rejects.toMatchObject({ message: 'the file is not Arrow' });
  let read = 0;
  const half = Buffer.alloc(97 * 2 ** 20);
  const dictionaries = function* () {
    yield schema(1);
    for (const id of [1, 1, 2, 3]) {
      read++;
      yield arrowMessage('dictionary', { id, body: half.length });
      yield half;
    }
  };
  await expect(whole(Readable.from(dictionaries()))).rejects.toMatchObject({
    message: 'the dictionaries of the file are together larger than 192 MiB',
  });
  // The second of the same id stands for the first.
  expect(read).toBe(3);
});

test('a body is read by numbers of bytes, however its pieces are cut', async () => {
  const bytes = Buffer.from(Array.from({ length: 60 }, (_, index) => index));
  for (const piece of [1, 4, 7, 60]) {
    const reader = new ByteReader(
      Readable.from(
        Array.from({ length: Math.ceil(60 / piece) }, (_, at) => bytes.subarray(at * piece, (at + 1) * piece)),
      ),
    );
    const [peeked, first, second, more] = [
      await reader.peek(8),
      await reader.take(10),
      await reader.take(1),
      await reader.peek(9),
    ];
    expect([peeked, first, second, more].map((each) => [...each])).toEqual([
      [...bytes.subarray(0, 8)],
      [...bytes.subarray(0, 10)],
      [10],
      [...bytes.subarray(11, 20)],
    ]);
    expect([...(await reader.take(30)), ...(await reader.peek(99)), ...(await reader.drain(4))]).toEqual([
      ...bytes.subarray(11, 60),
      ...bytes.subarray(56, 60),
    ]);
  }
});

test('a file beyond the limits of the operator is refused by the setting', async () => {
  const body = `${HEADER}\nC1,${at(1)}\nC2,${at(1)}\n`;
  await expect(upload(body, 'csv', { store: storeOf({ rows: 1 }) })).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'the file has more than 1 rows',
    hint: expect.stringContaining('RISKGRAPH_SPINE_ROWS'),
  });
  await expect(upload(body, 'csv', { store: storeOf({ bytes: 20 }) })).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'the file is larger than 20 bytes',
    hint: expect.stringContaining('RISKGRAPH_SPINE_BYTES'),
  });
  const { table } = await upload(body);
  const chunks: Buffer[] = [];
  const words = raw(
    `SELECT c0 AS customer_id, c1 AS event_timestamp, toLowCardinality(repeat('a', 10000)) AS word FROM ${table} AS one CROSS JOIN numbers(500) AS many
      SETTINGS output_format_arrow_low_cardinality_as_dictionary = 1`,
  );
  for await (const chunk of fixture.store.bytes('test', words, 'ArrowStream')) chunks.push(chunk);
  await expect(upload(Buffer.concat(chunks), 'arrow', { store: storeOf({ bytes: 1_000_000 }) })).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'the rows of the file are larger than 1000000 bytes',
  });
});

test('files that come in slowly keep no other caller waiting', async () => {
  const slow = new AbortController();
  const never = async function* () {
    yield Buffer.from(HEADER);
    await once(slow.signal, 'abort');
    throw badInput('the body broke off');
  };
  const waiting = Promise.allSettled(
    ['a', 'a', 'b', 'c'].map((caller) => spines.write(nextId(), { format: 'csv', body: never(), caller })),
  );
  expect(await upload(`${HEADER}\nC1,${at(1)}\n`)).toMatchObject({ rows: 1 });
  slow.abort();
  for (const each of await waiting) expect(each).toMatchObject({ reason: { message: 'the body broke off' } });
});

test('the outcome that a spine brings counts once it is known, explains nothing and is explained', async () => {
  const rows = Array.from({ length: 40 }, (_, row) => [
    ...[
      `C${row % 4}`,
      at(1),
      row % 3 === 0 ? 1 : 0,
      at(row < 38 ? 91 : 101),
      row % 3 === 0 && row % 6 === 0 ? 'a' : 'b',
    ],
  ]);
  const csv = [`${HEADER},bad,known_at,channel`, ...rows.map((row) => row.join(',')), `C1,${at(1)},,,b`].join('\n');
  const early = `${csv}\nC1,${at(1)},1,${at(1)},a\nC1,${at(1)},1,,a\nC1,${at(1)},much,${at(90)},a`;
  const uploaded = await upload(early, 'csv', { target: 'bad' });
  expect(uploaded.refused).toEqual([
    { line: 43, column: 'known_at', reason: 'is not after event_timestamp: what was known then is no outcome' },
    { line: 44, column: 'known_at', reason: 'has no value, and the target has one' },
    { line: 45, column: 'bad', reason: 'is not a number' },
  ]);
  const { result, lines } = await buildOf({ uploaded });
  expect(lines[0]).toBe('"customer_id","event_timestamp","known_at","channel","limits__dpd","bad"');
  expect([lines[1]?.split(',').at(-1), lines[39]?.split(',').at(-1), lines[41]?.split(',').at(-1)]).toEqual([
    '1',
    '',
    '',
  ]);
  const profile = new Map(result.columns.map((column) => [column.name, column]));
  expect(profile.get('channel')?.informationValue).toBeGreaterThan(0);
  expect(profile.get('limits__dpd')?.informationValue).not.toBeNull();
  expect([profile.get('known_at')?.informationValue, profile.get('bad')?.informationValue]).toEqual([null, null]);
  expect(result.manifest).toMatchObject({ target: 'bad', label: null, spine: { id: uploaded.id, rows: 41 } });
  const request = { features: refsOf(view), spine: { uploaded }, label: 'bad_90', entities: new Map(), asOf: AS_OF };
  await expect(fixture.sets.check(request)).rejects.toMatchObject({
    message: "the spine brings the target 'bad', and the label would be another outcome",
  });
  await expect(buildOf({ uploaded }, { asOf: T0 })).rejects.toMatchObject({
    message: expect.stringMatching(/^41 rows of the spine lie after the as-of/),
  });
});

test('a Parquet body that lies about itself refuses its upload, and the store reads the next one', async () => {
  for (const { bytes } of LYING_BODIES) {
    await expect(upload(bytes, 'parquet')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'rows 1 to 1 of the file cannot be read',
    });
  }
  expect(await upload(`customer_id,event_timestamp\nC1,${at(0)}\n`)).toMatchObject({ rows: 1 });
});

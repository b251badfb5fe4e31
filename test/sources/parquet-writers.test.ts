import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RiskgraphError } from '../../src/core/errors.js';
import { ParquetProcesses } from '../../src/sources/parquet/processes.js';
import { readSchema } from '../../src/sources/parquet/schema.js';
import { openParquet as open } from '../../src/sources/parquet.js';
import type { RecordFile } from '../../src/sources/records.js';
import { openParquetFile } from '../../src/sources/spines/parquet-file.js';
import { fileOfPage, LYING_BODIES, type PageFile, varint } from './parquet-bodies.js';

/** Written by fixtures/parquet/write.py, parquet-avro by ParquetAvro.java; and how many columns each file has. */
const WRITERS = [
  ['pyarrow', 29],
  ['pandas', 19],
  ['polars', 20],
  ['duckdb', 29],
  ['fastparquet', 6],
  ['spark', 29],
  ['spark-legacy', 29],
  ['parquet-avro', 29],
] as const;

const A = {
  text: '你好',
  whole: 9007199254740993n,
  real: 0.1,
  flag: true,
  amount: '1234567890123456.78',
  wide: '1234567890123456789012345678.0123456789',
  day: '2024-02-29',
  instant: '2024-01-31T15:59:59.999Z',
  local: '2024-01-31 23:59:59.999',
};
const B = {
  text: "it's",
  whole: -9007199254740993n,
  real: -2.5e-7,
  flag: false,
  amount: '-1.15',
  wide: '-0.0000000001',
  day: '1931-05-04',
  instant: '1970-01-01T00:00:00Z',
  local: '1931-05-04 00:00:00.001',
};
type Kind = keyof typeof A;
const KINDS = Object.keys(A) as Kind[];
const NOTHING = Object.fromEntries(KINDS.map((kind) => [kind, null]));

/** Four values of a column; `gaps`: whether the writer's lists may hold nothing at a place. */
function expected(column: string, gaps: boolean): unknown[] {
  if (column === 'struct') return [A, B, NOTHING, null];
  if (column === 'deep') {
    const amounts = [A.amount, B.amount];
    return [[{ amounts }, { amounts: [] }], gaps ? [{ amounts: null }, null] : [{ amounts: null }], [], null];
  }
  const [shape, kind] = column.split('_') as [string, Kind];
  const [a, b] = [A[kind], B[kind]];
  if (shape === 'value') return [a, b, null, null];
  if (shape === 'list') return [[a, b], gaps ? [a, null] : [a], [], null];
  return [{ a, b }, { a: null }, {}, null];
}

const fixture = (writer: string): string =>
  fileURLToPath(new URL(`../fixtures/parquet/${writer}.parquet`, import.meta.url));

const processes = new ParquetProcesses();
afterAll(() => processes.close());
const openParquet = (path: string) => open(path, processes);

async function all(batches: RecordFile['batches']) {
  const rows: (readonly unknown[])[] = [];
  for await (const batch of batches) rows.push(...batch.map(({ values }) => values));
  return rows;
}

async function read(path: string) {
  const { header, limits, batches } = await openParquet(path);
  const rows = await all(batches);
  const unfit = [...(limits ?? [])].map(([name, { unfitFor }]) => [name, unfitFor]);
  return { unfit, columns: Object.fromEntries(header.map((name, at) => [name, rows.map((row) => row[at])])) };
}

test.each(WRITERS)('what %s writes by default is read digit by digit, however deep it lies', async (writer, count) => {
  const { columns, unfit } = await read(fixture(writer));
  const names = Object.keys(columns);
  expect(names).toHaveLength(count);
  const gaps = writer !== 'parquet-avro';
  expect(columns).toEqual(Object.fromEntries(names.map((name) => [name, expected(name, gaps)])));
  expect(unfit).toEqual([['value_local', 'instants']]);
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskgraph-parquet-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readBytes = (bytes: Uint8Array) => {
  const path = join(folder, 'file.parquet');
  writeFileSync(path, bytes);
  return read(path);
};

test('a text that the file holds once counts in each row that has it', async () => {
  const data = Array.from({ length: 70 }, () => 'x'.repeat(2 ** 20));
  const file = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'x', data, type: 'STRING' }] }));
  expect(file.length).toBeLessThan(2 ** 20);
  await expect(readBytes(file)).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'the file unpacks to more than 64 MiB and 200 times its size',
  });
});

test('INT96 is an instant where Spark wrote it, and the time of a local clock where another tool did', async () => {
  const bySpark = readFileSync(fixture('spark')).toString('latin1');
  const another = Buffer.from(bySpark.replaceAll('org.apache.spark.', 'org.apache.other.'), 'latin1');
  const { columns, unfit } = await readBytes(another);
  expect(columns.value_instant).toEqual(['2024-01-31 15:59:59.999', '1970-01-01 00:00:00', null, null]);
  expect(unfit).toContainEqual(['value_instant', 'instants']);
});

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const AMOUNTS = ['1234567890123456.78', '-1.15'];
const UNSCALED = [bytes(0x01, 0xb6, 0x9b, 0x4b, 0xa6, 0x30, 0xf3, 0x4e), bytes(0xff, 0x8d)];
const DECIMAL = { type: 'DECIMAL', scale: 2, precision: 18 } as const;
const timestamp = (unit: 'MILLIS' | 'MICROS' | 'NANOS', isAdjustedToUTC = true) =>
  ({ type: 'TIMESTAMP', isAdjustedToUTC, unit }) as const;

/** A column's type, values as they are stored, and values as they are read. Writers differ in which of the two annotations they leave out. */
const LAYOUTS: readonly [string, Omit<SchemaElement, 'name'>, readonly unknown[], readonly unknown[]][] = [
  [
    'bytes as DECIMAL, converted',
    { type: 'BYTE_ARRAY', converted_type: 'DECIMAL', scale: 2 },
    [123456789012345678n, -115n],
    AMOUNTS,
  ],
  ['bytes as DECIMAL, logical', { type: 'BYTE_ARRAY', logical_type: DECIMAL }, UNSCALED, AMOUNTS],
  ['INT64 as DECIMAL, logical', { type: 'INT64', logical_type: DECIMAL }, [123456789012345678n, -115n], AMOUNTS],
  [
    'INT32 as DECIMAL, logical',
    { type: 'INT32', logical_type: { ...DECIMAL, precision: 9 } },
    [7, -115],
    ['0.07', '-1.15'],
  ],
  ['INT32 as DECIMAL, scale 0', { type: 'INT32', converted_type: 'DECIMAL' }, [7, -115], ['7', '-115']],
  [
    'INT32 as DATE, logical',
    { type: 'INT32', logical_type: { type: 'DATE' } },
    [19782, -14122],
    ['2024-02-29', '1931-05-04'],
  ],
  [
    'a DATE without end',
    { type: 'INT32', converted_type: 'DATE' },
    [2147483647, 0],
    ['2147483647 days from 1970', '1970-01-01'],
  ],
  [
    'TIMESTAMP_MILLIS, converted',
    { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
    [1n, -1n],
    ['1970-01-01T00:00:00.001Z', '1969-12-31T23:59:59.999Z'],
  ],
  [
    'TIMESTAMP_MICROS, converted',
    { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
    [1n, -1n],
    ['1970-01-01T00:00:00.000001Z', '1969-12-31T23:59:59.999999Z'],
  ],
  [
    'TIMESTAMP, logical',
    { type: 'INT64', logical_type: timestamp('NANOS') },
    [1n, -1_000_000_000n],
    ['1970-01-01T00:00:00.000000001Z', '1969-12-31T23:59:59Z'],
  ],
  [
    'a TIMESTAMP without end',
    { type: 'INT64', logical_type: timestamp('MICROS') },
    [2n ** 63n - 1n, 0n],
    ['9223372036854775807 micros from 1970', '1970-01-01T00:00:00Z'],
  ],
  [
    'TIME',
    { type: 'INT64', logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' } },
    [0n, 86_399_999_999n],
    ['00:00:00', '23:59:59.999999'],
  ],
  ['TIME_MILLIS', { type: 'INT32', converted_type: 'TIME_MILLIS' }, [0, 3_600_001], ['00:00:00', '01:00:00.001']],
  ['UINT_64', { type: 'INT64', converted_type: 'UINT_64' }, [18446744073709551615n, 1n], [18446744073709551615n, 1n]],
  [
    'an unsigned INTEGER',
    { type: 'INT32', logical_type: { type: 'INTEGER', bitWidth: 32, isSigned: false } },
    [4294967295, 1],
    [4294967295, 1],
  ],
  [
    'bytes without a meaning',
    { type: 'BYTE_ARRAY' },
    [new TextEncoder().encode('武汉'), bytes(0xff)],
    ['武汉', '\uFFFD'],
  ],
  ['JSON', { type: 'BYTE_ARRAY', converted_type: 'JSON' }, [{ id: 1 }, []], ['{"id":1}', '[]']],
];

const written = (element: Omit<SchemaElement, 'name'>, data: readonly unknown[]): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 1 },
        { repetition_type: 'OPTIONAL', ...element, name: 'x' },
      ],
      columnData: [{ name: 'x', data: [...data] }],
    }),
  );

test.each(LAYOUTS)('%s is read exactly', async (_what, element, stored, values) => {
  expect((await readBytes(written(element, stored))).columns).toEqual({ x: values });
});

test.each<Omit<SchemaElement, 'name'>>([
  { type: 'BYTE_ARRAY', converted_type: 'BSON' },
  { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, converted_type: 'INTERVAL' },
  { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12 },
])('a column of $converted_type $type is not read, and says so before its rows come', async (element) => {
  const { columns, unfit } = await readBytes(written(element, [new Uint8Array(12), null]));
  expect(unfit).toEqual([['x', 'anything']]);
  expect(columns).toEqual({ x: [null, null] });
});

/** A block of no literals: pages of NULLs hold nothing else. */
const emptyBlock = (): Uint8Array => new Uint8Array([0]);

test('a page of NULLs that is compressed with LZ4 is read', async () => {
  const bytes = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'x', type: 'INT32', repetition_type: 'OPTIONAL' },
    ],
    columnData: [{ name: 'x', data: [null, null] }],
    codec: 'LZ4_RAW',
    compressors: { LZ4_RAW: emptyBlock },
  });
  expect((await readBytes(new Uint8Array(bytes))).columns).toEqual({ x: [null, null] });
});

const readOf = (element: Omit<SchemaElement, 'name'>, given: unknown): unknown => {
  const schema = [
    { name: 'root', num_children: 1 },
    { ...element, name: 'x' },
  ];
  const { columns } = readSchema({ schema, version: 1, num_rows: 1n, row_groups: [], metadata_length: 0 });
  return columns[0]?.plain(given);
};

test('a field that repeats, as protobuf writes it, is a list', () => {
  const element = { type: 'INT32', converted_type: 'DATE', repetition_type: 'REPEATED' } as const;
  expect(readOf(element, [0, 1])).toEqual(['1970-01-01', '1970-01-02']);
  expect(readOf(element, null)).toEqual([]);
});

test('a damaged page, of which fewer values come than there are rows, ends the reading', () => {
  const element = { type: 'INT32', repetition_type: 'OPTIONAL' } as const;
  expect(readOf(element, null)).toBeNull();
  expect(() => readOf(element, undefined)).toThrow("column 'x' of the Parquet file has fewer values than rows");
});

test('a file whose index at the end is larger than any needs to be is refused before it is read', async () => {
  const path = join(folder, 'footer.parquet');
  const end = Buffer.from('0000PAR1');
  const bytes = 17 * 2 ** 20;
  end.writeUInt32LE(bytes);
  writeFileSync(path, 'PAR1');
  truncateSync(path, bytes + 4);
  appendFileSync(path, end);
  for (const openEither of [openParquet, openParquetFile]) {
    await expect(openEither(path)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: 'the index at the end of the file is larger than 16 MiB',
    });
  }
});

/** A list of the compact protocol, whose length is only claimed. */
const claimed = (type: number, length: number): number[] => [0xf0 + type, ...varint(length)];

/** A file whose index has no columns, no groups, and a field more. */
function withField(name: string, field: Uint8Array, children = 0): string {
  const path = join(folder, name);
  const index = Buffer.concat([
    Buffer.from([0x29, 0x1c, 0x48, 1, 0x72, 0x15, 2 * children, 0, 0x16, 0, 0x19, 0x0c]),
    field,
    Buffer.alloc(1),
  ]);
  const end = Buffer.from('0000PAR1');
  end.writeUInt32LE(index.length);
  writeFileSync(path, Buffer.concat([Buffer.from('PAR1'), index, end]));
  return path;
}

test('an index that claims more than it has, or has more than any needs, is refused before room is made for it', async () => {
  const lists = Array.from({ length: 20 }, () => claimed(9, 30_000_000)).flat();
  const structs = 3_000_000;
  const refusals = [
    [withField('lists', Buffer.from([0x59, ...lists])), 'the file is not Parquet'],
    [
      withField('fields', Buffer.concat([Buffer.from([0x5c]), Buffer.alloc(1_000_000, 0x11), Buffer.alloc(1)])),
      'the file is not Parquet',
    ],
    [
      withField('number', Buffer.concat([Buffer.from([0x56]), Buffer.alloc(1_000_000, 0xff)])),
      'the file is not Parquet',
    ],
    [withField('depth', Buffer.alloc(1_000_000, 0x1c)), 'the file is not Parquet'],
    [
      withField('structs', Buffer.concat([Buffer.from([0x59, ...claimed(12, structs)]), Buffer.alloc(structs)])),
      'the index at the end of the file holds more than 2000000 values',
    ],
  ] as const;
  for (const [path, message] of refusals) {
    for (const openEither of [openParquet, openParquetFile])
      await expect(openEither(path)).rejects.toMatchObject({ message });
  }
  expect((await openParquet(withField('good', Buffer.from([0x56, 0])))).header).toEqual([]);
});

const withPage = (name: string, page: Uint8Array, file?: PageFile): string => {
  const path = join(folder, name);
  writeFileSync(path, fileOfPage(page, file));
  return path;
};

test('a page that claims more than it has is refused before room is made for it', async () => {
  const sizes = [0x15, 0, 0x15, 0, 0x15, 0];
  const encodings = [0x15, 0, 0x15, 6, 0x15, 6, 0];
  const refusals = [
    [
      [...sizes, 0x2c, 0x15, ...varint(2 ** 32 - 2), ...encodings, 0],
      'a row group of the file has more than 50000000 values',
    ],
    [
      [...sizes, 0x69, ...Array.from({ length: 20 }, () => claimed(9, 30_000_000)).flat(), 0],
      'rows 1 to 1 of the Parquet file cannot be read',
    ],
    // Without a size there would be no bound of what it unpacks to.
    [[0x15, 0, 0x25, 0, 0x2c, 0x15, 2, ...encodings, 0, 0], 'rows 1 to 1 of the Parquet file cannot be read'],
  ] as const;
  for (const [index, [page, message]] of refusals.entries()) {
    const { batches } = await openParquet(withPage(`page-${index}`, Uint8Array.from(page)));
    await expect(batches[Symbol.asyncIterator]().next()).rejects.toMatchObject({ message });
  }
});

test('groups that lie deep in each other, and a group without its children, are no Parquet', async () => {
  const group = { name: 'x', num_children: 1, repetition_type: 'REQUIRED' } as const;
  const leaf = { name: 'x', type: 'INT32', repetition_type: 'REQUIRED' } as const;
  const deep = withPage('deep', new Uint8Array(2), { schema: [...Array(500).fill(group), leaf] });
  for (const path of [deep, withField('children', new Uint8Array(), 3)]) {
    for (const openEither of [openParquet, openParquetFile]) {
      await expect(openEither(path)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: 'the file is not Parquet',
      });
    }
  }
});

test('a body that lies about itself ends the process that reads it at most, and the next file is read', async () => {
  const bounded = new ParquetProcesses({ heap: 40, memory: 1024, patienceMs: 60_000 });
  const ends = 'what it holds there ends the process that reads it, which may take 1024 MiB';
  try {
    const answers: unknown[] = [];
    for (const { name, bytes } of LYING_BODIES) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const answer = await all((await open(path, bounded)).batches).catch(({ code, message }: RiskgraphError) => [
        code,
        message,
      ]);
      answers.push([name, ...answer]);
    }
    expect(answers).toEqual(
      LYING_BODIES.map(({ name, isEndless }) => [
        name,
        'BAD_USER_INPUT',
        isEndless
          ? `the Parquet file cannot be read from row 1 on: ${ends}`
          : 'rows 1 to 1 of the Parquet file cannot be read',
      ]),
    );
    expect(await all((await open(fixture('pyarrow'), bounded)).batches)).toHaveLength(4);
  } finally {
    bounded.close();
  }
});

test('a body that takes longer to read than a row group may is given up', async () => {
  const hasty = new ParquetProcesses({ heap: 40, memory: 1024, patienceMs: 1 });
  const { batches } = await open(fixture('pyarrow'), hasty);
  await expect(all(batches)).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: 'the Parquet file cannot be read from row 1 on: what it holds there takes longer than 0.001 s',
  });
});

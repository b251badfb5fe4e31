import type { AsyncBuffer, Compressors, RowGroup } from 'hyparquet';
import { parquetRead } from 'hyparquet';
import { compressors, decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import { badInput, RiskgraphError } from '../core/errors.js';
import { Unpacked } from '../core/unpacked.js';
import { openFooter } from './parquet-footer.js';
import { valuesOfPages } from './parquet-pages.js';
import { type ParquetColumn, type ParquetSchema, readSchema } from './parquet-schema.js';
import type { ColumnLimit, FileFormat, FileRecord, RecordFile } from './records.js';

export const parquet: FileFormat = {
  name: 'parquet',
  contentTypes: ['application/vnd.apache.parquet'],
  suffixes: ['parquet'],
  open: async ({ spool }) => openParquet((await spool()).path),
};

/** A row group is read whole; a larger one would not fit beside the rest of the process. Bytes before compression. */
const MAX_ROW_GROUP = 256 * 2 ** 20;

/** Values of a row group that are held at once; a few bytes may say that a value is repeated any number of times. */
const MAX_GROUP_VALUES = 50_000_000;

const tooLarge = (message: string): RiskgraphError =>
  new RiskgraphError({
    code: 'PAYLOAD_TOO_LARGE',
    message,
    hint: 'nothing of the file was taken: write it with fewer rows a group, 100,000 for example',
  });

const groupTooLarge = () => tooLarge(`a row group of the file is larger than ${MAX_ROW_GROUP / 2 ** 20} MiB`);

const tooManyValues = () => tooLarge(`a row group of the file has more than ${MAX_GROUP_VALUES} values`);

/** The library takes the one byte that stands for nothing in LZ4, as of a page of NULLs, for damage. */
const decompress: Compressors = {
  ...compressors,
  LZ4: (input, length) => (length === 0 ? new Uint8Array() : decompressLz4(input, length)),
  LZ4_RAW: (input, length) => (length === 0 ? new Uint8Array() : decompressLz4Raw(input, length)),
};

/** For the pages of one row group: the sizes that the end of the file gives may be others than those that the pages give themselves. */
function boundedCompressors(): Compressors {
  let unpacked = 0;
  return Object.fromEntries(
    Object.entries(decompress).map(([codec, open]) => [
      codec,
      (input: Uint8Array, length: number) => {
        unpacked += length;
        if (unpacked > MAX_ROW_GROUP) throw groupTooLarge();
        return open(input, length);
      },
    ]),
  );
}

/** A Parquet file on disk, read row group by row group. BAD_USER_INPUT where it is none. */
export async function openParquet(path: string): Promise<RecordFile> {
  const { file, metadata } = await openFooter(path);
  if (metadata.row_groups.some((group) => bytesOf(group) > MAX_ROW_GROUP)) throw groupTooLarge();
  const schema = readSchema(metadata);
  if (metadata.row_groups.some((group) => valuesOf(group, schema) > MAX_GROUP_VALUES)) {
    throw tooManyValues();
  }
  return {
    header: schema.columns.map(({ name }) => name),
    limits: new Map(schema.columns.flatMap((column) => limitOf(column))),
    batches: rowGroups(file, schema),
  };
}

/** Columns may lie over each other in the file, and each is read for itself. */
const bytesOf = ({ total_byte_size, columns }: RowGroup): number =>
  Math.max(
    Number(total_byte_size),
    columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0), 0),
  );

/** Empty columns have values too; lists have more than rows. */
const valuesOf = ({ num_rows, columns }: RowGroup, schema: ParquetSchema): number =>
  Math.max(
    Number(num_rows) * schema.columns.length,
    columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.num_values ?? 0), 0),
  );

function limitOf({ name, zoneless, unreadable }: ParquetColumn): [string, ColumnLimit][] {
  if (unreadable !== null) {
    return [[name, { unfitFor: 'anything', what: `is ${unreadable}, which is not read`, instead: 'write it as text' }]];
  }
  if (!zoneless) return [];
  return [
    [
      name,
      {
        unfitFor: 'instants',
        what: 'holds times without a time zone',
        instead: `write it as UTC instants (isAdjustedToUTC), or name its zone in a mapping: toDateTime64(${name}, 3, 'Asia/Shanghai') AS ${name}`,
      },
    ],
  ];
}

async function* rowGroups(file: AsyncBuffer, schema: ParquetSchema): AsyncIterable<readonly FileRecord[]> {
  let rowStart = 0;
  const unpacked = new Unpacked(() => file.byteLength);
  for (const group of schema.metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await readRows({ file, schema, group, rowStart, rowEnd });
    for (let from = 0; from < rows.length; from += 1000) {
      unpacked.add(textBytes(rows.slice(from, from + 1000)));
      const firstLine = rowStart + from + 1;
      yield rows.slice(from, from + 1000).map((given, index) => {
        let at = 0;
        return {
          line: firstLine + index,
          raw: null,
          values: schema.columns.map(({ plain, unreadable }) => (unreadable === null ? plain(given[at++]) : null)),
        };
      });
    }
    rowStart = rowEnd;
  }
}

/** A value that a file holds once may stand in each of its rows. */
function textBytes(rows: readonly (readonly unknown[])[]): number {
  let bytes = 0;
  for (const row of rows) {
    for (const value of row) if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length;
  }
  return bytes;
}

interface Reading {
  readonly file: AsyncBuffer;
  readonly schema: ParquetSchema;
  readonly group: RowGroup;
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** Values of the readable columns, in their order. */
async function readRows({ file, schema, group, rowStart, rowEnd }: Reading): Promise<unknown[][]> {
  const { metadata } = schema;
  const readable = schema.columns.filter(({ unreadable }) => unreadable === null).map(({ name }) => name);
  let read: unknown[][] = [];
  try {
    if ((await valuesOfPages({ file, group, columns: readable })) > MAX_GROUP_VALUES) throw tooManyValues();
    await parquetRead({
      file,
      metadata,
      rowStart,
      rowEnd,
      columns: readable,
      compressors: boundedCompressors(),
      // What says that it is text comes as text; other bytes come as they are.
      utf8: false,
      // INT96 comes as nanoseconds.
      parsers: { timestampFromNanoseconds: (nanos) => nanos },
      onComplete: (rows) => {
        read = rows;
      },
    });
  } catch (cause) {
    if (cause instanceof RiskgraphError) throw cause;
    throw badInput(
      `rows ${rowStart + 1} to ${rowEnd} of the Parquet file cannot be read`,
      `write it with a common encoding and compression${cause instanceof RangeError ? ' and smaller row groups' : ''}`,
    );
  }
  return read;
}

import type { Compressors, RowGroup } from 'hyparquet';
import { parquetRead } from 'hyparquet';
import { compressors, decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import { badInput, RiskgraphError } from '../../core/errors.js';
import { Unpacked } from '../../core/unpacked.js';
import { checkGroupBytes, checkGroupValues, openFile, type ParquetFile } from './file.js';
import { valuesOfPages } from './pages.js';
import type { ParquetColumn } from './schema.js';

/** Rows that follow each other in the file, with their values in the order of its columns; null in a column that cannot be read. */
export interface RowBatch {
  /** Number of the first row, from 1. */
  readonly line: number;
  readonly rows: readonly (readonly unknown[])[];
}

const BATCH_ROWS = 1000;
/** Characters of a batch, about: rows of long texts come in smaller batches. */
const BATCH_TEXT = 4 * 2 ** 20;

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
        checkGroupBytes(unpacked);
        return open(input, length);
      },
    ]),
  );
}

/**
 * The rows of a Parquet file on disk, read row group by row group. A body that lies about itself may take any amount of memory or time: this
 * is for a process of its own, see processes.ts.
 * @throws BAD_USER_INPUT where a group cannot be read; PAYLOAD_TOO_LARGE
 */
export async function* readRows(path: string): AsyncGenerator<RowBatch> {
  const opened = await openFile(path);
  const { columns, metadata } = opened.schema;
  const unpacked = new Unpacked(() => opened.file.byteLength);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const stored = await readGroup(opened, { group, rowStart, rowEnd });
    let rows: (readonly unknown[])[] = [];
    let text = 0;
    let line = rowStart + 1;
    for (const given of stored) {
      const values = plainValues(columns, given, line + rows.length);
      const length = textOf(values);
      // A value that a file holds once may stand in each of its rows.
      unpacked.add(length);
      rows.push(values);
      text += length;
      if (rows.length < BATCH_ROWS && text < BATCH_TEXT) continue;
      yield { line, rows };
      line += rows.length;
      [rows, text] = [[], 0];
    }
    if (rows.length > 0) yield { line, rows };
    rowStart = rowEnd;
  }
}

function plainValues(columns: readonly ParquetColumn[], given: readonly unknown[], line: number): readonly unknown[] {
  try {
    let at = 0;
    return columns.map(({ plain, unreadable }) => (unreadable === null ? plain(given[at++]) : null));
  } catch (cause) {
    if (cause instanceof RiskgraphError) throw cause;
    throw badInput(`row ${line} of the Parquet file cannot be read`, 'the file is damaged: write it again');
  }
}

/** Characters and bytes of the texts of a value, however deep they lie. */
function textOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let length = 0;
  for (const each of Array.isArray(value) ? value : Object.values(value)) length += textOf(each);
  return length;
}

interface Group {
  readonly group: RowGroup;
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** Values of the readable columns, in their order. */
async function readGroup({ file, schema }: ParquetFile, { group, rowStart, rowEnd }: Group): Promise<unknown[][]> {
  const readable = schema.columns.filter(({ unreadable }) => unreadable === null).map(({ name }) => name);
  let read: unknown[][] = [];
  try {
    checkGroupValues(await valuesOfPages({ file, group, columns: readable }));
    await parquetRead({
      file,
      metadata: schema.metadata,
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

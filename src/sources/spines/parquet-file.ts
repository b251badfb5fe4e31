/** Parquet files, cut into files of some of their row groups: the bytes of the groups as they are, with an index of their own. */
import { open } from 'node:fs/promises';
import type { ColumnChunk, ColumnMetaData, FileMetaData, RowGroup } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { badInput } from '../../core/errors.js';
import { openFooter } from '../parquet/footer.js';
import { readSchema } from '../parquet/schema.js';
import type { ColumnLimit } from '../records.js';
import { DOCUMENT_BYTES, MOST_PART_BYTES, type RowDocument, type TypedFile, ZONELESS } from './documents.js';

const MAGIC = Buffer.from('PAR1');

/** Times of a clock, without a day. */
const CLOCKS = new Set(['TIME', 'TIME_MILLIS', 'TIME_MICROS']);

/** BAD_USER_INPUT where the file on disk is not Parquet. */
export async function openParquetFile(path: string): Promise<TypedFile> {
  const { metadata } = await openFooter(path);
  const { columns } = readSchema(metadata);
  const clocks = metadata.schema.filter(({ logical_type, converted_type }) =>
    CLOCKS.has(logical_type?.type ?? converted_type ?? ''),
  );
  const limits = new Map<string, ColumnLimit>([
    ...clocks.map(({ name }) => [name, unreadable('a time of a clock')] as const),
    ...columns.flatMap(({ name, zoneless, unreadable: what }) => {
      if (what !== null) return [[name, unreadable(what)] as const];
      return zoneless ? [[name, ZONELESS] as const] : [];
    }),
  ]);
  return {
    format: 'Parquet',
    columns: columns.map(({ name }) => name),
    schema: document([], metadata),
    limits,
    empty: new Set(),
    documents: documents(path, metadata),
  };
}

const unreadable = (what: string): ColumnLimit => ({
  unfitFor: 'anything',
  what: `is ${what}, which is not read`,
  instead: 'write it as text',
});

/** The place of a group's bytes in the file. */
function placeOf(group: RowGroup): { readonly from: number; readonly to: number } {
  const places = group.columns.map((column) => {
    const data = dataOf(column);
    // Some writers give 0 where there is no dictionary.
    const from = Number(data.dictionary_page_offset || data.data_page_offset);
    return { from, to: from + Number(data.total_compressed_size) };
  });
  return { from: Math.min(...places.map(({ from }) => from)), to: Math.max(...places.map(({ to }) => to)) };
}

function dataOf({ meta_data: data, file_path: path }: ColumnChunk): ColumnMetaData {
  if (data && !path) return data;
  throw badInput('the Parquet file keeps columns elsewhere, or encrypts them', 'write it as one file, in clear');
}

interface Part {
  readonly group: RowGroup;
  readonly bytes: Buffer;
  /** Where the bytes were in the file. */
  readonly from: number;
}

async function* documents(path: string, metadata: FileMetaData): AsyncIterable<RowDocument> {
  const file = await open(path, 'r');
  try {
    let parts: Part[] = [];
    let size = 0;
    const made = (): RowDocument => {
      const rows = parts.reduce((sum, { group }) => sum + Number(group.num_rows), 0);
      const bytes = document(parts, metadata);
      [parts, size] = [[], 0];
      return { rows, bytes };
    };
    for (const group of metadata.row_groups) {
      if (Number(group.num_rows) === 0) continue;
      const { from, to } = placeOf(group);
      if (!(to - from <= MOST_PART_BYTES)) {
        throw badInput(
          `a row group of the file is larger than ${MOST_PART_BYTES / 2 ** 20} MiB`,
          'write the file with fewer rows a group, 100,000 for example',
        );
      }
      const bytes = Buffer.alloc(to - from);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
      if (bytesRead < bytes.length) throw badInput('the Parquet file breaks off', 'send the whole file');
      parts.push({ group, bytes, from });
      size += bytes.length;
      if (size >= DOCUMENT_BYTES) yield made();
    }
    if (parts.length > 0) yield made();
  } finally {
    await file.close();
  }
}

/** A file of these groups alone. What the store can do without, statistics and indexes, is left out: it points into the old file. */
function document(parts: readonly Part[], metadata: FileMetaData): Buffer {
  let at = MAGIC.length;
  const groups = parts.map(({ group, bytes, from }): RowGroup => {
    const moved = BigInt(at - from);
    at += bytes.length;
    return { ...group, columns: group.columns.map((column) => movedColumn(column, moved)), file_offset: undefined };
  });
  const writer = new ByteWriter();
  const rows = parts.reduce((sum, { group }) => sum + group.num_rows, 0n);
  writeMetadata(writer, { ...metadata, num_rows: rows, row_groups: groups, key_value_metadata: undefined });
  return Buffer.concat([MAGIC, ...parts.map(({ bytes }) => bytes), writer.getBytes(), MAGIC]);
}

function movedColumn(column: ColumnChunk, moved: bigint): ColumnChunk {
  const {
    type,
    encodings,
    path_in_schema,
    codec,
    num_values,
    total_uncompressed_size,
    total_compressed_size,
    ...data
  } = dataOf(column);
  const dictionary = data.dictionary_page_offset || undefined;
  return {
    file_offset: column.file_offset + moved,
    meta_data: {
      type,
      encodings,
      path_in_schema,
      codec,
      num_values,
      total_uncompressed_size,
      total_compressed_size,
      data_page_offset: data.data_page_offset + moved,
      ...(dictionary !== undefined && { dictionary_page_offset: dictionary + moved }),
    },
  };
}

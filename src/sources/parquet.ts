import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { badInput } from '../core/errors.js';
import type { FileFormat, FileRecord, RecordFile } from './records.js';

export const parquet: FileFormat = {
  name: 'parquet',
  contentTypes: ['application/vnd.apache.parquet'],
  suffixes: ['parquet'],
  open: async ({ spool }) => openParquet((await spool()).path),
};

/** A row group is read whole; a larger one would not fit beside the rest of the process. Bytes before compression. */
const MAX_ROW_GROUP = 256 * 2 ** 20;

/** A Parquet file on disk, read row group by row group. BAD_USER_INPUT where it is none, or where an instant has no zone. */
export async function openParquet(path: string): Promise<RecordFile> {
  let file: AsyncBuffer;
  let metadata: FileMetaData;
  try {
    file = await asyncBufferFromFile(path);
    metadata = await parquetMetadataAsync(file);
  } catch {
    throw badInput('the file is not Parquet', 'check the content type, and that the whole file was sent');
  }
  const columns = topColumns(metadata);
  checkColumns(columns, metadata);
  const scales = columns.map(exactScale);
  return { header: columns.map(({ name }) => name), batches: rowGroups({ file, metadata, scales }) };
}

/** The first level of the schema, which lists its nodes depth first. */
function topColumns({ schema }: FileMetaData): SchemaElement[] {
  const columns: SchemaElement[] = [];
  let at = 1;
  const skip = (): void => {
    const children = schema[at++]?.num_children ?? 0;
    for (let child = 0; child < children; child++) skip();
  };
  while (at < schema.length) {
    columns.push(schema[at] as SchemaElement);
    skip();
  }
  return columns;
}

function checkColumns(columns: readonly SchemaElement[], metadata: FileMetaData): void {
  const zoneless = columns.filter(({ logical_type: type }) => type?.type === 'TIMESTAMP' && !type.isAdjustedToUTC);
  if (zoneless.length > 0) {
    throw badInput(
      `timestamps without a time zone: ${zoneless.map(({ name }) => `'${name}'`).join(', ')}`,
      'write these columns as UTC instants (isAdjustedToUTC), or as text with a zone',
    );
  }
  if (metadata.row_groups.some((group) => group.total_byte_size > MAX_ROW_GROUP)) {
    throw badInput(
      `a row group of the file is larger than ${MAX_ROW_GROUP / 2 ** 20} MiB`,
      'write the file with fewer rows a group, 100,000 for example',
    );
  }
}

/**
 * Decimals would come as doubles. Without its decimal type a column comes as the integers or bytes that are stored, from which the digits
 * are made here; null for columns that are read as they are.
 */
function exactScale(element: SchemaElement): number | null {
  const isDecimal = element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL';
  if (!isDecimal || element.type === 'BYTE_ARRAY') return null;
  delete element.converted_type;
  delete element.logical_type;
  return element.scale ?? 0;
}

interface Reading {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly scales: readonly (number | null)[];
}

async function* rowGroups({ file, metadata, scales }: Reading): AsyncIterable<readonly FileRecord[]> {
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await readRows({ file, metadata, rowStart, rowEnd });
    for (let from = 0; from < rows.length; from += 1000) {
      const firstLine = rowStart + from + 1;
      yield rows.slice(from, from + 1000).map((values, index) => ({
        line: firstLine + index,
        raw: null,
        values: values.map((value, column) => plain(value, scales[column] ?? null)),
      }));
    }
    rowStart = rowEnd;
  }
}

async function readRows(options: {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly rowStart: number;
  readonly rowEnd: number;
}): Promise<unknown[][]> {
  let read: unknown[][] = [];
  try {
    await parquetRead({
      ...options,
      compressors,
      // Days as text: as a Date they would look like instants.
      parsers: { dateFromDays: (days) => (days === null || days === undefined ? null : dayText(days)) },
      onComplete: (rows) => {
        read = rows;
      },
    });
  } catch (cause) {
    throw badInput(
      `rows ${options.rowStart + 1} to ${options.rowEnd} of the Parquet file cannot be read`,
      `write it with a common encoding and compression${cause instanceof RangeError ? ' and smaller row groups' : ''}`,
    );
  }
  return read;
}

const dayText = (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10);

function plain(value: unknown, scale: number | null): unknown {
  if (scale === null || value === null || value === undefined) return value;
  return decimalText(value instanceof Uint8Array ? twosComplement(value) : BigInt(value as number | bigint), scale);
}

const twosComplement = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`;
}

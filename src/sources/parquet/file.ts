import type { AsyncBuffer, RowGroup } from 'hyparquet';
import { tooLarge } from '../../core/errors.js';
import { openFooter } from './footer.js';
import { type ParquetSchema, readSchema } from './schema.js';

/** A row group is read whole; a larger one would not fit beside the rest of the process. Bytes before compression. */
const MAX_ROW_GROUP = 256 * 2 ** 20;

/** Values of a row group that are held at once; a few bytes may say that a value is repeated any number of times. */
const MAX_GROUP_VALUES = 50_000_000;

const SMALLER_GROUPS = 'nothing of the file was taken: write it with fewer rows a group, 100,000 for example';

/** @throws PAYLOAD_TOO_LARGE */
export function checkGroupBytes(bytes: number): void {
  if (bytes <= MAX_ROW_GROUP) return;
  throw tooLarge(`a row group of the file is larger than ${MAX_ROW_GROUP / 2 ** 20} MiB`, SMALLER_GROUPS);
}

/** @throws PAYLOAD_TOO_LARGE */
export function checkGroupValues(values: number): void {
  if (values <= MAX_GROUP_VALUES) return;
  throw tooLarge(`a row group of the file has more than ${MAX_GROUP_VALUES} values`, SMALLER_GROUPS);
}

export interface ParquetFile {
  readonly file: AsyncBuffer;
  readonly schema: ParquetSchema;
}

/**
 * Opens a Parquet file on disk by its index, and reads no row.
 * @throws BAD_USER_INPUT where it is no Parquet file; PAYLOAD_TOO_LARGE where its index, or a row group by what the index says of it, is too large
 */
export async function openFile(path: string): Promise<ParquetFile> {
  const { file, metadata } = await openFooter(path);
  const schema = readSchema(metadata);
  for (const group of metadata.row_groups) {
    checkGroupBytes(bytesOf(group));
    checkGroupValues(valuesOf(group, schema));
  }
  return { file, schema };
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

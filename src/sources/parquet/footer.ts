import { open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { badInput, type RiskgraphError, tooLarge } from '../../core/errors.js';
import { ThriftWalk, TooManyValues } from './thrift-walk.js';

/** Of the index at the end of a file, which is read whole and takes ten times as much once it is read. */
const MOST_FOOTER = 16 * 2 ** 20;

/** A column has about forty values in each row group: fifty thousand of these fit. Read they take 200 MiB and a second or two. */
const MOST_VALUES = 2_000_000;

/** Groups in each other. */
const MOST_LEVELS = 32;

/** The length of the index in 4 bytes, and the mark of the format. */
const END = 8;

/**
 * Opens a Parquet file on disk by the index at its end.
 * @throws BAD_USER_INPUT where it is no Parquet file; PAYLOAD_TOO_LARGE where its index is larger than any that a file needs
 */
export async function openFooter(
  path: string,
): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> {
  const bytes = await footerBytes(path);
  if (bytes > MOST_FOOTER) throw indexTooLarge(`is larger than ${MOST_FOOTER / 2 ** 20} MiB`);
  try {
    const file = await asyncBufferFromFile(path);
    const index = new Uint8Array(await file.slice(file.byteLength - END - bytes, file.byteLength - END));
    new ThriftWalk(index, 0, MOST_VALUES).struct();
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    refuseDeepGroups(metadata.schema);
    return { file, metadata };
  } catch (cause) {
    if (cause instanceof TooManyValues) throw indexTooLarge(`holds more than ${MOST_VALUES} values`);
    throw badInput('the file is not Parquet', 'check the content type, and that the whole file was sent');
  }
}

const indexTooLarge = (how: string): RiskgraphError =>
  tooLarge(
    `the index at the end of the file ${how}`,
    'nothing of the file was taken: write it with fewer row groups and columns, or as several files',
  );

/** The schema is a list in which each group says how many of the elements after it are its children; the library reads it group in group. */
function refuseDeepGroups(schema: readonly SchemaElement[]): void {
  // How many children of each open group are to come.
  const open = [1];
  for (const { num_children } of schema) {
    while (open.at(-1) === 0) open.pop();
    const left = open.pop();
    if (left === undefined) return;
    if (open.length >= MOST_LEVELS) throw new RangeError('groups lie too deep in each other');
    open.push(left - 1, Math.max(0, num_children ?? 0));
  }
  if (open.some((left) => left > 0)) throw new RangeError('a group has fewer children than it says');
}

/** As the end of the file says; 0 for a file that is too short to have one. */
async function footerBytes(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < END) return 0;
    const { buffer } = await file.read(Buffer.alloc(END), 0, END, size - END);
    const bytes = buffer.readUInt32LE(0);
    // What says more than there is was cut off, and is refused as no Parquet.
    return bytes > size ? 0 : bytes;
  } finally {
    await file.close();
  }
}

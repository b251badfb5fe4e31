import { open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { badInput, tooLarge } from '../core/errors.js';

/** Of the index at the end of a file, which is read whole and takes ten times as much once it is read. A hundred thousand groups fit. */
const MOST_FOOTER = 64 * 2 ** 20;

/** The length of the index in 4 bytes, and the mark of the format. */
const END = 8;

/**
 * Opens a Parquet file on disk by the index at its end.
 * @throws BAD_USER_INPUT where it is no Parquet file; PAYLOAD_TOO_LARGE where its index is larger than any that a file of ours needs
 */
export async function openFooter(
  path: string,
): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> {
  if ((await footerBytes(path)) > MOST_FOOTER) {
    throw tooLarge(
      `the index at the end of the file is larger than ${MOST_FOOTER / 2 ** 20} MiB`,
      'nothing of the file was taken: write it with fewer row groups and columns, or as several files',
    );
  }
  try {
    const file = await asyncBufferFromFile(path);
    return { file, metadata: await parquetMetadataAsync(file, { geoparquet: false }) };
  } catch {
    throw badInput('the file is not Parquet', 'check the content type, and that the whole file was sent');
  }
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

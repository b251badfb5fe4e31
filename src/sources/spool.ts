import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Spooled } from '../core/ports/sources.js';

/** Puts a body into a file of its own, for formats and steps that cannot read it front to back. Readable by us alone. */
export async function spool(body: AsyncIterable<Uint8Array>, directory: string): Promise<Spooled> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `import-${randomUUID()}`);
  const remove = () => rm(path, { force: true });
  try {
    await pipeline(Readable.from(body), createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  } catch (cause) {
    await remove();
    throw cause;
  }
  return { path, read: () => createReadStream(path), remove };
}

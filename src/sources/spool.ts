import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { repeat } from '../core/async.js';
import { MINUTE } from '../core/helpers/time.js';
import type { Spooled } from '../core/ports/sources.js';

const PREFIX = 'import-';
/** A process that works marks its files each minute; one that was killed does not. */
const LEFT_AFTER = 10 * MINUTE;
const MODE = 0o600;

/** Puts a body into a file of its own, for formats and steps that cannot read it front to back. Readable by us alone. */
export async function spool(body: AsyncIterable<Uint8Array>, directory: string): Promise<Spooled> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${PREFIX}${randomUUID()}`);
  const file = await open(path, 'wx', MODE);
  // Changes the time of the last change by the clock of the disk, which several machines may share.
  const marked = repeat(() => chmod(path, MODE), { everyMs: MINUTE, onError: () => undefined });
  const remove = async (): Promise<void> => {
    await marked.stop();
    await rm(path, { force: true });
  };
  try {
    // No import fails since another's file cannot be removed.
    await removeLeft(directory, (await file.stat()).ctimeMs).catch(() => undefined);
    await pipeline(Readable.from(body), file.createWriteStream());
  } catch (cause) {
    await file.close();
    await remove();
    throw cause;
  }
  return { path, read: () => createReadStream(path), remove };
}

/** Removes the files of imports that were killed. Those of another process that works on the same folder stay. */
export async function removeLeft(directory: string, now: number): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const path = join(directory, name);
    const changed = await stat(path).then(
      ({ ctimeMs }) => ctimeMs,
      () => now,
    );
    if (now - changed > LEFT_AFTER) await rm(path, { force: true });
  }
}

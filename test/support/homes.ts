/** Temporary state folders of tests. */
import { readFileSync, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../src/core/ports/process.js';

const PREFIX = 'riskgraph-test-';
const MEMORY = '/dev/shm';
/** Several times what the stores of all workers hold. */
const ROOM_BYTES = 4 * 2 ** 30;

/** A part of a table is a few files: a disk's file system takes half as long again to make and drop them. */
function folderInMemory(): string | undefined {
  try {
    // A container gives it little room, or lets no program run from it.
    const options = new RegExp(`^tmpfs ${MEMORY} tmpfs (\\S+)`, 'm').exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
    const { bavail, bsize } = statfsSync(MEMORY);
    const isFit = options?.split(',').includes('rw') && !options.includes('noexec');
    return isFit && Math.min(bavail * bsize, process.availableMemory() / 2) > ROOM_BYTES ? MEMORY : undefined;
  } catch {
    return undefined;
  }
}

/** Where state folders lie: in memory, or where a machine has no room for them there, in its temporary folder. */
export const HOMES = folderInMemory() ?? tmpdir();

/** A fresh folder of mode 700; its name says whose it is, so that a later run finds what a killed one left behind. */
export const freshHome = (): Promise<string> => mkdtemp(join(HOMES, `${PREFIX}${process.pid}-`));

/** The process that made a folder of this name; undefined where it is no test's. */
export function makerOf(folder: string): number | undefined {
  const pid = folder.startsWith(PREFIX) ? Number.parseInt(folder.slice(PREFIX.length), 10) : Number.NaN;
  return Number.isNaN(pid) ? undefined : pid;
}

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => console.error(message, fields),
};

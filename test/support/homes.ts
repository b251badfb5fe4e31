/** Temporary state folders of tests. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../src/core/ports/process.js';

const PREFIX = 'riskgraph-test-';

/** A fresh folder of mode 700; its name says whose it is, so that a later run finds what a killed one left behind. */
export const freshHome = (): Promise<string> => mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));

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

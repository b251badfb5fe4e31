/** Temporary state folders of tests. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../src/core/ports.js';

/** By it a later run finds what a killed run left behind. */
export const TEST_HOME_PREFIX = 'riskgraph-test-';

/** A fresh folder of mode 700. */
export const freshHome = (): Promise<string> => mkdtemp(join(tmpdir(), TEST_HOME_PREFIX));

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => console.error(message, fields),
};

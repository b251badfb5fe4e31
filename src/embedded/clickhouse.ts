/** Starts the ClickHouse child and waits until it answers. */
import { randomBytes } from 'node:crypto';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RiskgraphError } from '../core/errors.js';
import { startChild, storeEnvironment, waitReady } from './child.js';
import type { ChildMessage, ChildOptions } from './clickhouse-child.js';
import type { Home } from './home.js';
import type { RunningStore } from './redis.js';

export interface ClickHouseTuning {
  /** Queries that run side by side; each connection runs one. */
  readonly connections?: number;
  /** Ceiling of one query's memory, in bytes. */
  readonly maxMemoryUsage?: number;
  /** Ceiling of one query's time where the request names none, in seconds. */
  readonly maxExecutionTime?: number;
  /** Ceiling of one INSERT's data, in bytes. */
  readonly maxBodyBytes?: number;
  /** Settings of a statement where the request names none. */
  readonly settings?: Readonly<Record<string, string>>;
}

const DATABASE = 'riskgraph';
const USER = 'riskgraph';
const READY_TIMEOUT_MS = 120_000;
const GRACE_MS = 30_000;

/** A container's limit where there is one, else the machine's memory. */
const memoryBytes = (): number => {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
};

/** Flags that run a TypeScript file in a fresh Node process, as ours runs. */
export const typescriptFlags = (): string[] => ['--import', new URL('../../bin/typescript.js', import.meta.url).href];

/** @returns `url` carries a password made for this start and the database */
export async function startClickHouse(
  home: Home,
  abandoned: AbortSignal,
  tuning: ClickHouseTuning = {},
): Promise<RunningStore> {
  const password = randomBytes(24).toString('base64url');
  const options: ChildOptions = {
    data: join(home.path, 'clickhouse'),
    spool: join(home.path, 'clickhouse-spool'),
    user: USER,
    password,
    database: DATABASE,
    connections: tuning.connections ?? 8,
    maxBodyBytes: tuning.maxBodyBytes ?? 256 * 2 ** 20,
    graceMs: GRACE_MS,
    defaultSettings: {
      ...tuning.settings,
      max_execution_time: String(tuning.maxExecutionTime ?? 600),
      // Leaves room for the merges, for Postgres and Redis, and for our own processes beside it.
      max_memory_usage: String(tuning.maxMemoryUsage ?? Math.max(2 ** 30, Math.floor(memoryBytes() * 0.4))),
    },
  };
  const entry = fileURLToPath(new URL('./clickhouse-child.ts', import.meta.url));
  const child = await startChild(home, {
    name: 'clickhouse',
    command: process.execPath,
    args: [...typescriptFlags(), entry],
    // A query holds a libuv thread while it runs; the default of four would make queries wait for each other.
    env: storeEnvironment({ UV_THREADPOOL_SIZE: '16', TZ: 'UTC' }),
    cwd: home.path,
    stopSignal: 'SIGTERM',
    ipc: true,
  });
  let message: ChildMessage | undefined;
  child.process.once('message', (received: ChildMessage) => {
    message = received;
  });
  child.process.send(options);
  await waitReady(child, async () => message !== undefined, READY_TIMEOUT_MS, abandoned);
  if (!message || 'error' in message) {
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: `the embedded ClickHouse did not start: ${message?.error}`,
      hint: 'see log/clickhouse.log in the state folder; a data folder is used by one process at a time',
    });
  }
  return {
    child,
    url: `http://${USER}:${password}@127.0.0.1:${message.port}/${DATABASE}`,
    close: async (graceMs = GRACE_MS + 10_000) => void (await child.stop(graceMs)),
  };
}

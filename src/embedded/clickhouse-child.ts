/**
 * The ClickHouse child process: the engine behind a loopback port that the system chooses. Its parent sends the options
 * as the first message, gets `{ port }` or `{ error }` back, and ends it by SIGTERM or by going away.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNative } from './chdb-native.js';
import { ConnectionPool } from './clickhouse-pool.js';
import { Runner } from './clickhouse-run.js';
import { createClickHouseServer } from './clickhouse-server.js';

export interface ChildOptions {
  readonly data: string;
  readonly spool: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly connections: number;
  readonly maxBodyBytes: number;
  readonly defaultSettings: Readonly<Record<string, string>>;
  /** How long running queries may go on after SIGTERM, in ms. */
  readonly graceMs: number;
}

export type ChildMessage = { readonly port: number } | { readonly error: string };

async function serve(options: ChildOptions): Promise<void> {
  await mkdir(options.spool, { recursive: true, mode: 0o700 });
  // What a killed run left behind.
  for (const name of await readdir(options.spool)) await rm(join(options.spool, name), { force: true });
  const native = loadNative();
  const pool = new ConnectionPool(native, options.data, options.connections);
  const first = await pool.acquire({ database: 'default', settings: {} }, new AbortController().signal);
  // The engine's own default database is an overlay: refreshable views and EXCHANGE need an Atomic one.
  const create = `CREATE DATABASE IF NOT EXISTS \`${options.database}\` ENGINE = Atomic`;
  await native.QueryAsyncConnection(first.connection, create, 'Null');
  first.release();
  const runner = new Runner(native, options.spool, options.maxBodyBytes);
  const server = createClickHouseServer(pool, runner, options);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    server.close();
    server.closeIdleConnections();
    const deadline = performance.now() + options.graceMs;
    while (pool.busy > 0 && performance.now() < deadline) await sleep(20);
    server.closeAllConnections();
    // Closing under a running query would abort the engine; acknowledged data are on disk either way.
    if (pool.busy === 0) pool.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void close());
  process.on('SIGINT', () => void close());
  process.on('disconnect', () => void close());
  send({ port: (server.address() as AddressInfo).port });
}

const send = (message: ChildMessage): void => void process.send?.(message);

process.once('message', (options: ChildOptions) => {
  serve(options).catch((cause: Error) => {
    send({ error: cause.message });
    process.exit(1);
  });
});

/**
 * Real stores for tests. Postgres is shared by the suite and ClickHouse by a worker, so each test file takes a database of its own;
 * a Redis starts in a few milliseconds, so each caller gets a whole server and may flush or kill it.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import pg from 'pg';
import { startEmbedded } from '../../src/embedded/index.js';
import { freshHome, quietLog } from './homes.js';

export interface FreshStore {
  readonly url: string;
  /** Drops what was made. */
  close(): Promise<void>;
}

/** The suite's Postgres, or the ClickHouse of this worker. */
const shared = async (store: 'postgres' | 'clickhouse'): Promise<string> => {
  // Loaded by those who ask alone: programs that tests start share this file.
  const { inject } = await import('vitest');
  const number = store === 'clickhouse' ? (process.env.VITEST_POOL_ID ?? '1') : '1';
  const answer = await fetch(`${inject('storesAt')}/${store}-${number}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the ${store} of the tests did not start: ${text}`);
  return text;
};

const freshName = (): string => `t_${randomUUID().replaceAll('-', '')}`;

const withDatabase = (url: string, database: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
};

const runPostgres = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

/** An empty Postgres database. */
export async function freshPostgresDatabase(): Promise<FreshStore> {
  const server = await shared('postgres');
  const name = freshName();
  await runPostgres(server, `CREATE DATABASE ${name}`);
  return { url: withDatabase(server, name), close: () => runPostgres(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

const runClickHouse = async (url: string, query: string): Promise<void> => {
  // A server with much to do for other test files is slow and not away.
  const client = createClient({ url, request_timeout: 170_000, log: { level: ClickHouseLogLevel.OFF } });
  try {
    await client.command({ query });
  } finally {
    await client.close();
  }
};

/** An empty ClickHouse database; `createClient({ url })` uses it. */
export async function freshClickHouseDatabase(): Promise<FreshStore & { readonly database: string }> {
  const server = await shared('clickhouse');
  const database = freshName();
  await runClickHouse(server, `CREATE DATABASE ${database} ENGINE = Atomic`);
  return {
    url: withDatabase(server, database),
    database,
    close: () => runClickHouse(server, `DROP DATABASE ${database} SYNC`),
  };
}

/** A Redis server of its own; `new Redis(url)` of ioredis takes the URL, which is a socket's path. */
export async function freshRedis(): Promise<FreshStore> {
  const home = await freshHome();
  const need = { postgres: false, redis: true, clickhouse: false };
  const stores = await startEmbedded({ home, need, log: quietLog });
  return {
    url: stores.urls.redisUrl as string,
    async close() {
      await stores.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export interface FreshStores {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly clickhouseUrl: string;
  close(): Promise<void>;
}

/** All three at once. */
export async function startStores(): Promise<FreshStores> {
  const [postgres, redis, clickhouse] = await Promise.all([
    freshPostgresDatabase(),
    freshRedis(),
    freshClickHouseDatabase(),
  ]);
  return {
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    clickhouseUrl: clickhouse.url,
    close: async () => void (await Promise.all([postgres.close(), redis.close(), clickhouse.close()])),
  };
}

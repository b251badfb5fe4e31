/** The real app on stores of its own, served over HTTP, with one key a role. */
import { rm } from 'node:fs/promises';
import { type App, createApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { ROLES, type Role } from '../../src/core/ports/access.js';
import type { Clock } from '../../src/core/ports/process.js';
import { createHttpServer, type HttpOptions } from '../../src/http/http-server.js';
import { registerImportRoutes } from '../../src/http/import.routes.js';
import { type GivenKey, openKeyRing } from '../../src/http/keys.js';
import { parseRateLimits } from '../../src/http/rate-limit.js';
import { freshHome } from './homes.js';
import { migratedClickHouseDatabase } from './migrated.js';
import { FIXTURE_ROOT } from './registries.js';
import { type FreshStore, freshPostgresDatabase, freshRedis } from './stores.js';

export const keyOf = (role: Role): string => `the-key-of-role-${role}`.padEnd(24, '-');

/** One a role. */
export const TEST_KEYS = ROLES.map((role) => ({ role, name: role, key: keyOf(role) }));

export interface GraphqlAnswer<T = Record<string, unknown>> {
  readonly status: number;
  readonly data: T | null;
  readonly errors: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly hint: string; readonly requestId: string };
  }[];
}

export interface Api {
  readonly app: App;
  readonly url: string;
  /** One operation as a role; null sends no key. */
  graphql<T = Record<string, unknown>>(
    role: Role | null,
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<GraphqlAnswer<T>>;
  /** Any request as a role. */
  fetch(role: Role | null, path: string, init?: RequestInit): Promise<Response>;
  /** Until a job is over, however it ends, as the queue tells it. */
  jobEnded(id: string): Promise<void>;
  /** Takes a store away while the API serves. */
  lose(store: 'postgres' | 'redis'): Promise<void>;
  close(): Promise<void>;
}

/** What outlives an API: of the caller's, another API starts on them as the server does after a restart. */
export interface ApiStores {
  readonly postgres: FreshStore;
  readonly redis: FreshStore;
  readonly clickhouse: FreshStore & { readonly database: string };
  readonly home: string;
}

export async function freshApiStores(): Promise<ApiStores> {
  const [postgres, redis, clickhouse, home] = await Promise.all([
    freshPostgresDatabase(),
    freshRedis(),
    migratedClickHouseDatabase(),
    freshHome(),
  ]);
  return { postgres, redis, clickhouse, home };
}

export async function closeApiStores({ home, ...stores }: ApiStores): Promise<void> {
  for (const store of Object.values(stores)) await store.close();
  await rm(home, { recursive: true, force: true });
}

export interface ApiOptions {
  /** The caller's to close; stores of its own where absent. */
  readonly stores?: ApiStores;
  readonly clock?: Clock;
  readonly rateLimits?: string;
  readonly decisionDeadlineMs?: number;
  readonly definitions?: string;
  /** Beside those of every role. */
  readonly keys?: readonly GivenKey[];
  /** Replaces parts of what is served: a store that is down, for example. */
  readonly http?: (app: App) => Partial<HttpOptions>;
}

export async function startApi(options: ApiOptions = {}): Promise<Api> {
  const { postgres, redis, clickhouse, home } = options.stores ?? (await freshApiStores());
  const left = new Map(Object.entries({ postgres, redis, clickhouse }));
  const lose = async (store: string): Promise<void> => {
    const lost = left.get(store);
    left.delete(store);
    await lost?.close();
  };
  const config = loadConfig({
    RISKGRAPH_HOME: home,
    POSTGRES_URL: postgres.url,
    REDIS_URL: redis.url,
    CLICKHOUSE_URL: clickhouse.url,
    RISKGRAPH_LOG_LEVEL: 'error',
    // A machine with much to do answers late, and no test but that of deadlines is about it.
    RISKGRAPH_DEADLINE_MS: String(options.decisionDeadlineMs ?? 120_000),
  });
  const app = await createApp(config, {
    definitions: options.definitions ?? FIXTURE_ROOT,
    clickhouseDatabase: clickhouse.database,
    ...(options.clock ? { clock: options.clock } : {}),
  });
  const { services, telemetry } = app;
  const { log, metrics, metricsText } = telemetry;
  const { now } = services.api;
  const server = await createHttpServer({
    services: services.api,
    keys: await openKeyRing({ given: [...TEST_KEYS, ...(options.keys ?? [])], home, store: services.keys, now, log }),
    health: { stores: services.stores, worker: () => services.queue.workerHealth(), loss: services.contentLost },
    log,
    metrics,
    metricsText,
    rateLimits: parseRateLimits(options.rateLimits ?? 'none'),
    rateCount: services.rateCount,
    decisionDeadlineMs: config.decisionDeadlineMs,
    idleBodySeconds: config.idleBodySeconds,
    registerImports: (http) =>
      registerImportRoutes(http, {
        tables: app.registry.tables,
        sources: services.sources,
        completeness: services.api.completeness,
        now,
      }),
    ...options.http?.(app),
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });

  const send = (role: Role | null, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, url), {
      ...init,
      headers: { ...init.headers, ...(role ? { authorization: `Bearer ${keyOf(role)}` } : {}) },
    });

  return {
    app,
    url,
    fetch: send,
    async jobEnded(id) {
      for await (const _ of app.services.queue.watch(id, new AbortController().signal));
    },
    lose,
    async graphql<T>(role: Role | null, query: string, variables = {}, headers = {}) {
      const response = await send(role, '/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      const body = (await response.json()) as { data?: T; errors?: GraphqlAnswer['errors'] };
      return { status: response.status, data: body.data ?? null, errors: body.errors ?? [] };
    },
    async close() {
      await server.close();
      await app.close();
      if (options.stores) return;
      for (const store of [...left.keys()]) await lose(store);
      await rm(home, { recursive: true, force: true });
    },
  };
}

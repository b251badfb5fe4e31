import { join } from 'node:path';
import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { RiskgraphError } from './core/errors.js';
import { createHttpServer } from './http/http-server.js';
import { openKeyRing, parseKeys } from './http/keys.js';
import { registerImportRoutes } from './sources/http.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The API process: opens the app, serves it, and on a signal answers what has begun and closes. */
async function serve(): Promise<void> {
  const config = loadConfig();
  // Before any store is opened: what is wrong with the environment is said at once.
  const given = config.keys === undefined ? undefined : parseKeys(config.keys.split(','), 'RISKGRAPH_KEYS');
  const app = await createApp(config);
  const { services, telemetry } = app;
  const { log, metrics, metricsText } = telemetry;
  const { api, stores, queue, redis } = services;
  const { now } = api;
  const keys = await openKeyRing({ given, home: config.home, store: services.keys, now, log });
  const server = await createHttpServer({
    ...{ services: api, keys, log, metrics, metricsText },
    health: { stores, worker: () => queue.workerHealth() },
    requestsPerMinute: config.http.requestsPerMinute,
    rateLimitRedis: redis,
    registerImports: (http) =>
      registerImportRoutes(http, { sources: services.sources, now, tempDir: join(config.home, 'tmp') }),
  });
  const url = await server.listen(config.http);
  log.info({ url, keyFile: keys.file }, 'the API serves');

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= server.close().then(() => app.close());
    return closing;
  };
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      log.info({ signal }, 'the API closes');
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the API did not close in good order');
          process.exit(1);
        },
      );
    });
  }
}

serve().catch((error: unknown) => {
  const hint = error instanceof RiskgraphError && error.hint ? `\n  → ${error.hint}` : '';
  process.stderr.write(
    `riskgraph api: ${error instanceof RiskgraphError ? error.message : String(error instanceof Error ? error.stack : error)}${hint}\n`,
  );
  process.exit(1);
});

import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { createHttpServer } from './http/http-server.js';
import { registerImportRoutes } from './http/import.routes.js';
import { openKeyRing, parseKeys } from './http/keys.js';
import { parseRateLimits } from './http/rate-limit.js';
import { withWorkerMetrics } from './http/worker-server.js';
import { runRole } from './role-process.js';

/** The API process: serves until a signal, then answers what has begun. */
runRole('api', async () => {
  const config = loadConfig();
  // Before any store is opened: what is wrong with the environment is said at once.
  const given = config.keys === undefined ? undefined : parseKeys(config.keys.split(','), config.keysSetting);
  const rateLimits = parseRateLimits(config.rateLimit);
  const app = await createApp(config);
  const { services, telemetry } = app;
  const { log, metrics, metricsText } = telemetry;
  const { api, stores, queue, rateCount, contentLost } = services;
  const { now } = api;
  const { workerMetricsUrl } = config;
  const keys = await openKeyRing({ given, home: config.home, store: services.keys, now, log });
  const server = await createHttpServer({
    services: api,
    keys,
    log,
    metrics,
    metricsText: workerMetricsUrl ? withWorkerMetrics(metricsText, workerMetricsUrl) : metricsText,
    health: {
      stores,
      worker: () => queue.workerHealth(),
      loss: contentLost,
      refusedFiles: () => api.registry.refused.length,
    },
    rateLimits,
    rateCount,
    decisionDeadlineMs: config.decisionDeadlineMs,
    idleBodySeconds: config.idleBodySeconds,
    registerImports: (http) =>
      registerImportRoutes(http, {
        sources: services.sources,
        tables: services.api.registry.tables,
        completeness: services.api.completeness,
        now,
      }),
  });
  const url = await server.listen(config.http);
  return {
    log,
    close: () => server.close().then(app.close),
    announce: () => log.info({ url, keyFile: keys.file }, 'the API serves'),
  };
});

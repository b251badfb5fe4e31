import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { repeat } from './core/async.js';
import { DAY, HOUR } from './core/helpers/time.js';
import { openAcceptedKeys, parseKeys } from './http/keys.js';
import { createWorkerServer } from './http/worker-server.js';
import { runRole } from './role-process.js';

/** What Redis has lost is being restored after this long. */
const WATCH_EVERY_MS = 2_000;

const PRUNE_EVERY_MS = HOUR;

/** The worker process: runs jobs until a signal, then finishes those that run. Its metrics have a port of their own. */
runRole('worker', async () => {
  const config = loadConfig();
  const given = config.keys === undefined ? undefined : parseKeys(config.keys.split(','), config.keysSetting);
  const { services, telemetry, close } = await createApp(config);
  const { log, metricsText } = telemetry;
  const { audit, now } = services.api;
  const keys = await openAcceptedKeys(given, services.keys);
  const server = createWorkerServer({ keys, audit, metricsText, now, log });
  const { host } = config.http;
  const port = config.metricsPort;
  // Jobs matter more than their metrics: a second worker on this machine runs without.
  await server.listen({ host, port }).catch((error: unknown) => {
    log.error({ err: error, port }, 'the metrics of this worker are served nowhere: give it a RISKGRAPH_METRICS_PORT');
  });
  const running = await services.queue.startWorker({ services: services.worker });
  const watching = repeat(services.watchContent, {
    everyMs: WATCH_EVERY_MS,
    onError: (error) => log.warn({ err: error }, 'what the online store holds could not be asked'),
  });
  const { auditDays } = config;
  const pruning = repeat(
    async () => {
      if (auditDays === undefined) return;
      const entries = await audit.prune(now() - auditDays * DAY);
      if (entries > 0) log.info({ entries }, 'the oldest entries of the audit log were deleted');
    },
    {
      everyMs: PRUNE_EVERY_MS,
      delayMs: WATCH_EVERY_MS,
      onError: (error) => log.error({ err: error }, 'the oldest entries of the audit log could not be deleted'),
    },
  );
  return {
    log,
    close: async () => {
      await Promise.all([watching.stop(), pruning.stop()]);
      await running.close();
      await server.close();
      await close();
    },
    announce: () => log.info({ metricsPort: port }, 'the worker runs jobs'),
  };
});

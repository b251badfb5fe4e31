import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { RiskgraphError } from './core/errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The worker process: runs jobs until a signal, then finishes those that run and closes. */
async function work(): Promise<void> {
  const app = await createApp(loadConfig());
  const { services, telemetry } = app;
  const { log } = telemetry;
  const running = await services.queue.startWorker({ services: services.worker });
  log.info({}, 'the worker runs jobs');

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= running.close().then(() => app.close());
    return closing;
  };
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      log.info({ signal }, 'the worker finishes its jobs');
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the worker did not close in good order');
          process.exit(1);
        },
      );
    });
  }
}

work().catch((error: unknown) => {
  const hint = error instanceof RiskgraphError && error.hint ? `\n  → ${error.hint}` : '';
  process.stderr.write(
    `riskgraph worker: ${error instanceof RiskgraphError ? error.message : String(error instanceof Error ? error.stack : error)}${hint}\n`,
  );
  process.exit(1);
});

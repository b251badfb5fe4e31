import { createApp } from './app.js';
import { loadConfig } from './config.js';
import { runRole } from './role-process.js';

/** The worker process: runs jobs until a signal, then finishes those that run. */
runRole('worker', async () => {
  const { services, telemetry, close } = await createApp(loadConfig());
  const { log } = telemetry;
  const running = await services.queue.startWorker({ services: services.worker });
  return { log, close: () => running.close().then(close), announce: () => log.info({}, 'the worker runs jobs') };
});

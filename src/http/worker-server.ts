import { randomUUID } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import type { AuditLog } from '../core/ports/access.js';
import type { Clock, Log } from '../core/ports/process.js';
import { mergeExpositions } from '../telemetry/metrics.js';
import { registerAccess } from './access.js';
import { registerErrors } from './errors.js';
import { EXPOSITION, METRICS } from './health.routes.js';
import type { KeyRing } from './keys.js';
import { OPEN } from './route-access.js';

/** A scrape of the API does not wait longer for the worker beside it. */
const WORKER_TIMEOUT_MS = 2_000;

export interface WorkerServerOptions {
  readonly keys: Pick<KeyRing, 'authenticate'>;
  readonly audit: Pick<AuditLog, 'record' | 'noteStranger'>;
  readonly metricsText: () => Promise<string>;
  readonly now: Clock;
  readonly log: Log;
}

/** The worker's own port: its metrics, and whether it is alive. */
export function createWorkerServer({ keys, audit, metricsText, now, log }: WorkerServerOptions): FastifyInstance {
  const server = fastify({ genReqId: () => randomUUID(), requestIdHeader: false, forceCloseConnections: true });
  registerErrors(server, log);
  registerAccess(server, { keys, guarded: [METRICS], audit, now });
  server.get('/healthz', OPEN, async () => ({ status: 'ok' }));
  server.route({ ...METRICS, handler: async (_, reply) => reply.type(EXPOSITION).send(await metricsText()) });
  return server;
}

/** The metrics of this process and of the worker beside it; without the worker's where it does not answer. */
export function withWorkerMetrics(own: () => Promise<string>, workerUrl: string): () => Promise<string> {
  return async () => {
    const worker = fetch(new URL('/metrics', workerUrl), { signal: AbortSignal.timeout(WORKER_TIMEOUT_MS) })
      .then((answer) => (answer.ok ? answer.text() : ''))
      .catch(() => '');
    return mergeExpositions({ api: await own(), worker: await worker });
  };
}

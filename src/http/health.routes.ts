import type { FastifyInstance } from 'fastify';
import { withinTime } from '../core/async.js';
import type { Clock, Metrics } from '../core/ports/process.js';
import { guardedRoute, OPEN } from './route-access.js';

export interface HealthChecks {
  /** The name of a store and its health check. */
  readonly stores: Readonly<Record<string, () => Promise<void>>>;
  /** Whether the workers make progress; `reason` says why not. */
  worker(): Promise<{ readonly ok: boolean; readonly reason: string | null }>;
}

interface StoreHealth {
  readonly ok: boolean;
  readonly ms: number;
}

/** A store that takes longer counts as down. */
const TIMEOUT_MS = 3_000;

async function within(question: () => Promise<void>): Promise<StoreHealth> {
  const startedAt = performance.now();
  const ok = await withinTime(question(), TIMEOUT_MS, () => new Error('no answer')).then(
    () => true,
    () => false,
  );
  return { ok, ms: Math.round((performance.now() - startedAt) * 10) / 10 };
}

export interface HealthOptions {
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  readonly metricsText: () => Promise<string>;
  readonly now: Clock;
  /** Brings gauges of what the stores hold up to date before they are read. */
  readonly report: () => Promise<void>;
}

/** Prometheus runs on the same machine, or has the admin's key. */
export const METRICS = guardedRoute('GET', '/metrics', { roles: ['admin'], audit: false, loopback: true });

export function registerHealth(server: FastifyInstance, options: HealthOptions): void {
  const { health, metrics, metricsText, now, report } = options;
  const startedAt = now();

  const workerHealth = () =>
    health.worker().catch(() => ({ ok: false, reason: 'what the workers report cannot be read' }));

  server.get('/healthz', OPEN, async () => ({ status: 'ok', uptimeSeconds: Math.round((now() - startedAt) / 1_000) }));

  server.get('/readyz', OPEN, async (_request, reply) => {
    const [answers, worker] = await Promise.all([
      Promise.all(
        Object.entries(health.stores).map(async ([name, question]) => [name, await within(question)] as const),
      ),
      workerHealth(),
    ]);
    const ready = answers.every(([, { ok }]) => ok);
    // A worker that is away stops materializing, not answering: it has its own check.
    return reply.code(ready ? 200 : 503).send({ ready, stores: Object.fromEntries(answers), worker });
  });

  server.get('/healthz/worker', OPEN, async (_request, reply) => {
    const worker = await workerHealth();
    return reply.code(worker.ok ? 200 : 503).send(worker);
  });

  server.route({
    ...METRICS,
    handler: async (_request, reply) => {
      // A store that is away leaves its gauges as they were, and this one says so.
      metrics.gauge('view_gauges_fresh', (await within(report)).ok ? 1 : 0);
      metrics.gauge('worker_healthy', (await workerHealth()).ok ? 1 : 0);
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsText());
    },
  });
}

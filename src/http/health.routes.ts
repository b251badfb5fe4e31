import type { FastifyInstance } from 'fastify';
import type { Clock, Metrics } from '../core/ports/process.js';
import { dutyOf, readiness, type StoreChecks, within } from './readiness.js';
import { guardedRoute } from './route-access.js';

export interface HealthChecks {
  readonly stores: StoreChecks;
  /** What Redis has lost of what was written to it; null where nothing. */
  loss?(): Promise<string | null>;
  /** Definition files that this process has refused; what is applied is served on, so it stays ready. */
  readonly refusedFiles?: () => number;
  /** Whether the workers make progress; `reason` says why not. */
  worker(): Promise<{ readonly ok: boolean; readonly reason: string | null }>;
}

/** A scraper waits ten seconds by default; gauges that take longer stay as they were. */
const GAUGES_MS = 3_000;

export interface HealthOptions {
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  readonly metricsText: () => Promise<string>;
  readonly now: Clock;
  /** Brings gauges of what the stores hold up to date before they are read, group by group. */
  readonly report: Readonly<Record<string, () => Promise<void>>>;
}

/** Asked by machines that must not be turned away. */
const PROBE = { config: { access: 'OPEN', rateLimit: false } } as const;

/** The content type of Prometheus' text format. */
export const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus runs on the same machine, or has the admin's key. */
export const METRICS = guardedRoute('GET', '/metrics', { roles: ['admin'], audit: false, loopback: true });

export function registerHealth(server: FastifyInstance, options: HealthOptions): void {
  const { health, metrics, metricsText, now, report } = options;
  const startedAt = now();
  const loss = async () => (await health.loss?.()) ?? null;

  const workerHealth = () =>
    health.worker().catch(() => ({ ok: false, reason: 'what the workers report cannot be read' }));

  server.get('/healthz', PROBE, async () => ({ status: 'ok', uptimeSeconds: Math.round((now() - startedAt) / 1_000) }));

  const readyz = { config: { ...PROBE.config, query: ['duty'] } };
  server.get('/readyz', readyz, async ({ query }, reply) => {
    const duty = dutyOf((query as { duty?: unknown }).duty);
    const [found, worker] = await Promise.all([
      readiness(health.stores, loss, duty),
      duty ? undefined : workerHealth(),
    ]);
    const refused = health.refusedFiles?.();
    const definitions = refused === undefined ? {} : { definitions: { ok: refused === 0, refused } };
    // Reports that are down leave decisions in service, and a worker that is away stops materializing, not answering.
    const ready = found.duties[duty ?? 'decisions']?.ok === true;
    return reply.code(ready ? 200 : 503).send({ ready, ...found, ...(worker ? { worker, ...definitions } : {}) });
  });

  server.get('/healthz/worker', PROBE, async (_request, reply) => {
    const worker = await workerHealth();
    return reply.code(worker.ok ? 200 : 503).send(worker);
  });

  server.route({
    ...METRICS,
    handler: async (_request, reply) => {
      // A store that is away leaves its gauges as they were, and this one says so.
      const [groups, worker, { duties }] = await Promise.all([
        Promise.all(
          Object.entries(report).map(async ([of, bringUpToDate]) => ({
            of,
            ...(await within(bringUpToDate, GAUGES_MS)),
          })),
        ),
        workerHealth(),
        readiness(health.stores, loss),
      ]);
      for (const { of, ok } of groups) metrics.gauge('gauges_fresh', ok ? 1 : 0, { of });
      metrics.gauge('worker_healthy', worker.ok ? 1 : 0);
      for (const [duty, { ok }] of Object.entries(duties)) metrics.gauge('duty_ready', ok ? 1 : 0, { duty });
      return reply.type(EXPOSITION).send(await metricsText());
    },
  });
}

import type { JobDefinition } from '../core/definitions/registry.js';
import type { JobLedger } from '../core/ports/jobs.js';
import type { Clock, Metrics } from '../core/ports/process.js';

/** Reports what waits for a worker, from the ledger: it is the truth, and there when no worker is. */
export function createQueueMetrics(options: {
  readonly jobs: ReadonlyMap<string, Pick<JobDefinition, 'name'>>;
  readonly ledger: Pick<JobLedger, 'open'>;
  readonly metrics: Pick<Metrics, 'gauge'>;
  readonly clock: Clock;
}): () => Promise<void> {
  const { jobs, ledger, metrics, clock } = options;
  return async () => {
    const waiting = (await ledger.open()).filter(({ state }) => state === 'WAITING');
    const now = clock();
    for (const job of jobs.keys()) {
      const since = waiting.filter(({ name }) => name === job).map(({ createdAt }) => createdAt);
      metrics.gauge('jobs_waiting', since.length, { job_name: job });
      metrics.gauge('queue_age_seconds', Math.max(0, ...since.map((createdAt) => (now - createdAt) / 1_000)), {
        job_name: job,
      });
    }
  };
}

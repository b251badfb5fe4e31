import { Worker } from 'bullmq';
import { repeat } from '../core/async.js';
import { newUuid } from '../core/helpers/uuid.js';
import { endedWithin } from './connection.js';
import { endBeat } from './health.js';
import { type RunDeps, type Running, runJob } from './run-job.js';
import { createUpkeep, type UpkeepOptions } from './upkeep.js';

/** A killed worker's jobs are taken up again within lock + two checks, less than ten seconds; a lock is renewed twice in its life. */
const LOCK_MS = 5_000;
const STALLED_CHECK_MS = 2_000;
/** A job that killed its worker this often is not tried again. */
const MAX_STALLED = 20;
/** After a lost connection. */
const RETRY_MS = 1_000;
const UPKEEP_EVERY_MS = 1_000;
const OUTCOMES = ['completed', 'failed', 'cancelled'] as const;

export interface RunningWorker {
  /** Takes no new job, waits for those that run, then returns. */
  close(): Promise<void>;
}

type WorkerOptions = Omit<UpkeepOptions & RunDeps, 'workerId' | 'running'>;

/** Runs every job of the registry in this process, each with its own concurrency, and keeps queue and ledger in line. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { redis, prefix, jobs, clock, log } = options;
  const workerId = newUuid(clock());
  const running: Running = { controllers: new Map(), bodies: new Map(), lastProgressAt: clock() };
  const upkeep = repeat(createUpkeep({ ...options, workerId, running }), {
    everyMs: UPKEEP_EVERY_MS,
    delayMs: 0,
    onError: (error) => log.warn({ err: error }, "the worker's upkeep failed and is tried again"),
  });
  const workers = [...jobs.values()].map((definition) => {
    const worker = new Worker(definition.name, (job) => runJob(definition, job, { ...options, running }), {
      connection: redis,
      prefix,
      concurrency: definition.concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MAX_STALLED,
      runRetryDelay: RETRY_MS,
    });
    worker.on('error', (error) => log.warn({ err: error, job: definition.name }, 'the worker lost its queue'));
    return worker;
  });
  // A counter that begins with its first failure never rises: Prometheus sees no change in it.
  for (const job of jobs.keys())
    for (const outcome of OUTCOMES) options.metrics.count('jobs', { job_name: job, outcome }, 0);
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  log.info({ jobs: [...jobs.keys()], workerId }, 'worker started');
  return {
    async close() {
      // Forced where Redis is gone: what it would be told of the jobs that end now is in the ledger.
      const closing = Promise.all(workers.map((worker) => worker.close(redis.status !== 'ready')));
      await Promise.allSettled(running.bodies.values());
      await endedWithin(redis, closing);
      await endedWithin(redis, upkeep.stop());
      await endedWithin(redis, endBeat(redis, prefix, workerId));
    },
  };
}

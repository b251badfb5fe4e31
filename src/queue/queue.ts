/** Jobs: recorded in the ledger first, then carried by BullMQ. What the queue loses is still in the ledger. */
import type { JobDefinition } from '../core/definitions/registry.js';
import { badInput, notFound } from '../core/errors.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import { newUuid } from '../core/helpers/uuid.js';
import type { JobServices } from '../core/ports/job-services.js';
import type { JobLedger, JobQueue } from '../core/ports/jobs.js';
import type { Clock, Log, Metrics, StoreClock } from '../core/ports/process.js';
import { createCarrier } from './carrier.js';
import { answeredIn, QUEUE_PREFIX, type RedisClient } from './connection.js';
import { readWorkerHealth, type WorkerHealth } from './health.js';
import { checkNeeds } from './needs.js';
import { hasEnded } from './run-job.js';
import { type RunningWorker, startWorker } from './worker.js';

const PING_TIMEOUT_MS = 2_000;
/** Events say when to look; where one is lost with Redis, this does. */
const WATCH_EVERY_MS = 1_000;

export interface QueueOptions {
  /** A connection that waits for Redis to return (`purpose: 'queue'`); its owner closes it. */
  readonly redis: RedisClient;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
  readonly ledger: JobLedger;
  readonly calendar: BusinessCalendar;
  readonly clock: Clock;
  /** Says whether the time of a job has come; absent: the clock of this process. */
  readonly storeClock?: StoreClock | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly prefix?: string;
}

export interface RunningQueue extends JobQueue {
  /** Runs jobs in this process until closed. BAD_USER_INPUT where a job needs a service that is not given. */
  startWorker(given: { readonly services: Partial<JobServices> }): Promise<RunningWorker>;
  workerHealth(): Promise<WorkerHealth>;
  close(): Promise<void>;
}

export function createQueue(options: QueueOptions): RunningQueue {
  const { redis, jobs, ledger, clock, log, prefix = QUEUE_PREFIX } = options;
  const carrier = createCarrier({ redis, prefix, jobs, log });

  const queue: RunningQueue = {
    async enqueue({ name }, payload, { id = newUuid(clock()), owner, mostOpen } = {}) {
      const definition = jobs.get(name);
      if (!definition) {
        throw badInput(`there is no job '${name}'`, `use one of ${[...jobs.keys()].join(', ')}`);
      }
      checkPayload(definition, payload);
      const record = await ledger.create({ id, name, payload, createdAt: clock(), owner, mostOpen });
      await carrier.enqueue(record).catch((error: unknown) => {
        // It is recorded: a worker hands it over when Redis is back.
        log.warn({ err: error, job: name, jobId: id }, 'a job is recorded but not yet handed to the workers');
      });
      return record;
    },

    async cancel(id) {
      const record = await ledger.update(id, { state: 'CANCELLED', finishedAt: clock() });
      if (record.state === 'CANCELLED') {
        await carrier.remove(record).catch((error: unknown) => {
          // It runs, or Redis is away: a worker sees the ledger.
          log.debug({ err: error, jobId: id }, 'a cancelled job stays in the queue for now');
        });
      }
      return record;
    },

    async *watch(id, signal) {
      let seen = await ledger.get(id);
      if (!seen) throw notFound(`there is no job '${id}'`, 'list the jobs and use the id of one of them');
      const wake = waker(signal);
      const stop = carrier.onEvent(seen, wake.now);
      try {
        yield seen;
        while (!hasEnded(seen) && !signal.aborted) {
          await wake.within(WATCH_EVERY_MS);
          const current = await ledger.get(id);
          if (!current) return;
          if (JSON.stringify(current) !== JSON.stringify(seen)) {
            seen = current;
            yield current;
          }
        }
      } finally {
        stop();
      }
    },

    async ping() {
      await answeredIn(redis.ping(), PING_TIMEOUT_MS);
    },

    workerHealth: () => answeredIn(readWorkerHealth(redis, clock(), prefix), PING_TIMEOUT_MS),

    async startWorker({ services }) {
      checkNeeds(jobs.values(), services);
      const storeClock = options.storeClock ?? (async () => clock());
      return startWorker({ ...options, storeClock, prefix, carrier, services });
    },

    close: () => carrier.close(),
  };
  return queue;
}

function checkPayload(definition: JobDefinition, payload: unknown): void {
  const parsed = definition.payload.safeParse(payload);
  if (parsed.success) return;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`);
  throw badInput(`job '${definition.name}' cannot run: ${problems.join('; ')}`, definition.description);
}

/** Sleeps that an event cuts short; one that came just before is not lost. */
function waker(signal: AbortSignal) {
  let rung = false;
  let wake: () => void = () => undefined;
  const now = (): void => {
    rung = true;
    wake();
  };
  return {
    now,
    within: async (ms: number): Promise<void> => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            resolve();
          };
          const timer = setTimeout(done, ms);
          wake = done;
          signal.addEventListener('abort', done, { once: true });
        });
      }
      rung = false;
    },
  };
}

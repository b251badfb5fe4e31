/** A worker's upkeep: it creates scheduled jobs and brings the queue in line with the ledger, which is the truth. */
import type { JobDefinition } from '../core/definitions/registry.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../core/helpers/time.js';
import { namedUuid } from '../core/helpers/uuid.js';
import type { JobLedger, JobRecord } from '../core/ports/jobs.js';
import type { Clock, Log, Metrics, StoreClock } from '../core/ports/process.js';
import type { Carrier } from './carrier.js';
import type { RedisClient } from './connection.js';
import { beat, liveBeats } from './health.js';
import { cancelled, type Running } from './run-job.js';
import { latestTick } from './ticks.js';

/** A job that was just recorded is still on its way into the queue. */
const SETTLE_MS = 5_000;
const RECONCILE_EVERY_MS = 5_000;

export interface UpkeepOptions {
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
  readonly ledger: JobLedger;
  readonly carrier: Carrier;
  readonly calendar: BusinessCalendar;
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly workerId: string;
  readonly running: Running;
}

/** One round; called every second by the worker. */
export function createUpkeep(options: UpkeepOptions): () => Promise<void> {
  const { ledger, clock, running } = options;
  const startedAt = clock();
  const tick = createTicker(options, startedAt);
  let reconciledAt = Number.NEGATIVE_INFINITY;
  let workSince: Instant | null = null;

  return async () => {
    const now = clock();
    // Before the ledger is asked: a job that is recorded and taken up while it answers is none that was cancelled.
    const begun = [...running.controllers];
    const open = await ledger.open();
    stopCancelled(begun, open);
    await tick(now);
    if (now - reconciledAt >= RECONCILE_EVERY_MS) {
      reconciledAt = now;
      await reconcile(options, open, now);
    }
    workSince = open.length === 0 ? null : (workSince ?? now);
    await beat(options.redis, options.prefix, options.workerId, {
      at: now,
      startedAt,
      active: [...running.controllers.keys()],
      waiting: open.filter(({ state }) => state === 'WAITING').length,
      stuckSince: workSince === null ? null : Math.max(workSince, running.lastProgressAt),
    });
  };
}

/** A job that runs here and is not open in the ledger was cancelled there. */
function stopCancelled(begun: readonly (readonly [string, AbortController])[], open: readonly JobRecord[]): void {
  const ids = new Set(open.map(({ id }) => id));
  for (const [id, controller] of begun) if (!ids.has(id)) controller.abort(cancelled());
}

/** Jobs that the queue has lost (FLUSHALL, another Redis, a crash between the two writes) are handed over again. */
async function reconcile(options: UpkeepOptions, open: readonly JobRecord[], now: Instant): Promise<void> {
  const { carrier, jobs, ledger, log, metrics, redis, prefix, running } = options;
  const fail = async ({ id, name }: JobRecord, error: string): Promise<void> => {
    await ledger.update(id, { state: 'FAILED', finishedAt: now, error });
    metrics.count('jobs', { job_name: name, outcome: 'failed' });
  };
  const beats = await liveBeats(redis, prefix, now);
  const runningElsewhere = new Set(beats.flatMap(({ active }) => active));
  for (const record of open) {
    if (now - record.createdAt < SETTLE_MS || running.controllers.has(record.id)) continue;
    if (runningElsewhere.has(record.id)) continue;
    const { id, name } = record;
    if (!jobs.has(name)) {
      await fail(record, `there is no job '${name}' any more`);
      continue;
    }
    const where = await carrier.stateOf(record);
    if (where === 'failed') {
      log.error({ job: name, jobId: id }, 'a job ended the worker that ran it again and again');
      await fail(record, 'the worker died each time it ran this job');
    } else if (where === 'unknown' || where === 'completed') {
      log.warn({ job: name, jobId: id }, 'handing over a job that the queue had lost');
      if (where === 'completed') await carrier.remove(record);
      await carrier.enqueue(record);
    }
  }
}

/**
 * Scheduled runs. Their id follows from name and scheduled time, so that several workers, or one that starts again, make each of them
 * once. A schedule that has run before and missed its time while no worker was up is caught up once.
 */
function createTicker(options: UpkeepOptions, startedAt: Instant): (now: Instant) => Promise<void> {
  const { jobs, ledger, carrier, calendar, storeClock, log } = options;
  const done = new Map<string, Instant>();
  const early = new Map<string, Instant>();
  return async (now) => {
    for (const definition of jobs.values()) {
      const { name, schedule, scheduledPayload } = definition;
      if (!schedule || !scheduledPayload) continue;
      const at = latestTick(schedule, now, calendar);
      if (done.get(name) === at) continue;
      const stores = await storeClock();
      if (at > stores) {
        // A clock that is ahead would spend the run whose time has not come.
        if (early.get(name) !== at) {
          log.warn(
            { job: name, at: formatInstant(at), stores: formatInstant(stores) },
            'no job is made before its time',
          );
        }
        early.set(name, at);
        continue;
      }
      const isNew = at < startedAt && (await ledger.list({ name, limit: 1 })).length === 0;
      const id = namedUuid(at, name);
      if (!isNew && !(await ledger.get(id))) {
        const record = await ledger.create({ id, name, payload: scheduledPayload(at), createdAt: at });
        await carrier.enqueue(record);
      }
      done.set(name, at);
    }
  };
}

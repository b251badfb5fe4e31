/** The wrapper of every job: parses, records, logs, measures, retries; the body only works. */
import { type Job, UnrecoverableError } from 'bullmq';
import type { JobDefinition } from '../core/definitions/registry.js';
import { conflict, type ErrorCode, RiskgraphError } from '../core/errors.js';
import { formatInstant, type Instant, MINUTE } from '../core/helpers/time.js';
import type { JobContext, JobNeed, JobServices } from '../core/ports/job-services.js';
import type { JobLedger, JobRecord } from '../core/ports/jobs.js';
import type { Clock, Log, Metrics, StoreClock } from '../core/ports/process.js';
import { attemptsOf } from './carrier.js';
import { servicesFor } from './needs.js';

/** Progress is for people: reporting more often costs Postgres and shows nothing more. */
const REPORT_EVERY_MS = 250;

/** Errors that may pass. Any other of our own would be the same at the next attempt. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['STORE_UNAVAILABLE', 'OVERLOADED', 'TIMEOUT', 'RATE_LIMITED']);

/** Jobs that this process runs now. */
export interface Running {
  readonly controllers: Map<string, AbortController>;
  readonly bodies: Map<string, Promise<void>>;
  lastProgressAt: Instant;
}

export interface RunDeps {
  readonly ledger: JobLedger;
  /** Those that any of the jobs names. */
  readonly services: Partial<JobServices>;
  readonly clock: Clock;
  readonly storeClock: StoreClock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly running: Running;
}

type Attempt = Pick<Job, 'id' | 'attemptsMade' | 'updateProgress'>;

export const hasEnded = ({ state }: Pick<JobRecord, 'state'>): boolean => state !== 'WAITING' && state !== 'ACTIVE';

export const cancelled = (): RiskgraphError => conflict('the job was cancelled');

/** The failure as an operator reads it: our own message, never that of a store or a library. */
function failureText(error: unknown, jobId: string): string {
  if (error instanceof RiskgraphError) {
    return error.hint ? `${error.message} (${error.hint})` : error.message;
  }
  return `internal error; the worker's log has it under job ${jobId}`;
}

/** Runs one attempt. A job that the queue gives twice (its lock was lost) runs once and both wait for it. */
export function runJob(definition: JobDefinition, attempt: Attempt, deps: RunDeps): Promise<void> {
  const { bodies } = deps.running;
  const id = attempt.id as string;
  const running = bodies.get(id);
  if (running) return running;
  const body = runAttempt(definition, id, attempt, deps).finally(() => bodies.delete(id));
  bodies.set(id, body);
  return body;
}

async function runAttempt(definition: JobDefinition, id: string, attempt: Attempt, deps: RunDeps): Promise<void> {
  const { ledger, clock, metrics, running } = deps;
  const recorded = await ledger.get(id);
  if (!recorded || hasEnded(recorded)) return;
  const startedAt = clock();
  const controller = new AbortController();
  running.controllers.set(id, controller);
  running.lastProgressAt = startedAt;
  const log = withFields(deps.log, { job: definition.name, jobId: id });
  const outcome = (name: string): void => {
    metrics.count('jobs', { job_name: definition.name, outcome: name });
    metrics.observe('job_seconds', (clock() - startedAt) / 1000, { job_name: definition.name });
    log.info({ outcome: name, ms: clock() - startedAt }, 'job ended');
  };
  try {
    const active = await ledger.update(id, { state: 'ACTIVE', startedAt: recorded.startedAt ?? startedAt });
    if (hasEnded(active)) return;
    log.info({ attempt: attempt.attemptsMade + 1 }, 'job started');
    refuseEarly(recorded, await deps.storeClock());
    const context: JobContext<JobNeed> = {
      jobId: id,
      scheduledFor: recorded.createdAt,
      now: clock,
      log,
      metrics,
      services: servicesFor(definition, deps.services),
      signal: controller.signal,
      report: reporter(id, attempt, { from: active.progress, controller, deps }),
    };
    const result = await definition.run(context, definition.payload.parse(recorded.payload ?? {}));
    const done = await ledger.update(id, {
      state: 'COMPLETED',
      progress: 1,
      error: null,
      finishedAt: clock(),
      result: result ?? null,
    });
    outcome(done.state.toLowerCase());
  } catch (error) {
    if (controller.signal.aborted) {
      outcome('cancelled');
      return;
    }
    const isFinal = error instanceof RiskgraphError && !PASSING.has(error.code);
    if (!isFinal && attempt.attemptsMade + 1 < attemptsOf(definition)) {
      log.warn({ err: error, attempt: attempt.attemptsMade + 1 }, 'job failed and will be tried again');
      metrics.count('job_retries', { job_name: definition.name });
      await ledger.update(id, { state: 'WAITING' });
      // The queue keeps the message and the stack in Redis.
      throw new Error(failureText(error, id));
    }
    const failed = await ledger.update(id, { state: 'FAILED', error: failureText(error, id), finishedAt: clock() });
    outcome(failed.state.toLowerCase());
    if (isFinal && error.code !== 'INTERNAL') log.warn({ err: error }, 'job failed: its request cannot be met');
    else log.error({ err: error }, 'job failed for good');
    throw new UnrecoverableError(failureText(error, id));
  } finally {
    running.controllers.delete(id);
    running.lastProgressAt = clock();
  }
}

/** Clocks of healthy machines differ by less. */
const TOLERANCE_MS = MINUTE;

/** @throws CONFLICT for a job of a time that has not come by the clock of the stores: it would compute what is not there yet */
function refuseEarly({ createdAt }: JobRecord, stores: Instant): void {
  if (createdAt <= stores + TOLERANCE_MS) return;
  throw conflict(
    `the job is of ${formatInstant(createdAt)}, and the clock of the stores says ${formatInstant(stores)}`,
    'set the clock of the machine that made the job, and ask again',
  );
}

function reporter(
  id: string,
  attempt: Attempt,
  given: { readonly from: number; readonly controller: AbortController; readonly deps: RunDeps },
): JobContext['report'] {
  const { from, controller, deps } = given;
  const { ledger, clock, running } = deps;
  let highest = from;
  let reportedAt = Number.NEGATIVE_INFINITY;
  return async (fraction) => {
    const now = clock();
    running.lastProgressAt = now;
    if (now - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = now;
    // A retried job starts over inside; outside its progress never goes back.
    highest = Math.min(1, Math.max(highest, fraction));
    const record = await ledger.update(id, { progress: highest });
    if (hasEnded(record)) controller.abort(cancelled());
    await attempt.updateProgress(highest).catch((error: unknown) => {
      // The queue may have been flushed beneath us; the ledger has it.
      deps.log.debug({ err: error, jobId: id }, 'progress was not announced');
    });
  };
}

const withFields = (log: Log, fields: object): Log => ({
  debug: (more, message) => log.debug({ ...fields, ...more }, message),
  info: (more, message) => log.info({ ...fields, ...more }, message),
  warn: (more, message) => log.warn({ ...fields, ...more }, message),
  error: (more, message) => log.error({ ...fields, ...more }, message),
});

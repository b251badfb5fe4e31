import type { z } from 'zod';
import type { Instant } from '../helpers/time.js';
import type { JobContext, JobNeed } from '../ports/job-services.js';

/** The contract of a job with its callers: the job's file spreads it into its definition, a caller enqueues by it. */
export interface JobContract<Payload, Result> {
  /** The name of the job's file: `jobs/<name>.ts`. */
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  readonly result: z.ZodType<Result>;
}

export interface JobSpec<Payload = unknown, Result = unknown, Need extends JobNeed = JobNeed>
  extends Pick<JobContract<Payload, Result>, 'payload'>,
    Partial<Pick<JobContract<Payload, Result>, 'name' | 'result'>> {
  readonly description: string;
  /** Local wall-clock time `HH:mm` of the portfolio's zone each day, or each full UTC hour plus minutes. */
  readonly schedule?:
    | { readonly every: 'day'; readonly at: string }
    | { readonly every: 'hour'; readonly minute: number };
  /** Payload of a scheduled run. */
  readonly scheduledPayload?: (scheduledFor: Instant) => NoInfer<Payload>;
  /** Names of the services that the body uses; the context holds these and no other. */
  readonly needs?: readonly Need[];
  /** Jobs of this name that one worker process runs at once. */
  readonly concurrency: number;
  readonly attempts?: number;
  /** The body only works: parsing, logging, measuring and retrying are the wrapper's. Its return value is the job's result. */
  readonly run: (context: JobContext<Need>, payload: Payload) => Promise<NoInfer<Result>>;
}

/** The payload is checked when the job is enqueued and again when it runs. */
export const defineJob = <Payload, Result = unknown, const Need extends JobNeed = never>(
  spec: JobSpec<Payload, Result, Need>,
): { readonly kind: 'job' } & JobSpec<Payload, Result, Need> => Object.freeze({ kind: 'job', ...spec });

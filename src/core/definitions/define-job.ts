import type { z } from 'zod';
import type { JobContext } from '../ports/jobs.js';

export interface JobSpec<Payload> {
  readonly description: string;
  /** Checked when the job is asked for and again when it runs. */
  readonly payload: z.ZodType<Payload>;
  /** Local wall-clock time `HH:mm` of the portfolio's zone each day, or each full UTC hour plus minutes. */
  readonly schedule?:
    | { readonly every: 'day'; readonly at: string }
    | { readonly every: 'hour'; readonly minute: number };
  /** Payload of a scheduled run. */
  readonly scheduledPayload?: (scheduledFor: number) => Payload;
  /** Jobs of this name that one worker process runs at once. */
  readonly concurrency: number;
  readonly attempts?: number;
  /** The body only works: parsing, logging, measuring and retrying are the wrapper's. Its return value is the job's result. */
  readonly run: (context: JobContext, payload: Payload) => Promise<unknown>;
}

export const defineJob = <Payload>(spec: JobSpec<Payload>): { kind: 'job' } & JobSpec<Payload> =>
  Object.freeze({ kind: 'job', ...spec });

/** Jobs: their ledger, and the queue that carries them. */
import type { JobContract } from '../definitions/define-job.js';
import type { Instant } from '../helpers/time.js';

export type JobState = 'WAITING' | 'ACTIVE' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface JobRecord {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** 0 to 1. */
  readonly progress: number;
  /** By the job's contract; see `payloadOf`. */
  readonly payload: unknown;
  /** What the job's body returned; null until then. */
  readonly result: unknown;
  readonly error: string | null;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
}

/** The truth about jobs: Postgres. The queue only carries them. A job that has ended never changes again. */
export interface JobLedger {
  /** An id that is already there keeps its job, which is returned. */
  create(job: {
    readonly id: string;
    readonly name: string;
    readonly payload: unknown;
    readonly createdAt: Instant;
  }): Promise<JobRecord>;
  get(id: string): Promise<JobRecord | null>;
  /** In one query, in any order; ids without a job are left out. */
  getMany(ids: readonly string[]): Promise<readonly JobRecord[]>;
  list(filter: {
    readonly name?: string;
    readonly state?: JobState;
    readonly limit: number;
    readonly before?: string;
  }): Promise<readonly JobRecord[]>;
  /** Returns the job as it then is: unchanged where it has ended. */
  update(
    id: string,
    change: Partial<Pick<JobRecord, 'state' | 'progress' | 'result' | 'error' | 'startedAt' | 'finishedAt'>>,
  ): Promise<JobRecord>;
  /** WAITING and ACTIVE jobs, oldest first. */
  open(): Promise<readonly JobRecord[]>;
}

/** The part of a job's contract by which it is enqueued. */
export type JobRequest<Payload> = Pick<JobContract<Payload, unknown>, 'name' | 'payload'>;

export interface JobQueue {
  /**
   * Checks the payload, records the job, hands it to the workers. `id`: a UUID chosen by the caller, so that its own record can name the job
   * before a worker starts it. BAD_USER_INPUT for a job without a definition file, and for a payload that its definition refuses.
   */
  enqueue<Payload>(job: JobRequest<Payload>, payload: NoInfer<Payload>, id?: string): Promise<JobRecord>;
  cancel(id: string): Promise<JobRecord>;
  /** The job as it is now and at each change, until it ends. */
  watch(id: string, signal: AbortSignal): AsyncIterable<JobRecord>;
  ping(): Promise<void>;
}

/** The payload of a record, where it is one of this job that the contract still understands; else null. */
export function payloadOf<Payload>(
  { name, payload }: JobRequest<Payload>,
  record: Pick<JobRecord, 'name' | 'payload'>,
): Payload | null {
  return record.name === name ? (payload.safeParse(record.payload).data ?? null) : null;
}

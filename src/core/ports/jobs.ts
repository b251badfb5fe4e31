/** Jobs: their ledger, and the queue that carries them. */
import type { JobContract } from '../definitions/define-job.js';
import type { Instant } from '../helpers/time.js';

export type JobState = 'WAITING' | 'ACTIVE' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface JobRecord {
  readonly id: string;
  readonly name: string;
  /** Id of the key that asked for the job; null where no caller did, or an earlier release recorded it. */
  readonly owner: string | null;
  readonly state: JobState;
  /** From 0 to 1. */
  readonly progress: number;
  /** By the job's contract; see `payloadOf`. */
  readonly payload: unknown;
  /** Return value of the job's body; null until then. */
  readonly result: unknown;
  readonly error: string | null;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
}

/** Records jobs in Postgres, which is the truth; the queue only carries them. A job that has ended never changes again. */
export interface JobLedger {
  /**
   * Records a job. An id that is recorded already keeps its job, which is returned.
   * @throws RATE_LIMITED where the owner has `mostOpen` jobs of this name that have not ended
   */
  create(
    job: {
      readonly id: string;
      readonly name: string;
      readonly payload: unknown;
      readonly createdAt: Instant;
    } & JobOwner,
  ): Promise<JobRecord>;
  get(id: string): Promise<JobRecord | null>;
  /** Reads jobs in one query, in any order; ids without a job are left out. */
  getMany(ids: readonly string[]): Promise<readonly JobRecord[]>;
  list(filter: {
    readonly name?: string;
    readonly state?: JobState;
    readonly limit: number;
    readonly before?: string;
  }): Promise<readonly JobRecord[]>;
  /** Changes a job and returns it; one that has ended stays unchanged. */
  update(
    id: string,
    change: Partial<Pick<JobRecord, 'state' | 'progress' | 'result' | 'error' | 'startedAt' | 'finishedAt'>>,
  ): Promise<JobRecord>;
  /** Lists WAITING and ACTIVE jobs, oldest first. */
  open(): Promise<readonly JobRecord[]>;
}

/** Who asked for a job. */
export interface JobOwner {
  /** Id of the caller's key. Absent: no caller asked. */
  readonly owner?: string | null | undefined;
  /** Most jobs of one name that the owner has at a time without their having ended. Absent: any number. */
  readonly mostOpen?: number | undefined;
}

/** The part of a job's contract by which it is enqueued. */
export type JobRequest<Payload> = Pick<JobContract<Payload, unknown>, 'name' | 'payload'>;

export interface JobQueue {
  /**
   * Checks the payload, records the job and hands it to the workers. `id` is a UUID that the caller may choose, so that its own record can
   * name the job before a worker starts it. BAD_USER_INPUT for a job without a definition file, and for a payload that its definition refuses;
   * RATE_LIMITED where the owner has too many that have not ended.
   */
  enqueue<Payload>(
    job: JobRequest<Payload>,
    payload: NoInfer<Payload>,
    more?: { readonly id?: string } & JobOwner,
  ): Promise<JobRecord>;
  /** Cancels a job; one that has ended stays unchanged. */
  cancel(id: string): Promise<JobRecord>;
  /** Yields the job as it is now and after each change, until it ends. */
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

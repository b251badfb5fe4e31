/** Jobs: their ledger, the queue that carries them, and what a body may use. */
import type { Model, View } from '../definitions/definitions.js';
import type { Instant } from '../helpers/time.js';
import type { FeatureProfiles } from './feature-profiles.js';
import type { Materializer } from './materialize.js';
import type { OfflineStore } from './offline.js';
import type { OnlineStore } from './online.js';
import type { Clock, Log, Metrics } from './process.js';
import type { JobProgress } from './progress.js';
import type { LoanSnapshots } from './sources.js';
import type { TrainingSetRunner } from './training-sets.js';

export type JobState = 'WAITING' | 'ACTIVE' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface JobRecord {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** 0 to 1. */
  readonly progress: number;
  readonly payload: unknown;
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

export interface JobQueue {
  /**
   * Checks the payload, records the job, hands it to the workers. `id`: a UUID chosen by the caller, so that its own record can name the job
   * before a worker starts it.
   */
  enqueue(name: string, payload: unknown, id?: string): Promise<JobRecord>;
  cancel(id: string): Promise<JobRecord>;
  /** The job as it is now and at each change, until it ends. */
  watch(id: string, signal: AbortSignal): AsyncIterable<JobRecord>;
  ping(): Promise<void>;
}

/** What a job's body may use. */
export interface JobServices {
  /** Applied views by name, a bare name being the newest version; without names all of them. NOT_FOUND in words. */
  views(names?: readonly string[]): Promise<readonly View[]>;
  /** Ids of view versions that were applied and are retired. */
  retiredViews(): Promise<readonly string[]>;
  /** An applied model by `name@version`, or a bare name for its champion. NOT_FOUND in words. */
  model(reference: string): Promise<Model>;
  readonly loanSnapshots: LoanSnapshots;
  readonly materializer: Materializer;
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
  readonly trainingSets: TrainingSetRunner;
  readonly pruner: ViewPruner;
  readonly profiles: FeatureProfiles;
}

export interface PrunedView {
  readonly view: string;
  /** Rows of history and bytes on disk that were dropped, and fields that were left online. */
  readonly rows: number;
  readonly bytes: number;
  readonly onlineFields: number;
  /** Sets that pinned it and cannot be built again. */
  readonly trainingSets: readonly string[];
}

/** Ends for good what a retired version of a view holds. */
export interface ViewPruner {
  /**
   * What pruning would drop; changes nothing. NOT_FOUND for what was never applied; CONFLICT for a version in force, one that is pruned
   * already, and, without `force`, one that training sets pin, which it names.
   */
  check(view: string, options: { readonly force: boolean }): Promise<Omit<PrunedView, 'onlineFields'>>;
  /** Drops it. Broken off anywhere it is taken up by the next call. */
  prune(view: string, options: { readonly force: boolean }, progress: JobProgress): Promise<PrunedView>;
}

export interface JobContext extends JobProgress {
  readonly jobId: string;
  /** The scheduled time for scheduled jobs, else the time of asking. */
  readonly scheduledFor: Instant;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly services: JobServices;
}

/** Training sets: what is asked for, what is built, and how it is built again. */

import type { Mask } from '../compute/masking.js';
import type { EntityDefinition } from '../definitions/define-entity.js';
import type { AnyFeatureRef } from '../definitions/definitions.js';
import type { FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';
import type { JobProgress } from './progress.js';

export type ExportFormat = 'PARQUET' | 'CSV' | 'ARROW';

export interface TrainingSetRequest {
  readonly id: string;
  readonly features: readonly AnyFeatureRef[];
  /** Its pass-through columns are also the request inputs of on-demand features. */
  readonly spine: Readonly<Record<string, readonly unknown[]>> | { readonly sql: string };
  /** Name in `labels`; also the name of its column. */
  readonly label: string | null;
  /** By name: whose join key a label's `entity_id` is. */
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly asOf: Instant;
  /** As in a HistoricalRequest; spine SQL then reads masked tables. */
  readonly mask?: Mask;
  readonly includeEventTimes: boolean;
  readonly includeStatuses?: boolean;
  /** What comes of a value that is older than its view's `maxAge`. Absent: RETURN. */
  readonly stalePolicy?: StalePolicy;
  /** Of a rebuild: what the other set was made from. Absent: what is there when the build begins. */
  readonly pins?: TrainingSetPins;
  readonly format: ExportFormat;
  /** Absolute path the file is written to, by rename once whole. */
  readonly path: string;
  readonly onProgress: (fraction: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What a set is made from; with its request it says exactly what the file holds, whatever is added later. */
export interface TrainingSetPins {
  /** Committed runs of each view, by its id: `1-4,7`. */
  readonly runs: Readonly<Record<string, string>>;
  /** Sequence of the newest import of each source table that spine SQL and label read, decimal. */
  readonly imports: Readonly<Record<string, string>>;
  /** Table that keeps the rows that spine SQL gave, and their hash. Absent: the rows are in the request, or are given again by the SQL. */
  readonly spine?: { readonly table: string; readonly hash: string } | undefined;
}

export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly nullRate: number;
  readonly distinct: number | null;
  readonly min: FeatureValue;
  readonly max: FeatureValue;
  readonly mean: number | null;
  readonly informationValue: number | null;
}

export interface TrainingSetResult {
  readonly rowCount: number;
  readonly columns: readonly ColumnProfile[];
  /** Exact versions, spine hash, as-of, row count, content hash. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** What was asked for; with the applied definitions it says exactly what the file holds. */
export interface TrainingSetSpec {
  readonly spine: Readonly<Record<string, readonly unknown[]>> | { readonly sql: string };
  readonly label: string | null;
  readonly asOf: Instant;
  /** Asked for by a role that sees personal values masked. */
  readonly masked?: boolean;
  readonly includeEventTimes: boolean;
  readonly includeStatuses?: boolean;
  readonly stalePolicy?: StalePolicy;
  readonly format: ExportFormat;
  /** Of a rebuild: the set that is made again, what that was made from, and the content hash that must come out. */
  readonly rebuild?: { readonly of: string; readonly pins: TrainingSetPins; readonly contentHash: string };
}

export interface TrainingSetRecord {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  /** Its state, progress and error are its job's. */
  readonly jobId: string;
  readonly request: TrainingSetSpec;
  /** Pinned references `view@version:feature`, in the order of the columns. */
  readonly features: readonly string[];
  /** Null until the file is whole. */
  readonly result: TrainingSetResult | null;
  readonly createdAt: Instant;
}

/** Training sets that were asked for; kept in Postgres. */
export interface TrainingSetLedger {
  create(record: Omit<TrainingSetRecord, 'result'>): Promise<TrainingSetRecord>;
  get(id: string): Promise<TrainingSetRecord | null>;
  /** Newest first; `before` is the id of the last one of the page before. */
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly TrainingSetRecord[]>;
  /** Sets that list a feature of one of these views, at least one, by `name@version`; oldest first. */
  pinning(views: readonly string[]): Promise<readonly Pick<TrainingSetRecord, 'id' | 'name'>[]>;
  update(id: string, change: Pick<TrainingSetRecord, 'result'>): Promise<TrainingSetRecord>;
}

/** What the API asks of training sets; the worker's half is TrainingSetRunner. */
export interface TrainingSetService {
  /** Checks the request, records it and enqueues its job. BAD_USER_INPUT says what is wrong before anything is recorded. */
  create(request: {
    readonly name: string;
    readonly features: readonly AnyFeatureRef[];
    readonly spec: TrainingSetSpec;
  }): Promise<TrainingSetRecord>;
  /**
   * Asks for the same set once more, from what the first was made from: its content hash is the same, whatever was imported, computed or applied
   * since, or its job fails. NOT_FOUND for an unknown id, CONFLICT while it is not whole or where a version's definition changed.
   */
  rebuild(id: string, format?: ExportFormat): Promise<TrainingSetRecord>;
  get(id: string): Promise<TrainingSetRecord | null>;
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly TrainingSetRecord[]>;
  /** The finished file. NOT_FOUND for an unknown id, CONFLICT while it is not whole. */
  file(id: string): Promise<{ readonly path: string; readonly name: string; readonly format: ExportFormat }>;
}

export interface TrainingSetRunner {
  /** Builds a training set that `createTrainingSet` recorded. */
  run(id: string, progress: JobProgress): Promise<unknown>;
}

/** Training sets: the request, the result, and the pins by which a set is rebuilt. */

import type { Mask } from '../compute/masking.js';
import type { EntityDefinition } from '../definitions/define-entity.js';
import type { AnyFeatureRef, Label } from '../definitions/definitions.js';
import type { FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';
import type { MissingAsOfs } from './materialize.js';
import type { JobProgress } from './progress.js';
import type { UploadedSpine } from './spines.js';

export const EXPORT_FORMATS = ['PARQUET', 'CSV', 'ARROW'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Whether a set is made of the history as it is, or the as-ofs that its rows need and that are missing are computed first. */
export type HistoryPolicy = 'STORED' | 'COMPUTE';

/** What a set takes down of the definition of its label. */
export interface LabelDefinitionPin {
  readonly version: number;
  readonly hash: string;
  /** Milliseconds from an observation to the latest instant at which its outcome is known, where its window opens at once. */
  readonly longestWindow: number;
}

export interface TrainingSetRequest {
  readonly id: string;
  /** Id of the key that asked for the set, whose share of the store spine SQL has; absent where it is not recorded. */
  readonly callerKey?: string | undefined;
  readonly features: readonly AnyFeatureRef[];
  /** Entities and observation times. Its pass-through columns are also the request inputs of on-demand features. */
  readonly spine:
    | Readonly<Record<string, readonly unknown[]>>
    | { readonly sql: string }
    | { readonly uploaded: UploadedSpine }
    | { readonly fromLabel: Label };
  /** Name of the label in `labels`: of an imported one, or `name@version` of a definition. Its column in the file has no version in its name. */
  readonly label: string | null;
  /** The definition that computes the label; absent for an imported one. */
  readonly labelDefinition?: LabelDefinitionPin | undefined;
  /** Entities by name; they say which join key the `entity_id` of a label is. */
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly asOf: Instant;
  /** As in a HistoricalRequest; spine SQL then reads masked tables too. */
  readonly mask?: Mask;
  readonly includeEventTimes: boolean;
  readonly includeStatuses?: boolean;
  /** Whether a value older than its view's `maxAge` is returned or NULL. RETURN by default. */
  readonly stalePolicy?: StalePolicy;
  /**
   * The share of the rows, 0 to 1, at whose instants a view may have had no as-of in force, or only one past its maxAge; more of them fail
   * the set before its features are joined. Absent: any.
   */
  readonly mostUncovered?: number | undefined;
  /** For a rebuild, the pins of the original. By default the state at the beginning of the build. */
  readonly pins?: TrainingSetPins;
  readonly format: ExportFormat;
  /** Absolute path of the file; it appears by a rename once it is complete. */
  readonly path: string;
  readonly onProgress: (fraction: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** The inputs of a set. Request and pins determine the content of the file, whatever is added later. */
export interface TrainingSetPins {
  /** Committed runs of each view, by view id: `1-4,7`. */
  readonly runs: Readonly<Record<string, string>>;
  /** Decimal sequence number of the newest import of each source table that the spine and the label read. */
  readonly imports: Readonly<Record<string, string>>;
  /** Table that keeps the rows of the spine SQL, of the label's observations, or of the uploaded spine, and their hash. Absent where the rows are in the request, or running the SQL again returns them. */
  readonly spine?: { readonly table: string; readonly hash: string } | undefined;
}

export type EstimateRequest = Omit<TrainingSetRequest, 'path' | 'onProgress' | 'format'>;

/** Builds the files of training sets from the offline store. */
export interface TrainingSetBuilder {
  /** BAD_USER_INPUT says what would make `build` refuse, as far as can be said without building. */
  check(
    request: Pick<
      TrainingSetRequest,
      'callerKey' | 'features' | 'spine' | 'label' | 'labelDefinition' | 'entities' | 'asOf' | 'mask'
    > &
      Partial<Pick<TrainingSetRequest, 'includeEventTimes' | 'includeStatuses'>>,
  ): Promise<void>;
  /**
   * Reads the rows of a set, and counts how the history as it is now covers them, on a sample where they are many. Nothing is built; `id` names
   * the working tables, which are dropped. BAD_USER_INPUT as `check`.
   */
  estimate(request: EstimateRequest): Promise<SetEstimate>;
  /** The as-ofs alone of an estimate. */
  missing(request: EstimateRequest): Promise<SetEstimate['missing']>;
  /** Builds the file of a training set; may be repeated after a crash. */
  build(request: TrainingSetRequest): Promise<TrainingSetResult>;
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

/** Rows of a set by the status of one view. The numbers add up to the rows. */
export interface ViewCoverage {
  readonly view: string;
  /** A row of the key is there and fresh, with a value for one of the features at least. */
  readonly present: number;
  /** It is there and fresh, and every feature that is asked for is NULL. */
  readonly null: number;
  readonly stale: number;
  /** The view was computed, and has no row of the key. */
  readonly notFound: number;
  /** The view had no as-of in force at the row's instant. */
  readonly notComputed: number;
  readonly error: number;
}

export interface SetEstimate {
  readonly rows: number;
  readonly coverage: readonly ViewCoverage[];
  /** As-ofs of each view that a row needs by the view's schedule and that have no run, oldest first. */
  readonly missing: readonly MissingAsOfs[];
}

/** See TrainingSetService.estimate. */
export interface TrainingSetEstimate {
  readonly rows: number;
  readonly coverage: readonly ViewCoverage[];
  /** Of each view that lacks one. */
  readonly missingAsOfs: readonly { readonly view: string; readonly asOfs: number }[];
  readonly rowsToCompute: number;
  readonly secondsToCompute: number;
}

export interface TrainingSetResult {
  readonly rowCount: number;
  /** Of each view, in the order in which its features are asked for; absent in sets of releases that did not count it. */
  readonly coverage?: readonly ViewCoverage[];
  readonly columns: readonly ColumnProfile[];
  /** Exact versions, spine hash, as-of, row count and content hash. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** The recorded request of a set; with the applied definitions it determines the content of the file. */
export interface TrainingSetSpec {
  /** Columns, SQL, the id of an uploaded spine, or the label (`name@version`) whose observations are the rows. */
  readonly spine:
    | Readonly<Record<string, readonly unknown[]>>
    | { readonly sql: string }
    | { readonly id: string }
    | { readonly fromLabel: string };
  readonly label: string | null;
  readonly asOf: Instant;
  /** Whether the requesting role sees personal values masked. */
  readonly masked?: boolean;
  /**
   * The caller who sees personal values masked and whose spine brings some: they come out as brought, so the set is closed to other such callers.
   * The name of its key, or the key's id where it has none.
   */
  readonly broughtBy?: string;
  readonly includeEventTimes: boolean;
  readonly includeStatuses?: boolean;
  readonly stalePolicy?: StalePolicy;
  /** The set is made however little of it the history covers. */
  readonly allowStale?: boolean;
  /** STORED by default. */
  readonly history?: HistoryPolicy;
  readonly format: ExportFormat;
  /** For a rebuild: the original set, its pins, and the content hash that the rebuild must reach. */
  readonly rebuild?: { readonly of: string; readonly pins: TrainingSetPins; readonly contentHash: string };
}

export interface TrainingSetRecord {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  /** The job that builds the set; state, progress and error are the job's. */
  readonly jobId: string;
  readonly request: TrainingSetSpec;
  /** Pinned references `view@version:feature`, in column order. */
  readonly features: readonly string[];
  /** Null until the file is complete. */
  readonly result: TrainingSetResult | null;
  readonly createdAt: Instant;
}

/** Records requested training sets; kept in Postgres. */
export interface TrainingSetLedger {
  create(record: Omit<TrainingSetRecord, 'result'>): Promise<TrainingSetRecord>;
  get(id: string): Promise<TrainingSetRecord | null>;
  /** Lists sets, newest first. `before` is the id of the last set on the page before. */
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly TrainingSetRecord[]>;
  /** Lists the sets that contain a feature of one of these views (`name@version`, at least one), oldest first. */
  pinning(views: readonly string[]): Promise<readonly Pick<TrainingSetRecord, 'id' | 'name'>[]>;
  update(id: string, change: Pick<TrainingSetRecord, 'result'>): Promise<TrainingSetRecord>;
}

/** Training sets for the API; TrainingSetRunner is the worker's part. */
export interface TrainingSetService {
  /**
   * Checks the request, records it and enqueues its job. BAD_USER_INPUT says what is wrong, RATE_LIMITED that too many sets of the key are not
   * built yet; then nothing is recorded.
   */
  create(request: {
    readonly name: string;
    readonly features: readonly AnyFeatureRef[];
    readonly spec: TrainingSetSpec;
    /** Id of the caller's key. */
    readonly callerKey: string;
  }): Promise<TrainingSetRecord>;
  /** Says what a set would be, and what it would cost to compute the as-ofs that its rows need and that are missing. Nothing is recorded. */
  estimate(request: {
    readonly features: readonly AnyFeatureRef[];
    readonly spec: TrainingSetSpec;
    readonly callerKey: string;
    readonly signal?: AbortSignal | undefined;
  }): Promise<TrainingSetEstimate>;
  /**
   * Builds the same set again from the pins of the original. The content hash is the same, whatever was imported, computed or applied since,
   * or the job fails. NOT_FOUND for an unknown id; CONFLICT while the original is not complete or where the definition of a version changed;
   * RATE_LIMITED as in `create`.
   */
  rebuild(
    id: string,
    more: { readonly format?: ExportFormat | undefined; readonly callerKey: string },
  ): Promise<TrainingSetRecord>;
  get(id: string): Promise<TrainingSetRecord | null>;
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly TrainingSetRecord[]>;
  /** Returns the finished file. NOT_FOUND for an unknown id; CONFLICT while it is not complete. */
  file(id: string): Promise<{ readonly path: string; readonly name: string; readonly format: ExportFormat }>;
}

export interface BuiltTrainingSet {
  readonly rowCount: number;
  /** See TrainingSetResult. */
  readonly coverage?: readonly ViewCoverage[] | undefined;
}

/** Training sets for the worker. */
export interface TrainingSetRunner {
  /** Builds the file of a recorded training set. */
  run(id: string, progress: JobProgress): Promise<BuiltTrainingSet>;
}

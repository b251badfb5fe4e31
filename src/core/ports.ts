/**
 * What the parts of the system ask of each other. Only `app.ts` knows which store is behind a port.
 * Read top to bottom it is the specification of the data's way: sources, offline, materialize, online, scoring, jobs.
 */
import type { EntityDefinition } from './define.js';
import type { AnyFeatureRef, Model, Registry, View } from './definitions.js';
import type { FeatureProfiles } from './feature-profiles.js';
import type { Mask } from './masking.js';
import type { Sql } from './sql.js';
import type { Instant, LocalDate } from './time.js';
import type { FeatureStatus, FeatureType, FeatureValue, StalePolicy } from './types.js';

/** UTC milliseconds. */
export type Clock = () => Instant;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** A person must act now. */
  error(fields: object, message: string): void;
}

/** Reported at the seams; the core imports no metrics library. */
export interface Metrics {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
}

// ---------------------------------------------------------------- sources

export interface RejectedRow {
  /** 1-based line of the file (the header is line 1), or 0-based index in an ingested list. */
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

export interface ImportResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** The first 20. */
  readonly quarantine: readonly RejectedRow[];
}

export type ImportFormat = 'csv' | 'ndjson' | 'parquet';

export interface ImportRequest {
  readonly table: string;
  readonly format: ImportFormat;
  readonly body: AsyncIterable<Uint8Array>;
  /** First load of the past: rows without `ingested_at` were known when they could first be known. */
  readonly history: boolean;
  /** A SELECT over the uploaded file, which it reads as `file`; its columns are the file's own, as Nullable(String). */
  readonly mapping?: string;
  /** The import's own time: `ingested_at` of rows that bring none. */
  readonly now: Instant;
  readonly requestId: string;
}

export interface SourceStore {
  import(request: ImportRequest): Promise<ImportResult>;
  /** Newest first. */
  quarantine(table: string, limit: number): Promise<readonly RejectedRow[]>;
}

export interface LoanSnapshotsResult {
  /** Loans that were looked at. */
  readonly loans: number;
  /** Loan-days that were written; of those, `changed` say otherwise what had been derived before. */
  readonly rows: number;
  readonly changed: number;
  /** The last day that is derived; null where there are no loans yet. */
  readonly through: LocalDate | null;
}

/** The daily `loan_snapshots` from loans, schedules, payments and events; loan-days that were imported are left alone. */
export interface LoanSnapshots {
  /**
   * Derives what is missing up to a day, with the very rows that a derivation each day at its scheduled time (30 minutes behind the midnight
   * that ends it) would have written, and restates what came in late. The last day is `through`, or the last that is over at `asOf`, and
   * never one that is not due at `now`. Nothing to do costs next to nothing; repeating it changes nothing.
   */
  derive(
    request: { readonly through?: LocalDate; readonly asOf?: Instant; readonly now: Instant },
    progress: JobProgress,
  ): Promise<LoanSnapshotsResult>;
}

/** Lets through one SELECT over allow-listed tables and functions; anything else is BAD_USER_INPUT, saying what is not allowed. */
export interface SqlGuard {
  /**
   * The statement as one line without comments: run this text, in parentheses, and never the caller's own. `views` are names that stand
   * for a query of ours; who runs the text defines them by a WITH before it.
   */
  check(
    sql: string,
    allow: { readonly tables: readonly string[]; readonly views?: Readonly<Record<string, Sql>> },
  ): Promise<string>;
}

// ---------------------------------------------------------------- offline

/** Values of the join keys, in the entity's order. */
export type EntityKey = readonly string[];

/** One row of a view's history, and what the online store holds of it. */
export interface ViewRow {
  readonly key: EntityKey;
  readonly eventTime: Instant;
  readonly availableAt: Instant;
  /** The run that wrote it; later runs have higher numbers. */
  readonly sequence: number;
  readonly tombstone: boolean;
  /** In the order of the view's features; empty for a tombstone. */
  readonly values: readonly FeatureValue[];
}

/** One as-of of one view, computed once. */
export interface Run {
  /** Also the sequence of its rows: < 2^32. */
  readonly id: number;
  readonly view: View;
  readonly asOf: Instant;
  /** Only source rows with `ingested_at <=` this are read: as-of + delay. */
  readonly knowledge: Instant;
  /** Where it is known before the run (a backfill's): its rows are compared only with those that were available by then. */
  readonly availableAt?: Instant;
  /** The turn at its view in which it is computed and committed, see RunLedger.withViewLock; absent: whoever calls is alone. */
  readonly turn?: number;
}

export interface StageCounts {
  readonly rows: number;
  readonly changed: number;
  readonly nullKeys: number;
}

/** A row of a run before it has stamps. */
export type StagedRow = Pick<ViewRow, 'key' | 'tombstone' | 'values'>;

/** A part of the keys, whole: every row of a key is in the part that the key is in. */
export interface KeyPart {
  /** 0-based, of how many. */
  readonly index: number;
  readonly of: number;
  /** In key order; tombstones and what is past its ttl too. */
  rows(view: View): AsyncIterable<readonly ViewRow[]>;
}

export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface ViewHoldings {
  /** Rows of the history, and bytes on disk of all tables of the version. */
  readonly rows: number;
  readonly bytes: number;
  readonly firstEventTime: Instant | null;
  readonly lastEventTime: Instant | null;
}

export interface ViewStats {
  readonly lastEventTime: Instant | null;
  readonly keys: number;
}

/** History of every view version: append-only, point-in-time readable. */
export interface OfflineStore {
  /** Creates a view version's tables; doing it again changes nothing. */
  createView(view: View): Promise<void>;
  /** From now on nothing is committed to the view for an earlier turn: see RunLedger.withViewLock. */
  takeTurn(view: View, turn: number): Promise<void>;
  /** Drops all that a version holds, whether or not its file is still there; doing it again changes nothing. */
  dropView(view: Pick<View, 'name' | 'version'>): Promise<void>;
  /**
   * Computes the run into a stage of its own, whole or not at all, replacing an earlier attempt. `changed` counts the rows that differ
   * from the newest row of their key at this event time: only those are new history. Fails where the query gives a key twice.
   */
  stageRun(run: Run): Promise<StageCounts>;
  /**
   * The same for several as-ofs of one view, all of them whole or none at all, with far fewer statements than one by one; their counts in the
   * order of the runs. `computed` is told how many queries have run; what it throws ends the work.
   */
  stageRuns(runs: readonly Run[], computed?: (runs: number) => Promise<void>): Promise<readonly StageCounts[]>;
  /** The same as `stageRun` for rows that are computed elsewhere; `restated` where the as-of has history already, that of a backfill by its stamp. */
  stageRows(
    run: Run,
    batches: AsyncIterable<readonly StagedRow[]>,
  ): Promise<StageCounts & { readonly tombstones: number; readonly restated: boolean }>;
  /** Changed rows of a stage, in batches, in key order; `availableAt` and `sequence` are the run's. */
  readStage(run: Run, availableAt: Instant, shard: Shard): AsyncIterable<readonly ViewRow[]>;
  /** Appends the changed rows of stages of one view to its history and the visible state, each with its stamp. Repeating it changes nothing. */
  commitRuns(view: View, runs: readonly { readonly run: Run; readonly availableAt: Instant }[]): Promise<void>;
  /** Drops the run's own stage, not one that it shares with others. */
  dropStage(run: Run): Promise<void>;
  /** Drops every stage, finished or not, that holds these runs and no other. */
  dropStages(view: View, runs: readonly Run[]): Promise<void>;
  /** The row in force at `at` for each key: what the online store must hold. */
  newestRows(view: View, at: Instant, shard: Shard): AsyncIterable<readonly ViewRow[]>;
  /** The rows in force at `at` of several views of one entity, so that what belongs to a key can be put together in bounded memory. */
  inForceByParts(views: readonly View[], at: Instant): AsyncIterable<KeyPart>;
  /** The row in force at `at` of the given keys, in their order. */
  rowsAt(view: View, at: Instant, keys: readonly EntityKey[]): Promise<readonly (ViewRow | null)[]>;
  /** Point-in-time join of an inline spine. */
  historicalFeatures(request: HistoricalRequest): Promise<HistoricalTable>;
  /** BAD_USER_INPUT says what would make `buildTrainingSet` refuse, as far as can be said without building. */
  checkTrainingSet(
    request: Pick<TrainingSetRequest, 'features' | 'spine' | 'label' | 'entities' | 'asOf' | 'mask'> &
      Partial<Pick<TrainingSetRequest, 'includeEventTimes' | 'includeStatuses'>>,
  ): Promise<void>;
  /** Builds the file of a training set; may be repeated after a crash. */
  buildTrainingSet(request: TrainingSetRequest): Promise<TrainingSetResult>;
  /**
   * Some of the rows that a run of the view would give, the same ones each time; nothing is written. INTERNAL for score views, which have no
   * query; TIMEOUT where it takes longer than `seconds`.
   */
  sampleRun(
    view: View,
    at: Pick<Run, 'asOf' | 'knowledge'>,
    limits: { readonly rows: number; readonly seconds: number },
  ): Promise<readonly StagedRow[]>;
  /** What the tables of a version hold, whether or not its file is still there; null where there are none. */
  viewHoldings(view: Pick<View, 'name' | 'version'>): Promise<ViewHoldings | null>;
  /**
   * How many rows a run of the view would compute, from a count of its own query or, over large sources, of a sample of its keys; a score view
   * has as many as its largest input. The view need not have tables yet. TIMEOUT where its query takes longer than an estimate may.
   */
  estimateRows(view: View, asOf: Instant, knowledge: Instant): Promise<{ readonly rows: number }>;
  /**
   * The first instant at which anything that the view reads was known, or its history says something; null where there is nothing yet. A run
   * for an earlier instant has no rows. Minus infinity where the view's sources are not known.
   */
  firstKnown(view: View): Promise<Instant | null>;
  /** Newest event time and number of keys in the visible state. */
  viewStats(view: View, at: Instant): Promise<ViewStats>;
  /** The same of several views in one statement, in their order. */
  viewsStats(views: readonly View[], at: Instant): Promise<readonly ViewStats[]>;
  ping(): Promise<void>;
}

export interface SpineColumn {
  readonly name: string;
  readonly type: FeatureType;
}

export interface HistoricalRequest {
  readonly features: readonly AnyFeatureRef[];
  /**
   * The join keys, `event_timestamp` (RFC 3339 with a zone) and pass-through columns, which are also the request inputs of on-demand features;
   * columnar.
   */
  readonly spine: Readonly<Record<string, readonly unknown[]>>;
  readonly includeEventTimes: boolean;
  readonly includeStatuses: boolean;
  readonly stalePolicy?: StalePolicy;
  /** Present: features tagged `pii` and spine columns that are personal in the lending schema come out masked; joins use the true keys. */
  readonly mask?: Mask;
  /** No row is seen that became available later, whatever the spine says. Absent: unbounded. */
  readonly asOf?: Instant;
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly unit?: string | null;
  readonly description?: string | null;
}

export interface HistoricalTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly FeatureValue[])[];
}

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

/** A SELECT for reports; the label names it in logs and metrics. */
export interface OfflineQuery {
  select(request: {
    readonly label: string;
    readonly query: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly signal?: AbortSignal;
  }): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

// ---------------------------------------------------------------- materialize

export type RunStage = 'STARTED' | 'STAGED' | 'PUBLISHED' | 'COMMITTED';

export interface RunRecord {
  readonly id: number;
  readonly jobId: string;
  readonly viewId: string;
  readonly asOf: Instant;
  readonly knowledge: Instant;
  readonly kind: 'LIVE' | 'BACKFILL';
  readonly stage: RunStage;
  /** `available_at` of the rows written online, fixed before the first of them. */
  readonly onlineStamp: Instant | null;
  /** `available_at` of the history, fixed after the last online row was readable. */
  readonly historyStamp: Instant | null;
  /** What the stage holds, fixed with it, and in how many shards its rows travel. */
  readonly counts: {
    readonly rows: number;
    readonly changed: number;
    readonly nullKeys: number;
    readonly shards: number;
    /** From its beginning to its commit; of runs that share a stage, its share. */
    readonly seconds?: number;
    /** Of a run of scores: rows without a score, and whether the as-of was scored before. */
    readonly tombstones?: number;
    readonly restated?: boolean;
  } | null;
  /** Shards whose online rows are written. */
  readonly shardsDone: readonly number[];
}

export type RunChange = Partial<Pick<RunRecord, 'stage' | 'onlineStamp' | 'historyStamp' | 'counts' | 'shardsDone'>>;

/** Where each run stands; kept in Postgres, so that a killed worker's run is taken up where it was. */
export interface RunLedger {
  /** The same job, view and as-of always get the same run. */
  begin(run: Pick<RunRecord, 'jobId' | 'viewId' | 'asOf' | 'knowledge' | 'kind'>): Promise<RunRecord>;
  /** The same for several runs, in their order. */
  beginAll(
    runs: readonly Pick<RunRecord, 'jobId' | 'viewId' | 'asOf' | 'knowledge' | 'kind'>[],
  ): Promise<readonly RunRecord[]>;
  update(id: number, change: RunChange, turn?: ViewTurn): Promise<void>;
  /** All or none; none where `turn` is over, which is STORE_UNAVAILABLE. */
  updateAll(changes: readonly { readonly id: number; readonly change: RunChange }[], turn?: ViewTurn): Promise<void>;
  /** Runs of the view that are not committed, oldest first: what a killed, failed or cancelled job left. */
  unfinished(viewId: string): Promise<readonly RunRecord[]>;
  /** The newest committed live as-of of each view. */
  committed(viewIds: readonly string[]): Promise<ReadonlyMap<string, Instant>>;
  /** As-ofs of the view between two instants, both included, that have a committed run, oldest first. */
  done(viewId: string, range: { readonly from: Instant; readonly to: Instant }): Promise<readonly Instant[]>;
  /** What the newest committed runs of a view took in all; null where none was measured. */
  pace(viewId: string): Promise<{ readonly runs: number; readonly rows: number; readonly seconds: number } | null>;
  /**
   * Runs the body while no other process holds the view; an aborted signal ends the waiting, not the body. `lost` aborts when the lock is gone
   * before the body is: another process may hold the view from then on, so the body must stop. `turn` is higher than that of any holder before:
   * what is written for it is refused once a later one has begun, however late this process hears that its lock is gone.
   */
  withViewLock<T>(
    viewId: string,
    body: (lost: AbortSignal, turn: number) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
}

/** The time for which one process holds a view. */
export interface ViewTurn {
  readonly viewId: string;
  readonly number: number;
}

export interface JobProgress {
  report(fraction: number): Promise<void>;
  readonly signal: AbortSignal;
}

/** What the runs of score views are made of and where else they go. */
export interface PortfolioScores {
  /**
   * A score for each key that an input of the model has ever had, or its end where it cannot be scored, from what is in force at the run's
   * knowledge time.
   */
  rows(run: Run, progress: JobProgress): AsyncIterable<readonly StagedRow[]>;
  /** Writes what the runs' stages hold to the source table `scores`; repeating it changes nothing. */
  record(
    runs: readonly { readonly run: Run; readonly availableAt: Instant; readonly restated: boolean }[],
  ): Promise<void>;
}

export interface PortfolioResult {
  readonly view: string;
  readonly asOf: string;
  /** Keys with a score, and those of the inputs that have none. */
  readonly scored: number;
  readonly missing: number;
  /** Rows that differ from what was known of this as-of, and what they became: scores in the table `scores`, online rows. */
  readonly changed: number;
  readonly written: number;
  readonly published: number;
  /** Older rows that the online store had lost. */
  readonly restored: number;
}

export interface Materializer {
  /** Newest due as-of of each view where none is given. */
  materialize(
    request: {
      readonly jobId: string;
      readonly views: readonly View[];
      readonly asOf?: Instant;
      /** Leaves out views whose newest due as-of is committed. */
      readonly onlyNew?: boolean;
      readonly now: Instant;
    },
    progress: JobProgress,
  ): Promise<unknown>;
  /** Scores every key of a score view's inputs as of a local midnight: the newest that is due where none is given. */
  scorePortfolio(
    request: { readonly jobId: string; readonly view: View; readonly asOf?: Instant; readonly now: Instant },
    progress: JobProgress,
  ): Promise<PortfolioResult>;
  /** The history of every as-of of the range that is due; views side by side where one does not wait for the other. */
  backfill(request: BackfillRange & { readonly jobId: string }, progress: JobProgress): Promise<unknown>;
  /** BAD_USER_INPUT where one of the views has no such as-of, or it may not be seen at `now`. */
  checkAsOf(views: readonly View[], asOf: Instant, now: Instant): void;
  /** BAD_USER_INPUT where the range could not be backfilled at `now`. */
  checkBackfill(range: BackfillRange): void;
  /** What a backfill would have to do; nothing is computed or written. */
  estimateBackfill(range: BackfillRange): Promise<BackfillEstimate>;
}

export interface BackfillRange {
  readonly views: readonly View[];
  /** Local days, both included. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly now: Instant;
}

export interface BackfillViewEstimate {
  readonly view: string;
  /** First and last as-of that is due. */
  readonly from: string;
  readonly to: string;
  /** The last as-of that is due, where the range ends behind it. */
  readonly clampedTo: string | null;
  readonly asOfs: number;
  /** Of those: as-ofs before anything was known of what the view reads, which cost nothing. */
  readonly empty: number;
  /** Of those: as-ofs that a run has committed already; they are computed again, and only what differs is added. */
  readonly done: number;
  /** Rows that the runs would compute, from the counts of `countedAsOfs` of them, evenly between. */
  readonly rows: number;
  readonly countedAsOfs: number;
  /** From the rate of the newest `measuredRuns` runs of the view; null where none was measured. */
  readonly seconds: number | null;
  readonly measuredRuns: number;
}

export interface BackfillEstimate {
  readonly views: readonly BackfillViewEstimate[];
  readonly asOfs: number;
  readonly rows: number;
  /** For views side by side; null where the rate of one of them is not known. */
  readonly seconds: number | null;
}

// ---------------------------------------------------------------- online

/** What the store answered for one key and view. */
export type OnlineCell = ViewRow | null | 'ERROR';

export interface OnlineReadGroup {
  readonly entity: EntityDefinition;
  /** A NULL in a key matches nothing. */
  readonly keys: readonly (readonly (string | null)[])[];
  readonly views: readonly View[];
}

export interface OnlineStore {
  /** One command an entity key, one round trip a call. Result: [group][key][view]. Expiry is not applied here: see `statusOf`. */
  read(groups: readonly OnlineReadGroup[]): Promise<readonly (readonly (readonly OnlineCell[])[])[]>;
  /**
   * Atomic a key: an older (event time, available-at, sequence) never overwrites a newer one; order and repetition do not matter. An equal one
   * does where the view keeps last known values and one of them has become known since.
   */
  write(view: View, rows: readonly ViewRow[]): Promise<{ readonly applied: number; readonly ignored: number }>;
  /**
   * Removes this version's fields and nothing else, in steps so small that readers do not notice them. May be broken off and begun again at any
   * point. Returns how many fields it removed.
   */
  deleteView(
    view: { readonly id: string; readonly entity: Pick<EntityDefinition, 'name'> },
    progress?: { readonly signal?: AbortSignal; readonly removed?: (fields: number) => Promise<void> },
  ): Promise<number>;
  /** Removes fields past their ttl at `now`, and those of `retired` versions; reads need it not, memory does. */
  sweep(
    now: Instant,
    signal: AbortSignal,
    retired?: readonly string[],
  ): Promise<{ readonly keys: number; readonly removed: number }>;
  /**
   * Bytes of memory that a row of the view costs, on average over these rows: each is written beside what its key holds now, in a scratch key
   * that is gone at once, and measured by Redis itself.
   */
  measure(view: View, rows: readonly ViewRow[]): Promise<number>;
  ping(): Promise<void>;
}

// ---------------------------------------------------------------- serving

export interface OnlineFeaturesRequest {
  readonly features: readonly AnyFeatureRef[];
  readonly entities: Readonly<Record<string, readonly (string | null)[]>>;
  /** Columnar inputs of on-demand features, as the caller wrote them: one value a row of `entities`. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  readonly stalePolicy: StalePolicy;
  readonly now: Instant;
}

/** An on-demand view's times are the oldest of its stored inputs'. */
export interface OnlineFeaturesAnswer {
  readonly columns: readonly {
    readonly name: string;
    readonly view: string;
    readonly type: FeatureType;
    readonly values: readonly FeatureValue[];
    readonly statuses: readonly FeatureStatus[];
  }[];
  readonly views: readonly { readonly view: string; readonly eventTimes: readonly (Instant | null)[] }[];
}

/** The online read path: statuses by core/status.ts, one call of the store a request. */
export interface OnlineFeaturesService {
  read(request: OnlineFeaturesRequest): Promise<OnlineFeaturesAnswer>;
}

export type DefinitionKind = 'view' | 'on_demand' | 'service' | 'model';

/** A definition as it was applied: from then on its version means this and nothing else. */
export interface PublishedDefinition {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: number;
  /** `name@version` */
  readonly id: string;
  readonly hash: string;
  /** What the catalogue shows of it, and the pinned references it needs as `requires`. */
  readonly snapshot: Readonly<Record<string, unknown>>;
  readonly appliedAt: Instant;
  readonly retiredAt: Instant | null;
  /** When all that the version held was dropped; null while it is there. Only what is retired is pruned. */
  readonly prunedAt: Instant | null;
}

/** Which versions are applied and which are retired; kept in Postgres. */
export interface DefinitionLedger {
  all(): Promise<readonly PublishedDefinition[]>;
  /** All or none; an id that is already there is CONFLICT. */
  publish(definitions: readonly Omit<PublishedDefinition, 'retiredAt' | 'prunedAt'>[]): Promise<void>;
  retire(definitions: readonly Pick<PublishedDefinition, 'kind' | 'id'>[], retiredAt: Instant): Promise<void>;
  prune(definition: Pick<PublishedDefinition, 'kind' | 'id'>, prunedAt: Instant): Promise<void>;
  /** Runs the body while no other process applies. */
  withApplyLock<T>(body: () => Promise<T>): Promise<T>;
}

// ---------------------------------------------------------------- keys and audit

export const ROLES = ['admin', 'ingest', 'modeler', 'decision', 'bi'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls: a key's role and name. Never the key. */
export interface Caller {
  readonly role: Role;
  /** The name that RISKGRAPH_KEYS gives a key, else the role. */
  readonly name: string;
  /** First 16 hex digits of the key's SHA-256: the same key in logs, limits and audit. */
  readonly keyId: string;
}

/** SHA-256 of the keys that may call; never the keys. */
export interface KeyStore {
  all(): Promise<readonly { readonly sha256: string; readonly role: Role; readonly name: string }[]>;
  add(key: {
    readonly sha256: string;
    readonly role: Role;
    readonly name: string;
    readonly createdAt: Instant;
  }): Promise<void>;
  /** From then on no process that opens its keys accepts these; hashes that are not there are no error. */
  remove(sha256: readonly string[]): Promise<void>;
}

export interface AuditEntry {
  readonly at: Instant;
  readonly requestId: string;
  /** Null: no key or a wrong one. */
  readonly caller: Caller | null;
  /** `Mutation.materialize`, `GET /training-sets/:id`, … */
  readonly action: string;
  readonly outcome: 'DONE' | 'REFUSED' | 'FAILED';
  /** From where: the peer's address. */
  readonly address: string;
  /** Arguments with personal values left out, the code of a refusal. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Every mutation, export, download and refused call: who, what, when, from where. */
export interface AuditLog {
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly AuditEntry[]>;
}

// ---------------------------------------------------------------- scoring

export interface ScoreRequest {
  readonly model: Model;
  /** Columnar: the join keys of the model's entity and of its features' views. */
  readonly entities: Readonly<Record<string, readonly (string | null)[]>>;
  /** As in an OnlineFeaturesRequest. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  readonly explain: boolean;
  readonly now: Instant;
}

export interface ScoreRow {
  readonly entity: Readonly<Record<string, string | null>>;
  readonly status: 'SCORED' | 'MISSING_FEATURES' | 'ERROR';
  /** P(bad). */
  readonly probability: number | null;
  /** High = safe. */
  readonly points: number | null;
  readonly band: string | null;
  readonly outputs: Readonly<Record<string, unknown>> | null;
  /** References without a value. */
  readonly missing: readonly string[] | null;
  readonly reasonCodes: readonly string[] | null;
  readonly contributions:
    | readonly { readonly feature: string; readonly value: FeatureValue; readonly contribution: number }[]
    | null;
  readonly scoredAt: Instant | null;
}

/** Online features in, calibrated scores out; one row of the answer a row of the request, in its order. */
export interface ScoringService {
  score(request: ScoreRequest): Promise<readonly ScoreRow[]>;
}

// ---------------------------------------------------------------- indicators

export type TimeGrain = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR' | 'TOTAL';
export type Comparison = 'PREVIOUS_PERIOD' | 'SAME_PERIOD_LAST_YEAR';
export type FilterOp = 'EQ' | 'NE' | 'IN' | 'NOT_IN' | 'GT' | 'GTE' | 'LT' | 'LTE';
export type NullReason = 'ZERO_DENOMINATOR' | 'IMMATURE' | 'NO_DATA';

export interface IndicatorTableRequest {
  readonly names: readonly string[];
  readonly by: readonly string[];
  readonly grain: TimeGrain;
  /** Local days, both included. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly filters: readonly {
    readonly dimension: string;
    readonly op: FilterOp;
    readonly values: readonly string[];
  }[];
  readonly compare: Comparison | null;
  /** Adds `<name>__num` and `<name>__den`. */
  readonly components: boolean;
  /** A column's name, a leading `-` for descending. */
  readonly orderBy: string | null;
  readonly limit: number | null;
  /** Knowledge time; null: now. */
  readonly asOf: Instant | null;
  readonly now: Instant;
}

export interface DataTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly FeatureValue[])[];
  /** Why a cell is NULL. */
  readonly nulls: readonly { readonly row: number; readonly column: string; readonly reason: NullReason }[];
  readonly dataThrough: LocalDate | null;
  readonly asOf: Instant | null;
}

export interface IndicatorService {
  /** BAD_USER_INPUT names an unknown indicator, dimension or column. */
  table(request: IndicatorTableRequest): Promise<DataTable>;
}

export interface Scorer {
  /** Opens every model's session and checks its tensors against the definition; all problems at once. */
  open(models: readonly Model[]): Promise<void>;
  /** `rows` × input columns, row by row, NaN where missing; P(bad) a row. */
  predict(model: Model, matrix: Float32Array, rows: number): Promise<Float32Array>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- jobs

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
  readonly registry: Registry;
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

export interface TrainingSetRunner {
  /** Builds a training set that `createTrainingSet` recorded. */
  run(id: string, progress: JobProgress): Promise<unknown>;
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

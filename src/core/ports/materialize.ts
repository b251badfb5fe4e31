/** Materialization: runs of views, their state, and what they return. */
import type { View, ViewOfKind } from '../definitions/definitions.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { ImportsRead } from './arrivals.js';
import type { MissingDay } from './completeness.js';
import type { Lease } from './leases.js';
import type { EntityKey, KeyRange, Run, StagedRow } from './offline.js';
import type { JobProgress } from './progress.js';
import type { ScoreRow } from './scoring.js';

export type RunStage = 'STARTED' | 'STAGED' | 'PUBLISHED' | 'COMMITTED';

export interface RunRecord {
  readonly id: number;
  readonly jobId: string;
  readonly viewId: string;
  readonly asOf: Instant;
  readonly knowledge: Instant;
  /** A republication computes an as-of again with what is known later than its scheduled run knew. */
  readonly kind: 'LIVE' | 'BACKFILL' | 'REPUBLICATION';
  readonly stage: RunStage;
  /** `available_at` of the rows written online, fixed before the first of them. */
  readonly onlineStamp: Instant | null;
  /** `available_at` of the history, fixed after the last online row was readable. */
  readonly historyStamp: Instant | null;
  /** Row counts of the stage, fixed with it, and the number of shards in which its rows travel. */
  readonly counts: {
    readonly rows: number;
    readonly changed: number;
    readonly nullKeys: number;
    readonly shards: number;
    /** Seconds from the run's beginning to its commit; a run that shares a stage has its share of the time. */
    readonly seconds?: number;
    /** Entities with whose source rows the query cannot compute: the run has no row of them. */
    readonly setAside?: readonly EntityKey[];
    /** Ranges of entities that are set aside as a whole. */
    readonly setAsideRanges?: readonly KeyRange[];
    /** The newest imports of its sources that the run could read; absent in runs of earlier releases. */
    readonly imports?: ImportsRead;
    /** Whether another run had made the as-of history before; absent in runs of earlier releases. */
    readonly restated?: boolean;
    /** Days of its source tables that were not whole by its knowledge; absent where every day was, or none is promised. */
    readonly incomplete?: readonly MissingDay[];
    /** Whether the derived tables that it reads were restated with its knowledge, as a republication does. */
    readonly derivedAnew?: boolean;
    /** Whether the run looked for keys that end because their source row was deleted; absent in runs of earlier releases and of scores. */
    readonly endsChecked?: boolean;
    /** Runs of scores only: rows without a score. */
    readonly tombstones?: number;
    /** Runs of scores only: scores of stale inputs; rows to which the model gave no probability, and why the first has none. */
    readonly stale?: number;
    readonly failed?: number;
    readonly error?: string | null;
  } | null;
  /** Indexes of the shards whose online rows are written. */
  readonly shardsDone: readonly number[];
}

/** The committed run of an as-of that knew most. */
export interface ComputedAsOf extends Pick<RunRecord, 'viewId' | 'asOf' | 'knowledge' | 'kind'> {
  readonly derivedAnew: boolean;
  /** Empty where every day was whole, or none is promised. */
  readonly incomplete: readonly MissingDay[];
  /** Empty where the run does not say. */
  readonly imports: ImportsRead;
}

export type RunChange = Partial<
  Pick<RunRecord, 'stage' | 'knowledge' | 'onlineStamp' | 'historyStamp' | 'counts' | 'shardsDone'>
>;

/** Records the state of each run in Postgres, so that a killed worker's run is continued where it was. Changes need the lease of the view. */
export interface RunLedger {
  /** Begins a run. The same job, view and as-of always get the same run. */
  begin(run: Pick<RunRecord, 'jobId' | 'viewId' | 'asOf' | 'knowledge' | 'kind'>): Promise<RunRecord>;
  /** Begins several runs and returns them in their order. */
  beginAll(
    runs: readonly Pick<RunRecord, 'jobId' | 'viewId' | 'asOf' | 'knowledge' | 'kind'>[],
  ): Promise<readonly RunRecord[]>;
  /**
   * Gives later runs higher numbers, so that none is taken for a run that the offline store has: Postgres may have been restored from a
   * backup.
   */
  numberAbove(run: number): Promise<void>;
  update(id: number, change: RunChange, lease: Lease<'view'>): Promise<void>;
  /** Makes all changes or none. STORE_UNAVAILABLE where the lease has a later holder. */
  updateAll(
    changes: readonly { readonly id: number; readonly change: RunChange }[],
    lease: Lease<'view'>,
  ): Promise<void>;
  /** Lists the runs of the view that are not committed, oldest first: those of killed, failed or cancelled jobs. */
  unfinished(viewId: string): Promise<readonly RunRecord[]>;
  /** Lists the runs of these views, at any stage, with a stamp after an instant, oldest first. */
  stampedAfter(viewIds: readonly string[], instant: Instant): Promise<readonly RunRecord[]>;
  /** Removes runs: their jobs, where they come back, begin them anew. STORE_UNAVAILABLE where the lease has a later holder. */
  forget(ids: readonly number[], lease: Lease<'view'>): Promise<void>;
  /** Reads the newest committed live as-of of each view; views without one are left out. */
  committed(viewIds: readonly string[]): Promise<ReadonlyMap<string, Instant>>;
  /** Lists the as-ofs of the view in [from, to] that have a committed run, oldest first, each with the newest knowledge time of its runs. */
  done(
    viewId: string,
    range: { readonly from: Instant; readonly to: Instant },
  ): Promise<readonly Pick<RunRecord, 'asOf' | 'knowledge'>[]>;
  /** Lists, of each as-of of the views after an instant, the committed run that knew most, the newest among equals; oldest as-of first. */
  computed(viewIds: readonly string[], after: Instant): Promise<readonly ComputedAsOf[]>;
  /** Reads, of the newest as-of of each view, the committed run that knew most; views without one are left out. */
  newest(viewIds: readonly string[]): Promise<readonly ComputedAsOf[]>;
  /**
   * Lists, oldest first, the committed runs of these views whose rows online were never given their final stamp: their process died in between. Later
   * runs of the view give it too; those of a backfill get it at its end and are left out.
   */
  unsettled(viewIds: readonly string[]): Promise<readonly RunRecord[]>;
  /** Whether a republication of one of the views, of an as-of up to `asOf`, changed rows after an instant. */
  republished(viewIds: readonly string[], range: { readonly asOf: Instant; readonly after: Instant }): Promise<boolean>;
  /** The newest as-of of the view before an instant of which a committed run looked for ends; null where there is none. */
  endsChecked(viewId: string, before: Instant): Promise<Instant | null>;
  /** Sums rows and seconds of the newest committed runs of a view; null where none was measured. */
  pace(viewId: string): Promise<{ readonly runs: number; readonly rows: number; readonly seconds: number } | null>;
}

/** A run whose rows are history since `availableAt`; `restated` where its as-of had history before. */
export interface RecordedRun<R extends Run = Run> {
  readonly run: R;
  readonly availableAt: Instant;
  readonly restated: boolean;
}

type ScoreRun = Run & { readonly view: ViewOfKind<'scores'> };

/** A row of a run of scores: a score, or the end of one. */
export interface PortfolioRow extends StagedRow {
  readonly status: ScoreRow['status'];
  /** Why the key has no score; null where it has. */
  readonly error: string | null;
  /** Whether the score was made of a stale input. */
  readonly isStale: boolean;
}

/** Computes the rows of score views, and writes them to the source table `scores`. */
export interface PortfolioScores {
  /**
   * Computes a score for each key that an input of the model has ever had, or a tombstone where it cannot be scored, from the values in force
   * at the run's knowledge time.
   */
  rows(run: ScoreRun, progress: JobProgress): AsyncIterable<readonly PortfolioRow[]>;
  /** Writes the rows of the runs' stages to the source table `scores`. Repeating it changes nothing. */
  record(runs: readonly RecordedRun<ScoreRun>[]): Promise<void>;
}

export interface PortfolioResult {
  readonly view: string;
  readonly asOf: string;
  /** Keys with a score, and those that lack what the model requires. */
  readonly scored: number;
  readonly missing: number;
  /** Scores among them that were made of a stale input. */
  readonly stale: number;
  /** Keys without a score because the model gave no probability, and what it answered to the first of them. */
  readonly failed: number;
  readonly error: string | null;
  /** Rows that differ from what was known of this as-of, and what they became: scores in the table `scores`, online rows. */
  readonly changed: number;
  readonly written: number;
  readonly published: number;
  /** Older rows that the online store had lost. */
  readonly restored: number;
}

/**
 * Entities with whose source rows the query of a view cannot compute, in number and the first 20; the quarantine names all and says why. They
 * keep the rows they had, which age, and get new ones from the first run that knows corrected source rows.
 */
export interface EntitiesSetAside {
  readonly entities: number;
  readonly first: readonly string[];
  /** The first 20 ranges of hashes whose entities are set aside as a whole, since it took too long to look for each one; absent where there are none. */
  readonly ranges?: readonly KeyRange[];
}

/** The outcome of a run of one view. */
export interface ViewResult {
  readonly view: string;
  readonly asOf: string;
  readonly rows: number;
  /** Rows that differ from what was known of this as-of: new history. */
  readonly changed: number;
  /** Rows of the run that became readable online. */
  readonly published: number;
  /** Older rows that the online store had lost. */
  readonly restored: number;
  readonly nullKeys: number;
  /** Absent where there are none. */
  readonly setAside?: EntitiesSetAside;
  /** Days of the tables that it reads that were not whole when it was computed; absent where none is missing. */
  readonly incomplete?: readonly MissingDay[];
  /** Republications only: source rows that were known by then are in the values. */
  readonly knownBy?: string;
  /** Score views only, as in a PortfolioResult. */
  readonly scored?: number;
  readonly missing?: number;
  readonly stale?: number;
  readonly failed?: number;
  readonly error?: string | null;
  /** Rows that went to the table `scores`. */
  readonly written?: number;
}

/** The outcome of a backfill of one view; without as-ofs and rows where nothing of the range was due. */
export interface BackfillViewResult {
  readonly view: string;
  readonly from: string | null;
  readonly to: string | null;
  /** The last as-of that is due, where `to` is after it. */
  readonly clampedTo: string | null;
  readonly asOfs: number;
  /** As-ofs among them before anything was known of what the view reads: they have no rows and were not computed. */
  readonly empty: number;
  /** As-ofs among them that had history: what differs of them is published anew, available from the time of this backfill. */
  readonly done: number;
  readonly rows: number;
  readonly changed: number;
  /** Rows that the online store now holds and did not before. */
  readonly published: number;
  readonly nullKeys: number;
  /** Those of any as-of; absent where there are none. */
  readonly setAside?: EntitiesSetAside;
  /** Score views only: rows without a score because the model gave no probability. */
  readonly failed?: number;
}

/** A view of which an as-of is due, and waits for days of source tables to be whole. */
export interface WaitingView {
  readonly view: string;
  readonly asOf: string;
  /** Its deadline: then it runs without them. */
  readonly until: string;
  readonly for: readonly MissingDay[];
}

export interface MaterializeResult {
  /** In the order in which they ran: each after its inputs. */
  readonly views: readonly ViewResult[];
  /** Absent where no view waits. */
  readonly waiting?: readonly WaitingView[];
  /** Says which late as-ofs are left to the next round; absent where none is. */
  readonly notes?: readonly string[];
}

export interface BackfillResult {
  readonly views: readonly BackfillViewResult[];
  /** Says which as-ofs are left out, and which views have nothing that is due. */
  readonly notes: readonly string[];
}

export interface MaterializeRequest {
  readonly jobId: string;
  readonly views: readonly View[];
  readonly asOf?: Instant;
  readonly now: Instant;
}

export interface Materializer {
  /** Computes each view at an as-of, by default the newest that is due, publishes it and commits it. */
  materialize(
    request: MaterializeRequest & {
      /**
       * As the schedule does: leaves out views whose newest due as-of is committed, and those that wait for days of their tables to be whole. Without
       * it they are computed with what is known.
       */
      readonly onlyNew?: boolean;
    },
    progress: JobProgress,
  ): Promise<MaterializeResult>;
  /**
   * Computes each view at an as-of, by default the newest that is due, once more with what is known now, and the derived tables that it reads
   * before it. What differs is published, available from then on; what was known before stays in the history. An as-of that no run has computed is
   * computed as scheduled first. A score view is scored anew at its newest as-of; its earlier scores stay as they were given.
   */
  republish(request: MaterializeRequest, progress: JobProgress): Promise<MaterializeResult>;
  /**
   * Republishes what came late: the as-ofs of the last `days` that an import has touched since their newest run, and the newest scores that were made
   * of what changes. Nothing late costs next to nothing. A table whose rows have no event time makes no as-of late. The newest as-ofs are first;
   * after `budgetMs` no further one begins but the newest of each view. 0 days: nothing.
   */
  republishLate(
    request: Omit<MaterializeRequest, 'asOf'> & { readonly days: number; readonly budgetMs?: number },
    progress: JobProgress,
  ): Promise<MaterializeResult>;
  /** Scores every key of a score view's inputs as of a local midnight: the newest that is due where none is given. */
  scorePortfolio(
    request: { readonly jobId: string; readonly view: View; readonly asOf?: Instant; readonly now: Instant },
    progress: JobProgress,
  ): Promise<PortfolioResult>;
  /**
   * Computes the history of every due as-of of the range, with views side by side where none waits for another. An as-of without history gets
   * the times that its scheduled run would have given it; one that has keeps them, and what differs of it is published anew, available from now on.
   * The result's `notes` name what is left out, and views of which nothing is due.
   */
  backfill(request: BackfillRange & { readonly jobId: string }, progress: JobProgress): Promise<BackfillResult>;
  /** Checks an as-of. BAD_USER_INPUT where one of the views has no such as-of, or it may not be seen at `now`. */
  checkAsOf(views: readonly View[], asOf: Instant, now: Instant): void;
  /** Checks a range. BAD_USER_INPUT where nothing of it could be backfilled at `now`. */
  checkBackfill(range: BackfillRange): void;
  /**
   * Computes as-ofs that have no history, with the times that their scheduled runs would have given them, and those of the inputs of scores
   * that these lack. What another run has computed by the time that the view is held stays as it is; a repetition goes on where the job was.
   */
  computeAsOfs(
    request: { readonly jobId: string; readonly missing: readonly MissingAsOfs[]; readonly now: Instant },
    progress: JobProgress,
  ): Promise<readonly BackfillViewResult[]>;
  /** Estimates what `computeAsOfs` would compute, of each view that has something; as-ofs before anything was known of its sources cost nothing. */
  estimateAsOfs(missing: readonly MissingAsOfs[], signal?: AbortSignal): Promise<readonly AsOfsEstimate[]>;
  /** Estimates the work of a backfill; nothing is computed or written. The signal ends it between two views. */
  estimateBackfill(range: BackfillRange, signal?: AbortSignal): Promise<BackfillEstimate>;
}

/** As-ofs of a view that no run has computed. */
export interface MissingAsOfs {
  readonly view: View;
  /** Oldest first. */
  readonly asOfs: readonly Instant[];
}

export interface AsOfsEstimate extends MissingAsOfs {
  readonly rows: number;
  /** From the rate of the newest runs of the view; null where none was measured. */
  readonly seconds: number | null;
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
  /** The last as-of that is due, where the range ends after it. */
  readonly clampedTo: string | null;
  readonly asOfs: number;
  /** As-ofs among them before anything was known of what the view reads, which cost nothing. */
  readonly empty: number;
  /** As-ofs among them that have history; they are computed again, and what differs is added, available from then on. */
  readonly done: number;
  /** Rows that the runs would compute, from the counts of `countedAsOfs` of them, evenly between. */
  readonly rows: number;
  readonly countedAsOfs: number;
  /** From the rate of the newest `measuredRuns` runs of the view; null where none was measured. */
  readonly seconds: number | null;
  readonly measuredRuns: number;
}

export interface BackfillEstimate {
  /** Those of which something is due. */
  readonly views: readonly BackfillViewEstimate[];
  /** Says what the backfill would leave out, and which views have nothing that is due. */
  readonly notes: readonly string[];
  readonly asOfs: number;
  readonly rows: number;
  /** For views side by side; null where the rate of one of them is not known. */
  readonly seconds: number | null;
}

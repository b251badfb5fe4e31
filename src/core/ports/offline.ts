/** The history of every view version, and how it is read at a point in time. */

import type { Mask } from '../compute/masking.js';
import type { AnyFeatureRef, View } from '../definitions/definitions.js';
import type { Sql } from '../definitions/sql.js';
import type { FeatureType, FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

/** Values of the join keys, in the entity's order. */
export type EntityKey = readonly string[];

/** One row of a view's history, in the form that the online store holds too. */
export interface ViewRow {
  readonly key: EntityKey;
  readonly eventTime: Instant;
  readonly availableAt: Instant;
  /** Number of the run that wrote the row; later runs have higher numbers. */
  readonly sequence: number;
  readonly tombstone: boolean;
  /** Values in the order of the view's features; empty for a tombstone. */
  readonly values: readonly FeatureValue[];
}

export interface PreviewRequest {
  readonly asOf: Instant;
  readonly knowledge: Instant;
  readonly keys: readonly EntityKey[];
}

/** One as-of of one view, computed once. */
export interface Run {
  /** Number of the run, and sequence of its rows: < 2^32. */
  readonly id: number;
  readonly view: View;
  readonly asOf: Instant;
  /** Knowledge time, as-of + delay: only source rows with `ingested_at <=` it are read. */
  readonly knowledge: Instant;
}

export interface StageCounts {
  /** Rows of the query that have a key; the ends of keys that it no longer has are not among them. */
  readonly rows: number;
  /** New rows of history, ends among them. */
  readonly changed: number;
  readonly nullKeys: number;
  /** Whether another run has made the as-of history already, even one without a row. */
  readonly restated: boolean;
  /** Whether the run looked for keys that end because their source row was deleted; absent where its rows are no query's. */
  readonly endsChecked?: boolean;
  /** Entities with whose source rows the query cannot compute: the run has no row of them. Absent where there are none. */
  readonly setAside?: readonly EntityKey[];
  /** Ranges of entities that are set aside as a whole, where to look for each of those at fault took too long. Absent where there are none. */
  readonly setAsideRanges?: readonly KeyRange[];
}

/** The entities whose keys have a 64-bit hash, `cityHash64` of the key columns, in [from, to]; both in decimal digits. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
  /** How many of them the sources have. */
  readonly entities: number;
}

/** A row of a run before it has stamps. */
export type StagedRow = Pick<ViewRow, 'key' | 'tombstone' | 'values'>;

/** A part of the keys; every row of a key is in the key's part. */
export interface KeyPart {
  /** 0-based index of the part, among `of` parts. */
  readonly index: number;
  readonly of: number;
  /** Reads the rows of a view in key order, with tombstones and rows past their ttl. */
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

/** Reads the history of every view version, as it was known at any instant. */
export interface OfflineReader {
  /** Reads the changed rows of a stage, in batches, in key order; `availableAt` and `sequence` are the run's. */
  readStage(run: Run, availableAt: Instant, shard: Shard): AsyncIterable<readonly ViewRow[]>;
  /** Reads the row in force at `at` for each key, which the online store must hold. */
  newestRows(view: View, at: Instant, shard: Shard): AsyncIterable<readonly ViewRow[]>;
  /** Reads the rows in force at `at` of several views of one entity, part by part, so that the rows of a key are joined in bounded memory. */
  inForceByParts(views: readonly View[], at: Instant): AsyncIterable<KeyPart>;
  /** Reads the row in force at `at` for each of these keys, in their order; null where there is none. */
  rowsAt(
    view: View,
    at: Instant,
    keys: readonly EntityKey[],
    signal?: AbortSignal,
  ): Promise<readonly (ViewRow | null)[]>;
  /** Reads the keys that runs have rows of, in the history or still in a stage, each once. */
  keysOfRuns(view: View, runs: readonly number[]): AsyncIterable<readonly EntityKey[]>;
  /** Joins an inline spine with features, point in time. BAD_USER_INPUT names the column and the row that are wrong. */
  historicalFeatures(request: HistoricalRequest): Promise<HistoricalTable>;
  /**
   * The rows that a run of the view would give some keys, in their order; null for a key without a row. Nothing is written.
   * BAD_USER_INPUT with the engine's words where the query fails, TIMEOUT where it runs for a minute.
   */
  previewRows(view: View, request: PreviewRequest, signal?: AbortSignal): Promise<readonly (ViewRow | null)[]>;
  /** Plans the query of a view without running it. Returns what the engine says against it, null where it would run. */
  planQuery(view: View): Promise<string | null>;
  /** The same of a SELECT over the source tables. */
  planSelect(select: Sql): Promise<string | null>;
  /**
   * Computes a sample of the rows that a run of the view would give, the same ones each time; nothing is written. For a score view, rows of
   * the usual form.
   * TIMEOUT where it takes longer than `seconds`.
   */
  sampleRun(
    view: View,
    at: Pick<Run, 'asOf' | 'knowledge'>,
    limits: { readonly rows: number; readonly seconds: number },
  ): Promise<readonly StagedRow[]>;
  /** Measures the tables of a version, whether or not its file still exists; null where there are none. */
  viewHoldings(view: Pick<View, 'name' | 'version'>): Promise<ViewHoldings | null>;
  /**
   * Estimates the number of rows that a run of the view would compute, by counting its query or, over large sources, a sample of its keys; a
   * score view has as many as its largest input. The view need not have tables yet. TIMEOUT where its query takes longer than an estimate may.
   */
  estimateRows(view: View, asOf: Instant, knowledge: Instant): Promise<{ readonly rows: number }>;
  /**
   * Finds the first instant at which a source row of the view was known, or its history has a row; null where there is none yet. A run for an
   * earlier instant has no rows. Minus infinity where the view's sources are not known.
   */
  firstKnown(view: View): Promise<Instant | null>;
  /** Reads the newest event time and the number of keys in the visible state. */
  viewStats(view: View, at: Instant): Promise<ViewStats>;
  /** Reads the stats of several views in one statement, in their order. */
  viewsStats(views: readonly View[], at: Instant): Promise<readonly ViewStats[]>;
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
  /** Masks features tagged `pii` in the answer; joins use the true keys, and spine columns are given back as they were brought. Absent: nothing is masked. */
  readonly mask?: Mask;
  /** Hides rows that became available later, whatever the spine asks for. Absent: unbounded. */
  readonly asOf?: Instant;
  /** Ends the read with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly unit?: string | null;
  readonly description?: string | null;
  /** Whether the values are masks, of which a null one says nothing of what is stored. */
  readonly masked: boolean;
}

export interface HistoricalTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly FeatureValue[])[];
}

/** A SELECT for reports; the label names it in logs and metrics. */
export interface OfflineQuery {
  select(request: {
    readonly label: string;
    readonly query: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly signal?: AbortSignal | undefined;
  }): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

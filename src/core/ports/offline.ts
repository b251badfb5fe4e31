/** The history of every view version, and how it is read at a point in time. */

import type { Mask } from '../compute/masking.js';
import type { AnyFeatureRef, View } from '../definitions/definitions.js';
import type { FeatureType, FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

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

/** Reads the history of every view version, as it was known at any instant. */
export interface OfflineReader {
  /** Changed rows of a stage, in batches, in key order; `availableAt` and `sequence` are the run's. */
  readStage(run: Run, availableAt: Instant, shard: Shard): AsyncIterable<readonly ViewRow[]>;
  /** The row in force at `at` for each key: what the online store must hold. */
  newestRows(view: View, at: Instant, shard: Shard): AsyncIterable<readonly ViewRow[]>;
  /** The rows in force at `at` of several views of one entity, so that what belongs to a key can be put together in bounded memory. */
  inForceByParts(views: readonly View[], at: Instant): AsyncIterable<KeyPart>;
  /** The row in force at `at` of the given keys, in their order. */
  rowsAt(view: View, at: Instant, keys: readonly EntityKey[]): Promise<readonly (ViewRow | null)[]>;
  /** Point-in-time join of an inline spine. */
  historicalFeatures(request: HistoricalRequest): Promise<HistoricalTable>;
  /**
   * Some of the rows that a run of the view would give, the same ones each time; nothing is written. Of a score view, rows of the usual form.
   * TIMEOUT where it takes longer than `seconds`.
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

/** A SELECT for reports; the label names it in logs and metrics. */
export interface OfflineQuery {
  select(request: {
    readonly label: string;
    readonly query: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly signal?: AbortSignal;
  }): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** The online store: the newest row of each entity key, for decisions. */
import type { EntityDefinition } from '../definitions/define-entity.js';
import type { View } from '../definitions/definitions.js';
import type { Instant } from '../helpers/time.js';
import type { ViewRow } from './offline.js';
import type { JobProgress } from './progress.js';

/** The answer for one key and view: its row, null where there is none, or ERROR where the store failed. */
export type OnlineCell = ViewRow | null | 'ERROR';

/** As [group][key][view]. */
export type OnlineCells = readonly (readonly (readonly OnlineCell[])[])[];

export interface OnlineReadGroup {
  readonly entity: EntityDefinition;
  /** One key per requested row; a key with a NULL matches nothing. */
  readonly keys: readonly (readonly (string | null)[])[];
  readonly views: readonly View[];
}

/** The online store as requests read it. */
export interface OnlineReads {
  /** The same as OnlineStore.read, in time: what the store has not answered when the signal is aborted is ERROR, and so is everything while it is away. */
  read(groups: readonly OnlineReadGroup[], deadline?: AbortSignal): Promise<OnlineCells>;
}

/**
 * Knows of each view whether the online store still holds all that was written of it. The store itself bears the marks: what takes rows away
 * takes marks with them, so a row that is not there tells nothing where the mark of its view is gone.
 */
export interface ContentState {
  readonly id: string;
  /** Rows of the view are missing. */
  readonly isLost: boolean;
  /** Another one after each restoration of the view; empty where there was none. */
  readonly restoration: string;
}

export interface OnlineContent {
  /** Of each view whether it is whole. STORE_UNAVAILABLE where the store does not answer. */
  states(views: readonly Pick<View, 'id'>[]): Promise<readonly ContentState[]>;
  /** Ids of the views that are not whole. STORE_UNAVAILABLE where the store does not answer. */
  lost(views: readonly Pick<View, 'id'>[]): Promise<readonly string[]>;
  /** Marks views as whole: they have no rows yet. */
  vouch(views: readonly Pick<View, 'id'>[]): Promise<void>;
  /** Takes the marks away: rows are missing, whatever the reason. */
  doubt(views: readonly Pick<View, 'id'>[]): Promise<void>;
  /** Marks the view as whole after a body that writes all of its rows. STORE_UNAVAILABLE where the store has lost content meanwhile. */
  restoring<T>(view: Pick<View, 'id'>, body: () => Promise<T>): Promise<T>;
  /** The number of keys that the servers evicted since they started. */
  evicted(): Promise<number>;
}

/** Writes again what the online store has lost. */
export interface OnlineRestorer {
  /** Restores those of the views that are not whole from the newest rows of their history. */
  restore(views: readonly View[], progress: JobProgress): Promise<RestoredViews>;
}

export interface RestoredViews {
  readonly views: readonly { readonly view: string; readonly rows: number }[];
}

/** Keeps the newest row of each entity key and view version. */
export interface OnlineStore {
  /** Reads rows as [group][key][view], with one command per entity key and one round trip per call. It does not apply ttl and maxAge; `statusOf` does. */
  read(groups: readonly OnlineReadGroup[]): Promise<OnlineCells>;
  /**
   * Writes rows, atomically per key. A row with an older (event time, available-at, sequence) never overwrites a newer one, so order and
   * repetition do not matter. An equal row overwrites only where the view keeps last known values and one of them has become known since.
   * A stored row that says to be available after the instant `over` gives way to any: a clock that had jumped stamped it.
   */
  write(
    view: View,
    rows: readonly ViewRow[],
    options?: { readonly over?: Instant },
  ): Promise<{ readonly applied: number; readonly ignored: number }>;
  /**
   * Removes the fields of this version and nothing else, in steps too small for readers to notice. It may be interrupted and repeated at any
   * point. Returns the number of removed fields.
   */
  deleteView(
    view: { readonly id: string; readonly entity: Pick<EntityDefinition, 'name'> },
    progress?: { readonly signal?: AbortSignal; readonly removed?: (fields: number) => Promise<void> },
  ): Promise<number>;
  /** Removes fields past their ttl at `now` and those of `retired` versions. Reads never depend on it; it frees memory. */
  sweep(
    now: Instant,
    signal: AbortSignal,
    retired?: readonly string[],
  ): Promise<{ readonly keys: number; readonly removed: number }>;
  /**
   * Measures the average memory of a row of the view over these rows, in bytes: it copies each key to a scratch key, adds the row, asks Redis
   * for the size, and removes the scratch key.
   */
  measure(view: View, rows: readonly ViewRow[]): Promise<number>;
  /** Fails where the store does not answer. */
  ping(): Promise<void>;
}

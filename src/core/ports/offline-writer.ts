/** Writing the history of a view version: only under its lease. */
import type { View } from '../definitions/definitions.js';
import type { Instant } from '../helpers/time.js';
import type { Lease } from './leases.js';
import type { Run, StageCounts, StagedRow } from './offline.js';

/** A run and the instant from which on its rows are known; of what it has set aside it does not know whether it ends. */
export interface StampedRun extends Pick<StageCounts, 'setAside' | 'setAsideRanges'> {
  readonly run: Run;
  readonly availableAt: Instant;
}

export interface StageOptions {
  /**
   * The newest as-of before the run of which a committed run looked for ends. Where it is not the one right before, deletions of any time are looked
   * at, not the new ones alone: the release that computed it may have ended no key.
   */
  readonly endsChecked?: Instant | null;
  /** Ends the search for entities with whose source rows the query cannot compute, which may take minutes. */
  readonly signal?: AbortSignal | undefined;
}

export interface OfflineWriters {
  /** Creates the tables of a view version. Repeating it changes nothing, so it needs no lease. */
  createView(view: View): Promise<void>;
  /**
   * The writer of a view whose tables exist. From now on the store rejects what an earlier holder of the lease writes; what one of them was
   * writing is stored when the writer is returned.
   */
  writer(view: View, lease: Lease<'view'>): Promise<OfflineWriter>;
  /** Drops all tables of a version, whether or not its file still exists. Repeating it changes nothing. */
  dropView(view: Pick<View, 'name' | 'version'>, lease: Lease<'view'>): Promise<void>;
}

/**
 * Writes runs of one view. Each statement carries the fencing token of the lease: once the view has a later holder, a commit adds nothing and
 * fails with STORE_UNAVAILABLE.
 */
export interface OfflineWriter {
  /** The highest number of a run in the view's tables, stages among them; 0 where there is none. */
  newestRun(): Promise<number>;
  /**
   * Computes the run into a stage of its own, whole or not at all, replacing an earlier attempt. `changed` counts the rows that differ
   * from the newest row of their key at this event time: only those are new history. CONFLICT where the query gives a key twice.
   */
  stageRun(run: Run, options?: StageOptions): Promise<StageCounts>;
  /**
   * Stages several as-ofs, all of them whole or none at all, with far fewer statements than one by one; returns their counts in the order of the
   * runs. `computed` receives how many queries have run; what it throws ends the work.
   */
  stageRuns(
    runs: readonly Run[],
    computed?: (runs: number) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<readonly StageCounts[]>;
  /** Stages rows that are computed elsewhere. */
  stageRows(
    run: Run,
    batches: AsyncIterable<readonly StagedRow[]>,
  ): Promise<StageCounts & { readonly tombstones: number }>;
  /** Appends the changed rows of stages to the history and the visible state, each with its stamp. Repeating it changes nothing. */
  commitRuns(runs: readonly StampedRun[]): Promise<void>;
  /** Takes runs out of the history and the visible state, for instants that have not come. Repeating it changes nothing. */
  withdraw(runs: readonly number[]): Promise<void>;
  /** Drops every stage, finished or not, that holds these runs and no other. */
  dropStages(runs: readonly Run[]): Promise<void>;
  /** Drops every stage, finished or not, that holds none of the runs with these numbers. */
  keepStages(runs: readonly number[]): Promise<void>;
}

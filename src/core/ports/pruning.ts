/** Pruning: the data of a retired view version is dropped for good. */
import type { JobProgress } from './progress.js';

export interface PrunedView {
  readonly view: string;
  /** Rows of history, bytes on disk, and fields of Redis that were dropped. */
  readonly rows: number;
  readonly bytes: number;
  readonly onlineFields: number;
  /** Training sets that pinned the version and can no longer be rebuilt. */
  readonly trainingSets: readonly string[];
}

/** Drops the history and the online values of a retired view version. */
export interface ViewPruner {
  /**
   * Says what pruning would drop; changes nothing. NOT_FOUND for a version that was never applied; CONFLICT for one that is in force or pruned
   * already, and, without `force`, for one that training sets pin, which it names.
   */
  check(view: string, options: { readonly force: boolean }): Promise<Omit<PrunedView, 'onlineFields'>>;
  /** Prunes the version. A call that was interrupted is taken up by the next one. */
  prune(view: string, options: { readonly force: boolean }, progress: JobProgress): Promise<PrunedView>;
}

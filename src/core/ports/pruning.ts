/** The end of what a retired version of a view holds. */
import type { JobProgress } from './progress.js';

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

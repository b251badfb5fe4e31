/** The newest row a key, for decisions. */
import type { EntityDefinition } from '../definitions/define-entity.js';
import type { View } from '../definitions/definitions.js';
import type { Instant } from '../helpers/time.js';
import type { ViewRow } from './offline.js';

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

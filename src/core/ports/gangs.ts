/** Gangs: customers whom shared identifiers tie. */
import type { LocalDate } from '../helpers/time.js';
import type { DerivedTable } from './derived.js';

export interface GangsResult {
  /** Number of days that were derived. */
  readonly days: number;
  /** Gangs and their members at the end of the last of them. */
  readonly gangs: number;
  readonly members: number;
  /** Number of rows written: members of whom something changed. */
  readonly rows: number;
  /** The newest day that is derived; null while there are no links. */
  readonly through: LocalDate | null;
}

/**
 * Derives `gang_members`, which holds a row of a customer on each day on which something about its gang changed. It derives one day: `through`, or the
 * last that is over at `asOf`, and never one that is not due at `now`, an hour after its end; with `from` every day of the range that has none. A derived
 * day is never restated: a link that comes late is known from the day on which it came.
 */
export type Gangs = DerivedTable<GangsResult>;

/** What came in, and which days it may have changed. */
import type { Instant } from '../helpers/time.js';

/** An import that brought rows with an event time. */
export interface Arrival {
  readonly table: string;
  /** Sequence of the import, decimal: a later import of the table has a higher one. */
  readonly seq: string;
  /** When its rows happened at the earliest, earlier versions of their keys among them. */
  readonly firstEvent: Instant;
  /** When the last of its rows was known. */
  readonly lastKnown: Instant;
}

/** The sequence of the newest import of each table whose rows are all there; tables without one are left out. */
export type ImportsRead = Readonly<Record<string, string>>;

export interface Arrivals {
  newest(tables: readonly string[]): Promise<ImportsRead>;
  /** Lists the imports of the tables whose rows were known after an instant, oldest first. */
  since(tables: readonly string[], instant: Instant): Promise<readonly Arrival[]>;
}

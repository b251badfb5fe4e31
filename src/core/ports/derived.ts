/** Tables whose rows the platform makes of those of others. */
import type { Instant, LocalDate } from '../helpers/time.js';
import type { JobProgress } from './progress.js';

export interface DeriveRequest {
  /** The first local day that a caller who reads a range of past days needs; absent: the last is enough. A table that always derives every day takes no note of it. */
  readonly from?: LocalDate | undefined;
  /** The last local day to derive. */
  readonly through?: LocalDate | undefined;
  /** Only days that are over at this instant. */
  readonly asOf?: Instant | undefined;
  /** No day is derived before its inputs are due. */
  readonly now: Instant;
  /**
   * Restates derived days with what is known by this instant, which must have come, and marks the rows as known since then. Absent: the
   * derivation of the next day does.
   */
  readonly knownBy?: Instant | undefined;
}

export interface DerivedTable<Result = unknown> {
  readonly name: string;
  /** Source tables from which its rows follow. */
  readonly inputs: readonly string[];
  /** The instant up to which its rows of the days that are over at an as-of know their inputs, as the schedule derives them. */
  derivedBy(asOf: Instant): Instant;
  /** The end of the last day of which an as-of reads its rows: what happened from then on is in none of them. */
  derivedUntil(asOf: Instant): Instant;
  /** Derives what is missing and restates what came in late. Nothing to do costs next to nothing; repeating it changes nothing. */
  derive(request: DeriveRequest, progress: JobProgress): Promise<Result>;
}

/** Which days of a source table are whole: all of their rows are there, but for those that come late. */
import type { Instant, LocalDate } from '../helpers/time.js';

export interface CompletenessMark {
  readonly table: string;
  /** The last day that is whole; every day before it is too. */
  readonly through: LocalDate;
  readonly at: Instant;
  /** Name of the caller who said so. */
  readonly by: string;
}

/** Keeps one mark a table. */
export interface CompletenessLedger {
  marks(): Promise<readonly CompletenessMark[]>;
  /** Moves the mark of a table forward; one of the same day or a later one stays as it is. */
  advance(mark: CompletenessMark): Promise<void>;
  /** Lists every day from `from` on to which the mark of a table was moved, and when, oldest day first. */
  since(table: string, from: LocalDate): Promise<readonly Pick<CompletenessMark, 'through' | 'at'>[]>;
}

/** Says since when days are whole. */
export interface WholeDays {
  /**
   * The instant since which each of the days of a table, with all days before it, has been whole; days that are not are left out. Where the rows
   * of the table cannot be read, its marks alone count.
   */
  wholeSince(table: string, days: readonly LocalDate[]): Promise<ReadonlyMap<LocalDate, Instant>>;
}

/** A day of a source table that is not whole. */
export interface MissingDay {
  readonly table: string;
  readonly day: LocalDate;
}

export interface TableCompleteness {
  readonly table: string;
  /** The last day that is whole; null where none is known to be. */
  readonly through: LocalDate | null;
  /** The last day that should be whole by now; null for a table that promises nothing. */
  readonly due: LocalDate | null;
  /** Time since the first day that is not whole was due, 0 where none is; null for a table that promises nothing. */
  readonly lateSeconds: number | null;
}

export interface Completeness extends WholeDays {
  /**
   * Tells whether a day of a table can be marked now.
   * @throws NOT_FOUND for an unknown table, BAD_USER_INPUT for a day that is not over, or before the first one that a table can have
   */
  check(table: string, date: LocalDate): Promise<void>;
  /**
   * Marks a table as whole through a day, after the same check. A day that is whole already changes nothing.
   */
  mark(mark: Omit<CompletenessMark, 'at'>): Promise<void>;
  /** Marks a table after an import; one that refused rows leaves the mark where it is, as a day without them is not whole. */
  markImported(mark: Omit<CompletenessMark, 'at'> & { readonly rejected: number }): Promise<void>;
  /** Reads the tables in the order given. One whose rows cannot be read is an error of its own. */
  of(tables: readonly string[]): Promise<readonly (TableCompleteness | Error)[]>;
}

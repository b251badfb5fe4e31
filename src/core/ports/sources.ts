/** Source tables: import, quarantine, derived loan snapshots, and the guard for SQL that callers write. */
import type { Sql } from '../definitions/sql.js';
import type { LocalDate } from '../helpers/time.js';
import type { DerivedTable } from './derived.js';
import type { Clock } from './process.js';

export interface RejectedRow {
  /** 1-based line of the file, where the header is line 1; 0-based index in an ingested list. */
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

export interface ImportResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** The first 20 rejected rows. */
  readonly quarantine: readonly RejectedRow[];
  /** Rejected rows that were counted and are not in the quarantine; absent where all are. */
  readonly notKept?: number;
}

/** A file format that an import reads. */
export interface ImportFormat {
  readonly name: string;
  /** The first is the one to send. */
  readonly contentTypes: readonly [string, ...string[]];
  /** Ends of file names, without the dot. */
  readonly suffixes: readonly [string, ...string[]];
}

export interface ImportRequest {
  readonly table: string;
  /** Name of one of `SourceStore.formats`. */
  readonly format: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** A first load of the past: a row without `ingested_at` counts as known from the earliest time at which it could be known. */
  readonly history: boolean;
  /** A SELECT over the uploaded file. The file is the table `file`; its columns have the names of the file and the type Nullable(String). */
  readonly mapping?: string;
  /** Id of the key whose share of the store the mapping has; absent: the platform's own. */
  readonly callerKey?: string | undefined;
  /**
   * Read when the import starts, which bounds the `ingested_at` that rows bring, and when they are written: since then those are known that
   * bring none.
   */
  readonly clock: Clock;
  readonly requestId: string;
}

/** A body that waits on disk. */
export interface Spooled {
  readonly path: string;
  /** Reads the body from its first byte; any number of times. */
  read(): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}

/** Writes and inspects source tables. */
export interface SourceStore {
  readonly formats: readonly ImportFormat[];
  /** Streams a file into a table. Importing the same file again changes nothing; a bad row goes to quarantine and stops no other row. */
  import(request: ImportRequest): Promise<ImportResult>;
  /** Keeps a body on disk, readable by this process alone, until it is removed: for a file that cannot be imported as it comes. */
  spool(body: AsyncIterable<Uint8Array>): Promise<Spooled>;
  /** Returns at most `limit` rejected rows of the table, newest first. */
  quarantine(table: string, limit: number): Promise<readonly RejectedRow[]>;
  /** Counts the stored versions of the rows of each table; an attached table has no count. */
  rowCounts(): Promise<ReadonlyMap<string, number>>;
}

/** Removes rows that are past the retention of their table. */
export interface SourceSweep {
  /** Removes each key whose versions are all a week past the retention of their table. @returns the tables with a retention, and the keys removed of each */
  sweep(
    signal: AbortSignal,
  ): Promise<{ readonly tables: readonly { readonly table: string; readonly keys: number }[] }>;
}

export interface LoanSnapshotsResult {
  /** Number of loans that were examined. */
  readonly loans: number;
  /** Number of loan-days written; `changed` of them replace an earlier derivation. */
  readonly rows: number;
  readonly changed: number;
  /** The last derived day; null while there are no loans. */
  readonly through: LocalDate | null;
  /**
   * Loans that no day can be derived of, in number and the first 20 by id; absent where there are none. The quarantine says why. They keep the
   * days they had, and get those that are missing once their rows are corrected.
   */
  readonly setAside?: { readonly loans: number; readonly first: readonly string[] };
}

/**
 * Derives the daily `loan_snapshots` from loans, schedules, payments and events; imported loan-days are left alone. It writes exactly the rows
 * that a derivation at each day's scheduled time (30 minutes after the midnight that ends the day) would have written, and restates days with
 * late facts. The last day is `through`, or the last one that is over at `asOf`, and never one that is not due at `now`.
 */
export type LoanSnapshots = DerivedTable<LoanSnapshotsResult>;

/** Checks SQL that a caller wrote: one SELECT over allow-listed tables and functions. */
export interface SqlGuard {
  /**
   * Returns the statement as one line without comments. Run this text, in parentheses, and never the caller's own. `views` are names that
   * stand for a query of the platform, which must be defined by a WITH before the text. BAD_USER_INPUT says what is not allowed.
   */
  check(
    sql: string,
    allow: {
      readonly tables: readonly string[];
      readonly views?: Readonly<Record<string, Sql>>;
      /** Functions that are allowed beside those of values alone. */
      readonly functions?: readonly string[];
    },
  ): Promise<string>;
}

/** Source tables: import, quarantine, derived loan snapshots, the guard of SQL that callers write. */
import type { Sql } from '../definitions/sql.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { JobProgress } from './progress.js';

export interface RejectedRow {
  /** 1-based line of the file (the header is line 1), or 0-based index in an ingested list. */
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

export interface ImportResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** The first 20. */
  readonly quarantine: readonly RejectedRow[];
}

export type ImportFormat = 'csv' | 'ndjson' | 'parquet';

export interface ImportRequest {
  readonly table: string;
  readonly format: ImportFormat;
  readonly body: AsyncIterable<Uint8Array>;
  /** First load of the past: rows without `ingested_at` were known when they could first be known. */
  readonly history: boolean;
  /** A SELECT over the uploaded file, which it reads as `file`; its columns are the file's own, as Nullable(String). */
  readonly mapping?: string;
  /** The import's own time: `ingested_at` of rows that bring none. */
  readonly now: Instant;
  readonly requestId: string;
}

export interface SourceStore {
  import(request: ImportRequest): Promise<ImportResult>;
  /** Newest first. */
  quarantine(table: string, limit: number): Promise<readonly RejectedRow[]>;
}

export interface LoanSnapshotsResult {
  /** Loans that were looked at. */
  readonly loans: number;
  /** Loan-days that were written; of those, `changed` say otherwise what had been derived before. */
  readonly rows: number;
  readonly changed: number;
  /** The last day that is derived; null where there are no loans yet. */
  readonly through: LocalDate | null;
}

/** The daily `loan_snapshots` from loans, schedules, payments and events; loan-days that were imported are left alone. */
export interface LoanSnapshots {
  /**
   * Derives what is missing up to a day, with the very rows that a derivation each day at its scheduled time (30 minutes behind the midnight
   * that ends it) would have written, and restates what came in late. The last day is `through`, or the last that is over at `asOf`, and
   * never one that is not due at `now`. Nothing to do costs next to nothing; repeating it changes nothing.
   */
  derive(
    request: { readonly through?: LocalDate; readonly asOf?: Instant; readonly now: Instant },
    progress: JobProgress,
  ): Promise<LoanSnapshotsResult>;
}

/** Lets through one SELECT over allow-listed tables and functions; anything else is BAD_USER_INPUT, saying what is not allowed. */
export interface SqlGuard {
  /**
   * The statement as one line without comments: run this text, in parentheses, and never the caller's own. `views` are names that stand
   * for a query of ours; who runs the text defines them by a WITH before it.
   */
  check(
    sql: string,
    allow: { readonly tables: readonly string[]; readonly views?: Readonly<Record<string, Sql>> },
  ): Promise<string>;
}

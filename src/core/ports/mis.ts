/** Facts as views for analysts' SQL (management information, MIS). */
import type { Sql } from '../definitions/sql.js';
import type { RowRight } from './access.js';

/** The table with the key of the hashes in the views, which their readers do not read. */
export const MIS_SECRET = 'mis_secret';

/** Limits of one statement; a client may send lower ones. */
export const MIS_LIMITS: Readonly<Record<string, number>> = {
  max_execution_time: 60,
  max_memory_usage: 2_000_000_000,
  max_result_rows: 1_000_000,
  max_rows_to_read: 200_000_000,
};

/** Settings that a client may send: they change how an answer is written, or how its own joins read, and nothing else. */
export const MIS_SETTINGS: readonly string[] = [
  ...['join_use_nulls', 'date_time_output_format', 'result_overflow_mode', 'extremes'],
  ...['output_format_json_quote_64bit_integers', 'output_format_json_quote_decimals'],
  ...['output_format_json_quote_denormals', 'output_format_native_encode_types_in_binary_format'],
  ...['output_format_arrow_string_as_string', 'output_format_arrow_compression_method'],
  ...['output_format_parquet_string_as_string', 'output_format_parquet_compression_method'],
  ...['output_format_csv_crlf_end_of_line', 'output_format_tsv_crlf_end_of_line'],
];

/** A view of one fact: a row each of the fact, its dimensions and measures as columns. */
export interface MisView {
  /** `mis_<fact>`. */
  readonly name: string;
  /** Says what a row is, and how to read it. */
  readonly comment: string;
  readonly columns: readonly { readonly name: string; readonly comment: string }[];
  /** A SELECT without parameters, of all rows as they are known when it is read. */
  readonly select: string;
  /** The condition of rights on the columns of the view; null where it lacks a dimension of them. */
  within(rights: readonly RowRight[]): Sql | null;
}

export interface MisStatement {
  /** One statement as the client sent it. */
  readonly text: string;
  /** The format where the statement names none. */
  readonly format: string;
  /** Settings that a client sends with it. */
  readonly settings: Readonly<Record<string, string>>;
  readonly caller: {
    /** Whose share of the store the statement has. */
    readonly keyId: string;
    /** The rows that the caller may read; none where it reads every row. */
    readonly rights: readonly RowRight[];
  };
  /** Ends the statement with its reason. */
  readonly signal: AbortSignal;
}

export interface MisAnswer {
  readonly format: string;
  /** Fails where the statement fails on the way. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Answers SELECT statements over the views, and what clients of ClickHouse ask of a server before their first one. */
export interface MisReader {
  /** BAD_USER_INPUT says what of the statement is not allowed. */
  read(statement: MisStatement): Promise<MisAnswer>;
  /** Brings the views to what is in force, where a statement has made them before. */
  keepInStep(): Promise<void>;
}

/** The common form of every file format. */
import { RiskgraphError } from '../core/errors.js';
import type { ImportFormat, Spooled } from '../core/ports/sources.js';
import type { ParquetProcesses } from './parquet/processes.js';

/** One row of a file, in the order of its header, or the reason why it is refused. */
export interface FileRecord {
  /** 1-based; the header of a CSV is line 1. A row of a Parquet file counts as a line. */
  readonly line: number;
  readonly values: readonly unknown[];
  /** The text of the row in the file; null where the file is no text. */
  readonly raw: string | null;
  readonly refusal?: { readonly column: string | null; readonly reason: string };
}

/** What a column of a file cannot serve for, as its type says before a row is read. */
export interface ColumnLimit {
  readonly unfitFor: 'instants' | 'anything';
  /** Continues "column 'x' ". */
  readonly what: string;
  /** What to write, or to do, instead. */
  readonly instead: string;
}

export interface RecordFile {
  readonly header: readonly string[];
  /** By the name of the column; a column without a limit serves wherever its values do. */
  readonly limits?: ReadonlyMap<string, ColumnLimit>;
  /** May be iterated once. */
  readonly batches: AsyncIterable<readonly FileRecord[]>;
}

/** An upload, to be read in one of two ways. */
export interface Upload {
  /** The bytes as they come; may be iterated once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Puts the body on disk, for a format that cannot be read front to back. */
  spool(): Promise<Spooled>;
  /** Columns that the file may have; null where a mapping reads it, for which it may have any. */
  readonly columns: readonly string[] | null;
  /** Read what could take the memory of this process. */
  readonly processes: ParquetProcesses;
}

/** A format with the way to read it. */
export interface FileFormat extends ImportFormat {
  open(upload: Upload): Promise<RecordFile>;
}

/** A longer line is refused as a row: one row must not fill the memory. In characters. */
export const MAX_LINE = 1 << 20;
/** A longer line is no row: the file has no line ends, and is read no further. In characters. */
const MAX_SKIPPED = 16 * MAX_LINE;

/** @throws PAYLOAD_TOO_LARGE for a line with more characters than are read past */
export function refuseEndless(line: number, length: number): void {
  if (length <= MAX_SKIPPED) return;
  throw new RiskgraphError({
    code: 'PAYLOAD_TOO_LARGE',
    message: `line ${line} is longer than ${MAX_SKIPPED} characters`,
    hint: 'nothing of the file was taken: check that it has line ends, and that its content type is the right one',
  });
}

/** Kept length of a refused row, in characters. */
export const MAX_RAW = 8192;

export const refused = (line: number, raw: string, reason: string, column: string | null = null): FileRecord => ({
  line,
  values: [],
  raw: raw.slice(0, MAX_RAW),
  refusal: { column, reason },
});

/** UTF-8 to text, without a byte order mark; bytes that are not UTF-8 become U+FFFD. */
export async function* decodeText(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

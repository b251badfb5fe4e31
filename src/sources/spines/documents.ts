import { badInput } from '../../core/errors.js';
import type { ColumnLimit } from '../records.js';

/** A whole file by itself, in a format that the store reads, of some of the rows. */
export interface RowDocument {
  readonly rows: number;
  readonly bytes: Buffer;
}

/** A file of a format with types, cut into documents that are each small enough for one statement. */
export interface TypedFile {
  /** The store's name of the format. */
  readonly format: 'ArrowStream' | 'Parquet';
  /** Names of the columns, in their order. */
  readonly columns: readonly string[];
  /** A document without rows, by which the store says what it makes of each column. */
  readonly schema: Buffer;
  readonly limits: ReadonlyMap<string, ColumnLimit>;
  /** Columns that hold nothing but null by their type. */
  readonly empty: ReadonlySet<string>;
  /** In the order of the rows; may be iterated once. */
  readonly documents: AsyncIterable<RowDocument>;
}

/** Bytes of a document, as long as a part of the file is not larger by itself. */
export const DOCUMENT_BYTES = 32 * 2 ** 20;
/** A part that cannot be cut; the store takes no larger statement. */
export const MOST_PART_BYTES = 192 * 2 ** 20;

const MOST_COLUMNS = 1_000;

/** BAD_USER_INPUT where the file has more columns than a spine may have; said before anything is made of each. */
export function refuseMoreColumns(columns: number): void {
  if (columns <= MOST_COLUMNS) return;
  throw badInput(`the file has ${columns} columns`, `a spine has at most ${MOST_COLUMNS}`);
}

/** What the file says of instants in a column without a zone. */
export const ZONELESS: ColumnLimit = {
  unfitFor: 'anything',
  what: 'holds times without a time zone',
  instead: "write it as UTC instants, of pandas: dt.tz_localize('Asia/Shanghai')",
};

import type { View } from '../definitions/definitions.js';

/** A column of a source table that a feature's value can depend on. */
export interface ColumnRead {
  readonly table: string;
  readonly column: string;
  /** VALUE: the value is computed from the column. ROWS: the column only filters, joins, groups or orders the rows that the value is computed over. */
  readonly use: 'VALUE' | 'ROWS';
}

/** Column-level lineage of stored views. */
export interface ColumnsRead {
  /**
   * Returns the columns that each feature depends on, traced through the view's SQL as ClickHouse resolves it; the value depends on no other
   * column. A UNION ALL counts the columns of every branch. Null where they cannot be traced: for scores, and for SQL forms that are not supported.
   */
  of(view: View): Promise<ReadonlyMap<string, readonly ColumnRead[]> | null>;
}

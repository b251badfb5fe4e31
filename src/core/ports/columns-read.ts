import type { View } from '../definitions/definitions.js';

/** A column of a source table that a feature's value can depend on. */
export interface ColumnRead {
  readonly table: string;
  readonly column: string;
  /** VALUE: the value is computed from it. ROWS: it only chooses, joins, groups or orders the rows that the value is computed over. */
  readonly use: 'VALUE' | 'ROWS';
}

export interface ColumnsRead {
  /**
   * By feature, followed through the view's SQL as ClickHouse resolves it: on no other column can the value depend. Where branches meet in a
   * UNION ALL, those of every branch. Null where it is not told: of scores, and of SQL in a form that is not followed.
   */
  of(view: View): Promise<ReadonlyMap<string, readonly ColumnRead[]> | null>;
}

/** The source tables by name: importing, reading and checking all follow them; the tables themselves are made by `migrations/clickhouse`. */

import { notFound } from '../errors.js';
import { LENDING_TABLES } from './lending-tables.js';
import { SOURCE_TYPES, type SourceColumn, type SourceTable } from './source-columns.js';

export type { Datum } from '../helpers/datums.js';
export type { EventTime, HiddenColumns, SourceColumn, SourceTable, SourceType } from './source-columns.js';

export const SOURCE_TABLES: ReadonlyMap<string, SourceTable> = new Map(LENDING_TABLES.map((each) => [each.name, each]));

/** Columns that every stored row carries beside the table's own; `ingested_at` and `deleted` may also be in an imported file. */
export const VERSION_COLUMNS = {
  ingested_at: SOURCE_TYPES.Instant,
  deleted: 'UInt8',
  /** Grows with every import; orders versions of one `ingested_at`. */
  seq: 'UInt64',
  /** Hash of the table's own columns and `deleted`: equal content, equal hash. */
  row_hash: 'UInt128',
} as const;

/** Finds a source table by name. NOT_FOUND lists the tables that exist. */
export function sourceTable(name: string): SourceTable {
  const table = SOURCE_TABLES.get(name);
  if (!table) {
    throw notFound(
      `there is no source table '${name.slice(0, 64)}'`,
      `the tables are ${[...SOURCE_TABLES.keys()].join(', ')}`,
    );
  }
  return table;
}

/** The type as ClickHouse stores it. */
export const storedType = (column: Pick<SourceColumn, 'type' | 'nullable'>): string =>
  column.nullable ? `Nullable(${SOURCE_TYPES[column.type]})` : SOURCE_TYPES[column.type];

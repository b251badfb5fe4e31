/** The source tables by name: importing, reading and checking all follow them. */

import { notFound } from '../errors.js';
import { SOURCE_TYPES, type SourceColumn, type SourceTable } from './source-columns.js';

export type { Datum } from '../helpers/datums.js';
export type { EventTime, HiddenColumns, SourceColumn, SourceTable, SourceType } from './source-columns.js';

/** The tables that the definition files of a process describe. */
export class SourceTables {
  private readonly byName: ReadonlyMap<string, SourceTable>;

  /** @param tables by name */
  constructor(tables: ReadonlyMap<string, SourceTable>) {
    this.byName = tables;
  }

  /** Finds a table by name. NOT_FOUND lists the tables that exist. */
  get(name: string): SourceTable {
    const table = this.byName.get(name);
    if (table) return table;
    throw notFound(`there is no source table '${name.slice(0, 64)}'`, `the tables are ${this.names.join(', ')}`);
  }

  /** Undefined where there is no such table. */
  find(name: string): SourceTable | undefined {
    return this.byName.get(name);
  }

  get all(): readonly SourceTable[] {
    return [...this.byName.values()];
  }

  get names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** Names of the columns that identify a person or a device in one of the tables. */
  get personalColumns(): ReadonlySet<string> {
    return new Set(this.all.flatMap(({ columns }) => columns.filter(({ pii }) => pii).map(({ name }) => name)));
  }
}

/** Columns that every stored row carries beside the table's own; `ingested_at` and `deleted` may also be in an imported file. */
export const VERSION_COLUMNS = {
  ingested_at: SOURCE_TYPES.Instant,
  deleted: 'UInt8',
  /** Grows with every import; orders versions of one `ingested_at`. */
  seq: 'UInt64',
  /** Hash of the table's own columns and `deleted`: equal content, equal hash. */
  row_hash: 'UInt128',
} as const;

/** The type as ClickHouse stores it. */
export const storedType = (column: Pick<SourceColumn, 'type' | 'nullable'>): string =>
  column.nullable ? `Nullable(${SOURCE_TYPES[column.type]})` : SOURCE_TYPES[column.type];

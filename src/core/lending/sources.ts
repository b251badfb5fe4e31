/** The source tables by name: importing, reading and checking all follow them. */

import { conflict, notFound } from '../errors.js';
import { SOURCE_TYPES, type SourceColumn, type SourceTable } from './source-columns.js';

export type { Datum } from '../helpers/datums.js';
export {
  columnsOfFile,
  type EventTime,
  type HiddenColumns,
  type SourceColumn,
  type SourceTable,
  type SourceType,
} from './source-columns.js';

/** The tables that the definition files of a process describe. */
export class SourceTables {
  private readonly byName: Map<string, SourceTable>;
  private readonly refused = new Map<string, string>();
  private readonly withheld = new Set<string>();
  private readonly personal = new Set<string>();

  /** @param tables by name */
  constructor(tables: Map<string, SourceTable>) {
    this.byName = tables;
  }

  /** Puts a table in the place of what it was, and serves it. */
  put(table: SourceTable): void {
    this.byName.set(table.name, table);
    for (const { name, pii } of table.columns) if (pii) this.personal.add(name);
    this.refused.delete(table.name);
    this.withheld.delete(table.name);
  }

  /** A table that no apply has made yet is neither read nor written. */
  withhold(name: string): void {
    this.withheld.add(name);
  }

  /** No table is read or written whose definition does not fit what is stored. */
  refuse(name: string, reason: string): void {
    this.refused.set(name, reason);
  }

  isRefused(name: string): boolean {
    return this.refused.has(name);
  }

  /** Finds a table by name. NOT_FOUND lists the tables that exist; CONFLICT says why one is refused, or not there yet. */
  get(name: string): SourceTable {
    const table = this.byName.get(name);
    const reason = this.refused.get(name);
    if (reason !== undefined) throw conflict(`the definition of the source table ${name} is refused`, reason);
    if (this.withheld.has(name)) {
      throw conflict(
        `the source table ${name} is not applied`,
        'riskgraph plan shows it, and riskgraph apply makes it',
      );
    }
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

  /** Names of the tables that are read and written: neither refused nor still to be applied. */
  get served(): readonly string[] {
    return this.names.filter((name) => !this.refused.has(name) && !this.withheld.has(name));
  }

  get names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** Names of the columns that identify a person or a device in one of the tables: one set, which grows with them and forgets none. */
  get personalColumns(): ReadonlySet<string> {
    for (const { columns } of this.all) for (const { name, pii } of columns) if (pii) this.personal.add(name);
    return this.personal;
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

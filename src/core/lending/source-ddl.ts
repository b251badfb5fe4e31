import { ident, join, raw, type Sql, sql } from '../definitions/sql.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from './sources.js';

/** The table's own columns with their types. */
export const columnsDdl = (table: SourceTable): Sql =>
  join(table.columns.map((column) => sql`${ident(column.name)} ${raw(storedType(column))}`));

/**
 * Creates a source table where there is none: every version of every row, sorted by key and then by when it was known, so that the newest
 * version of a key is found by reading in order. The index makes "what did this import bring" a short read.
 */
export function sourceTableDdl(table: SourceTable): Sql {
  const version = Object.entries(VERSION_COLUMNS).map(([name, type]) => sql`${ident(name)} ${raw(type)}`);
  const key = [...table.key, 'ingested_at', 'seq'].map(ident);
  return sql`CREATE TABLE IF NOT EXISTS ${ident(table.name)} (
    ${columnsDdl(table)}, ${join(version)}, INDEX seq_range seq TYPE minmax GRANULARITY 4
  ) ENGINE = MergeTree ORDER BY (${join(key)}) COMMENT ${raw(`'${eventTimeText(table)}'`)}`;
}

/** What the table says of its event time, so that a definition that says otherwise is seen: names of columns are plain words. */
export const eventTimeText = ({ eventTime }: SourceTable): string =>
  eventTime.kind === 'always' ? 'event time is none' : `event time is the ${eventTime.kind} ${eventTime.column}`;

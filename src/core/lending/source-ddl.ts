import { ident, join, raw, type Sql, sql } from '../definitions/sql.js';
import { type Span, spanOf, spanText } from '../helpers/span.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from './sources.js';

/** The table's own columns with their types. */
export const columnsDdl = (table: SourceTable): Sql =>
  join(table.columns.map((column) => sql`${ident(column.name)} ${raw(storedType(column))}`));

/** The columns of versions with their types. */
const versionDdl: Sql = join(Object.entries(VERSION_COLUMNS).map(([name, type]) => sql`${ident(name)} ${raw(type)}`));

/**
 * Creates a source table where there is none: every version of every row, sorted by key and then by when it was known, so that the newest
 * version of a key is found by reading in order. The index makes "what did this import bring" a short read.
 */
export function sourceTableDdl(table: SourceTable): Sql {
  const key = [...table.key, 'ingested_at', 'seq'].map(ident);
  return sql`CREATE TABLE IF NOT EXISTS ${ident(table.name)} (
    ${columnsDdl(table)}, ${versionDdl}, INDEX seq_range seq TYPE minmax GRANULARITY 4
  ) ENGINE = MergeTree ${raw(table.partition === null ? '' : `PARTITION BY ${partitionText(table)} `)}ORDER BY (${join(key)})
    COMMENT ${raw(`'${tableComment(table)}'`)}`;
}

const PARTITION_FUNCTIONS = { month: 'toYYYYMM', year: 'toYear' } as const;

/** The partition key as ClickHouse prints it; empty for a table that is not cut. */
export const partitionText = ({ partition, eventTime }: SourceTable): string =>
  partition === null || eventTime.kind === 'always' ? '' : `${PARTITION_FUNCTIONS[partition]}(${eventTime.column})`;

/** The stored rows of a table, every version; none of one that is only planned. */
export function storedRows(table: SourceTable): Sql {
  if (table.planned === undefined) return ident(table.name);
  const structure = sql`${columnsDdl(table)}, ${versionDdl}`.render().query;
  return raw(`null('${structure.replaceAll("'", "\\'")}')`);
}

/** What the table says of its event time, so that a definition that says otherwise is seen: names of columns are plain words. */
export const eventTimeText = ({ eventTime }: SourceTable): string =>
  eventTime.kind === 'always' ? 'event time is none' : `event time is the ${eventTime.kind} ${eventTime.column}`;

const KEPT = '; rows are kept for ';

/** What the stored table says of itself, so that a definition that says otherwise is seen. */
export const tableComment = (table: SourceTable): string =>
  `${eventTimeText(table)}${table.retention === null ? '' : `${KEPT}${spanText(table.retention)}`}`;

/** The parts of a comment that `tableComment` made. */
export function commentParts(comment: string): { readonly eventTime: string; readonly retention: Span | null } {
  const [eventTime = '', kept] = comment.split(KEPT);
  return { eventTime, retention: kept === undefined ? null : spanOf(kept) };
}

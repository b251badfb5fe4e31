import { ident, join, type Sql, sql } from '../definitions/sql.js';
import { badInput } from '../errors.js';
import { eventTimeInKey, happenedBy, type SourceSelectOptions, sourceSelect } from './source-sql.js';
import type { SourceTable } from './sources.js';

/**
 * The days on which a table keyed by day has rows, as it was known: `(SELECT …)` of one column `date`, repeats included. It reads whole
 * keys only on days with a tombstone, so that finding the newest day of a month costs far less than reading the month.
 */
export function sourceDays(table: SourceTable, options: SourceSelectOptions): Sql {
  const day = dayOfKey(table);
  const keyFilters = options.keyFilter ? [options.keyFilter] : [];
  const happened = options.asOf && happenedBy(table, options.asOf, options.timezone);
  const conditions = [sql`v.ingested_at <= ${options.knowledge}`, ...(happened ? [happened] : []), ...keyFilters];
  const versions = sql`FROM ${ident(table.name)} AS v WHERE ${join(conditions, ' AND ')} GROUP BY ${day}`;
  const doubtful = sql`${day} IN (SELECT ${day} ${versions} HAVING max(v.deleted) = 1)`;
  const undeleted = sourceSelect(table, { ...options, keyFilter: join([...keyFilters, doubtful], ' AND ') });
  return sql`(
    SELECT ${day} AS date ${versions} HAVING max(v.deleted) = 0
    UNION ALL SELECT ${day} AS date FROM ${undeleted} AS v)`;
}

/** The stored day of a table keyed by day, `v.as_of`, for a `keyFilter`. BAD_USER_INPUT for a table that has no row a day. */
export function dayOfKey(table: SourceTable): Sql {
  if (table.eventTime.kind !== 'day' || !eventTimeInKey(table)) {
    throw badInput(`${table.name} has no row a day`, 'name a table with a day in its key, such as loan_snapshots');
  }
  return sql`v.${ident(table.eventTime.column)}`;
}

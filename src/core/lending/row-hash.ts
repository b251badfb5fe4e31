import { ident, join, type Sql, sql } from '../definitions/sql.js';
import type { SourceTable } from './sources.js';

/** UInt128 of a row's own columns, of a tombstone's key alone: equal content, equal hash, by whichever path the row is written. */
export function rowHash(table: SourceTable): Sql {
  const key = join(table.key.map(ident));
  const all = join(table.columns.map(({ name }) => ident(name)));
  return sql`reinterpretAsUInt128(if(deleted = 1, sipHash128(tuple(${key}, 1)), sipHash128(tuple(${all}))))`;
}

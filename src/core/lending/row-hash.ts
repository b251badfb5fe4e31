import { ident, join, raw, type Sql, sql } from '../definitions/sql.js';
import { columnsOfFile, type SourceTable } from './source-columns.js';

/**
 * UInt128 of a row's own columns, of a tombstone's key alone: equal content, equal hash, by whichever path the row is written. A column that was added
 * counts where it has a value, so that a row from before, which comes again without one, is the same row. What is computed of the others counts never.
 */
export function rowHash(table: SourceTable): Sql {
  const key = join(table.key.map(ident));
  const told = columnsOfFile(table);
  const made = join(told.filter(({ added }) => !added).map(({ name }) => ident(name)));
  const added = told
    .filter((column) => column.added)
    .map(({ name }) => name)
    .sort();
  const content = sql`sipHash128(tuple(${made}))`;
  return sql`reinterpretAsUInt128(if(deleted = 1, sipHash128(tuple(${key}, 1)), ${added.length === 0 ? content : withAdded(content, made, added)}))`;
}

function withAdded(content: Sql, made: Sql, added: readonly string[]): Sql {
  const cells = join(added.map((name) => sql`(${raw(`'${name}'`)}, toString(${ident(name)}))`));
  const given = sql`arrayFilter(cell -> cell.2 IS NOT NULL, [${cells}])`;
  return sql`if(empty(${given}), ${content}, sipHash128(tuple(${made}, ${given})))`;
}

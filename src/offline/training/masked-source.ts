import type { Mask } from '../../core/compute/masking.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type SourceColumn, type SourceTable, storedType } from '../../core/lending/sources.js';

/** A source table with its personal columns masked, of the same columns and types; others as they are. */
export function maskedSource(table: SourceTable, select: Sql, mask: Mask): Sql {
  const personal = table.columns.filter(({ pii }) => pii);
  if (personal.length === 0) return select;
  const replaced = personal.map((column) => sql`${maskedColumn(column, mask)} AS ${ident(column.name)}`);
  return sql`(SELECT * REPLACE(${join(replaced)}) FROM ${select} AS m)`;
}

function maskedColumn(column: SourceColumn, mask: Mask): Sql {
  const stored = sql`m.${ident(column.name)}`;
  const type = raw(`'${storedType(column).replaceAll("'", "\\'")}'`);
  switch (column.type) {
    case 'String':
      return mask.textSql(stored);
    case 'Date':
    case 'Date32':
      return sql`CAST(makeDate32(toYear(${stored}), 1, 1), ${type})`;
    case 'Instant':
      return sql`CAST(makeDateTime64(toYear(${stored}), 1, 1, 0, 0, 0, 0, 3, 'UTC'), ${type})`;
    case 'StringArray':
      return sql`CAST(arrayMap(item -> ${mask.textSql(raw('item'))}, ${stored}), ${type})`;
    case 'StringMap':
      return sql`CAST(mapApply((name, item) -> (name, ${mask.textSql(raw('item'))}), ${stored}), ${type})`;
    default:
      return column.nullable ? sql`CAST(NULL, ${type})` : sql`defaultValueOfTypeName(${type})`;
  }
}

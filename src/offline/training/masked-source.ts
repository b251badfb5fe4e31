import type { Mask } from '../../core/compute/masking.js';
import type { EntityDefinition } from '../../core/definitions/define-entity.js';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type SourceColumn, type SourceTable, storedType } from '../../core/lending/sources.js';

export interface Masking {
  readonly mask: Mask;
  /** The registered ones, by name. */
  readonly entities: ReadonlyMap<string, EntityDefinition>;
}

/**
 * A source table with its personal columns masked, of the same columns and types; others as they are. Where a personal
 * value is in its key, its rows come in the order of the masks: in that of the key, SQL that orders nothing would tell which mask is whose.
 */
export function maskedSource(table: SourceTable, select: Sql, { mask, entities }: Masking): Sql {
  const personal = table.columns.filter(({ pii }) => pii);
  const masks = new Map(personal.map((column) => [column.name, maskedColumn(column, mask)]));
  if (isOfAnyEntity(table)) masks.set('entity_id', maskedEntityId({ mask, entities }));
  if (masks.size === 0) return select;
  const replaced = [...masks].map(([name, masked]) => sql`${masked} AS ${ident(name)}`);
  if (!table.key.some((name) => masks.has(name))) return sql`(SELECT * REPLACE(${join(replaced)}) FROM ${select} AS m)`;
  // A number has the same mask as any other, and a date as all of its year: in the order they have a hash of their own.
  const order = table.key.map((name) => {
    const stored = sql`m.${ident(name)}`;
    if (personal.some((column) => column.name === name)) return mask.textSql(sql`toString(${stored})`);
    return masks.get(name) ?? stored;
  });
  return sql`(SELECT * REPLACE(${join(replaced)}) FROM ${select} AS m ORDER BY ${join(order)})`;
}

/** As labels and scores are: the row names its entity, and so says whether its key is personal. */
const isOfAnyEntity = ({ columns }: SourceTable): boolean =>
  columns.some(({ name }) => name === 'entity') &&
  columns.some(({ name, type, pii }) => name === 'entity_id' && type === 'String' && !pii);

/** In clear for entities whose join keys are not personal; of one that is not registered that is unknown. */
function maskedEntityId({ mask, entities }: Masking): Sql {
  const inClear = [...entities.values()]
    .filter(({ joinKeys }) => joinKeys.every((key) => !mask.personal.has(key)))
    .map(({ name }) => name);
  return sql`if(has(${param('Array(String)', inClear)}, m.entity), m.entity_id, ${mask.textSql(sql`m.entity_id`)})`;
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

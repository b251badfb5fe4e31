import type { Mask } from '../../core/compute/masking.js';
import type { Feature, View } from '../../core/definitions/definitions.js';
import { ident, raw, type Sql, sql } from '../../core/definitions/sql.js';
import {
  clickhouseType,
  elementType,
  type FeatureType,
  isArrayType,
  type ScalarType,
} from '../../core/definitions/types.js';
import { castScalar, quotedType } from '../../warehouse/casts.js';

/** Pads travel as text: ClickHouse reads any of these types from it. */
const padValue = ({ type, pad = null }: Feature): Sql => {
  const stored = quotedType(clickhouseType(elementType(type)));
  return pad === null ? sql`CAST(NULL, ${stored})` : sql`CAST(${String(pad)}, ${stored})`;
};

/** The stored value of a feature from the column that the view's query gave it. */
export function featureValue(view: View, feature: Feature, from: string): Sql {
  const column = sql`${raw(from)}.${ident(feature.name)}`;
  if (!isArrayType(feature.type)) return castScalar(column, feature.type as ScalarType);
  const items = sql`arrayMap(item -> ${castScalar(raw('item'), elementType(feature.type))}, ${column})`;
  if (feature.length === undefined) return items;
  const tooLong = `${view.id}:${feature.name} has more than its ${feature.length} elements`;
  return sql`if(throwIf(length(${column}) > ${feature.length}, ${tooLong}) = 0,
    arrayResize(${items}, ${feature.length}, ${padValue(feature)}), [])`;
}

/** The value of a feature in a tombstone, or without a row. */
export const noValue = (feature: Pick<Feature, 'type'>): Sql =>
  sql`CAST(${raw(isArrayType(feature.type) ? '[]' : 'NULL')}, ${quotedType(clickhouseType(feature.type))})`;

/** A stored value as Mask.value leaves it, of the same type. */
export function maskedValue(mask: Mask, expression: Sql, type: FeatureType): Sql {
  const stored = quotedType(clickhouseType(type));
  if (isArrayType(type)) {
    const item = maskedValue(mask, raw('item'), elementType(type));
    return sql`CAST(arrayMap(item -> ${item}, ${expression}), ${stored})`;
  }
  if (type === 'STRING') return mask.textSql(expression);
  if (type === 'DATE') return sql`CAST(makeDate32(toYear(${expression}), 1, 1), ${stored})`;
  if (type === 'TIMESTAMP') {
    return sql`CAST(makeDateTime64(toYear(${expression}), 1, 1, 0, 0, 0, 0, 3, 'UTC'), ${stored})`;
  }
  return sql`CAST(NULL, ${stored})`;
}

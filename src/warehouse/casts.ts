import { raw, type Sql, sql } from '../core/definitions/sql.js';
import {
  clickhouseType,
  elementType,
  type FeatureType,
  isArrayType,
  type ScalarType,
} from '../core/definitions/types.js';

export const quotedType = (type: string): Sql => raw(`'${type.replaceAll("'", "\\'")}'`);

/**
 * An expression as a Nullable value of a feature type. Whole numbers must fit, NaN and infinities become NULL, and -0 becomes 0, so that
 * every store and format holds the same value.
 */
export function castScalar(expression: Sql, type: ScalarType): Sql {
  const stored = quotedType(clickhouseType(type));
  switch (type) {
    case 'INT32':
    case 'INT64':
      return sql`accurateCast(${expression}, ${stored})`;
    case 'FLOAT32':
    case 'FLOAT64': {
      const value = sql`CAST(${expression}, ${stored})`;
      return sql`CAST(if(isFinite(${value}), ${value} + 0., NULL), ${stored})`;
    }
    default:
      return sql`CAST(${expression}, ${stored})`;
  }
}

/** The same of a list, item by item. */
export const castValue = (expression: Sql, type: FeatureType): Sql =>
  isArrayType(type)
    ? sql`arrayMap(item -> ${castScalar(raw('item'), elementType(type))}, ${expression})`
    : castScalar(expression, type as ScalarType);

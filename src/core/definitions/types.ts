/**
 * Feature types, and the one representation of a value: what is on the wire is what is in process. INT64 and DECIMAL are strings,
 * DATE is `YYYY-MM-DD`, TIMESTAMP is RFC 3339 UTC with milliseconds, so nothing is rounded on the way. A DECIMAL has at most 6 decimals and
 * no zeros at its end: '12.5', '0', '-3'. A FLOAT32 is the number it holds, not its shortest text. NaN and infinities are null.
 */
export const SCALAR_TYPES = [
  'STRING',
  'BOOLEAN',
  'INT32',
  'INT64',
  'FLOAT32',
  'FLOAT64',
  'DECIMAL',
  'DATE',
  'TIMESTAMP',
] as const;

export type ScalarType = (typeof SCALAR_TYPES)[number];
export type FeatureType = ScalarType | `ARRAY<${ScalarType}>`;
export type ScalarValue = string | number | boolean | null;
export type FeatureValue = ScalarValue | readonly ScalarValue[];

export const elementType = (type: FeatureType): ScalarType =>
  (type.startsWith('ARRAY<') ? type.slice(6, -1) : type) as ScalarType;

export const isArrayType = (type: FeatureType): boolean => type.startsWith('ARRAY<');

const CLICKHOUSE: Readonly<Record<ScalarType, string>> = {
  STRING: 'String',
  BOOLEAN: 'Bool',
  INT32: 'Int32',
  INT64: 'Int64',
  FLOAT32: 'Float32',
  FLOAT64: 'Float64',
  DECIMAL: 'Decimal(38, 6)',
  DATE: 'Date32',
  TIMESTAMP: "DateTime64(3, 'UTC')",
};

/** The offline column type; scalars are Nullable, arrays hold Nullable elements and are empty rather than NULL. */
export const clickhouseType = (type: FeatureType): string =>
  isArrayType(type)
    ? `Array(Nullable(${CLICKHOUSE[elementType(type)]}))`
    : `Nullable(${CLICKHOUSE[type as ScalarType]})`;

/** The types of ClickHouse whose values a feature type holds; a Decimal may not have more places than ours. */
const HELD_BY: readonly (readonly [RegExp, ScalarType])[] = [
  [/^(String|FixedString\(\d+\)|UUID|Enum(8|16)\(.*\))$/, 'STRING'],
  [/^Bool$/, 'BOOLEAN'],
  [/^(U?Int8|U?Int16|Int32)$/, 'INT32'],
  [/^(UInt32|U?Int64)$/, 'INT64'],
  [/^Float32$/, 'FLOAT32'],
  [/^Float64$/, 'FLOAT64'],
  [/^Decimal\((\d|[12]\d|3[0-8]), [0-6]\)$/, 'DECIMAL'],
  [/^Date(32)?$/, 'DATE'],
  [/^DateTime(64)?(\(.*\))?$/, 'TIMESTAMP'],
];

/** The type of the values of a ClickHouse type; null where none holds them. */
export function featureTypeOf(clickhouse: string): FeatureType | null {
  const list = /^Array\((.*)\)$/.exec(clickhouse);
  const bare = (list?.[1] ?? clickhouse).replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
  const scalar = HELD_BY.find(([pattern]) => pattern.test(bare))?.[1];
  if (!scalar) return null;
  return list ? `ARRAY<${scalar}>` : scalar;
}

export type FeatureStatus = 'PRESENT' | 'NULL' | 'STALE' | 'NOT_FOUND' | 'ERROR';
export type StalePolicy = 'RETURN' | 'NULL';

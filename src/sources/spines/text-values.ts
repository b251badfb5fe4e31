/** Values of a text file: which type a column's are of, and how they are read. Every pattern is this code's own, so it stands in the SQL as it is. */
import { ident, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType, type FeatureType } from '../../core/definitions/types.js';
import { quotedType } from '../../warehouse/casts.js';

const WHOLE = "'^(?:0|-?[1-9][0-9]{0,17})$'";
const NUMBER = "'^[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})?$'";
/** A number by which sums are done: one with a leading zero is a code. */
const MEASURE = "'^-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$'";
const BOOLEAN = "'^(?:true|false|True|False|TRUE|FALSE)$'";
const DAY = "'^[0-9]{4}-[0-9]{2}-[0-9]{2}$'";
const CLOCK = '[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,9})?)?';
const ZONE = '(?:[Zz]|[+-](?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|[+-]14(?::?00)?)';
const INSTANT = `'^[0-9]{4}-[0-9]{2}-[0-9]{2}${CLOCK}${ZONE}$'`;

/** Patterns, as SQL. */
export const TEXT = {
  day: raw(DAY),
  zoneless: raw(`'^[0-9]{4}-[0-9]{2}-[0-9]{2}${CLOCK}$'`),
  instant: raw(INSTANT),
  outcome: raw(`'${NUMBER.slice(1, -1)}|${BOOLEAN.slice(1, -1)}'`),
  idWithPoint: raw("'^[0-9]+[.]0+$'"),
} as const;

/** A day that is on the calendar: the store takes the 30th of February for one in March. */
const isDay = (text: Sql): Sql => sql`toString(toDate32OrNull(${text})) = ${text}`;
const dayOf = (text: Sql): Sql => sql`substring(${text}, 1, 10)`;
const truth = (text: Sql): Sql => sql`lower(${text}) = 'true'`;

/** A text as a value of a type; NULL where it is none. */
export function textValue(text: Sql, type: FeatureType): Sql {
  const stored = quotedType(clickhouseType(type));
  switch (type) {
    case 'INT32':
    case 'INT64':
      return sql`CAST(toInt64OrNull(${text}), ${stored})`;
    case 'FLOAT64': {
      const number = sql`if(match(${text}, ${raw(BOOLEAN)}), toFloat64(${truth(text)}), toFloat64OrNull(${text}))`;
      return sql`CAST(if(isFinite(${number}), ${number} + 0., NULL), ${stored})`;
    }
    case 'BOOLEAN':
      return sql`CAST(${truth(text)}, ${stored})`;
    case 'DATE':
      return sql`CAST(if(${isDay(text)}, toDate32OrNull(${text}), NULL), ${stored})`;
    case 'TIMESTAMP': {
      const isInstant = sql`match(${text}, ${TEXT.instant}) AND ${isDay(dayOf(text))}`;
      return sql`CAST(if(${isInstant}, parseDateTime64BestEffortOrNull(upper(${text}), 3, 'UTC'), NULL), ${stored})`;
    }
    default:
      return sql`CAST(${text}, ${stored})`;
  }
}

/** Kinds of texts, each a bit; a column's type follows from those that it has. */
const KINDS = { none: 1, small: 2, whole: 4, number: 8, truth: 16, day: 32, instant: 64, text: 128 } as const;

/** The bits of a column's values. */
export function kindsOf(column: string): Sql {
  const text = ident(column);
  const bit = (kind: keyof typeof KINDS) => raw(String(KINDS[kind]));
  return sql`groupBitOr(toUInt8(multiIf(${text} IS NULL, ${bit('none')},
    match(${text}, ${raw(WHOLE)}), if(toInt64OrNull(${text}) BETWEEN -2147483648 AND 2147483647, ${bit('small')}, ${bit('whole')}),
    match(${text}, ${raw(MEASURE)}), ${bit('number')}, match(${text}, ${raw(BOOLEAN)}), ${bit('truth')},
    match(${text}, ${raw(DAY)}) AND ${isDay(text)}, ${bit('day')},
    match(${text}, ${TEXT.instant}) AND ${isDay(dayOf(text))}, ${bit('instant')}, ${bit('text')})))`;
}

/** The narrowest type that holds every value: whole numbers, numbers, truth values, days, instants; else a string, as without any value. */
export function typeOfKinds(bits: number): FeatureType {
  const found = bits & ~KINDS.none;
  const within = (...kinds: readonly (keyof typeof KINDS)[]): boolean =>
    found !== 0 && (found & ~kinds.reduce((sum, kind) => sum | KINDS[kind], 0)) === 0;
  if (within('small')) return 'INT32';
  if (within('small', 'whole')) return 'INT64';
  if (within('small', 'whole', 'number')) return 'FLOAT64';
  if (within('truth')) return 'BOOLEAN';
  if (within('day')) return 'DATE';
  return within('instant') ? 'TIMESTAMP' : 'STRING';
}

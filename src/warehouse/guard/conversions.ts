/**
 * What a conversion of ClickHouse may lose, and how to see it. Its conversions of text saturate (1931 becomes 1970), wrap (300 becomes 44), round
 * ('12.345' to two decimals), take 30 February for 2 March and a text without a zone for UTC, and make NULL of a nullable text that they cannot read.
 */
import { badInput } from '../../core/errors.js';
import { type Call, withoutAliases } from './calls.js';

/** A conversion, and the SQL condition under which it loses nothing. */
export interface Conversion {
  readonly name: string;
  /** SQL of the value that is converted. */
  readonly value: string;
  /** SQL that is true where the value converts exactly; false or NULL elsewhere. It is valid for a value of any type. */
  readonly exact: string;
  /** What a value is that does not, as the end of a sentence. */
  readonly reason: string;
}

/** Functions that cannot be made exact, each with what to write instead. */
const REFUSED: readonly (readonly [RegExp, (name: string) => string])[] = [
  [
    /^(?:to|accuratecast|parsedatetime).*or(?:null|zero|default)$/,
    (name) =>
      `write ${name.replace(/Or(?:Null|Zero|Default)$/i, '')}(…), which refuses a value that it would lose; nullIf(…, '-') makes NULL of a text that means no value`,
  ],
  [
    /^parsedatetime/,
    () => "write toDateTime64(text, 3, 'Asia/Shanghai') of a text 'YYYY-MM-DD hh:mm:ss', with its own zone",
  ],
  [/^timestamp$/, () => "write toDateTime64(text, 3, 'Asia/Shanghai'), with the text's own zone"],
  [
    /^(?:makedate|yyyymmdd|fromdayssinceyearzero|frommodifiedjulianday)/,
    () => "write toDate32(…) of a text 'YYYY-MM-DD', or give that text itself",
  ],
  [
    /^(?:simple)?jsonextract(?:u?int|float|bool)$/,
    () => "it gives 0 for what it cannot read: write toInt64(nullIf(JSONExtractRaw(…), '')), or toFloat64",
  ],
];

/** The conversion that a call is; null for a call that converts nothing, or loses nothing. BAD_USER_INPUT for one that is always unsafe. */
export function conversionOf({ name, args }: Call): Conversion | null {
  const lower = name.toLowerCase();
  const refused = REFUSED.find(([pattern]) => pattern.test(lower));
  if (refused) throw badInput(`the function '${name}' may lose a value without a word`, refused[1](name));
  const [value = '', ...rest] = args.map(withoutAliases);
  if (/^jsonextract(?:keysandvalues)?$/.test(lower)) return refuseTyped(name, rest.at(-1) ?? '');
  // An interval may have an alias: whichever of the arguments it is, none is a text.
  const moved = MOVES.test(lower) ? args.map(withoutAliases).filter((each) => !LITERAL.test(each)) : [];
  if (moved.length > 0) return movedTime(moved);
  const target = targetOf(lower, rest);
  const check = target === null ? timeCheck(lower, value) : checkOf(target, value);
  return check && { name, value, ...check };
}

/** @throws BAD_USER_INPUT for a type other than text: a number wraps, a day moves, a decimal is cut */
function refuseTyped(name: string, type: string): null {
  if (TEXTS.test(type.slice(1, -1))) return null;
  throw badInput(
    `the function '${name}' may lose a value without a word that it gives as ${type.slice(0, 64)}`,
    "give text, and convert that: toDate32(JSONExtractString(…)), toInt64(nullIf(JSONExtractRaw(…), ''))",
  );
}

/** Functions of times that take a text as well, and read it as they like. */
const TAKES_TEXT =
  /^(?:add|subtract)(?:second|minute|hour|day|week|month|quarter|year|microsecond|millisecond|nanosecond)s$/;

/** Add an interval to a time, or take it away. */
const MOVES = /^(?:plus|minus|(?:date|timestamp)_?(?:add|sub)|(?:add|sub)date)$/;

/** A number, a unit or an interval, as it is written out. */
export const LITERAL = /^(?:-?[\d.]+|[A-Z]+|toInterval\w+\([^()]*\))$/;

/** Times that an interval moves: a text is read as if it were one, with whatever day it names. */
export function movedTime(values: readonly string[]): Conversion {
  const [value = ''] = values;
  return { name: 'INTERVAL', value, ...noText(value), exact: values.map((one) => noText(one).exact).join(' AND ') };
}

const noText = (value: string): Pick<Conversion, 'exact' | 'reason'> => ({
  exact: `NOT match(toTypeName(${value}), 'String')`,
  reason: "is a text: write toDateTime64(text, 3, 'Asia/Shanghai') of it, with its own zone",
});

/** Of functions that are no conversion by name, but take a text for a time, or a number of seconds. */
function timeCheck(name: string, value: string): Pick<Conversion, 'exact' | 'reason'> | null {
  if (TAKES_TEXT.test(name)) return noText(value);
  if (name === 'tounixtimestamp') {
    return {
      exact: `${noText(value).exact} AND match(toString(${value}), '^(19[7-9]|20)')`,
      reason: "is no time from 1970 on: write toDateTime64(text, 3, 'Asia/Shanghai') of a text, with its own zone",
    };
  }
  if (name === 'fromunixtimestamp') {
    return { exact: `isNotNull(${cast(value, 'UInt32')})`, reason: 'is no number of seconds from 1970 to 2106' };
  }
  const [, part] = /^fromunixtimestamp64(second|milli|micro|nano)$/.exec(name) ?? [];
  if (part === undefined) return null;
  const one = { second: 1n, milli: 1_000n, micro: 1_000_000n, nano: 1_000_000_000n }[part] ?? 1n;
  const [first, last] = [-2_208_988_800n * one, 10_413_792_000n * one];
  return {
    exact: `toInt256(${value}) >= ${cast(quote(String(first)), 'Int256')} AND toInt256(${value}) < ${cast(quote(String(last)), 'Int256')}`,
    reason: 'is no time from 1900 to 2299',
  };
}

interface Target {
  readonly type: string;
  /** SQL of the zone in which a day is cut, or that a text without a zone is in. */
  readonly zone: string | undefined;
}

function targetOf(name: string, rest: readonly string[]): Target | null {
  if (/^_?cast$|^accuratecast$/.test(name)) return castTarget(rest[0] ?? '');
  const [, word = '', digits = ''] = /^to(date|datetime|decimal|u?int|float)(\d*)$/.exec(name) ?? [];
  if (name === 'date') return { type: 'Date', zone: undefined };
  if (name === 'tobool') return { type: 'Bool', zone: undefined };
  if (name === 'touuid') return { type: 'UUID', zone: undefined };
  if (word === 'date') return { type: `Date${digits}`, zone: rest[0] };
  if (word === 'decimal') return { type: `Decimal${digits}(${rest[0]})`, zone: undefined };
  if (word === 'datetime') {
    return digits === '64' ? { type: `DateTime64(${rest[0]})`, zone: rest[1] } : { type: 'DateTime', zone: rest[0] };
  }
  if (word === '') return null;
  const kind = { int: 'Int', uint: 'UInt', float: 'Float' }[word] ?? '';
  return { type: `${kind}${digits}`, zone: undefined };
}

/** The type of `CAST(value, 'Type')`, bare of what changes no value. */
function castTarget(quoted: string): Target | null {
  let type = quoted.slice(1, -1).replace(/\\'/g, "'");
  while (/^(?:Nullable|LowCardinality)\(.*\)$/.test(type)) type = type.replace(/^\w+\((.*)\)$/, '$1');
  type = type.replace(/^Decimal\((\d+)\)$/, 'Decimal($1, 0)');
  const [, word, inside = ''] = /^(DateTime64|DateTime)\(?(.*?)\)?$/.exec(type) ?? [];
  if (word === undefined) return { type, zone: undefined };
  const zone = /'[^']*'/.exec(inside)?.[0];
  return { type: word === 'DateTime' ? word : `DateTime64(${/\d/.exec(inside)?.[0] ?? 3})`, zone };
}

const quote = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
const cast = (value: string, type: string): string => `accurateCastOrNull(${value}, ${quote(type)})`;

/** Types of texts, which hold any text. */
const TEXTS = /^(?:(?:Array|Map|Tuple|Nullable|LowCardinality|String|FixedString)\b|[(), \d])*$/;

function checkOf({ type, zone }: Target, value: string): Pick<Conversion, 'exact' | 'reason'> | null {
  const text = `toString(${value})`;
  const exact = cast(value, type);
  if (/^U?Int\d+$/.test(type)) {
    return {
      exact: `isNotNull(${exact}) AND NOT match(${text}, '[.][0-9]*[1-9]')`,
      reason: `is not a whole number that ${type} holds`,
    };
  }
  if (/^Float\d+$/.test(type)) {
    const long = `match(${text}, '^[+-]?[0-9]{${type === 'Float32' ? 8 : 16},}$')`;
    return {
      exact: `(isFinite(${exact}) OR match(lower(${text}), '^(nan|[+-]?inf)$')) AND (NOT ${long} OR ${cast(exact, 'Int256')} = ${cast(text, 'Int256')})`,
      reason: `is not a number that ${type} keeps`,
    };
  }
  const scale = /^Decimal\d*\((?:\d+, ?)?(\d+)\)$/.exec(type)?.[1];
  if (scale !== undefined) {
    const decimal = decimalType(type, scale);
    return {
      // Of a floating-point number the text says 0.29, and the conversion gives 0.28.
      exact: `match(${text}, '^[+-]?[0-9]*([.][0-9]{0,${scale}}0*)?$') AND ${cast(text, decimal)} = ${cast(value, decimal)}`,
      reason: `is not a decimal number of at most ${scale} decimals, or a floating-point number that is cut: convert its text, toString(…)`,
    };
  }
  if (/^Date(?:32)?$/.test(type)) {
    const local = zone === undefined ? value : `toTimeZone(${value}, ${zone})`;
    return {
      exact: `toString(${cast(local, type)}) = substring(toString(${local}), 1, 10)`,
      reason: `is not a day that ${type} holds, written YYYY-MM-DD`,
    };
  }
  if (type.startsWith('DateTime')) return instantCheck(type, { value, text, zone });
  if (/^(?:Bool|UUID|Enum\d*\(.*\))$/.test(type)) {
    return { exact: `isNotNull(${exact})`, reason: `is no value of ${type.replace(/\(.*/, '')}` };
  }
  if (TEXTS.test(type)) return null;
  throw badInput(
    `the conversion to ${type.slice(0, 64)} may lose a value without a word`,
    "convert to Int32, Float64, Decimal(18, 2), Date32, DateTime64(3, 'Asia/Shanghai') or one of their kind; a list item by item, with arrayMap",
  );
}

const DIGITS: Readonly<Record<string, number>> = { 32: 9, 64: 18, 128: 38, 256: 76 };

const decimalType = (type: string, scale: string): string => {
  const bits = /^Decimal(\d+)\(/.exec(type)?.[1];
  return bits === undefined ? type : `Decimal(${DIGITS[bits]}, ${scale})`;
};

const OFFSET = "'(?:[Zz]|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])$'";

/** A number counts seconds; an instant stays itself; a text has a zone of its own, or comes back as it is from the zone of the call. */
function instantCheck(
  type: string,
  { value, text, zone }: { readonly value: string; readonly text: string; readonly zone: string | undefined },
): Pick<Conversion, 'exact' | 'reason'> {
  const inYears = `match(${text}, ${type === 'DateTime' ? "'^(19[7-9]|20)'" : "'^(19|2[0-2])'"})`;
  const local = `substring(replaceOne(${text}, 'T', ' '), 1, 19)`;
  const cases = [
    `match(toTypeName(${value}), 'DateTime')`,
    inYears,
    `match(toTypeName(${value}), 'Int|Float|Decimal')`,
    `isNotNull(${cast(value, 'UInt32')})`,
    `match(${text}, ${OFFSET})`,
    `isNotNull(${cast(text, type)}) AND ${inYears}`,
    zone ? `startsWith(toString(toDateTime64OrNull(${local}, 3, ${zone})), ${local}) AND ${inYears}` : '0',
  ];
  const digits = /^DateTime64\((\d)\)$/.exec(type)?.[1] ?? '0';
  const finer = `match(${text}, '[.][0-9]{${digits}}[0-9]*[1-9]')`;
  const why = zone
    ? 'is not a time that exists in its zone, written YYYY-MM-DD hh:mm:ss'
    : 'has no time zone, and neither has the call, or is no time that exists';
  return {
    exact: `multiIf(${cases.join(', ')}) AND NOT ${finer}`,
    reason: Number(digits) < 3 ? `${why}, or is finer than ${type} holds` : why,
  };
}

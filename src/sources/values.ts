/**
 * One value of a file to the value that is stored. Every parser takes what CSV, JSON and Parquet bring (text, numbers, booleans, bigints,
 * dates and times as text, lists, maps) and gives the value as ClickHouse reads it in JSON, or a `Problem`. Reasons never quote
 * the value: it may be personal.
 */
import { instantText } from '../core/definitions/sql.js';
import { existsOnCalendar, NO_ZONE, readInstant } from '../core/helpers/time.js';
import { readJson } from '../core/json.js';
import { MAX_FLOAT, MONEY_DIGITS } from '../core/lending/source-columns.js';
import type { SourceColumn, SourceTable, SourceType } from '../core/lending/sources.js';

export class Problem {
  constructor(readonly reason: string) {}
}

export type Stored = string | number | readonly string[] | Readonly<Record<string, string | number>>;
export type ValueParser = (value: unknown) => Stored | Problem;

const problem = (reason: string): Problem => new Problem(reason);

/** Absent: no value in any of the formats. Empty text is none either, since CSV cannot tell the two apart. */
export const isAbsent = (value: unknown): boolean => value === null || value === undefined || value === '';

/** Halves of surrogate pairs, and what a decoder puts in the place of bytes that are not UTF-8. */
const BROKEN = /[\p{Surrogate}\uFFFD]/u;

function text(value: unknown): string | Problem {
  if (typeof value === 'string') {
    return BROKEN.test(value) ? problem('is not UTF-8 text') : value;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return problem('is NaN or infinite, which is no text: null is no value');
    return !Number.isInteger(value) || Number.isSafeInteger(value)
      ? String(value)
      : problem('is a number too large to keep its digits: write it as text');
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return problem('is not text');
}

const WHOLE = /^[+-]?\d{1,18}(?:\.0+)?$/;

const whole =
  (min: number, max: number): ValueParser =>
  (value) => {
    let number: number;
    if (typeof value === 'number') number = value;
    else if (typeof value === 'bigint' || (typeof value === 'string' && WHOLE.test(value))) number = Number(value);
    else return problem('is not a whole number');
    if (!Number.isInteger(number)) return problem('is not a whole number');
    return number >= min && number <= max ? number : problem(`is not between ${min} and ${max}`);
  };

const FLAGS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ...[0, 0n, false, '0', '0.0', 'false', 'FALSE', 'False'].map((key) => [key, 0] as const),
  ...[1, 1n, true, '1', '1.0', 'true', 'TRUE', 'True'].map((key) => [key, 1] as const),
]);

export const flag = (value: unknown): number | Problem => FLAGS.get(value) ?? problem('is neither 0 nor 1');

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

const float =
  (min: number, max: number): ValueParser =>
  (value) => {
    const number =
      typeof value === 'number' ? value : typeof value === 'bigint' || isFloatText(value) ? Number(value) : Number.NaN;
    if (!Number.isFinite(number)) return problem('is not a number');
    return number >= min && number <= max ? number : problem(`is not between ${min} and ${max}`);
  };

const isFloatText = (value: unknown): boolean => typeof value === 'string' && FLOAT.test(value);

const DECIMAL = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/;

/** Digits are compared as text, so that nothing is rounded on the way. */
const decimal =
  (integerDigits: number, scale: number): ValueParser =>
  (value) => {
    let digits: string;
    if (typeof value === 'string') digits = value;
    else if (typeof value === 'bigint' || (typeof value === 'number' && Math.abs(value) < 2 ** 53))
      digits = plain(value);
    else return problem('is not a number');
    const match = DECIMAL.exec(digits);
    if (!match || !/\d/.test(digits)) return problem('is not a decimal number');
    const [, sign = '', integer = '', fraction = ''] = match;
    if (fraction.length > scale) return problem(`has more than ${scale} decimals`);
    if (integer.length > integerDigits) return problem(`has more than ${integerDigits} digits before the point`);
    return `${sign === '-' ? '-' : ''}${integer || '0'}${fraction && `.${fraction}`}`;
  };

/** A number's shortest digits, never in exponent form where a decimal could hold it. */
const plain = (value: number | bigint): string => {
  const shortest = String(value);
  return shortest.includes('e-') ? (value as number).toFixed(20) : shortest;
};

/** A date, or midnight without a zone: so are days written by tools that know times only. */
const DAY = /^(\d{4}-\d{2}-\d{2})(?:[Tt ]00:00(?::00(?:\.0{1,9})?)?)?$/;
const TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:/;

const day =
  (min: string, max: string): ValueParser =>
  (value) => {
    const written = typeof value === 'string' ? value : '';
    const date = DAY.exec(written)?.[1];
    if (date === undefined) {
      return problem(
        TIME.test(written)
          ? "is a time and not a date: write the day, 'YYYY-MM-DD'"
          : "is not a date written 'YYYY-MM-DD'",
      );
    }
    if (!existsOnCalendar(date)) return problem('is a day that does not exist');
    return date >= min && date <= max ? date : problem(`is not between ${min} and ${max}`);
  };

/** Orders of versions pack instants as positive milliseconds; ClickHouse's DateTime64 ends in 2299. */
const LAST_INSTANT = Date.UTC(2299, 11, 31);

/** UTC milliseconds of a text as `readInstant` has it. */
export function instantMs(value: unknown): number | Problem {
  const ms = readInstant(typeof value === 'string' ? value : '');
  if (ms === NO_ZONE) return problem(`${ms}: write it as '2026-03-01T08:00:00+08:00' or with a Z`);
  if (typeof ms === 'string') return problem(ms);
  return ms >= 0 && ms <= LAST_INSTANT ? ms : problem('is not between 1970 and 2299');
}

function instant(value: unknown): string | Problem {
  const ms = instantMs(value);
  return ms instanceof Problem ? ms : instantText(ms);
}

/** In CSV a list or a map is a JSON text. */
function nested(value: unknown, shape: string): unknown {
  if (typeof value !== 'string') return value;
  const read = readJson(value);
  if ('value' in read) return read.value;
  return problem(read.problem === 'is not JSON' ? `is not ${shape} in JSON` : read.problem);
}

const mapOf =
  (shape: string, item: ValueParser): ValueParser =>
  (value) => {
    const map = nested(value, shape);
    if (map instanceof Problem) return map;
    if (typeof map !== 'object' || map === null || Array.isArray(map)) return problem(`is not ${shape}`);
    const entries: [string, string | number][] = [];
    // Sorted, so that the same map in another order is the same content.
    for (const key of Object.keys(map).sort()) {
      const field = (map as Record<string, unknown>)[key];
      if (field === null || field === undefined) continue;
      const stored = item(field);
      if (stored instanceof Problem) return problem(`holds a value that ${stored.reason}`);
      if (BROKEN.test(key)) return problem('holds a name that is not UTF-8 text');
      entries.push([key, stored as string | number]);
    }
    return Object.fromEntries(entries);
  };

function texts(value: unknown): readonly string[] | Problem {
  const list = nested(value, 'a list of texts');
  if (list instanceof Problem) return list;
  if (!Array.isArray(list)) return problem('is not a list of texts');
  const stored = list.map(text);
  return stored.find((item) => item instanceof Problem) ?? (stored as string[]);
}

const rate = decimal(3, 6);

const PARSERS: Readonly<Record<SourceType, ValueParser>> = {
  String: text,
  UInt8: flag,
  UInt16: whole(0, 65_535),
  UInt32: whole(0, 4_294_967_295),
  Int8: whole(-128, 127),
  Float64: float(-MAX_FLOAT, MAX_FLOAT),
  Money: decimal(MONEY_DIGITS, 2),
  Rate: rate,
  Date: day('1970-01-01', '2149-06-06'),
  Date32: day('1900-01-01', '2299-12-31'),
  Instant: instant,
  StringMap: mapOf('a map of texts', text),
  FloatMap: mapOf('a map of numbers', float(-MAX_FLOAT, MAX_FLOAT)),
  StringArray: texts,
};

/** The parsers of numbers with a range of their own. */
const RANGED: Readonly<Partial<Record<SourceType, (min: number, max: number) => ValueParser>>> = {
  Float64: float,
  UInt16: whole,
  Rate: (min, max) => (value) => {
    const fraction = rate(value);
    if (fraction instanceof Problem) return fraction;
    return Number(fraction) >= min && Number(fraction) <= max ? fraction : problem(`is not between ${min} and ${max}`);
  },
};

/** The stored value of an absent column in a row that only says "deleted". */
export const emptyOf = (type: SourceType): Stored => {
  if (type === 'String') return '';
  if (type === 'Date' || type === 'Date32') return '1970-01-01';
  if (type === 'Instant') return instantText(0);
  if (type === 'StringArray') return [];
  return type === 'StringMap' || type === 'FloatMap' ? {} : 0;
};

const isId = ({ type, values, key, name }: SourceColumn): boolean =>
  type === 'String' && !values && (key || name.endsWith('_id'));

/** A spreadsheet or a data frame writes 1001 as 1001.0 where an id beside it is missing: the same customer would be two. */
const id: ValueParser = (value) =>
  typeof value === 'string' && /^\d+\.0+$/.test(value)
    ? problem('is a whole number with a fraction of zeros: write the id as 1001, not 1001.0')
    : text(value);

/** The parser of a column's values, with the checks of its table. */
export function parserOf(column: SourceColumn, table: SourceTable): ValueParser {
  const parse = parserOfAny(column, table);
  const { reserved } = column;
  if (!reserved) return parse;
  return (value) => {
    const stored = parse(value);
    return typeof stored === 'string' && stored.includes(reserved.text)
      ? problem(`holds '${reserved.text}', which is for ${reserved.for}`)
      : stored;
  };
}

function parserOfAny(column: SourceColumn, { eventTime }: SourceTable): ValueParser {
  const parse = PARSERS[column.type];
  if (eventTime.kind === 'month' && eventTime.column === column.name) {
    return (value) => {
      const date = parse(value);
      return date instanceof Problem || (date as string).endsWith('-01')
        ? date
        : problem('is not the first day of a month');
    };
  }
  const { range, values } = column;
  const ranged = range && RANGED[column.type]?.(...range);
  if (ranged) return ranged;
  if (isId(column)) return id;
  if (!values || column.type !== 'String') return parse;
  const allowed = new Set<unknown>(values);
  const reason = `is not one of ${values.filter((value) => value !== '').join(', ')}`;
  return (value) => (allowed.has(value) ? (value as string) : problem(reason));
}

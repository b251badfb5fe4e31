/**
 * What is stored in a leaf of a Parquet file, and its exact form: decimals and 64-bit integers keep every digit, days and times are text. The
 * logical type is read where there is one, else the converted type of older writers.
 */
import type { SchemaElement, TimeUnit } from 'hyparquet';

type Decode = (stored: unknown) => unknown;

export interface Leaf {
  /** The plain form of a stored value that is not null. */
  readonly decode: Decode;
  /** The element by which the library gives the stored value as it is, or as text. */
  readonly element: SchemaElement;
  /** Times of a local clock: no instant follows from them. */
  readonly zoneless: boolean;
}

/** Of `spark`, whether Spark wrote the file. A text says what the leaf is where it cannot be read. */
export function leafOf(element: SchemaElement, spark: boolean): Leaf | string {
  const stored = (decode: Decode, zoneless = false): Leaf => ({ decode, element: bare(element), zoneless });
  const asGiven: Leaf = { decode: (value) => value, element, zoneless: false };
  const { type, logical_type: logical, converted_type: converted } = element;
  switch (logical?.type ?? converted) {
    case 'DECIMAL':
      return stored(decimal((logical?.type === 'DECIMAL' ? logical.scale : element.scale) ?? 0));
    case 'DATE':
      return stored(date());
    case 'TIMESTAMP':
      if (logical?.type !== 'TIMESTAMP') break;
      return stored(time(logical.unit, logical.isAdjustedToUTC), !logical.isAdjustedToUTC);
    case 'TIMESTAMP_MILLIS':
      return stored(time('MILLIS', true));
    case 'TIMESTAMP_MICROS':
      return stored(time('MICROS', true));
    case 'TIME':
      return stored(clock(logical?.type === 'TIME' ? logical.unit : 'MILLIS'));
    case 'TIME_MILLIS':
      return stored(clock('MILLIS'));
    case 'TIME_MICROS':
      return stored(clock('MICROS'));
    case 'INTEGER':
      return stored(logical?.type === 'INTEGER' && !logical.isSigned ? unsigned : (value) => value);
    case 'UINT_8':
    case 'UINT_16':
    case 'UINT_32':
    case 'UINT_64':
      return stored(unsigned);
    case 'UUID':
      return asGiven;
    case 'FLOAT16':
      return { ...asGiven, decode: float };
    case 'INTERVAL':
    case 'BSON':
    case 'VARIANT':
    case 'GEOMETRY':
    case 'GEOGRAPHY':
      return `of the type ${logical?.type ?? converted}`;
  }
  if (type === 'INT96') return stored(time('NANOS', spark), !spark);
  // JSON stays text: a parser would round its numbers.
  if (type === 'BYTE_ARRAY') return { ...asGiven, element: { ...bare(element), converted_type: 'UTF8' } };
  if (type === 'FLOAT' || type === 'DOUBLE') return stored(float);
  return type === 'FIXED_LEN_BYTE_ARRAY' ? 'of bytes without a meaning' : stored((value) => value);
}

/** Without its meaning an element comes as the numbers or bytes that are stored. */
export function bare({ logical_type, converted_type, ...element }: SchemaElement): SchemaElement {
  return element;
}

/** A whole number of a float keeps its point, as every writer of text has it: an id column of floats is none of whole numbers. */
const float: Decode = (value) => (Number.isInteger(value) && Math.abs(value as number) < 1e21 ? `${value}.0` : value);

/** 32-bit integers come as numbers, 64-bit ones as bigints, both with a sign. */
const unsigned: Decode = (value) =>
  typeof value === 'bigint' ? BigInt.asUintN(64, value) : (value as number) < 0 ? (value as number) + 2 ** 32 : value;

const decimal =
  (scale: number): Decode =>
  (value) => {
    const unscaled = value instanceof Uint8Array ? twosComplement(value) : BigInt(value as number | bigint);
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
    const point = digits.length - scale;
    return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`;
  };

/** The most bytes that a number holds exactly. */
const CHUNK = 6;

function twosComplement(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = bytes.length % CHUNK || CHUNK;
  let value = BigInt(buffer.readIntBE(0, at));
  for (; at < bytes.length; at += CHUNK) value = (value << 48n) | BigInt(buffer.readUIntBE(at, CHUNK));
  return value;
}

const DIGITS: Readonly<Record<TimeUnit, number>> = { MILLIS: 3, MICROS: 6, NANOS: 9 };

function date(): Decode {
  const dayText = dayTexts();
  return (days) => dayText(days as number) ?? `${days} days from 1970`;
}

/** '2024-01-31T15:59:59.999Z' of an instant, '2024-01-31 23:59:59.999' of a local time; digits of the second as far as there are any. */
function time(unit: TimeUnit, utc: boolean): Decode {
  const dayText = dayTexts();
  const [separator, end] = utc ? ['T', 'Z'] : [' ', ''];
  return (value) => {
    const [seconds, fraction] = split(value as number | bigint, unit);
    const day = dayText(Math.floor(seconds / DAY));
    if (day === null) return `${value} ${unit.toLowerCase()} from 1970`;
    return `${day}${separator}${clockText(seconds, fraction, unit)}${end}`;
  };
}

const clock =
  (unit: TimeUnit): Decode =>
  (value) =>
    clockText(...split(value as number | bigint, unit), unit);

/** Whole seconds, and what is above them in units. A remainder is exact where a quotient is rounded. */
function split(value: number | bigint, unit: TimeUnit): [seconds: number, fraction: number] {
  const perSecond = 10 ** DIGITS[unit];
  const near = Number(value);
  const exact = Number.isSafeInteger(near);
  const rest = exact ? near % perSecond : Number(BigInt(value) % BigInt(perSecond));
  const fraction = rest < 0 ? rest + perSecond : rest;
  const seconds = exact
    ? (near - fraction) / perSecond
    : Number((BigInt(value) - BigInt(fraction)) / BigInt(perSecond));
  return [seconds, fraction];
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

function clockText(seconds: number, fraction: number, unit: TimeUnit): string {
  const ofDay = seconds - Math.floor(seconds / DAY) * DAY;
  const minutes = Math.floor(ofDay / 60);
  const text = `${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[ofDay % 60]}`;
  if (fraction === 0) return text;
  const digits = String(fraction)
    .padStart(DIGITS[unit], '0')
    .replace(/(?:000)+$/, '');
  return `${text}.${digits}`;
}

/** Seconds. */
const DAY = 86_400;
/** Days from 1970. */
const FIRST_DAY = Date.parse('0000-01-01') / 86_400_000;
const LAST_DAY = Date.parse('9999-12-31') / 86_400_000;
/** Days whose text is remembered: a column has few days and many rows. */
const MAX_DAYS = 50_000;

/** The text of a day; null where it has no year of four digits, as the infinity that some writers know. */
function dayTexts(): (days: number) => string | null {
  const known = new Map<number, string>();
  return (days) => {
    const remembered = known.get(days);
    if (remembered !== undefined) return remembered;
    if (!(days >= FIRST_DAY && days <= LAST_DAY)) return null;
    const text = new Date(days * 86_400_000).toISOString().slice(0, 10);
    if (known.size < MAX_DAYS) known.set(days, text);
    return text;
  };
}

/** One scalar of each feature type, as bytes and back: exactly the wire representation of core/definitions/types.ts. */

import type { ScalarType, ScalarValue } from '../core/definitions/types.js';
import { DAY } from '../core/helpers/time.js';
import type { ByteReader, ByteWriter } from './bytes.js';

export interface ValueCodec {
  write(writer: ByteWriter, value: ScalarValue): void;
  read(reader: ByteReader): ScalarValue;
}

const refuse = (expected: string): never => {
  throw new TypeError(`is not ${expected}`);
};

const aNumber = (value: ScalarValue): number => (typeof value === 'number' ? value : refuse('a number'));
const aText = (value: ScalarValue): string => (typeof value === 'string' ? value : refuse('a string'));

const anInt32 = (value: ScalarValue): number =>
  typeof value === 'number' && (value | 0) === value ? value : refuse('a 32-bit integer');

const anInt64 = (value: ScalarValue): bigint => {
  const text = aText(value);
  if (!/^-?\d{1,19}$/.test(text)) return refuse('a 64-bit integer');
  const parsed = BigInt(text);
  return BigInt.asIntN(64, parsed) === parsed ? parsed : refuse('a 64-bit integer');
};

const instantOf = (value: ScalarValue): number => {
  const parsed = Date.parse(aText(value));
  return Number.isNaN(parsed) ? refuse('a date or timestamp') : parsed;
};

const dateText = (days: number): string => new Date(days * DAY).toISOString().slice(0, 10);

const CANONICAL_DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/;
/** Head byte of a decimal: 0 = its text follows, else scale + 1 and the digits as one integer. */
const DECIMAL_AS_TEXT = 0;
const MAX_SCALE = 254;

const decimal: ValueCodec = {
  write(writer, value) {
    const text = aText(value);
    const [, sign = '', whole = '', fraction = ''] = CANONICAL_DECIMAL.exec(text) ?? [];
    const digits = BigInt(whole + fraction);
    // Only what comes back letter by letter is packed: '-0' or '1e3' stays text.
    if (whole === '' || fraction.length > MAX_SCALE || (sign !== '' && digits === 0n)) {
      writer.uint8(DECIMAL_AS_TEXT);
      writer.text(text);
    } else {
      writer.uint8(fraction.length + 1);
      writer.bigVarint(sign === '' ? digits : -digits);
    }
  },
  read(reader) {
    const head = reader.uint8();
    if (head === DECIMAL_AS_TEXT) return reader.text();
    const scale = head - 1;
    const mantissa = reader.varint().toString();
    if (scale === 0) return mantissa;
    const negative = mantissa.startsWith('-');
    const digits = (negative ? mantissa.slice(1) : mantissa).padStart(scale + 1, '0');
    return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  },
};

const boolean: ValueCodec = {
  write: (writer, value) => writer.uint8(typeof value === 'boolean' ? Number(value) : refuse('a boolean')),
  read: (reader) => reader.uint8() === 1,
};
const float32: ValueCodec = {
  write: (writer, value) => writer.float32(aNumber(value)),
  read: (reader) => reader.float32(),
};
const float64: ValueCodec = {
  write: (writer, value) => writer.float64(aNumber(value)),
  read: (reader) => reader.float64(),
};

/** Scalars whose size is known: their place in the row is too. Bytes a value. */
export const FIXED: Readonly<Partial<Record<ScalarType, ValueCodec & { readonly width: number }>>> = {
  BOOLEAN: { width: 1, ...boolean },
  INT32: { width: 4, write: (writer, value) => writer.int32(anInt32(value)), read: (reader) => reader.int32() },
  INT64: {
    width: 8,
    write: (writer, value) => writer.int64(anInt64(value)),
    read: (reader) => reader.int64().toString(),
  },
  FLOAT32: { width: 4, ...float32 },
  FLOAT64: { width: 8, ...float64 },
  DATE: {
    width: 4,
    write: (writer, value) => writer.int32(Math.floor(instantOf(value) / DAY)),
    read: (reader) => dateText(reader.int32()),
  },
  TIMESTAMP: {
    width: 8,
    write: (writer, value) => writer.int53(instantOf(value)),
    read: (reader) => new Date(reader.int53()).toISOString(),
  },
};

/** Values one after the other: small integers, as most of a DPD sequence, take one byte. */
export const PACKED: Readonly<Record<ScalarType, ValueCodec>> = {
  STRING: { write: (writer, value) => writer.text(aText(value)), read: (reader) => reader.text() },
  BOOLEAN: boolean,
  INT32: { write: (writer, value) => writer.varint(anInt32(value)), read: (reader) => Number(reader.varint()) },
  INT64: { write: (writer, value) => writer.bigVarint(anInt64(value)), read: (reader) => reader.varint().toString() },
  FLOAT32: float32,
  FLOAT64: float64,
  DECIMAL: decimal,
  DATE: {
    write: (writer, value) => writer.varint(Math.floor(instantOf(value) / DAY)),
    read: (reader) => dateText(Number(reader.varint())),
  },
  TIMESTAMP: {
    write: (writer, value) => writer.varint(instantOf(value)),
    read: (reader) => new Date(Number(reader.varint())).toISOString(),
  },
};

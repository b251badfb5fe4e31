import {
  elementType,
  type FeatureType,
  type FeatureValue,
  isArrayType,
  type ScalarType,
} from '../core/definitions/types.js';
import { RiskgraphError } from '../core/errors.js';

const UNDERFLOW = Symbol('the next value is not whole yet');
const DECIMALS = 6;
const DAY_MS = 86_400_000;

/** Reads values one after the other; an incomplete value is read again with the next bytes. */
export class Cursor {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;

  /** Moves past the next `count` bytes; returns where they begin. */
  private take(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw UNDERFLOW;
    this.at = from + count;
    return from;
  }

  append(chunk: Buffer): void {
    this.bytes =
      this.at === this.bytes.length ? Buffer.from(chunk) : Buffer.concat([this.bytes.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** The next whole row, or undefined until more bytes are here. */
  row<T>(read: (cursor: Cursor) => T): T | undefined {
    const from = this.at;
    try {
      if (from === this.bytes.length) return undefined;
      return read(this);
    } catch (error) {
      if (error !== UNDERFLOW) throw error;
      this.at = from;
      return undefined;
    }
  }

  get unread(): number {
    return this.bytes.length - this.at;
  }

  uint8(): number {
    return this.bytes[this.take(1)] as number;
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  int32(): number {
    return this.bytes.readInt32LE(this.take(4));
  }

  int64(): bigint {
    return this.bytes.readBigInt64LE(this.take(8));
  }

  float32(): number {
    return this.bytes.readFloatLE(this.take(4));
  }

  float64(): number {
    return this.bytes.readDoubleLE(this.take(8));
  }

  int128(): bigint {
    const from = this.take(16);
    return (this.bytes.readBigInt64LE(from + 8) << 64n) | this.bytes.readBigUInt64LE(from);
  }

  length(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.uint8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  string(): string {
    const count = this.length();
    const from = this.take(count);
    return this.bytes.toString('utf8', from, from + count);
  }
}

/** Scaled by 10^6, as stored, to the one form of a decimal: no zeros at its end. */
function formatDecimal(scaled: bigint): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return `${scaled < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}${fraction ? `.${fraction}` : ''}`;
}

type Reader = (cursor: Cursor) => FeatureValue;

const SCALARS: Readonly<Record<ScalarType, (cursor: Cursor) => string | number | boolean>> = {
  STRING: (cursor) => cursor.string(),
  BOOLEAN: (cursor) => cursor.uint8() !== 0,
  INT32: (cursor) => cursor.int32(),
  INT64: (cursor) => cursor.int64().toString(),
  FLOAT32: (cursor) => cursor.float32(),
  FLOAT64: (cursor) => cursor.float64(),
  DECIMAL: (cursor) => formatDecimal(cursor.int128()),
  DATE: (cursor) => new Date(cursor.int32() * DAY_MS).toISOString().slice(0, 10),
  TIMESTAMP: (cursor) => new Date(Number(cursor.int64())).toISOString(),
};

/** Reads a value of a feature type as it is stored. */
export function featureReader(type: FeatureType): Reader {
  const read = SCALARS[elementType(type)];
  const nullable = (cursor: Cursor) => (cursor.uint8() === 1 ? null : read(cursor));
  if (!isArrayType(type)) return nullable;
  return (cursor) => Array.from({ length: cursor.length() }, () => nullable(cursor));
}

/** Rows of a RowBinary answer in batches of at most `size`, or of some more than `bytes`; no more than a batch and a chunk are held. */
export async function* decodeRows<T>(
  chunks: AsyncIterable<Buffer>,
  read: (cursor: Cursor) => T,
  size: number,
  bytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly T[]> {
  const cursor = new Cursor();
  let batch: T[] = [];
  let taken = 0;
  for await (const chunk of chunks) {
    cursor.append(chunk);
    let before = cursor.unread;
    for (let row = cursor.row(read); row !== undefined; row = cursor.row(read)) {
      batch.push(row);
      taken += before - cursor.unread;
      before = cursor.unread;
      if (batch.length === size || taken > bytes) {
        yield batch;
        batch = [];
        taken = 0;
      }
    }
  }
  if (cursor.unread > 0) {
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: 'the answer of the offline store broke off in the middle of a row',
      hint: 'ask again',
    });
  }
  if (batch.length > 0) yield batch;
}

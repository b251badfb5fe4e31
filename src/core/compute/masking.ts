import { createHmac } from 'node:crypto';
import { param, type Sql, sql } from '../definitions/sql.js';
import {
  elementType,
  type FeatureStatus,
  type FeatureType,
  type FeatureValue,
  isArrayType,
  type ScalarType,
  type ScalarValue,
} from '../definitions/types.js';

/** SHA-256 works on blocks of 64 bytes; RFC 2104 says how a key of at most that length fills one. */
const BLOCK = 64;
/** 128 bits: no two of a lender's customers share a mask by chance. */
const HEX_DIGITS = 32;

const padded = (key: Buffer, byte: number): string =>
  Buffer.from(Array.from({ length: BLOCK }, (_, index) => byte ^ (key[index] ?? 0))).toString('hex');

/**
 * Masks personal values for modelers: a string becomes its keyed hash, a number NULL, a date the first day of its year. The same
 * value has the same mask in GraphQL, in SQL and in a file, so that masked columns still join.
 */
export class Mask {
  private readonly inner: string;
  private readonly outer: string;

  /**
   * @param key 32 bytes, the same in every process
   * @param personal names of columns that identify a person or a device in a source table
   */
  constructor(
    private readonly key: Buffer,
    readonly personal: ReadonlySet<string>,
  ) {
    if (key.length !== 32) throw new Error('a mask needs a key of 32 bytes');
    this.inner = padded(key, 0x36);
    this.outer = padded(key, 0x5c);
  }

  text(value: string): string {
    return createHmac('sha256', this.key).update(value).digest('hex').slice(0, HEX_DIGITS);
  }

  value(value: FeatureValue, type: FeatureType): FeatureValue {
    if (value === null) return null;
    if (Array.isArray(value)) return value.map((item: ScalarValue) => this.scalar(item, elementType(type)));
    return isArrayType(type) ? null : this.scalar(value as ScalarValue, type as ScalarType);
  }

  /** A value with its status: one whose mask is null has the status of a null, so that value and status agree. */
  cell<C extends { readonly value: FeatureValue; readonly status: FeatureStatus }>(cell: C, type: FeatureType): C {
    const value = this.value(cell.value, type);
    return { ...cell, value, status: value === null && cell.status === 'PRESENT' ? 'NULL' : cell.status };
  }

  private scalar(value: ScalarValue, type: ScalarType): ScalarValue {
    if (value === null) return null;
    if (type === 'STRING') return this.text(String(value));
    if (type === 'DATE') return `${String(value).slice(0, 4)}-01-01`;
    if (type === 'TIMESTAMP') return `${String(value).slice(0, 4)}-01-01T00:00:00.000Z`;
    return null;
  }

  /** The ClickHouse expression of `text` for a String or Nullable(String) expression. */
  textSql(expression: Sql): Sql {
    const inner = sql`SHA256(concat(unhex(${param('String', this.inner)}), ${expression}))`;
    const outer = sql`SHA256(concat(unhex(${param('String', this.outer)}), ${inner}))`;
    return sql`substring(lower(hex(${outer})), 1, ${param('UInt8', HEX_DIGITS)})`;
  }
}

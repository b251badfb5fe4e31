/**
 * One row of a view in Redis:
 *
 *     u8 format | u8 flags | u32 schema | i64 event time | i64 available-at | u32 sequence | [i64 first dead instant]
 *     | null bitmap | fixed-width block | var block
 *
 * The scripts of scripts.ts read the header.
 */
import { crc32 } from 'node:zlib';
import type { View } from '../core/definitions/definitions.js';
import {
  elementType,
  type FeatureValue,
  isArrayType,
  type ScalarType,
  type ScalarValue,
} from '../core/definitions/types.js';
import { RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { EntityKey, ViewRow } from '../core/ports/offline.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { FIXED, PACKED, type ValueCodec } from './value-codec.js';

const FORMAT = 1;
const TOMBSTONE = 1;
const EXPIRES = 2;

export interface RowCodec {
  /** @throws INTERNAL where a value is not of its feature's type */
  encode(row: ViewRow): Buffer;
  /** @throws where the bytes are not a row of this very schema */
  decode(key: EntityKey, bytes: Buffer): ViewRow;
}

/** First instant at which the row is past its ttl (rule 7 is inclusive); null: never. */
export const deadFrom = (view: Pick<View, 'ttlMs'>, eventTime: Instant): Instant | null =>
  view.ttlMs === null ? null : eventTime + view.ttlMs + 1;

interface FeatureCodec {
  readonly index: number;
  readonly name: string;
  readonly width: number;
  readonly write: (writer: ByteWriter, value: FeatureValue) => void;
  readonly read: (reader: ByteReader) => FeatureValue;
}

/** Whether any element is NULL is the lowest bit of the count, so that dense arrays carry no bitmap. */
const arrayCodec = (element: ValueCodec): Pick<FeatureCodec, 'write' | 'read'> => ({
  write(writer, value) {
    if (!Array.isArray(value)) throw new TypeError('is not an array');
    const items = value as readonly ScalarValue[];
    const sparse = items.includes(null);
    writer.uvarint(items.length * 2 + Number(sparse));
    const bitmap = sparse ? writer.zeros(Math.ceil(items.length / 8)) : 0;
    items.forEach((item, index) => {
      if (item === null) writer.setBit(bitmap, index);
      else element.write(writer, item);
    });
  },
  read(reader) {
    const head = reader.uvarint();
    const length = Math.floor(head / 2);
    const sparse = head % 2 === 1;
    const bitmap = sparse ? reader.skip(Math.ceil(length / 8)) : 0;
    const items: ScalarValue[] = [];
    for (let index = 0; index < length; index++) {
      items.push(sparse && reader.bit(bitmap, index) ? null : element.read(reader));
    }
    return items;
  },
});

/** @param view its features in declared order are the schema */
export function rowCodec(view: View): RowCodec {
  const schema = crc32(view.features.map(({ name, type }) => `${name}:${type}`).join('\n'));
  const codecs: FeatureCodec[] = view.features.map(({ name, type }, index) => {
    if (isArrayType(type)) return { index, name, width: 0, ...arrayCodec(PACKED[elementType(type)]) };
    const fixed = FIXED[type as ScalarType];
    const { write, read } = fixed ?? PACKED[type as ScalarType];
    return {
      index,
      name,
      width: fixed?.width ?? 0,
      write: (writer, value) => write(writer, value as ScalarValue),
      read,
    };
  });
  const blocks = [...codecs.filter(({ width }) => width > 0), ...codecs.filter(({ width }) => width === 0)];
  const bitmapSize = Math.ceil(codecs.length / 8);
  const writer = new ByteWriter();

  const corrupt = (why: string, cause?: unknown): RiskgraphError =>
    new RiskgraphError({ code: 'INTERNAL', message: `an online row of ${view.id} cannot be read: ${why}`, cause });

  return {
    encode(row) {
      const expires = deadFrom(view, row.eventTime);
      writer.reset();
      writer.uint8(FORMAT);
      writer.uint8((row.tombstone ? TOMBSTONE : 0) | (expires === null ? 0 : EXPIRES));
      writer.uint32(schema);
      writer.int53(row.eventTime);
      writer.int53(row.availableAt);
      writer.uint32(row.sequence);
      if (expires !== null) writer.int53(expires);
      if (row.tombstone) return writer.bytes();
      const bitmap = writer.zeros(bitmapSize);
      for (const { index, name, width, write } of blocks) {
        const value = row.values[index] ?? null;
        try {
          if (value !== null) write(writer, value);
          else {
            writer.setBit(bitmap, index);
            writer.zeros(width);
          }
        } catch (cause) {
          const message = `a value of ${view.id}:${name} ${(cause as Error).message}`;
          throw new RiskgraphError({ code: 'INTERNAL', message, cause });
        }
      }
      return writer.bytes();
    },

    decode(key, bytes) {
      const reader = new ByteReader(bytes);
      try {
        if (reader.uint8() !== FORMAT) throw corrupt('its format is unknown');
        const flags = reader.uint8();
        if (reader.uint32() !== schema) throw corrupt('it was written with other features');
        const eventTime = reader.int53();
        const availableAt = reader.int53();
        const sequence = reader.uint32();
        if (flags & EXPIRES) reader.skip(8);
        const tombstone = (flags & TOMBSTONE) !== 0;
        const values: FeatureValue[] = [];
        if (!tombstone) {
          const bitmap = reader.skip(bitmapSize);
          for (const { index, width, read } of blocks) {
            if (!reader.bit(bitmap, index)) values[index] = read(reader);
            else {
              reader.skip(width);
              values[index] = null;
            }
          }
        }
        if (!reader.atEnd) throw corrupt('it goes on after its end');
        return { key, eventTime, availableAt, sequence, tombstone, values };
      } catch (cause) {
        throw cause instanceof RiskgraphError ? cause : corrupt('its bytes are damaged', cause);
      }
    },
  };
}

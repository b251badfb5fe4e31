/** Parquet files of one page whose body is not what its header, or the body itself, says. */
import type { SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';

export const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];

export interface PageFile {
  readonly schema?: readonly SchemaElement[];
  readonly codec?: 'UNCOMPRESSED' | 'SNAPPY' | 'ZSTD' | 'GZIP' | 'LZ4_RAW';
}

/** What a spine has, too. */
const columnOf = (
  type: 'INT32' | 'INT64' | 'BYTE_ARRAY',
  repetition: 'REQUIRED' | 'OPTIONAL' = 'REQUIRED',
): readonly SchemaElement[] => [
  { name: 'root', num_children: 2 },
  { name: 'event_timestamp', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
  { name: 'customer_id', type, repetition_type: repetition },
];

/** A file of one row, each of whose columns has one page: the last column the one that is given, the others a zero. */
export function fileOfPage(page: Uint8Array, { schema, codec = 'UNCOMPRESSED' }: PageFile = {}): Buffer {
  const elements = schema ?? columnOf('INT32');
  const leaves = elements.filter(({ type }) => type);
  const pages = leaves.map((_, index) => (index === leaves.length - 1 ? page : ZERO));
  const writer = new ByteWriter();
  writer.appendBytes(Buffer.from('PAR1'));
  let at = 4n;
  const columns = leaves.map(({ name, type = 'INT32' }, index) => {
    const bytes = pages[index] as Uint8Array;
    writer.appendBytes(bytes);
    const size = BigInt(bytes.length);
    const sizes = { total_uncompressed_size: size, total_compressed_size: size, data_page_offset: at };
    at += size;
    const packed = bytes === page ? codec : 'UNCOMPRESSED';
    const data = {
      type,
      encodings: ['PLAIN' as const],
      path_in_schema: [name],
      codec: packed,
      num_values: 1n,
      ...sizes,
    };
    return { file_offset: data.data_page_offset, meta_data: data } as const;
  });
  const row_groups = [{ num_rows: 1n, total_byte_size: at, columns }];
  writeMetadata(writer, { version: 1, num_rows: 1n, metadata_length: 0, schema: [...elements], row_groups });
  writer.appendBytes(Buffer.from('PAR1'));
  return Buffer.from(writer.getBytes());
}

const ENCODINGS = {
  PLAIN: 0,
  DELTA_BINARY_PACKED: 5,
  DELTA_LENGTH_BYTE_ARRAY: 6,
  DELTA_BYTE_ARRAY: 7,
  RLE_DICTIONARY: 8,
  BYTE_STREAM_SPLIT: 9,
} as const;

/** A data page of the first version: its header, and the body. */
function pageOf(encoding: keyof typeof ENCODINGS, values: number, body: readonly number[], unpacked = body.length) {
  const number = (value: number): number[] => [0x15, ...varint(2 * value)];
  const sizes = [...number(0), ...number(unpacked), ...number(body.length)];
  const data = [...number(values), ...number(ENCODINGS[encoding]), ...number(3), ...number(3), 0];
  return Uint8Array.from([...sizes, 0x2c, ...data, 0, ...body]);
}

const ZERO = pageOf('PLAIN', 1, Array<number>(8).fill(0));

/** A run of equal values in the hybrid of run lengths and bit packing. */
const run = (values: number): number[] => [...varint(2 * values), 1];
/** As levels are written, with their length before them. */
const levels = (values: number): number[] => [run(values).length, 0, 0, 0, ...run(values)];
/** Blocks of 128 equal numbers, in four parts each. */
const deltas = (values: number, number: number): number[] => [
  ...[128, 1, 4, ...varint(values), ...varint(2 * number)],
  ...Array<number>(5 * Math.ceil(values / 128)).fill(0),
];

const HUGE = 2 ** 30;
const MANY = 40_000_000;
const UNPACKED = 200_000_000;
const text = { schema: columnOf('BYTE_ARRAY') };
const long = { schema: columnOf('INT64') };

const endless = (name: string, page: Uint8Array, file?: PageFile) => ({
  name,
  bytes: fileOfPage(page, file),
  isEndless: true,
});
const broken = (name: string, page: Uint8Array, file?: PageFile) => ({
  ...endless(name, page, file),
  isEndless: false,
});

/** Bodies of files that are spines, too. Each claims gigabytes with a few bytes; `isEndless`: the library makes them before it sees that they are not there. */
export const LYING_BODIES = [
  endless('indexes of a dictionary', pageOf('RLE_DICTIONARY', 1, [1, ...run(HUGE)])),
  endless('levels', pageOf('PLAIN', 1, levels(HUGE)), { schema: columnOf('INT32', 'OPTIONAL') }),
  broken('packed bits', pageOf('RLE_DICTIONARY', 1, [1, ...varint(2 ** 31 - 1), 1])),
  broken('parts of a block', pageOf('DELTA_BINARY_PACKED', 2, [128, 1, ...varint(2 ** 31), 2, 0, 0]), long),
  broken('a block without parts', pageOf('DELTA_BINARY_PACKED', 2, [0, 0, 2, 0, 0]), long),
  broken('prefixes', pageOf('DELTA_BYTE_ARRAY', 1000, [...deltas(1000, HUGE), ...deltas(1000, 0)]), text),
  broken('lengths', pageOf('DELTA_LENGTH_BYTE_ARRAY', 1000, deltas(1000, HUGE)), text),
  broken('streams', pageOf('BYTE_STREAM_SPLIT', MANY, []), long),
  broken('plain numbers', pageOf('PLAIN', MANY, [])),
  broken('plain texts', pageOf('PLAIN', MANY, [255, 255, 255, 127]), text),
  broken('Snappy', pageOf('PLAIN', 1, [...varint(2 ** 32 - 1), 0], UNPACKED), { codec: 'SNAPPY' }),
  broken('Zstandard', pageOf('PLAIN', 1, [0x28, 0xb5, 0x2f, 0xfd, 0xe0, ...Array<number>(8).fill(127)], 4), {
    codec: 'ZSTD',
  }),
  broken('gzip', pageOf('PLAIN', 1, Array<number>(20).fill(0), UNPACKED), { codec: 'GZIP' }),
  broken('LZ4', pageOf('PLAIN', 1, [0x10, 65, 255, 255], UNPACKED), { codec: 'LZ4_RAW' }),
];

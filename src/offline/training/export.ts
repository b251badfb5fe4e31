import { open, rename, rm } from 'node:fs/promises';
import { raw, type Sql, sql } from '../../core/definitions/sql.js';
import { elementType, type FeatureType, isArrayType } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import type { ExportFormat } from '../../core/ports/training-sets.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';

type Settings = NonNullable<QueryOptions['settings']>;

const FORMATS: Readonly<Record<ExportFormat, { readonly format: string; readonly settings: Settings }>> = {
  PARQUET: {
    format: 'Parquet',
    settings: {
      // Readers of whole columns use neither, and without them a file of many doubles is written in a third of the time.
      output_format_parquet_write_bloom_filter: 0,
      output_format_parquet_max_dictionary_size: 0,
      output_format_parquet_compression_method: 'snappy',
      output_format_parquet_string_as_string: 1,
    },
  },
  CSV: {
    format: 'CSVWithNames',
    // Text is quoted, so an empty cell is NULL and "" is an empty text.
    settings: { format_csv_null_representation: '', date_time_output_format: 'iso' },
  },
  ARROW: {
    format: 'Arrow',
    settings: { output_format_arrow_string_as_string: 1, output_format_arrow_compression_method: 'none' },
  },
};

/** An output expression as the format writes it best: CSV prints a FLOAT32 as the number it holds. */
export function exportedValue(value: Sql, type: FeatureType, format: ExportFormat): Sql {
  if (format !== 'CSV' || elementType(type) !== 'FLOAT32') return value;
  return sql`CAST(${value}, ${raw(isArrayType(type) ? "'Array(Nullable(Float64))'" : "'Nullable(Float64)'")})`;
}

export interface ExportRequest {
  /** In the order of `rid`, which is the order of its table: nothing is sorted. */
  readonly select: Sql;
  readonly format: ExportFormat;
  readonly path: string;
  /** Bytes of a row before it is encoded: wide rows are written in smaller groups. */
  readonly rowBytes: number;
  /** The token of the worker that writes: two workers at one file must not write into each other's. */
  readonly token: string;
  /** Tokens of earlier workers, which may have been killed while they wrote. */
  readonly earlier: readonly string[];
  /** Asked before the file is put in its place; what it throws leaves the place as it is. */
  readonly check: () => Promise<void>;
  readonly options: QueryOptions;
}

/** Bytes of a row group of Parquet before it is encoded, of which the writer holds several. */
const GROUP_BYTES = 64_000_000;
/** Bytes of a block that is merged or encoded at once. */
const BLOCK_BYTES = 16_000_000;

const fitting = (bytes: number, rowBytes: number, most: number): string =>
  String(Math.min(most, Math.max(1, Math.floor(bytes / Math.max(rowBytes, 1)))));

/** Parts are merged as they are read, a block of each in memory. */
const inOrder = (rowBytes: number): Settings => ({
  optimize_read_in_order: 1,
  read_in_order_use_virtual_row: 1,
  max_block_size: fitting(BLOCK_BYTES, rowBytes, 8_192),
});

const partPath = (path: string, token: string): string => `${path}.${token}.part`;

function refuseFile(cause: NodeJS.ErrnoException): never {
  throw badInput(
    `the file of the training set cannot be written: ${cause.code ?? 'unknown reason'}`,
    'see that the state folder is there, writable and has room',
  );
}

/**
 * Lets ClickHouse write the answer in a file format, straight to disk beside `path`, and puts it in its place once it is whole and safe. An
 * aborted signal leaves nothing.
 */
export async function exportFile(store: ClickHouse, request: ExportRequest): Promise<void> {
  const { format, settings } = FORMATS[request.format];
  const { signal } = request.options;
  for (const token of request.earlier) await rm(partPath(request.path, token), { force: true });
  const part = partPath(request.path, request.token);
  const file = await open(part, 'w', 0o600).catch(refuseFile);
  try {
    for await (const chunk of store.bytes('training-set-export', request.select, format, {
      ...(signal && { signal }),
      settings: {
        ...request.options.settings,
        ...inOrder(request.rowBytes),
        ...settings,
        ...(request.format === 'PARQUET' && {
          output_format_parquet_row_group_size: fitting(GROUP_BYTES, request.rowBytes, 1_000_000),
        }),
      },
    })) {
      signal?.throwIfAborted();
      // `write` may take a part of it and say so in its answer alone, as on a disk that is full.
      await file.writeFile(chunk).catch(refuseFile);
    }
    await file.sync().catch(refuseFile);
    await file.close();
    await request.check();
    await rename(part, request.path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

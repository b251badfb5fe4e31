import { open, rename, rm } from 'node:fs/promises';
import { badInput } from '../core/errors.js';
import type { ExportFormat } from '../core/ports.js';
import { raw, type Sql, sql } from '../core/sql.js';
import { elementType, type FeatureType, isArrayType } from '../core/types.js';
import type { ClickHouse, QueryOptions } from './client.js';

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

/**
 * Lets ClickHouse write the answer in a file format, straight to disk beside `path`, and puts it in its place once it is whole and safe. An
 * aborted signal leaves nothing.
 */
export async function exportFile(
  store: ClickHouse,
  request: { readonly select: Sql; readonly format: ExportFormat; readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const { format, settings } = FORMATS[request.format];
  const part = `${request.path}.part`;
  const file = await open(part, 'w', 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw badInput(
      `the file of the training set cannot be written: ${cause.code ?? 'unknown reason'}`,
      'see that the state folder is there, writable and has room',
    );
  });
  try {
    for await (const chunk of store.bytes('training-set-export', request.select, format, {
      settings,
      signal: request.signal,
    })) {
      request.signal.throwIfAborted();
      await file.write(chunk);
    }
    await file.sync();
    await file.close();
    await rename(part, request.path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

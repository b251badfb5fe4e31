/** Memory per row of a set, so that no step reads more rows than fit. */
import { param, sql } from '../../core/definitions/sql.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';

/** Bytes of rows that a block of a join, or of what is written from one, may hold. */
const BYTES_A_BLOCK = 64_000_000;
/** Rows of a block where they are narrow: the store's own choice. */
const ROWS_A_BLOCK = 65_409;
const LEAST_ROWS = 16;

interface Measured {
  /** Name of a MergeTree table. */
  readonly table: string;
  readonly columns: readonly string[];
}

/**
 * Bytes of some columns of a row, on average, as they are before they are packed; 0 for a table without rows. A part that is too small to have files
 * for each column counts whole.
 */
export async function columnBytes(
  store: ClickHouse,
  { table, columns }: Measured,
  options: QueryOptions,
): Promise<number> {
  const ours = sql`active AND database = currentDatabase() AND table = ${table}`;
  const [answer] = await store.rows<{ rows: string; wide: string; compact: string }>(
    'training-set-bytes',
    sql`SELECT sum(rows) AS rows, sumIf(data_uncompressed_bytes, part_type != 'Wide') AS compact,
        (SELECT sum(column_data_uncompressed_bytes) FROM system.parts_columns WHERE ${ours} AND part_type = 'Wide' AND column IN ${param(
          'Array(String)',
          columns,
        )}) AS wide
      FROM system.parts WHERE ${ours}`,
    options,
  );
  const rows = Number(answer?.rows ?? 0);
  return rows === 0 ? 0 : (Number(answer?.wide) + Number(answer?.compact)) / rows;
}

/** Bytes of whole rows of some tables that have the same rows, on average. */
export async function rowBytes(
  store: ClickHouse,
  { tables, rows }: { readonly tables: readonly string[]; readonly rows: number },
  options: QueryOptions,
): Promise<number> {
  const [answer] = await store.rows<{ bytes: string }>(
    'training-set-bytes',
    sql`SELECT toString(sum(data_uncompressed_bytes)) AS bytes FROM system.parts
      WHERE active AND database = currentDatabase() AND table IN ${param('Array(String)', tables)}`,
    options,
  );
  return Number(answer?.bytes ?? 0) / Math.max(rows, 1);
}

/** Number of rows of this size in a block. */
const rowsABlock = (bytes: number): number =>
  Math.max(LEAST_ROWS, Math.min(ROWS_A_BLOCK, Math.floor(BYTES_A_BLOCK / Math.max(bytes, 1))));

/** Settings of a join whose rows come out with so many bytes. */
export function joinSettings(bytes: number): NonNullable<QueryOptions['settings']> {
  const rows = String(rowsABlock(bytes));
  return { join_algorithm: 'hash', max_block_size: rows, max_joined_block_size_rows: rows };
}

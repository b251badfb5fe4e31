import { ident, join, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import type { Instant } from '../core/helpers/time.js';
import { type SourceColumn, type SourceTable, storedType } from '../core/lending/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { checkFence, type Fence, withinFence } from '../warehouse/fence.js';
import { knownFrom } from './knowledge.js';

/** Rows of the stage that are compared and written at once: bounds the memory of a merge. */
const BUCKET_ROWS = 500_000;

export interface MergeOptions {
  readonly clickhouse: ClickHouse;
  readonly table: SourceTable;
  readonly stage: string;
  /** Higher than that of any import before. */
  readonly seq: bigint;
  /** Since when the rows are known that bring no instant of their own. */
  readonly known: Instant;
  /** The fence, which the caller has raised. */
  readonly fence: Fence;
  readonly signal: AbortSignal;
  readonly bucketRows?: number | undefined;
}

/**
 * Appends the new ones of the staged rows. A row is new when the version in force at its `ingested_at` has other content: that
 * version is the stored one, or a row of the same import that was known earlier. Of rows with one key and one `ingested_at` the last line
 * counts. Killed in between, it leaves some rows readable; the same import again then adds the others and nothing twice.
 * @returns how many rows were appended
 */
export async function mergeStage({
  clickhouse,
  table,
  stage,
  seq,
  known,
  fence,
  signal,
  bucketRows = BUCKET_ROWS,
}: MergeOptions): Promise<number> {
  const key = table.columns
    .filter((column) => column.key)
    .sort((a, b) => table.key.indexOf(a.name) - table.key.indexOf(b.name));
  const bounds = await bucketBounds(clickhouse, { stage, key, bucketRows, signal });
  for (let bucket = 0; bucket <= bounds.length; bucket++) {
    const range = within(key, bounds[bucket - 1], bounds[bucket]);
    await clickhouse.run('import-merge', appendNew(table, { stage, key, range, seq, known, fence }), { signal });
  }
  await checkFence(clickhouse, fence);
  const [row] = await clickhouse.rows<{ rows: string }>(
    'import-count',
    sql`SELECT count() AS rows FROM ${ident(table.name)} WHERE seq = ${param('UInt64', String(seq))}`,
    { signal },
  );
  return Number(row?.rows ?? 0);
}

type KeyValues = readonly unknown[];

/** Keys that cut the stage into buckets; ranges of keys, so that each bucket reads its own stretch of the table and no more. */
function bucketBounds(
  clickhouse: ClickHouse,
  {
    stage,
    key,
    bucketRows,
    signal,
  }: { stage: string; key: readonly SourceColumn[]; bucketRows: number; signal: AbortSignal | undefined },
): Promise<KeyValues[]> {
  const names = join(key.map(({ name }) => ident(name)));
  return clickhouse.tuples<KeyValues>(
    'import-bounds',
    sql`SELECT DISTINCT ${names} FROM (
      SELECT ${names}, row_number() OVER (ORDER BY ${names}) AS __row FROM ${ident(stage)}
    ) WHERE __row % ${param('UInt64', bucketRows)} = 0 ORDER BY ${names}`,
    { signal },
  );
}

/** `from <= key < to` column by column: a comparison of tuples would not use the table's index. */
function within(key: readonly SourceColumn[], from: KeyValues | undefined, to: KeyValues | undefined): Sql {
  const conditions = [from && beyond(key, from, '>', true), to && beyond(key, to, '<', false)].filter((each) => !!each);
  return conditions.length === 0 ? raw('1') : join(conditions, ' AND ');
}

function beyond(key: readonly SourceColumn[], values: KeyValues, order: '<' | '>', orEqual: boolean): Sql {
  const compare = (index: number, sign: string): Sql => {
    const column = key[index] as SourceColumn;
    return sql`${ident(column.name)} ${raw(sign)} ${param(storedType(column), values[index])}`;
  };
  const cases = key.map((_, index) => {
    const sign = orEqual && index === key.length - 1 ? `${order}=` : order;
    return join([...key.slice(0, index).map((__, before) => compare(before, '=')), compare(index, sign)], ' AND ');
  });
  return sql`((${join(cases, ') OR (')}))`;
}

function appendNew(
  table: SourceTable,
  {
    stage,
    key,
    range,
    seq,
    known,
    fence,
  }: { stage: string; key: readonly SourceColumn[]; range: Sql; seq: bigint; known: Instant; fence: Fence },
): Sql {
  const names = join(key.map(({ name }) => ident(name)));
  const own = join(table.columns.map(({ name }) => ident(name)));
  const number = param('UInt64', String(seq));
  const from = ident(stage);
  const since = knownFrom(known);
  return sql`INSERT INTO ${ident(table.name)} (${own}, ingested_at, deleted, seq, row_hash)
    SELECT ${own}, ${since}, deleted, ${number}, row_hash FROM ${from} WHERE ${range} AND ${withinFence(fence)} AND __line IN (
      SELECT __line FROM (
        SELECT __line, row_hash, lagInFrame(toNullable(row_hash)) OVER (
          PARTITION BY ${names} ORDER BY ingested_at, __line, seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ) AS __before FROM (
          SELECT ${names}, ingested_at, toUInt64(0) AS __line, seq, row_hash FROM ${ident(table.name)}
          WHERE ${range} AND (${names}) IN (SELECT ${names} FROM ${from} WHERE ${range})
          UNION ALL
          SELECT * FROM (
            SELECT ${names}, ${since} AS known, __line, ${number} AS seq, row_hash FROM ${from} WHERE ${range}
            ORDER BY ${names}, known, __line DESC LIMIT 1 BY ${names}, known
          )
        )
      ) WHERE __line > 0 AND (__before IS NULL OR __before != row_hash)
    )`;
}

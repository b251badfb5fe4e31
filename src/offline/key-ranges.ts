import { type Sql, sql } from '../core/sql.js';
import type { ClickHouse } from './client.js';

/** Keys looked at to find the boundaries: enough that no range is much larger than asked for. */
const SAMPLE = 5_000;

/**
 * Conditions on a key column that cut a table into ranges of about `rows` rows, so that work on one range has bounded memory and reads that
 * range alone. One condition, always true, for a small table.
 */
export async function keyRanges(store: ClickHouse, table: Sql, key: Sql, rows: number): Promise<readonly Sql[]> {
  const [found] = await store.rows<{ total: string; sample: string[] }>(
    'key-ranges',
    sql`SELECT count() AS total, groupArraySample(${SAMPLE}, 1)(${key}) AS sample FROM ${table}`,
  );
  const total = Number(found?.total ?? 0);
  const count = Math.ceil(total / rows);
  if (count <= 1) return [sql`1`];
  const sample = (found?.sample ?? []).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const cuts = new Set(
    Array.from(
      { length: count - 1 },
      (_, index) => sample[Math.floor(((index + 1) * sample.length) / count)] as string,
    ),
  );
  const edges = [...cuts];
  return [...edges, null].map((high, index) => {
    const low = index === 0 ? null : (edges[index - 1] as string);
    if (low === null) return sql`${key} < ${high as string}`;
    return high === null ? sql`${key} >= ${low}` : sql`${key} >= ${low} AND ${key} < ${high}`;
  });
}

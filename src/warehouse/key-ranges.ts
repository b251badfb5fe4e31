import { type Sql, sql } from '../core/definitions/sql.js';
import type { ClickHouse, QueryOptions } from './client.js';

/** Sampled keys that give the boundaries: enough that no range is much larger than requested. */
const SAMPLE = 5_000;

/** The condition that a key expression lies in the range. */
export type KeyRange = (key: Sql) => Sql;

export interface KeysToCut {
  readonly table: Sql;
  readonly key: Sql;
  readonly rows: number;
  /** Stands for the rows to be cut where they are those of another table. */
  readonly total?: number;
}

/**
 * Cuts the keys of a table into ranges of about `rows` rows, so that work on one range has bounded memory and reads that range alone. One range,
 * which holds everything, for a small table.
 */
export const keyRanges = async (store: ClickHouse, from: KeysToCut): Promise<readonly KeyRange[]> =>
  rangesBetween(await keyEdges(store, from));

/** Where the ranges end: one fewer than there are ranges, ascending. */
export async function keyEdges(
  store: ClickHouse,
  from: KeysToCut,
  options: QueryOptions = {},
): Promise<readonly string[]> {
  const [keys] = await store.rows<{ total: string; sample: string[] }>(
    'key-ranges',
    sql`SELECT count() AS total, groupArraySample(${SAMPLE}, 1)(${from.key}) AS sample FROM ${from.table}`,
    options,
  );
  const count = Math.ceil((from.total ?? Number(keys?.total ?? 0)) / from.rows);
  const sample = (keys?.sample ?? []).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (count <= 1 || sample.length === 0) return [];
  const cuts = new Set(
    Array.from(
      { length: count - 1 },
      (_, index) => sample[Math.floor(((index + 1) * sample.length) / count)] as string,
    ),
  );
  return [...cuts];
}

export const rangesBetween = (edges: readonly string[]): readonly KeyRange[] =>
  edges.length === 0
    ? [() => sql`1`]
    : [...edges, null].map((high, index): KeyRange => {
        const low = index === 0 ? null : (edges[index - 1] as string);
        if (low === null) return (key) => sql`${key} < ${high as string}`;
        return high === null ? (key) => sql`${key} >= ${low}` : (key) => sql`${key} >= ${low} AND ${key} < ${high}`;
      });

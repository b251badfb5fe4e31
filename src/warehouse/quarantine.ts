/** Names in the quarantine what jobs leave out: the rows are stored, and a job cannot compute with them. */
import { sql } from '../core/definitions/sql.js';
import type { ClickHouse, QueryOptions } from './client.js';

export interface LeftOut {
  /** The source table to correct. */
  readonly table: string;
  /** The column to correct; null where it is not known. */
  readonly column: string | null;
  readonly reason: string;
  /** What is left out, in a form that `by` reads again; else ''. */
  readonly raw: string;
}

/** Adds what is not named there yet: every later run meets it again. `by` stands in the place of an import's id. */
export async function nameInQuarantine(
  clickhouse: ClickHouse,
  leftOut: readonly LeftOut[],
  { by, ...options }: QueryOptions & { readonly by: string },
): Promise<void> {
  if (leftOut.length === 0) return;
  const [said] = await clickhouse.rows<{ at: string; named: [string, string][] }>(
    'quarantine-named',
    sql`SELECT toString(now64(3, 'UTC')) AS at, groupUniqArray((toString(table), reason)) AS named
      FROM source_quarantine WHERE import_id = ${by}`,
    options,
  );
  const known = new Set(said?.named.map(([table, reason]) => `${table} ${reason}`));
  const columns = ['table', 'at', 'import_id', 'line', 'column', 'reason', 'raw'] as const;
  const rows = leftOut
    .filter(({ table, reason }) => !known.has(`${table} ${reason}`))
    .map(({ table, column, reason, raw }) => [table, said?.at, by, 0, column, reason, raw]);
  await clickhouse.insert('quarantine-name', { table: 'source_quarantine', columns }, rows, options);
}

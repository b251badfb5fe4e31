/** Which entities an uploaded spine names. */
import { ident, raw, sql } from '../../core/definitions/sql.js';
import type { SpineContent, SpineKeys } from '../../core/ports/spines.js';
import type { ClickHouse } from '../../warehouse/client.js';

/** Of all columns together: the audit log keeps 20 bytes for each. */
const MOST = 100_000;

/** See SpineStore.keysOf. */
export async function keysOfSpine(
  store: ClickHouse,
  { table, columns }: Pick<SpineContent, 'table' | 'columns'>,
  joinKeys: ReadonlySet<string>,
): Promise<SpineKeys> {
  const named = columns.flatMap(({ name }, index) => (joinKeys.has(name) ? [{ name, value: ident(`c${index}`) }] : []));
  const most = Math.floor(MOST / Math.max(1, named.length));
  const keys: Record<string, readonly string[]> = {};
  let total: number | null = null;
  for (const { name, value } of named) {
    const rows = await store.tuples<[string]>(
      'spine-keys',
      sql`SELECT DISTINCT assumeNotNull(${value}) FROM ${ident(table)} WHERE ${value} IS NOT NULL LIMIT ${raw(String(most + 1))}`,
    );
    keys[name] = rows.slice(0, most).map(([key]) => key);
    if (rows.length <= most) continue;
    const [all] = await store.tuples<[string]>('spine-keys', sql`SELECT uniqExact(${value}) FROM ${ident(table)}`);
    total = Math.max(total ?? 0, Number(all?.[0]));
  }
  return { columns: keys, total };
}

import { ident, sql } from '../../core/definitions/sql.js';
import type { ClickHouse } from '../../warehouse/client.js';

/** Begins the name of a table that holds the spine of one request. */
export const SPINE_PREFIX = 'spine_';

/** Drops spines of yesterday and before: no request takes a day, so the process that made them was killed. */
export async function sweepSpines(store: ClickHouse): Promise<void> {
  const left = await store.rows<{ name: string }>(
    'spine-sweep',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${SPINE_PREFIX})
      AND metadata_modification_time < now() - INTERVAL 1 DAY`,
  );
  for (const { name } of left) await store.run('spine-sweep', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);
}

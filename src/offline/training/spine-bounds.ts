/** Holds the rows of spine SQL within bounds while they are written: a page of SQL can give more than any disk holds. */
import { repeat } from '../../core/async.js';
import { sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { stopStatements } from './tables.js';

const LOOK_EVERY_MS = 1_000;

/** Bytes of a table before compression. */
async function bytesOf(store: ClickHouse, table: string): Promise<number> {
  const [row] = await store.rows<{ bytes: string }>(
    'training-spine-size',
    sql`SELECT sum(data_uncompressed_bytes) AS bytes FROM system.parts
      WHERE database = currentDatabase() AND table = ${table} AND active`,
  );
  return Number(row?.bytes ?? 0);
}

/**
 * Writes a table, and ends the statement that does once it holds more than so many bytes.
 * @throws BAD_USER_INPUT where it would be larger; `fewer` says how there would be fewer
 */
export async function writtenWithin(
  store: ClickHouse,
  { table, bytes, fewer }: { readonly table: string; readonly bytes: number; readonly fewer: string },
  write: () => Promise<void>,
): Promise<void> {
  let isLarger = false;
  const look = async (): Promise<void> => {
    isLarger = (await bytesOf(store, table)) > bytes;
  };
  const watch = repeat(
    async () => {
      await look();
      if (isLarger) await stopStatements(store, { mark: table });
    },
    // What one look misses the next one sees, or the one after the end.
    { everyMs: LOOK_EVERY_MS, onError: () => undefined },
  );
  try {
    await write();
  } catch (error) {
    if (!isLarger) throw error;
  } finally {
    await watch.stop();
  }
  if (!isLarger) await look();
  if (!isLarger) return;
  throw badInput(
    `the rows of the spine are larger than ${bytes} bytes`,
    `${fewer}; the operator sets the limit: RISKGRAPH_SPINE_BYTES`,
  );
}

/** @throws BAD_USER_INPUT where the SQL gave more rows than it may; `fewer` says how there would be fewer */
export function refuseMoreRows(rows: number, { most, fewer }: { readonly most: number; readonly fewer: string }): void {
  if (rows <= most) return;
  throw badInput(`the spine has more than ${most} rows`, `${fewer}; the operator sets the limit: RISKGRAPH_SPINE_ROWS`);
}

import { createHash } from 'node:crypto';
import { join, type Sql, sql } from '../core/sql.js';
import type { ClickHouse, QueryOptions } from './client.js';

/**
 * SHA-256, hex, of what rows hold: the same rows give the same hash in whatever order and file format. Rows are hashed one by one and their
 * hashes added up, so that a repeated row counts twice.
 */
export async function contentHash(
  store: ClickHouse,
  { from, values, options }: { readonly from: Sql; readonly values: readonly Sql[]; readonly options?: QueryOptions },
): Promise<string> {
  const [found] = await store.rows<{ total: string; sum: string }>(
    'content-hash',
    sql`SELECT count() AS total, toString(sum(toUInt256(reinterpretAsUInt128(sipHash128(toString(tuple(${join([...values])}))))))) AS sum FROM ${from}`,
    options,
  );
  return createHash('sha256').update(`${found?.total} ${found?.sum}`).digest('hex');
}

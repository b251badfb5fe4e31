import { createHash } from 'node:crypto';
import { join, type Sql, sql } from '../../core/definitions/sql.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';

interface Hashed {
  readonly from: Sql;
  readonly values: readonly Sql[];
  readonly options?: QueryOptions;
}

/** The sum over a part of the rows; `sum` is a decimal number. */
export interface ContentSum {
  readonly rows: number;
  readonly sum: string;
}

/** Rows are hashed one by one and their hashes added up, so that a repeated row counts twice and parts can be added. */
export async function contentSum(store: ClickHouse, { from, values, options }: Hashed): Promise<ContentSum> {
  const [answer] = await store.rows<{ total: string; sum: string }>(
    'content-hash',
    sql`SELECT count() AS total, toString(sum(toUInt256(reinterpretAsUInt128(sipHash128(toString(tuple(${join([...values])}))))))) AS sum FROM ${from}`,
    options,
  );
  return { rows: Number(answer?.total ?? 0), sum: answer?.sum ?? '0' };
}

/** SHA-256, hex, of what the rows of all parts hold: the same rows give the same hash in whatever order, parts and file format. */
export function contentHash(parts: readonly ContentSum[]): string {
  const rows = parts.reduce((total, part) => total + part.rows, 0);
  const sum = parts.reduce((total, part) => total + BigInt(part.sum), 0n);
  return createHash('sha256').update(`${rows} ${sum}`).digest('hex');
}

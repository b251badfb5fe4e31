/**
 * Whose turn it is at a source table. Whoever writes compares with what is stored first; a process that was killed, stopped or cut off may have
 * an INSERT under way, or send one later, that the next one does not see, and both would store one version of a row.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { ident, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { RiskgraphError } from '../core/errors.js';

/** The time for which one process may write to a table; without a number whoever writes is alone. */
export interface SourceTurn {
  readonly table: string;
  readonly number: number | undefined;
}

const POLL_MS = 100;

async function one<Row>(client: ClickHouseClient, select: Sql): Promise<Row | undefined> {
  const { query, params } = select.render();
  const result = await client.query({ query, query_params: { ...params }, format: 'JSONEachRow' });
  const [row] = await result.json<Row>();
  return row;
}

/** From now on nothing is written for an earlier turn; waits for what was begun in one. */
export async function takeTurn(
  client: ClickHouseClient,
  { table, number }: SourceTurn,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (number === undefined) return;
  await client.insert({ table: 'source_turns', values: [{ table, turn: number }], format: 'JSONEachRow' });
  const begins = `INSERT INTO ${ident(table).render().query} `;
  for (;;) {
    signal?.throwIfAborted();
    const found = await one<{ writing: string }>(
      client,
      // One that names no database, as while it is opened or closed, is waited for rather than missed.
      sql`SELECT count() AS writing FROM system.processes
        WHERE current_database IN (currentDatabase(), '') AND startsWith(trimLeft(query), ${begins})`,
    );
    if (Number(found?.writing ?? 0) === 0) return;
    await sleep(POLL_MS);
  }
}

/** True for a statement that begins within the turn. */
export const inTurn = ({ table, number }: SourceTurn): Sql =>
  number === undefined
    ? raw('1')
    : sql`(SELECT max(turn) FROM source_turns WHERE table = ${table}) <= ${param('UInt64', number)}`;

/** @throws STORE_UNAVAILABLE where another has the table now: what was written last may be missing */
export async function checkTurn(client: ClickHouseClient, turn: SourceTurn): Promise<void> {
  if (turn.number === undefined) return;
  const found = await one<{ mine: number }>(client, sql`SELECT ${inTurn(turn)} AS mine`);
  if (found?.mine === 1) return;
  throw new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another process has begun to write to ${turn.table} since this one did`,
    hint: 'do the same again: what is stored already is not stored twice',
  });
}

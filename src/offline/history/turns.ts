/**
 * Whose turn it is at a view. A process that was stopped, or cut off from Postgres, may go on with its commit after another has taken the view;
 * the store itself then refuses what it writes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { View } from '../../core/definitions/definitions.js';
import { param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { dropTables } from './stages.js';
import { nextStates, tableNames, viewTables } from './tables.js';

const POLL_MS = 100;

/** See OfflineStore.takeTurn. */
export async function takeTurn(store: ClickHouse, view: View, turn: number): Promise<void> {
  await store.insert('turn-take', { table: tableNames(view).turns, columns: ['turn'] }, [[turn]]);
  // Behind the mark: an earlier holder has either put its state in place by now, whole, or no longer finds it.
  await dropTables(store, await nextStates(store, view));
  await writtenBefore(store, view);
}

/** Waits for what an earlier turn has under way: the server goes on with it when the process is gone, and rows that are not seen yet would be added twice. */
async function writtenBefore(store: ClickHouse, view: View): Promise<void> {
  const { history, state } = viewTables(view);
  const [one, other] = [history, state].map((table) => `INSERT INTO ${table.render().query} `) as [string, string];
  for (;;) {
    const [found] = await store.rows<{ writing: string }>(
      'turn-wait',
      sql`SELECT count() AS writing FROM system.processes
        WHERE current_database = currentDatabase() AND (startsWith(trimLeft(query), ${one}) OR startsWith(trimLeft(query), ${other}))`,
    );
    if (Number(found?.writing ?? 0) === 0) return;
    await sleep(POLL_MS);
  }
}

/** True for a statement that begins within the turn. */
export const inTurn = (view: View, turn: number | undefined): Sql =>
  turn === undefined ? raw('1') : sql`(SELECT max(turn) FROM ${viewTables(view).turns}) <= ${param('UInt64', turn)}`;

/** @throws STORE_UNAVAILABLE where another has taken the view: what was written last may then be missing */
export async function checkTurn(store: ClickHouse, view: View, turn: number | undefined): Promise<void> {
  if (turn === undefined) return;
  const [found] = await store.rows<{ mine: number }>('turn-check', sql`SELECT ${inTurn(view, turn)} AS mine`);
  if (found?.mine === 1) return;
  throw new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another process has taken ${view.id} since this job began to work on it`,
    hint: 'the next run of the view finishes what was begun; see whether Postgres was restarted',
  });
}

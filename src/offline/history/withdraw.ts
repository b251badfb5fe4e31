/** Takes runs out of the history: those that were stamped with instants that had not come. */
import type { View } from '../../core/definitions/definitions.js';
import { join, param, type Sql, sql } from '../../core/definitions/sql.js';
import type { EntityKey } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Cursor, decodeRows } from '../../warehouse/row-binary.js';
import { findStages } from './stages.js';
import { rebuildState } from './state.js';
import { type FencedView, keyColumns, viewTables } from './tables.js';

const BATCH = 1_000;

const among = (runs: readonly number[]): Sql => sql`${param('Array(UInt32)', runs)}`;

/** See OfflineReader.keysOfRuns. */
export async function* keysOfRuns(
  store: ClickHouse,
  view: View,
  runs: readonly number[],
): AsyncGenerator<readonly EntityKey[]> {
  const keys = join(keyColumns(view));
  const stages = (await findStages(store, view)).filter(
    (stage) => stage.whole && runs.some((id) => stage.runs.has(id)),
  );
  const all = [
    sql`SELECT ${keys} FROM ${viewTables(view).history} WHERE _sequence IN ${among(runs)}`,
    ...stages.map(({ table }) => sql`SELECT ${keys} FROM ${table} WHERE _run IN ${among(runs)}`),
  ];
  const count = view.entity.joinKeys.length;
  const decode = (cursor: Cursor): EntityKey => Array.from({ length: count }, () => cursor.string());
  const select = sql`SELECT DISTINCT ${keys} FROM (${join(all, ' UNION ALL ')})`;
  yield* decodeRows(store.bytes('withdraw-keys', select, 'RowBinary', { settings: BOUNDED }), decode, BATCH);
}

/** See OfflineWriter.withdraw. The record of the runs goes last: what is broken off before is found again. */
export async function withdrawRuns(store: ClickHouse, fenced: FencedView, runs: readonly number[]): Promise<void> {
  const { history, commits } = viewTables(fenced.view);
  const settings = { mutations_sync: '2' };
  await store.run('withdraw-history', sql`ALTER TABLE ${history} DELETE WHERE _sequence IN ${among(runs)}`, {
    settings,
  });
  await rebuildState(store, fenced);
  await store.run('withdraw-commits', sql`ALTER TABLE ${commits} DELETE WHERE sequence IN ${among(runs)}`, {
    settings,
  });
}

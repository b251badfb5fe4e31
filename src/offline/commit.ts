import type { View } from '../core/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import type { Run } from '../core/ports.js';
import { join, param, raw, type Sql, sql } from '../core/sql.js';
import { formatInstant, type Instant } from '../core/time.js';
import type { ClickHouse } from './client.js';
import { type FoundStage, findStages, stageAmong } from './stages.js';
import { appendStates, rebuildState } from './state.js';
import { EFF, featureColumns, keyColumns, tableNames, viewTables } from './tables.js';
import { instantSql, instantText } from './view-sql.js';

export interface StampedRun {
  readonly run: Run;
  readonly availableAt: Instant;
}

interface Commit {
  readonly sequence: number;
  readonly in_state: number;
}

/**
 * Appends runs to the history, then to the state. The record of a run comes before its rows and says afterwards that the state has them, so
 * that work broken off anywhere is taken up again and a repetition adds nothing. One caller a view at a time.
 */
export async function commitRuns(store: ClickHouse, view: View, runs: readonly StampedRun[]): Promise<void> {
  runs.forEach(checkStamp);
  const { commits } = viewTables(view);
  const commitsName = tableNames(view).commits;
  const known = await store.rows<Commit>(
    'commit-known',
    sql`SELECT sequence, max(in_state) AS in_state FROM ${commits} GROUP BY sequence`,
  );
  const inState = new Set(known.filter((each) => each.in_state === 1).map((each) => each.sequence));
  const inHistory = new Set(known.map((each) => each.sequence));
  const fresh = runs.filter(({ run }) => !inState.has(run.id));
  if (fresh.length === 0) return;

  await record(store, commitsName, fresh, 0);
  await appendHistory(store, view, fresh, inHistory);

  // What another run left unfinished is in the history alone: only a rebuild sees it.
  const ours = new Set(fresh.map(({ run }) => run.id));
  const left = known.some((each) => each.in_state === 0 && !ours.has(each.sequence));
  const [earliest, last] = await Promise.all([earliestEffect(store, view), lastEffect(store, view)]);
  if (earliest !== null || left) {
    const inOrder = earliest !== null && (last === null || last < earliest);
    if (inOrder && !left) await appendStates(store, view, pending(commits));
    else await rebuildState(store, view);
  }
  await record(store, commitsName, fresh, 1);
  if (left) await finishOthers(store, commits);
}

function checkStamp({ run, availableAt }: StampedRun): void {
  if (availableAt >= run.asOf) return;
  throw new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: `${run.view.id} as of ${formatInstant(run.asOf)} cannot have been available at ${formatInstant(availableAt)}, before it happened`,
  });
}

const record = (store: ClickHouse, commits: string, runs: readonly StampedRun[], inState: 0 | 1): Promise<void> =>
  store.insert(
    'commit-record',
    { table: commits, columns: ['sequence', 'event_time', 'available_at', 'in_state'] },
    runs.map(({ run, availableAt }) => [run.id, instantText(run.asOf), instantText(availableAt), inState]),
  );

const finishOthers = (store: ClickHouse, commits: Sql): Promise<void> =>
  store.run(
    'commit-record',
    sql`INSERT INTO ${commits} SELECT sequence, any(event_time), any(available_at), 1 FROM ${commits} GROUP BY sequence HAVING max(in_state) = 0`,
  );

/** One statement a stage, whatever the number of runs in it. CONFLICT where a run has none. */
async function appendHistory(
  store: ClickHouse,
  view: View,
  runs: readonly StampedRun[],
  inHistory: ReadonlySet<number>,
): Promise<void> {
  const { history } = viewTables(view);
  const stages = await findStages(store, view);
  const byStage = new Map<FoundStage, StampedRun[]>();
  for (const stamped of runs) {
    const stage = stageAmong(stages, stamped.run);
    byStage.set(stage, [...(byStage.get(stage) ?? []), stamped]);
  }
  const keys = join(keyColumns(view));
  const names = join([
    ...keyColumns(view),
    raw('_event_time, _available_at, _sequence, _tombstone'),
    ...featureColumns(view),
  ]);
  for (const [{ table }, own] of byStage) {
    const ids = param(
      'Array(UInt32)',
      own.map(({ run }) => run.id),
    );
    const again = own.filter(({ run }) => inHistory.has(run.id)).map(({ run }) => run.id);
    const times = own.map(({ run }) => run.asOf);
    const there = sql`SELECT _sequence, ${keys} FROM ${history} WHERE _sequence IN ${param('Array(UInt32)', again)}
      AND _event_time >= ${instantSql(Math.min(...times))} AND _event_time <= ${instantSql(Math.max(...times))}`;
    const missing = again.length > 0 ? sql` AND (_run, ${keys}) NOT IN (${there})` : raw('');
    const timeOf = (instants: readonly Instant[]): Sql =>
      sql`fromUnixTimestamp64Milli(transform(_run, ${ids}, ${param('Array(Int64)', instants)}, toInt64(0)), 'UTC')`;
    await store.run(
      'commit-history',
      sql`INSERT INTO ${history} (${names})
        SELECT ${keys}, ${timeOf(times)}, ${timeOf(own.map(({ availableAt }) => availableAt))}, _run, _tombstone,
          ${join(featureColumns(view))}
        FROM ${table} WHERE _run IN ${ids}${missing}`,
    );
  }
}

/** Runs whose rows the state does not have. */
const pending = (commits: Sql): Sql =>
  sql`(SELECT sequence FROM ${commits} GROUP BY sequence HAVING max(in_state) = 0)`;

/** The first instant at which a row of the pending runs comes into force, null when they have none. */
async function earliestEffect(store: ClickHouse, view: View): Promise<Instant | null> {
  const { history, commits } = viewTables(view);
  const [found] = await store.rows<{ eff: string; total: string }>(
    'commit-earliest',
    sql`SELECT min(${EFF}) AS eff, count() AS total FROM ${history} WHERE _sequence IN ${pending(commits)}`,
  );
  return Number(found?.total ?? 0) === 0 ? null : Number(found?.eff);
}

/** The last instant at which a row of the state comes into force, null for an empty one. */
async function lastEffect(store: ClickHouse, view: View): Promise<Instant | null> {
  const [found] = await store.rows<{ eff: string; total: string }>(
    'commit-last',
    sql`SELECT max(_eff) AS eff, count() AS total FROM ${viewTables(view).state}`,
  );
  return Number(found?.total ?? 0) === 0 ? null : Number(found?.eff);
}

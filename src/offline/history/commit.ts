import type { View } from '../../core/definitions/definitions.js';
import { instantSql, instantText, join, type Param, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { formatInstant, type Instant } from '../../core/helpers/time.js';
import type { StampedRun } from '../../core/ports/offline-writer.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { checkFence, withinFence } from '../../warehouse/fence.js';
import { type Brought, type End, endBetween } from './ends.js';
import { type FoundStage, findStages, stageAmong } from './stages.js';
import { appendRising, appendStates, rebuildState } from './state.js';
import { type FencedView, featureColumns, filledFeatures, keyColumns, tableNames, viewTables } from './tables.js';

interface Commit {
  readonly sequence: number;
  readonly at: string;
  readonly in_state: number;
}

/**
 * Appends runs to the history, then to the state. The record of a run comes before its rows and says afterwards that the state has them, so
 * that work broken off anywhere is taken up again and a repetition adds nothing. What a holder writes after the view has a later one is rejected.
 */
export async function commitRuns(store: ClickHouse, fenced: FencedView, runs: readonly StampedRun[]): Promise<void> {
  const { view, fence } = fenced;
  runs.forEach(checkStamp);
  const { commits } = viewTables(view);
  const commitsName = tableNames(view).commits;
  const recorded = await store.rows<Commit>(
    'commit-known',
    sql`SELECT sequence, toUnixTimestamp64Milli(any(event_time)) AS at, max(in_state) AS in_state
      FROM ${commits} GROUP BY sequence`,
  );
  const inState = new Set(recorded.filter((each) => each.in_state === 1).map((each) => each.sequence));
  const inHistory = new Set(recorded.map((each) => each.sequence));
  const fresh = runs.filter(({ run }) => !inState.has(run.id));
  if (fresh.length === 0) return;

  // What another run left unfinished is in the history alone: only a rebuild sees it.
  const ours = new Set(fresh.map(({ run }) => run.id));
  const left = recorded.filter((each) => each.in_state === 0 && !ours.has(each.sequence));
  try {
    const staged = await stagedOf(store, view, fresh);
    await record(store, commitsName, fresh, 0);
    for (const each of staged) await appendHistory(store, fenced, each, inHistory);
    const filled = staged.flatMap(({ runs: own, rows }) => own.filter(({ run }) => (rows.get(run.id) ?? 0) > 0));
    const brought = [...fresh.map(broughtBy), ...left.map(broughtByOthers)];
    const ends = view.absent === 'ends' ? await endBetween(store, fenced, brought) : [];
    if (left.length > 0) await rebuildState(store, fenced);
    else if (filled.length + ends.length > 0) await addStates(store, fenced, { staged, filled, ends });
  } catch (error) {
    // A later holder drops stages and states that are being made: that is why they are gone.
    await checkFence(store, fence);
    throw error;
  }
  await checkFence(store, fence);
  await record(store, commitsName, fresh, 1);
  const others = left.map(({ sequence }) => sequence);
  if (others.length > 0) await finishOthers(store, commits, others);
}

const broughtBy = ({ run, setAside, setAsideRanges }: StampedRun): Brought => ({
  id: run.id,
  asOf: run.asOf,
  aside: { ...(setAside && { setAside }), ...(setAsideRanges && { setAsideRanges }) },
});
/** What the other run has set aside is in the ledger of its job. */
const broughtByOthers = ({ sequence, at }: Commit): Brought => ({ id: sequence, asOf: Number(at), aside: null });

/** What a commit has added to the history. */
interface Added {
  readonly staged: readonly Staged[];
  /** The runs that have rows. */
  readonly filled: readonly StampedRun[];
  readonly ends: readonly End[];
}

/** Adds history rows to the state, in the cheapest correct way. */
async function addStates(store: ClickHouse, fenced: FencedView, { staged, filled, ends }: Added): Promise<void> {
  const { view } = fenced;
  const last = await lastState(store, view);
  const effects = [...filled.map(effectOf), ...ends.map(({ asOf, known }) => Math.max(asOf, known))];
  if (last !== null && last.eff >= Math.min(...effects)) return rebuildState(store, fenced);
  const times = [...filled.map(({ run }) => run.asOf), ...ends.map(({ asOf }) => asOf)];
  if (filledFeatures(view).length > 0 || ends.length > 0 || !rising(filled)) {
    const ids = param('Array(UInt32)', [...filled.map(({ run }) => run.id), ...ends.map(({ sequence }) => sequence)]);
    const rows = sql`_sequence IN ${ids} AND _event_time >= ${instantSql(Math.min(...times))} AND _event_time <= ${instantSql(Math.max(...times))}`;
    return appendStates(store, fenced, rows);
  }
  const outranked = last === null || filled.every((each) => rankOf(each) > last.ord);
  for (const each of staged) await appendRising(store, view, { batch: stampedRows(fenced, each), outranked });
}

/** The instant from which the rows of a run are in force. */
const effectOf = ({ run, availableAt }: StampedRun): Instant => Math.max(run.asOf, availableAt);

/** The rank that ORD gives its rows. */
const rankOf = ({ run, availableAt }: StampedRun): bigint =>
  (BigInt(run.asOf) << 80n) | (BigInt(availableAt) << 32n) | BigInt(run.id);

/** Whether each run comes into force after the one before and outranks it, so that none of their rows hides another. */
function rising(runs: readonly StampedRun[]): boolean {
  const ordered = [...runs].sort((one, other) => effectOf(one) - effectOf(other));
  return ordered.every((each, index) => {
    const before = ordered[index - 1];
    return !before || (effectOf(before) < effectOf(each) && rankOf(before) < rankOf(each));
  });
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

const finishOthers = (store: ClickHouse, commits: Sql, left: readonly number[]): Promise<void> =>
  store.run(
    'commit-record',
    sql`INSERT INTO ${commits} SELECT sequence, any(event_time), any(available_at), 1 FROM ${commits}
      WHERE sequence IN ${param('Array(UInt32)', left)} GROUP BY sequence`,
  );

/** The runs of one stage, and its number of rows of each. */
interface Staged {
  readonly table: Sql;
  readonly runs: readonly StampedRun[];
  readonly rows: ReadonlyMap<number, number>;
}

const idsOf = (runs: readonly StampedRun[]): Param =>
  param(
    'Array(UInt32)',
    runs.map(({ run }) => run.id),
  );

/** Finds the stages of the runs. CONFLICT where a run has none. */
async function stagedOf(store: ClickHouse, view: View, runs: readonly StampedRun[]): Promise<readonly Staged[]> {
  const stages = await findStages(store, view);
  const byStage = new Map<FoundStage, StampedRun[]>();
  for (const stamped of runs) {
    const stage = stageAmong(stages, stamped.run);
    byStage.set(stage, [...(byStage.get(stage) ?? []), stamped]);
  }
  const staged: Staged[] = [];
  for (const [{ table }, own] of byStage) {
    const counted = await store.rows<{ run: number; total: string }>(
      'commit-count',
      sql`SELECT _run AS run, count() AS total FROM ${table} WHERE _run IN ${idsOf(own)} GROUP BY _run`,
    );
    staged.push({ table, runs: own, rows: new Map(counted.map(({ run, total }) => [run, Number(total)])) });
  }
  return staged;
}

const rowColumns = (view: View): Sql =>
  join([...keyColumns(view), raw('_event_time, _available_at, _sequence, _tombstone'), ...featureColumns(view)]);

/** The rows of a stage with the stamps of their runs. */
function stampedRows({ view, fence }: FencedView, { table, runs }: Staged): Sql {
  const ids = idsOf(runs);
  const timeOf = (instants: readonly Instant[]): Sql =>
    sql`fromUnixTimestamp64Milli(transform(s._run, ${ids}, ${param('Array(Int64)', instants)}, toInt64(0)), 'UTC')`;
  const columns = join([...keyColumns(view), raw('_tombstone'), ...featureColumns(view)].map((name) => sql`s.${name}`));
  return sql`SELECT ${columns}, ${timeOf(runs.map(({ run }) => run.asOf))} AS _event_time,
    ${timeOf(runs.map(({ availableAt }) => availableAt))} AS _available_at, s._run AS _sequence
    FROM ${table} AS s WHERE s._run IN ${ids} AND ${withinFence(fence)}`;
}

/** One statement per stage, whatever the number of its runs. */
async function appendHistory(
  store: ClickHouse,
  fenced: FencedView,
  staged: Staged,
  inHistory: ReadonlySet<number>,
): Promise<void> {
  const { view } = fenced;
  const { history } = viewTables(view);
  const keys = join(keyColumns(view));
  const again = staged.runs.filter(({ run }) => inHistory.has(run.id));
  const times = again.map(({ run }) => run.asOf);
  const missing =
    again.length === 0
      ? raw('')
      : sql` WHERE (_sequence, _event_time, ${keys}) NOT IN (SELECT _sequence, _event_time, ${keys} FROM ${history} WHERE _sequence IN ${idsOf(again)}
          AND _event_time >= ${instantSql(Math.min(...times))} AND _event_time <= ${instantSql(Math.max(...times))})`;
  await store.run(
    'commit-history',
    sql`INSERT INTO ${history} (${rowColumns(view)}) SELECT ${rowColumns(view)} FROM (${stampedRows(fenced, staged)})${missing}`,
  );
}

/** The last instant at which a row of the state comes into force, and the highest rank there is; null for an empty state. */
async function lastState(
  store: ClickHouse,
  view: View,
): Promise<{ readonly eff: Instant; readonly ord: bigint } | null> {
  const [answer] = await store.rows<{ eff: string; ord: string; total: string }>(
    'commit-last',
    sql`SELECT max(_eff) AS eff, toString(max(_ord)) AS ord, count() AS total FROM ${viewTables(view).state}`,
  );
  return Number(answer?.total ?? 0) === 0 ? null : { eff: Number(answer?.eff), ord: BigInt(answer?.ord ?? 0) };
}

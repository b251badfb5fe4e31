import type { View } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, type Sql, sql } from '../../core/definitions/sql.js';
import { conflict } from '../../core/errors.js';
import type { Instant } from '../../core/helpers/time.js';
import type { SourceTable } from '../../core/lending/sources.js';
import type { TrainingSetPins } from '../../core/ports/training-sets.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { newestWhole } from '../../warehouse/newest-whole.js';
import { fillState } from '../history/state.js';
import { stateDdl, tableNames, viewTables } from '../history/tables.js';
import type { Checkpoints } from './checkpoints.js';

/** `1-4,7,9-12` */
export function writeRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

export function readRanges(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/**
 * Reads the inputs of a set, so that it can be built again from exactly these: the runs that are in each view's state, and the newest whole import of
 * each source table. A backfill, or a file of the past, that comes later may well say that it was known at the as-of.
 */
export async function pinNow(
  store: ClickHouse,
  views: readonly View[],
  tables: readonly SourceTable[],
): Promise<TrainingSetPins> {
  const runs: Record<string, string> = {};
  for (const view of views) {
    const committed = await store.rows<{ sequence: number }>(
      'training-set-runs',
      sql`SELECT sequence FROM ${viewTables(view).commits} GROUP BY sequence HAVING max(in_state) = 1`,
    );
    runs[view.id] = writeRanges(committed.map(({ sequence }) => sequence));
  }
  const imports: Record<string, string> = {};
  // A set that read some rows of an import could never be made again, for the others come under the same sequence.
  for (const table of tables) imports[table.name] = await newestWhole(store, table);
  return { runs, imports };
}

/** Chooses the states that a set reads. */
export interface PinnedStates {
  /** Name of the table. */
  state(view: View): string;
  /** True for the runs that the set reads, said of `sequence`. */
  runs(view: View): Sql;
  /** Turns to states of the set's own where a view's state has changed since; true where it did, and what was read of it is to be read again. */
  refresh(): Promise<boolean>;
}

/**
 * A view's own state where no other run than the pinned ones has a say in it up to the as-of, else one that is made of the pinned runs alone.
 * @throws CONFLICT where pinned runs are gone
 */
export async function pinStates(
  store: ClickHouse,
  {
    checkpoints,
    views,
    pins,
    asOf,
  }: { checkpoints: Checkpoints; views: readonly View[]; pins: TrainingSetPins; asOf: Instant },
): Promise<PinnedStates> {
  const { table: runs } = await checkpoints.once('runs', async () => {
    const table = checkpoints.fresh.table('runs');
    await store.run(
      'training-set-create',
      sql`CREATE TABLE ${ident(table)} (view String, sequence UInt32) ENGINE = MergeTree ORDER BY (view, sequence)`,
    );
    const rows = views.flatMap(({ id }) => readRanges(pins.runs[id] ?? '').map((sequence) => [id, sequence]));
    await store.insert('training-set-runs', { table, columns: ['view', 'sequence'] }, rows, checkpoints.options);
    return { table };
  });
  const pinned = (view: View): Sql => sql`(SELECT sequence FROM ${ident(runs)} WHERE view = ${view.id})`;
  for (const view of views) await refuseLostRuns(store, view, pinned(view));

  const own = (view: View): string => `state${views.indexOf(view)}`;
  const ownTable = (view: View): string | undefined => checkpoints.get<{ table: string }>(own(view))?.table;
  const refresh = async (): Promise<boolean> => {
    let changed = false;
    const others = await othersIn(
      store,
      views.filter((view) => ownTable(view) === undefined).map((view) => ({ view, pinned: pinned(view) })),
      asOf,
    );
    for (const view of views) {
      if (!others.has(view.id)) continue;
      await checkpoints.once(own(view), async () => {
        const table = checkpoints.fresh.table(own(view));
        await store.run('training-set-create', stateDdl(view, ident(table)));
        await fillState(store, view, ident(table), sql`_sequence IN ${pinned(view)}`);
        return { table };
      });
      changed = true;
    }
    return changed;
  };
  await refresh();
  return {
    refresh,
    runs: (view) => sql`sequence IN ${pinned(view)}`,
    state: (view) => ownTable(view) ?? tableNames(view).state,
  };
}

/** Ids of the views with runs other than the pinned ones. */
async function othersIn(
  store: ClickHouse,
  views: readonly { readonly view: View; readonly pinned: Sql }[],
  asOf: Instant,
): Promise<ReadonlySet<string>> {
  if (views.length === 0) return new Set();
  const each = views.map(
    ({ view, pinned }) => sql`SELECT ${view.id} AS view FROM ${viewTables(view).commits}
      WHERE available_at <= ${instantSql(asOf)} AND sequence NOT IN ${pinned} LIMIT 1`,
  );
  const changed = await store.rows<{ view: string }>('training-set-runs', join(each, ' UNION ALL '));
  return new Set(changed.map(({ view }) => view));
}

async function refuseLostRuns(store: ClickHouse, view: View, pinned: Sql): Promise<void> {
  const [answer] = await store.rows<{ lost: string }>(
    'training-set-runs',
    sql`SELECT count() AS lost FROM ${pinned} WHERE sequence NOT IN (SELECT sequence FROM ${viewTables(view).commits})`,
  );
  if (Number(answer?.lost) === 0) return;
  throw conflict(
    `the history of ${view.id} no longer holds ${answer?.lost} of the runs that the training set was made from`,
    'the view was dropped since: create a new set from what is there now',
  );
}

import type { View } from '../core/definitions/definitions.js';
import { sql } from '../core/definitions/sql.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { OfflineStore, Run, StageCounts, ViewStats } from '../core/ports/offline.js';
import type { Log } from '../core/ports/process.js';
import type { SqlGuard } from '../core/ports/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { commitRuns } from './history/commit.js';
import { viewHoldings } from './history/holdings.js';
import { inForceByParts, newestRows, rowsAt, viewsStats } from './history/read.js';
import { firstKnown } from './history/run-size.js';
import { stageRows, stageRuns } from './history/stage.js';
import { readStage } from './history/stage-read.js';
import { dropStages, findStages, keepStages } from './history/stages.js';
import { commitsDdl, historyDdl, nextStates, stateDdl, turnsDdl, viewTables } from './history/tables.js';
import { takeTurn } from './history/turns.js';
import { estimateRows, sampleRun } from './history/view-kinds.js';
import { historicalFeatures } from './point-in-time/historical.js';
import { sweepSpines } from './point-in-time/spine-sweep.js';
import { buildTrainingSet, checkTrainingSet } from './training/set.js';
import { sweepTrainingSets } from './training/tables.js';

export interface OfflineStoreOptions {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  /** Checks the SQL of training-set spines. */
  readonly guard: SqlGuard;
  readonly log: Log;
  /** Of training sets: rows of one step, where they are not to follow from memory. */
  readonly rowsAStep?: number;
  /** Of training sets: bytes that one join takes in, where that is not the usual. */
  readonly bytesAJoin?: number;
  /** Of training sets: rows up to which their profiles are exact, where that is not to follow from memory. */
  readonly exactRows?: number;
}

/** The history of every view version, in ClickHouse. */
export function createOfflineStore({
  store,
  calendar,
  guard,
  log,
  rowsAStep,
  bytesAJoin,
  exactRows,
}: OfflineStoreOptions): OfflineStore {
  // Once a process, with the first request that makes a spine; a failure only leaves the sweeping to the next process.
  let swept: Promise<void> | undefined;
  let setsSwept: Promise<void> | undefined;
  const sweep = () =>
    sweepSpines(store).catch((error: unknown) => log.warn({ err: error }, 'old spines could not be dropped'));
  const computed = (run: Run, counts: StageCounts) =>
    log.info({ view: run.view.id, run: run.id, ...counts }, 'run computed');
  return {
    async createView(view) {
      const { history, state, commits, turns } = viewTables(view);
      await store.run('view-create', historyDdl(view, history));
      await store.run('view-create', stateDdl(view, state));
      await store.run('view-create', commitsDdl(commits));
      await store.run('view-create', turnsDdl(turns));
    },
    takeTurn: (view, turn) => takeTurn(store, view, turn),
    newestRun: (view) => newestRun(store, view),
    dropView: (view) => dropView(store, view),
    stageRun: async (run) => {
      const [counts] = (await stageRuns(store, [run], calendar)) as [StageCounts];
      computed(run, counts);
      return counts;
    },
    stageRuns: async (runs, progress) => {
      if (runs.length === 0) return [];
      const counts = await stageRuns(store, runs, calendar, progress);
      for (const [index, run] of runs.entries()) computed(run, counts[index] as StageCounts);
      return counts;
    },
    stageRows: async (run, batches) => {
      const counts = await stageRows(store, run, batches);
      computed(run, counts);
      return counts;
    },
    readStage: (run, availableAt, shard) => readStage(store, run, availableAt, shard),
    commitRuns: (view, runs) => commitRuns(store, view, runs),
    dropStage: (run) => dropStages(store, run.view, [run]),
    dropStages: (view, runs) => dropStages(store, view, runs),
    keepStages: (view, runs) => keepStages(store, view, runs),
    newestRows: (view, at, shard) => newestRows(store, view, at, shard),
    inForceByParts: (views, at) => inForceByParts(store, views, at),
    rowsAt: (view, at, keys) => rowsAt(store, view, at, keys),
    async historicalFeatures(request) {
      swept ??= sweep();
      await swept;
      return historicalFeatures(store, request);
    },
    checkTrainingSet: (request) => checkTrainingSet({ store, calendar, guard }, request),
    async buildTrainingSet(request) {
      setsSwept ??= sweepTrainingSets(store).catch((error: unknown) =>
        log.warn({ err: error }, 'tables of old training sets could not be dropped'),
      );
      await setsSwept;
      return buildTrainingSet({ store, calendar, guard, rowsAStep, bytesAJoin, exactRows }, request);
    },
    estimateRows: (view, asOf, knowledge) => estimateRows({ store, calendar }, { view, asOf, knowledge }),
    firstKnown: (view) => firstKnown(store, view),
    sampleRun: (view, at, limits) => sampleRun({ store, calendar }, { view, ...at }, limits),
    viewHoldings: (view) => viewHoldings(store, view),
    viewStats: async (view, at) => {
      const [stats] = (await viewsStats(store, [view], at)) as [ViewStats];
      return stats;
    },
    viewsStats: (views, at) => viewsStats(store, views, at),
    ping: () => store.ping(),
  };
}

async function newestRun(store: ClickHouse, view: View): Promise<number> {
  const { commits } = viewTables(view);
  const [found] = await store.rows<{ newest: number }>(
    'run-newest',
    sql`SELECT max(sequence) AS newest FROM ${commits}`,
  );
  const staged = (await findStages(store, view)).flatMap(({ runs }) => [...runs]);
  return staged.reduce((most, run) => Math.max(most, run), Number(found?.newest ?? 0));
}

/** Stages that a killed run left go with the view. */
async function dropView(store: ClickHouse, view: Pick<View, 'name' | 'version'>): Promise<void> {
  const { history, state, commits, turns } = viewTables(view);
  const stages = (await findStages(store, view)).map(({ table }) => table);
  for (const table of [...stages, ...(await nextStates(store, view)), state, history, commits, turns]) {
    await store.run('view-drop', sql`DROP TABLE IF EXISTS ${table} SYNC`);
  }
}

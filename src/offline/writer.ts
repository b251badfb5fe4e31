import type { View } from '../core/definitions/definitions.js';
import { sql } from '../core/definitions/sql.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { Lease } from '../core/ports/leases.js';
import type { Run, StageCounts } from '../core/ports/offline.js';
import type { OfflineWriters } from '../core/ports/offline-writer.js';
import type { Log } from '../core/ports/process.js';
import type { ClickHouse } from '../warehouse/client.js';
import { raiseFence } from '../warehouse/fence.js';
import { commitRuns } from './history/commit.js';
import { stageRows, stageRun, stageRuns } from './history/stage.js';
import { dropStages, dropTables, findStages, keepStages } from './history/stages.js';
import {
  checkLease,
  commitsDdl,
  type FencedView,
  fencedView,
  historyDdl,
  nextStates,
  stateDdl,
  tokensDdl,
  viewTables,
} from './history/tables.js';
import { withdrawRuns } from './history/withdraw.js';

/** Entities set aside that a line of the log names. */
const NAMED_IN_LOG = 20;

export interface OfflineWritersOptions {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly log: Log;
  /** Seconds for which single entities are looked for with whose rows a query cannot compute, then ranges of them; absent: 300. */
  readonly singlesSeconds?: number;
}

/** Writes the history of view versions to ClickHouse, each under its lease. */
export function createOfflineWriters({ store, log, ...parts }: OfflineWritersOptions): OfflineWriters {
  const computed = ({ id, view }: Run, { setAside = [], setAsideRanges: ranges = [], ...counts }: StageCounts) => {
    log.info({ view: view.id, run: id, ...counts }, 'run computed');
    if (setAside.length + ranges.length === 0) return;
    const first = setAside.slice(0, NAMED_IN_LOG);
    log.warn(
      { view: view.id, run: id, entities: setAside.length, first, ranges: ranges.slice(0, NAMED_IN_LOG) },
      'entities are set aside: the quarantine says why',
    );
  };
  return {
    createView: (view) => createView(store, view),
    async writer(view, lease) {
      const fenced = fencedView(view, lease);
      await takeOver(store, fenced, lease);
      return {
        newestRun: () => newestRun(store, view),
        async stageRun(run, options) {
          const counts = await stageRun(store, fenced, run, { ...parts, ...options });
          computed(run, counts);
          return counts;
        },
        async stageRuns(runs, progress, signal) {
          if (runs.length === 0) return [];
          const counts = await stageRuns(store, fenced, runs, { ...parts, signal }, progress);
          for (const [index, run] of runs.entries()) computed(run, counts[index] as StageCounts);
          return counts;
        },
        async stageRows(run, batches) {
          const counts = await stageRows(store, fenced, run, batches);
          computed(run, counts);
          return counts;
        },
        commitRuns: (runs) => commitRuns(store, fenced, runs),
        withdraw: (runs) => withdrawRuns(store, fenced, runs),
        dropStages: (runs) => dropStages(store, view, runs),
        keepStages: (runs) => keepStages(store, view, runs),
      };
    },
    async dropView(view, lease) {
      checkLease(view, lease);
      lease.lost.throwIfAborted();
      await dropView(store, view);
    },
  };
}

async function createView(store: ClickHouse, view: View): Promise<void> {
  const { history, state, commits, tokens } = viewTables(view);
  await store.run('view-create', historyDdl(view, history));
  await store.run('view-create', stateDdl(view, state));
  await store.run('view-create', commitsDdl(commits));
  await store.run('view-create', tokensDdl(tokens));
}

/** An earlier holder has either put the state that it was rebuilding in place by then, whole, or no longer finds it. */
const takeOver = (store: ClickHouse, { view, fence }: FencedView, { lost }: Lease): Promise<void> =>
  raiseFence(store, fence, { signal: lost, discard: async () => dropTables(store, await nextStates(store, view)) });

async function newestRun(store: ClickHouse, view: View): Promise<number> {
  const { commits } = viewTables(view);
  const [answer] = await store.rows<{ newest: number }>(
    'run-newest',
    sql`SELECT max(sequence) AS newest FROM ${commits}`,
  );
  const staged = (await findStages(store, view)).flatMap(({ runs }) => [...runs]);
  return staged.reduce((most, run) => Math.max(most, run), Number(answer?.newest ?? 0));
}

/** Stages that a killed run left go with the view. */
async function dropView(store: ClickHouse, view: Pick<View, 'name' | 'version'>): Promise<void> {
  const { history, state, commits, tokens } = viewTables(view);
  const stages = (await findStages(store, view)).map(({ table }) => table);
  for (const table of [...stages, ...(await nextStates(store, view)), state, history, commits, tokens]) {
    await store.run('view-drop', sql`DROP TABLE IF EXISTS ${table} SYNC`);
  }
}

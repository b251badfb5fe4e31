import type { BusinessCalendar } from '../core/helpers/time.js';
import type { OfflineReader, ViewStats } from '../core/ports/offline.js';
import type { Log } from '../core/ports/process.js';
import type { ClickHouse } from '../warehouse/client.js';
import { planQuery, planSelect } from './history/compute.js';
import { viewHoldings } from './history/holdings.js';
import { previewRows } from './history/preview.js';
import { inForceByParts, newestRows, rowsAt, viewsStats } from './history/read.js';
import { firstKnown } from './history/run-size.js';
import { readStage } from './history/stage-read.js';
import { estimateRows, sampleRun } from './history/view-kinds.js';
import { keysOfRuns } from './history/withdraw.js';
import { historicalFeatures } from './point-in-time/historical.js';
import { sweepSpines } from './point-in-time/spine-sweep.js';

export interface OfflineReaderOptions {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly log: Log;
}

/** Reads the history of every view version from ClickHouse. */
export function createOfflineReader({ store, calendar, log }: OfflineReaderOptions): OfflineReader {
  // Once a process, with the first request that makes a spine; a failure only leaves the sweeping to the next process.
  let swept: Promise<void> | undefined;
  const sweep = () =>
    sweepSpines(store).catch((error: unknown) => log.warn({ err: error }, 'old spines could not be dropped'));
  return {
    readStage: (run, availableAt, shard) => readStage(store, run, availableAt, shard),
    newestRows: (view, at, shard) => newestRows(store, view, at, shard),
    inForceByParts: (views, at) => inForceByParts(store, views, at),
    rowsAt: (view, at, keys, signal) => rowsAt(store, view, { at, keys, signal }),
    keysOfRuns: (view, runs) => keysOfRuns(store, view, runs),
    async historicalFeatures(request) {
      swept ??= sweep();
      await swept;
      return historicalFeatures(store, request);
    },
    estimateRows: (view, asOf, knowledge) => estimateRows({ store, calendar }, { view, asOf, knowledge }),
    firstKnown: (view) => firstKnown(store, view),
    previewRows: (view, request, signal) => previewRows({ store, calendar, signal }, view, request),
    planQuery: (view) => planQuery({ store, calendar }, view),
    planSelect: (select) => planSelect(store, select),
    sampleRun: (view, at, limits) => sampleRun({ store, calendar }, { view, ...at }, limits),
    viewHoldings: (view) => viewHoldings(store, view),
    viewStats: async (view, at) => {
      const [stats] = (await viewsStats(store, [view], at)) as [ViewStats];
      return stats;
    },
    viewsStats: (views, at) => viewsStats(store, views, at),
  };
}

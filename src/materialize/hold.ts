/** One process at a view, for a time: what it writes is marked with its turn, so that nothing of it counts once another has taken the view. */
import type { View } from '../core/definitions/definitions.js';
import { type Lease, viewResource } from '../core/ports/leases.js';
import type { RunLedger } from '../core/ports/materialize.js';
import type { OfflineStore, Run } from '../core/ports/offline.js';
import type { JobProgress } from '../core/ports/progress.js';
import { finishLeftRuns } from './recovery.js';
import type { MaterializerDeps } from './run-steps.js';

/** Runs the body while no other process works on the view, its tables made and what other jobs left of it finished. */
export const holdView = <T>(
  deps: MaterializerDeps,
  { view, jobId }: { readonly view: View; readonly jobId: string },
  asked: JobProgress,
  body: (held: MaterializerDeps, progress: JobProgress) => Promise<T>,
): Promise<T> =>
  deps.leases.hold(viewResource(view), asked.signal, async (lease) => {
    const number = lease.fencingToken;
    const held = {
      ...deps,
      ledger: withLease(deps.ledger, lease),
      offline: stampedWithTurn(deps.offline, number),
    };
    const progress = whileHeld(asked, lease.lost);
    await held.offline.createView(view);
    await held.offline.takeTurn(view, number);
    // A new run with the number of one that is in the history already would be taken for it, and its rows would be lost.
    await held.ledger.numberAbove(await held.offline.newestRun(view));
    await finishLeftRuns(held, view, jobId, progress.signal);
    return body(held, progress);
  });

const withLease = (ledger: RunLedger, lease: Lease<'view'>): RunLedger => ({
  ...ledger,
  update: (id, change) => ledger.update(id, change, lease),
  updateAll: (changes) => ledger.updateAll(changes, lease),
});

function stampedWithTurn(offline: OfflineStore, turn: number): OfflineStore {
  const mine = (run: Run): Run => ({ ...run, turn });
  return {
    ...offline,
    stageRun: (run) => offline.stageRun(mine(run)),
    stageRuns: (runs, computed) => offline.stageRuns(runs.map(mine), computed),
    stageRows: (run, batches) => offline.stageRows(mine(run), batches),
    commitRuns: (view, runs) =>
      offline.commitRuns(
        view,
        runs.map(({ run, ...stamp }) => ({ ...stamp, run: mine(run) })),
      ),
  };
}

/** A run that has lost its view stops like one that is cancelled: whoever holds the view now finishes or forgets it. */
const whileHeld = (asked: JobProgress, lost: AbortSignal): JobProgress => ({
  report: (fraction) => asked.report(fraction),
  signal: AbortSignal.any([asked.signal, lost]),
});

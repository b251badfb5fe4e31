import type { View } from '../core/definitions/definitions.js';
import { viewResource } from '../core/ports/leases.js';
import type { JobProgress } from '../core/ports/progress.js';
import { replaceFutureRuns } from './future-runs.js';
import { finishLeftRuns } from './recovery.js';
import type { LeasedView, MaterializerDeps } from './run-steps.js';

/** Runs the body while this process holds the lease of the view: its tables exist, and what other jobs left of it is finished. */
export const withLease = <T>(
  deps: MaterializerDeps,
  { view, jobId }: { readonly view: View; readonly jobId: string },
  asked: JobProgress,
  body: (leased: LeasedView, progress: JobProgress) => Promise<T>,
): Promise<T> =>
  deps.leases.hold(viewResource(view), asked.signal, async (lease) => {
    const progress = untilLost(asked, lease.lost);
    await deps.writers.createView(view);
    const writer = await deps.writers.writer(view, lease);
    const leased = { ...deps, view, lease, writer };
    // A new run with the number of one that is in the history already would be taken for it, and its rows would be lost.
    await deps.ledger.numberAbove(await writer.newestRun());
    await replaceFutureRuns(leased, progress.signal);
    await finishLeftRuns(leased, jobId, progress.signal);
    return body(leased, progress);
  });

/** A run that loses its lease stops like one that is cancelled: the next holder finishes or forgets it. */
const untilLost = (asked: JobProgress, lost: AbortSignal): JobProgress => ({
  report: (fraction) => asked.report(fraction),
  signal: AbortSignal.any([asked.signal, lost]),
});

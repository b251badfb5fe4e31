import type { View } from '../core/definitions/definitions.js';
import type { RunRecord } from '../core/ports/materialize.js';
import {
  commit,
  computeStage,
  discard,
  dropStages,
  type MaterializerDeps,
  publish,
  runOf,
  type StepProgress,
} from './run-steps.js';

/**
 * Finishes what other jobs left of the view, before a run of our own: where rows of a run are online or may be in the history, the run
 * is carried through, so that both stores tell the same; a stage that nobody has seen is dropped, and so is one whose job died between its
 * commit and its end. Needs the view's lock.
 */
export async function finishLeftRuns(
  deps: MaterializerDeps,
  view: View,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  const progress: StepProgress = { signal, report: async () => undefined };
  const unfinished = await deps.ledger.unfinished(view.id);
  await deps.offline.keepStages(
    view,
    unfinished.map(({ id }) => id),
  );
  const left = unfinished.filter((record) => record.jobId !== jobId);
  const seen = left.filter(({ onlineStamp, historyStamp }) => onlineStamp !== null || historyStamp !== null);
  await discard(
    deps,
    view,
    left.filter((record) => !seen.includes(record)),
  );
  if (seen.length === 0) return;
  deps.log.warn({ view: view.id, runs: seen.map(({ id }) => id) }, 'carrying through runs that other jobs left');
  try {
    await carryThrough(deps, view, seen, progress);
  } catch (error) {
    signal.throwIfAborted();
    // A stage may be gone with a lost disk; what is missing of it can be computed again.
    deps.log.warn({ err: error, view: view.id }, 'computing the left runs again');
    for (const record of seen) await computeStage(deps, runOf(view, record), progress);
    await carryThrough(deps, view, seen, progress);
  }
}

async function carryThrough(
  deps: MaterializerDeps,
  view: View,
  records: readonly RunRecord[],
  progress: StepProgress,
): Promise<void> {
  const published: RunRecord[] = [];
  for (const record of records) published.push(await publish(deps, view, record, progress));
  await dropStages(deps, view, await commit(deps, view, published));
}

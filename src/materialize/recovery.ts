import type { RunRecord } from '../core/ports/materialize.js';
import {
  commit,
  computeStage,
  discard,
  dropStages,
  type LeasedView,
  publish,
  rewriteOnline,
  runOf,
  type StepProgress,
} from './run-steps.js';

/**
 * Finishes what other jobs left of the view, before a run of our own: where rows of a run are online or may be in the history, the run
 * is carried through, so that both stores tell the same; a stage that no process has read is dropped, and so is one whose job died between its
 * commit and its end.
 */
export async function finishLeftRuns(leased: LeasedView, jobId: string, signal: AbortSignal): Promise<void> {
  const { view, ledger, writer } = leased;
  const progress: StepProgress = { signal, report: async () => undefined };
  const unfinished = await ledger.unfinished(view.id);
  await writer.keepStages(unfinished.map(({ id }) => id));
  const left = unfinished.filter((record) => record.jobId !== jobId);
  const visible = left.filter(({ onlineStamp, historyStamp }) => onlineStamp !== null || historyStamp !== null);
  await discard(
    leased,
    left.filter((record) => !visible.includes(record)),
  );
  if (visible.length > 0) await carryThroughLeft(leased, visible, progress);
  await settleOnline(leased, progress);
}

/** Gives rows online the final stamp of runs whose process died between their commit and that. */
async function settleOnline(leased: LeasedView, progress: StepProgress): Promise<void> {
  const { view, ledger, log } = leased;
  const left = await ledger.unsettled([view.id]);
  const last = left.at(-1);
  if (last === undefined) return;
  log.warn({ view: view.id, runs: left.map(({ id }) => id) }, 'giving rows online the stamp of their history');
  await rewriteOnline(leased, { last, published: new Set(left.map(({ id }) => id)) }, progress);
}

async function carryThroughLeft(
  leased: LeasedView,
  visible: readonly RunRecord[],
  progress: StepProgress,
): Promise<void> {
  const { view, log } = leased;
  log.warn({ view: view.id, runs: visible.map(({ id }) => id) }, 'carrying through runs that other jobs left');
  try {
    await carryThrough(leased, visible, progress);
  } catch (error) {
    progress.signal.throwIfAborted();
    // A stage may be gone with a lost disk; what is missing of it can be computed again.
    log.warn({ err: error, view: view.id }, 'computing the left runs again');
    for (const record of visible) await computeStage(leased, runOf(view, record), progress);
    await carryThrough(leased, visible, progress);
  }
}

async function carryThrough(leased: LeasedView, records: readonly RunRecord[], progress: StepProgress): Promise<void> {
  const published: RunRecord[] = [];
  for (const record of records) published.push(await publish(leased, record, progress));
  await dropStages(leased, await commit(leased, published));
}

/** Publishes as-ofs again, with what has become known since they were computed. */
import { inputsFirst } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import type { Instant } from '../core/helpers/time.js';
import type { MaterializeResult, ViewResult } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { settleSources } from '../core/settled-sources.js';
import { withoutHistory } from './backfill.js';
import { deriveInputs } from './derive-inputs.js';
import { lateScores } from './late-as-ofs.js';
import { progressWithin } from './progress.js';
import { type MaterializerDeps, storeNow } from './run-steps.js';
import { readableFrom } from './schedule.js';
import { settledKnowledge } from './score-inputs.js';
import { ViewFailures } from './view-failures.js';
import { kindOf } from './view-kinds.js';
import { runView } from './view-run.js';

/** As-ofs of one view that are published again. */
export interface ToRepublish {
  readonly view: View;
  /** Oldest first; each is due. */
  readonly asOfs: readonly Instant[];
}

export interface Republication {
  readonly jobId: string;
  readonly views: readonly ToRepublish[];
  /** Score views that are scored anew where one of their inputs was published again. */
  readonly scores?: readonly View[];
  readonly now: Instant;
}

/** The run of an as-of that no run has computed, beside the republication of the same job. */
const asScheduled = (jobId: string): string => `${jobId}/as-scheduled`;

/** See Materializer.republish. */
export async function republish(
  deps: MaterializerDeps,
  { jobId, views, scores = [], now }: Republication,
  progress: JobProgress,
): Promise<MaterializeResult> {
  // Before the imports are waited for: one that begins to write later is known later.
  const knownBy = await storeNow(deps);
  const named = views.map(({ view }) => view);
  await settleSources(deps, named, progress.signal);
  await deriveInputs(deps.derived, named, { now, knownBy }, progress.signal);
  const given = new Map(views.map(({ view, asOfs }) => [view.id, asOfs]));
  const ordered = inputsFirst([...named, ...scores]);
  const results: ViewResult[] = [];
  const failures = new ViewFailures();
  for (const [index, view] of ordered.entries()) {
    progress.signal.throwIfAborted();
    if (failures.keeps(view)) continue;
    const within = progressWithin(progress, index / ordered.length, (index + 1) / ordered.length);
    // At its turn: by then its inputs are published.
    const asOfs = given.get(view.id) ?? (await lateScores(deps, view, now));
    await allAgain(deps, { view, asOfs, jobId, knownBy }, within).then(
      (own) => void results.push(...own),
      (error: unknown) => failures.add(view, error),
    );
  }
  failures.throw(results.length);
  return { views: results };
}

async function allAgain(
  deps: MaterializerDeps,
  { asOfs, ...common }: ToRepublish & Omit<Again, 'asOf'>,
  progress: JobProgress,
): Promise<readonly ViewResult[]> {
  const results: ViewResult[] = [];
  for (const [index, asOf] of asOfs.entries()) {
    progress.signal.throwIfAborted();
    const within = progressWithin(progress, index / asOfs.length, (index + 1) / asOfs.length);
    results.push(await again(deps, { ...common, asOf }, within));
  }
  return results;
}

interface Again {
  readonly view: View;
  readonly asOf: Instant;
  readonly jobId: string;
  readonly knownBy: Instant;
}

async function again(
  deps: MaterializerDeps,
  { view, asOf, jobId, knownBy }: Again,
  progress: JobProgress,
): Promise<ViewResult> {
  const scheduled = (leased: MaterializerDeps, signal: AbortSignal) => settledKnowledge(leased, view, asOf, signal);
  const missing = await withoutHistory({ ...deps, view }, [asOf]);
  if (missing.length > 0) {
    const run = { view, asOf, jobId: asScheduled(jobId), kind: 'LIVE', knowledge: scheduled } as const;
    await runView(deps, run, progressWithin(progress, 0, 0.5));
  }
  // Scores read what is in force: with what is known now, those of an earlier as-of would be made of values that came after it.
  const late = kindOf(view).late === 'AS_KNOWN' ? scheduled : async () => Math.max(knownBy, readableFrom(view, asOf));
  return runView(deps, { view, asOf, jobId, kind: 'REPUBLICATION', knowledge: late }, progress);
}

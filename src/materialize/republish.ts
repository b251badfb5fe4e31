/** Publishes as-ofs again, with what has become known since they were computed. */
import { inputsFirst } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { MaterializeResult, ViewResult } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { settleSources } from '../core/settled-sources.js';
import { withoutHistory } from './backfill.js';
import { deriveInputs } from './derive-inputs.js';
import { lateScores } from './late-as-ofs.js';
import { progressWithin } from './progress.js';
import { readiness } from './readiness.js';
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
  /** After so long, no further as-of begins but the newest of each view; absent: all are published. */
  readonly budgetMs?: number | undefined;
}

/** The run of an as-of that no run has computed, beside the republication of the same job. */
const asScheduled = (jobId: string): string => `${jobId}/as-scheduled`;

/** See Materializer.republish. */
export async function republish(
  deps: MaterializerDeps,
  { jobId, views, scores = [], now, budgetMs = Number.POSITIVE_INFINITY }: Republication,
  progress: JobProgress,
): Promise<MaterializeResult> {
  const began = deps.clock();
  // Before the imports are waited for: one that begins to write later is known later.
  const knownBy = await storeNow(deps);
  const named = views.map(({ view }) => view);
  await settleSources(deps, named, progress.signal);
  await deriveInputs(deps.derived, named, { now, knownBy }, progress.signal);
  const turns = [...newestFirst(views), ...inputsFirst(scores).map((view): Turn => ({ view, isNewest: true }))];
  const results: ViewResult[] = [];
  const failures = new ViewFailures();
  const stopped = new Set<string>();
  const left: Left[] = [];
  for (const [index, { view, asOf, isNewest }] of turns.entries()) {
    progress.signal.throwIfAborted();
    if (stopped.has(view.id)) continue;
    if (failures.keeps(view)) {
      stopped.add(view.id);
      continue;
    }
    if (asOf !== undefined && !isNewest && deps.clock() - began >= budgetMs) {
      left.push({ view, asOf });
      continue;
    }
    const within = progressWithin(progress, index / turns.length, (index + 1) / turns.length);
    // At its turn: by then its inputs are published.
    const asOfs = asOf === undefined ? await lateScores(deps, view, now) : [asOf];
    for (const each of asOfs) {
      await again(deps, { view, asOf: each, jobId, knownBy }, within).then(
        (own) => void results.push(own),
        (error: unknown) => {
          failures.add(view, error);
          stopped.add(view.id);
        },
      );
    }
  }
  failures.throw(results.length);
  return { views: results, ...(left.length > 0 && { notes: notesOf(left) }) };
}

interface Turn {
  readonly view: View;
  /** Absent for scores: their turn says whether they are late. */
  readonly asOf?: Instant;
  readonly isNewest: boolean;
}

/** The newest as-of of each view, each view after its inputs, then the newest but one of each, and so on. */
function newestFirst(views: readonly ToRepublish[]): readonly Turn[] {
  const given = new Map(views.map(({ view, asOfs }) => [view.id, asOfs.toReversed()]));
  const ordered = inputsFirst(views.map(({ view }) => view));
  const rounds = Math.max(0, ...views.map(({ asOfs }) => asOfs.length));
  return Array.from({ length: rounds }, (_, round) =>
    ordered.flatMap((view): Turn[] => {
      const asOf = given.get(view.id)?.[round];
      return asOf === undefined ? [] : [{ view, asOf, isNewest: round === 0 }];
    }),
  ).flat();
}

type Left = Required<Pick<Turn, 'view' | 'asOf'>>;

/** Newest first, as they were left. */
function notesOf(left: readonly Left[]): readonly string[] {
  const asOfsOf = new Map<string, Instant[]>();
  for (const { view, asOf } of left) asOfsOf.set(view.id, [...(asOfsOf.get(view.id) ?? []), asOf]);
  return [...asOfsOf].map(
    ([id, asOfs]) =>
      `${id}: out of time with ${asOfs.length} late as-of${asOfs.length === 1 ? '' : 's'} left, ${formatInstant(asOfs.at(-1) as Instant)} to ${formatInstant(asOfs[0] as Instant)}; the next round goes on with the newest`,
  );
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
  const ready = await readiness(deps, view, asOf);
  const known = { view, asOf, scheduled: ready.knowledgeAt(knownBy) };
  const scheduled = (leased: MaterializerDeps, signal: AbortSignal) => settledKnowledge(leased, known, signal);
  const missing = await withoutHistory({ ...deps, view }, [asOf]);
  if (missing.length > 0) {
    const run = { view, asOf, jobId: asScheduled(jobId), kind: 'LIVE', knowledge: scheduled, ready } as const;
    await runView(deps, run, progressWithin(progress, 0, 0.5));
  }
  // Scores read what is in force: with what is known now, those of an earlier as-of would be made of values that came after it.
  const late = kindOf(view).late === 'AS_KNOWN' ? scheduled : async () => Math.max(knownBy, readableFrom(view, asOf));
  return runView(deps, { view, asOf, jobId, kind: 'REPUBLICATION', knowledge: late, ready }, progress);
}

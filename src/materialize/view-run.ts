/** One run of one view, from its query to the online store. */
import type { View } from '../core/definitions/definitions.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { RunRecord, ViewResult } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { beginRuns } from './begin-runs.js';
import { withLease } from './leased-view.js';
import { progressWithin } from './progress.js';
import type { Readiness } from './readiness.js';
import {
  commit,
  dropStages,
  type LeasedView,
  type MaterializerDeps,
  publish,
  rewriteOnline,
  stage,
} from './run-steps.js';
import { scoreCounts } from './score-tally.js';
import { setAsideIn } from './set-aside.js';

export interface ViewRun {
  readonly view: View;
  readonly asOf: Instant;
  readonly jobId: string;
  readonly kind: Exclude<RunRecord['kind'], 'BACKFILL'>;
  /** Knowledge time of the run, asked once the view is held. */
  knowledge(leased: LeasedView, signal: AbortSignal): Promise<Instant>;
  readonly ready: Pick<Readiness, 'missingAt'>;
  /** Whether the derived tables that it reads were restated for it. */
  readonly derivedAnew?: boolean;
}

/** Computes the run, publishes it, keeps it, and brings the online store to the newest rows. */
export const runView = (deps: MaterializerDeps, run: ViewRun, asked: JobProgress): Promise<ViewResult> =>
  withLease(deps, run, asked, async (leased, progress) => {
    const { view, asOf, jobId, kind } = run;
    const { clock, metrics } = deps;
    const startedAt = clock();
    const took = () => (clock() - startedAt) / 1000;
    const knowledge = await run.knowledge(leased, progress.signal);
    const [begun] = (await beginRuns(leased, [{ jobId, asOf, kind, knowledge }])) as [RunRecord];
    const incomplete = run.ready.missingAt(begun.knowledge);
    const staged = await stage(leased, begun, progressWithin(progress, 0, 0.4), {
      ...(incomplete.length > 0 && { incomplete }),
      ...(run.derivedAnew && { derivedAnew: true }),
    });
    progress.signal.throwIfAborted();
    await progress.report(0.4);
    const published = await publish(leased, staged, progressWithin(progress, 0.4, 0.7));
    const [committed] = (await commit(leased, [published], took)) as [RunRecord];
    const own = { last: committed, published: new Set([committed.id]) };
    const { rows = 0, changed = 0, nullKeys = 0 } = committed.counts ?? {};
    const again = kind === 'REPUBLICATION';
    // A republication that changes nothing has nothing to bring; what Redis lost is the next scheduled run's to find.
    const isIdle = again && changed === 0;
    const restored = isIdle ? 0 : await rewriteOnline(leased, own, progressWithin(progress, 0.75, 1));
    await dropStages(leased, [committed]);
    const aside = setAsideIn([committed.counts]);
    if (!again) metrics.gauge('view_event_time_seconds', asOf / 1000, { view: view.id });
    metrics.gauge('view_entities_set_aside', aside.setAside?.entities ?? 0, { view: view.id });
    metrics.observe('materialize_seconds', took(), { view: view.id });
    return {
      view: view.id,
      asOf: formatInstant(asOf),
      rows,
      changed,
      published: changed,
      restored,
      nullKeys,
      ...aside,
      ...(committed.counts?.incomplete && { incomplete: committed.counts.incomplete }),
      ...(again && { knownBy: formatInstant(committed.knowledge) }),
      ...(scoreCounts(committed) ?? {}),
    };
  });

/** Offline to online: computes views as of their scheduled instants, publishes them, and keeps their history. */

import { inputsFirst } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { Materializer, ViewResult } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { settleSources } from '../core/settled-sources.js';
import { planBackfill, runBackfill } from './backfill.js';
import { deriveInputs } from './derive-inputs.js';
import { type DueRun, dueRuns, withReadiness } from './due-runs.js';
import { estimateAsOfs, estimateBackfill } from './estimate.js';
import { futureFrom } from './future-runs.js';
import { lateAsOfs } from './late-as-ofs.js';
import { withLease } from './leased-view.js';
import { computeAsOfs } from './missing-as-ofs.js';
import { progressWithin } from './progress.js';
import { readiness } from './readiness.js';
import { republish } from './republish.js';
import { type LeasedView, type MaterializerDeps, storeNow } from './run-steps.js';
import { checkAsOf, checkDue, checkRemoved, newestDue } from './schedule.js';
import { refuseWithoutInputs, settledKnowledge } from './score-inputs.js';
import { ViewFailures } from './view-failures.js';
import { runView } from './view-run.js';

interface LiveRun {
  readonly jobId: string;
  readonly now: Instant;
  /** The knowledge with which the derived tables that it reads were restated for it; absent: they are as they were derived. */
  readonly knownBy?: Instant;
}

export function createMaterializer(deps: MaterializerDeps): Materializer {
  const { ledger, calendar } = deps;

  const runLive = (
    { view, asOf, ready }: DueRun,
    { jobId, now, knownBy }: LiveRun,
    progress: JobProgress,
  ): Promise<ViewResult> => {
    // What was derived anew is known since then.
    const scheduled = Math.max(ready.knowledgeAt(now), knownBy ?? 0);
    const knowledge = (leased: LeasedView, signal: AbortSignal): Promise<Instant> =>
      settledKnowledge(leased, { view, asOf, scheduled }, signal);
    const derivedAnew = knownBy !== undefined;
    return runView(deps, { view, asOf, jobId, kind: 'LIVE', knowledge, ready, derivedAnew }, progress);
  };

  /**
   * A view that has waited for late files reads what is derived of them too: the derivation of the day may have been before them. Runs of earlier as-ofs
   * read what was derived for these.
   */
  const derivesAnew = ({ view, asOf, ready }: DueRun, now: Instant): boolean =>
    ready.hasWaited &&
    asOf === newestDue(view, now, calendar) &&
    deps.derived.some(({ name }) => view.sources.includes(name));

  /**
   * Also of views of which nothing is due: what they serve would be that of the future, or have the stamp of a run whose process died before it gave the
   * final one.
   */
  const putRight = async (views: readonly View[], jobId: string, progress: JobProgress): Promise<void> => {
    const ids = views.map(({ id }) => id);
    const future = await ledger.stampedAfter(ids, futureFrom(await storeNow(deps)));
    const spoilt = new Set([...future, ...(await ledger.unsettled(ids))].map(({ viewId }) => viewId));
    for (const view of views.filter(({ id }) => spoilt.has(id))) {
      await withLease(deps, { view, jobId }, progress, async () => undefined);
    }
  };

  const checkAsOfs = (views: readonly View[], asOf: Instant, now: Instant): void => {
    for (const view of views) {
      checkAsOf(view, asOf, now, calendar);
      checkRemoved(view, asOf, now, calendar);
    }
  };

  return {
    async materialize({ jobId, views, asOf, onlyNew = false, now }, progress) {
      if (asOf !== undefined) checkAsOfs(views, asOf, now);
      const clocks = { now, stores: await storeNow(deps) };
      await putRight(views, jobId, progress);
      const asked = inputsFirst(views).map((view) => ({ view, asOf: asOf ?? newestDue(view, now, calendar) }));
      for (const each of asked) checkDue(each.view, each.asOf, clocks);
      const { runs: planned, waiting } = onlyNew
        ? await dueRuns(deps, asked, { now, committed: await ledger.committed(views.map(({ id }) => id)) })
        : { runs: await withReadiness(deps, asked), waiting: [] };
      // Before the imports are waited for: one that begins to write later is known later.
      const knownBy = await storeNow(deps);
      await settleSources(
        deps,
        planned.map(({ view }) => view),
        progress.signal,
      );
      await deriveInputs(deps.derived, views, { asOf, now }, progress.signal);
      const anew = planned.filter((run) => derivesAnew(run, now));
      const theirs = anew.map(({ view }) => view);
      await deriveInputs(deps.derived, theirs, { now, knownBy }, progress.signal);
      const results: ViewResult[] = [];
      const failures = new ViewFailures();
      for (const [index, run] of planned.entries()) {
        const { view } = run;
        progress.signal.throwIfAborted();
        if (failures.keeps(view)) continue;
        const within = progressWithin(progress, index / planned.length, (index + 1) / planned.length);
        const live = { jobId, now, ...(anew.includes(run) && { knownBy }) };
        await runLive(run, live, within).then(
          (result) => void results.push(result),
          (error: unknown) => failures.add(view, error),
        );
      }
      failures.throw(results.length);
      return { views: results, ...(waiting.length > 0 && { waiting }) };
    },

    async republish({ jobId, views, asOf, now }, progress) {
      const clocks = { now, stores: await storeNow(deps) };
      if (asOf !== undefined) checkAsOfs(views, asOf, now);
      await putRight(views, jobId, progress);
      const asked = views.map((view) => ({ view, asOfs: [asOf ?? newestDue(view, now, calendar)] }));
      for (const { view, asOfs } of asked) for (const each of asOfs) checkDue(view, each, clocks);
      return republish(deps, { jobId, views: asked, now }, progress);
    },

    async republishLate({ jobId, views, now: asked, days, budgetMs }, progress) {
      if (days === 0) return { views: [] };
      await putRight(views, jobId, progress);
      const now = Math.min(asked, await storeNow(deps));
      const scores = views.filter(({ origin }) => origin.kind === 'scores');
      const late = await lateAsOfs(
        deps,
        views.filter((view) => !scores.includes(view)),
        { now, days },
      );
      return republish(deps, { jobId, views: late, scores, now, budgetMs }, progress);
    },

    async scorePortfolio({ jobId, view, asOf, now }, progress) {
      const due = asOf ?? newestDue(view, now, calendar);
      checkAsOfs([view], due, now);
      checkDue(view, due, { now, stores: await storeNow(deps) });
      await refuseWithoutInputs(deps, view, due);
      const run = { view, asOf: due, ready: await readiness(deps, view, due) };
      const result = await runLive(run, { jobId, now }, progress);
      const { scored = 0, missing = 0, stale = 0, failed = 0, error = null, written = 0 } = result;
      const { changed, published, restored } = result;
      return {
        view: view.id,
        asOf: formatInstant(due),
        scored,
        missing,
        stale,
        failed,
        error,
        changed,
        written,
        published,
        restored,
      };
    },

    backfill: (request, progress) => runBackfill(deps, request, progress),

    checkAsOf: checkAsOfs,

    checkBackfill: (range) => void planBackfill(range, calendar),

    computeAsOfs: (request, progress) => computeAsOfs(deps, request, progress),

    estimateAsOfs: (missing, signal) => estimateAsOfs(deps, missing, signal),

    estimateBackfill: (range, signal) => estimateBackfill(deps, range, signal),
  };
}

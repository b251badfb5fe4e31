/** Offline to online: computes views as of their scheduled instants, publishes them, and keeps their history. */

import { inputsFirst } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { Materializer, ViewResult } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { settleSources } from '../core/settled-sources.js';
import { planBackfill, runBackfill } from './backfill.js';
import { deriveInputs } from './derive-inputs.js';
import { estimateAsOfs, estimateBackfill } from './estimate.js';
import { futureFrom } from './future-runs.js';
import { lateAsOfs } from './late-as-ofs.js';
import { withLease } from './leased-view.js';
import { computeAsOfs } from './missing-as-ofs.js';
import { progressWithin } from './progress.js';
import { republish } from './republish.js';
import { type MaterializerDeps, storeNow } from './run-steps.js';
import { checkAsOf, checkDue, newestDue } from './schedule.js';
import { refuseWithoutInputs, settledKnowledge } from './score-inputs.js';
import { ViewFailures } from './view-failures.js';
import { runView } from './view-run.js';

export function createMaterializer(deps: MaterializerDeps): Materializer {
  const { ledger, calendar } = deps;

  const runLive = (view: View, asOf: Instant, jobId: string, progress: JobProgress): Promise<ViewResult> =>
    runView(
      deps,
      { view, asOf, jobId, kind: 'LIVE', knowledge: (leased, signal) => settledKnowledge(leased, view, asOf, signal) },
      progress,
    );

  /** Also of views of which nothing is due: what they serve would be that of the future. */
  const replaceFuture = async (views: readonly View[], jobId: string, progress: JobProgress): Promise<void> => {
    const runs = await ledger.stampedAfter(
      views.map(({ id }) => id),
      futureFrom(await storeNow(deps)),
    );
    const spoilt = new Set(runs.map(({ viewId }) => viewId));
    for (const view of views.filter(({ id }) => spoilt.has(id))) {
      await withLease(deps, { view, jobId }, progress, async () => undefined);
    }
  };

  return {
    async materialize({ jobId, views, asOf, onlyNew = false, now }, progress) {
      if (asOf !== undefined) for (const view of views) checkAsOf(view, asOf, now, calendar);
      const clocks = { now, stores: await storeNow(deps) };
      await replaceFuture(views, jobId, progress);
      const asked = inputsFirst(views).map((view) => ({ view, asOf: asOf ?? newestDue(view, now, calendar) }));
      for (const each of asked) checkDue(each.view, each.asOf, clocks);
      const committed = onlyNew ? await ledger.committed(views.map(({ id }) => id)) : new Map<string, Instant>();
      const planned = asked.filter(({ view, asOf: due }) => due > (committed.get(view.id) ?? Number.NEGATIVE_INFINITY));
      await settleSources(
        deps,
        planned.map(({ view }) => view),
        progress.signal,
      );
      await deriveInputs(deps.derived, views, { asOf, now }, progress.signal);
      const results: ViewResult[] = [];
      const failures = new ViewFailures();
      for (const [index, { view, asOf: due }] of planned.entries()) {
        progress.signal.throwIfAborted();
        if (failures.keeps(view)) continue;
        const within = progressWithin(progress, index / planned.length, (index + 1) / planned.length);
        await runLive(view, due, jobId, within).then(
          (result) => void results.push(result),
          (error: unknown) => failures.add(view, error),
        );
      }
      failures.throw(results.length);
      return { views: results };
    },

    async republish({ jobId, views, asOf, now }, progress) {
      const clocks = { now, stores: await storeNow(deps) };
      if (asOf !== undefined) for (const view of views) checkAsOf(view, asOf, now, calendar);
      await replaceFuture(views, jobId, progress);
      const asked = views.map((view) => ({ view, asOfs: [asOf ?? newestDue(view, now, calendar)] }));
      for (const { view, asOfs } of asked) for (const each of asOfs) checkDue(view, each, clocks);
      return republish(deps, { jobId, views: asked, now }, progress);
    },

    async republishLate({ jobId, views, now: asked, days, budgetMs }, progress) {
      if (days === 0) return { views: [] };
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
      checkAsOf(view, due, now, calendar);
      checkDue(view, due, { now, stores: await storeNow(deps) });
      await refuseWithoutInputs(deps, view, due);
      const result = await runLive(view, due, jobId, progress);
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

    checkAsOf(views, asOf, now) {
      for (const view of views) checkAsOf(view, asOf, now, calendar);
    },

    checkBackfill: (range) => void planBackfill(range, calendar),

    computeAsOfs: (request, progress) => computeAsOfs(deps, request, progress),

    estimateAsOfs: (missing, signal) => estimateAsOfs(deps, missing, signal),

    estimateBackfill: (range, signal) => estimateBackfill(deps, range, signal),
  };
}

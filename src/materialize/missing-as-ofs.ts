/** Computes as-ofs that were never computed, wherever they lie, as the schedule would have. */
import { inputsFirst, inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import type { Instant } from '../core/helpers/time.js';
import { removedFor } from '../core/lending/retention.js';
import type { BackfillViewResult, MissingAsOfs } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { runPlans, withoutHistory } from './backfill.js';
import { type MaterializerDeps, storeNow } from './run-steps.js';
import { newestDue, readableFrom } from './schedule.js';

/** The same with what the scores among them are made of: the as-ofs of their inputs that are missing too. Each view comes after its inputs. */
export async function withMissingInputs(
  deps: Pick<MaterializerDeps, 'ledger' | 'calendar'>,
  missing: readonly MissingAsOfs[],
): Promise<readonly MissingAsOfs[]> {
  const views = new Map<string, View>();
  const visit = (view: View): void => {
    views.set(view.id, view);
    inputViews(view).forEach(visit);
  };
  for (const { view } of missing) visit(view);
  const needed = new Map<string, Set<Instant>>();
  const need = (view: View, asOf: Instant): void => {
    needed.set(view.id, (needed.get(view.id) ?? new Set()).add(asOf));
  };
  for (const { view, asOfs } of missing) for (const asOf of asOfs) need(view, asOf);
  const found: MissingAsOfs[] = [];
  for (const view of inputsFirst([...views.values()]).toReversed()) {
    const sorted = [...(needed.get(view.id) ?? [])].sort((a, b) => a - b);
    const asOfs = await withoutHistory({ ...deps, view }, sorted);
    if (asOfs.length === 0) continue;
    found.push({ view, asOfs });
    for (const input of inputViews(view)) {
      for (const asOf of asOfs) need(input, newestDue(input, readableFrom(view, asOf), deps.calendar));
    }
  }
  return found.toReversed();
}

/** See Materializer.computeAsOfs. */
export async function computeAsOfs(
  deps: MaterializerDeps,
  {
    jobId,
    missing,
    now: asked,
  }: { readonly jobId: string; readonly missing: readonly MissingAsOfs[]; readonly now: Instant },
  progress: JobProgress,
): Promise<readonly BackfillViewResult[]> {
  const now = Math.min(asked, await storeNow(deps));
  const plans = (await withMissingInputs(deps, missing)).flatMap(({ view, asOfs }) => {
    const removed = removedFor(view, now, deps.calendar);
    const due = asOfs.filter((asOf) => readableFrom(view, asOf) <= now && removed(asOf) === null);
    return due.length === 0 ? [] : [{ view, due, left: asOfs.length - due.length, onlyNew: true }];
  });
  if (plans.length === 0) return [];
  const last = Math.max(...plans.map(({ due }) => due.at(-1) as Instant));
  return runPlans(deps, { jobId, plans, lastDay: deps.calendar.dateOf(last), now }, progress);
}

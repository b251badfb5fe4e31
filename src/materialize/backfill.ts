/** Computes the history of views: as-ofs in chunks, several views at once; a chunk that a killed job left is taken up where it was. */

import { checkDays } from '../core/bounds.js';
import { inputsFirst } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import { type BusinessCalendar, formatInstant, type Instant, type LocalDate } from '../core/helpers/time.js';
import { type Removed, removedFor } from '../core/lending/retention.js';
import type { BackfillRange, BackfillResult, BackfillViewResult, RunRecord } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import { settleSources } from '../core/settled-sources.js';
import { throughChunks } from './backfill-chunks.js';
import { deriveInputs } from './derive-inputs.js';
import { withLease } from './leased-view.js';
import { progressWithin, splitProgress } from './progress.js';
import { deadlineOf } from './readiness.js';
import { type MaterializerDeps, rewriteOnline, type StepProgress, storeNow, withShards } from './run-steps.js';
import { instantsBetween, newestDue, readableFrom } from './schedule.js';
import { settleInputs } from './score-inputs.js';
import { setAsideIn } from './set-aside.js';
import { sideBySide } from './side-by-side.js';

/** Ten years of days; a longer range is a mistake. */
const MAX_DAYS = 3_660;
/** Views at once by default: on two cores a second only fills the pauses of the first. */
export const VIEWS_AT_ONCE = 2;

/** The as-ofs of one view that a backfill computes. */
export interface ViewPlan {
  readonly view: View;
  /** Oldest first; at least one. */
  readonly due: readonly Instant[];
  /** As-ofs of the range that are not due yet. */
  readonly left: number;
  /** Leaves out as-ofs that have history once the view is held: another run may have computed them while this one waited. */
  readonly onlyNew?: boolean;
}

/** A view without a due as-of in the range. */
interface IdleView {
  readonly view: View;
  /** The newest as-of that is due. */
  readonly newest: Instant;
}

/** As-ofs of one view that are left out, since rows that it reads are removed by now. */
interface RemovedAsOfs {
  readonly view: View;
  readonly count: number;
  readonly last: Instant;
  readonly removed: Removed;
}

interface BackfillPlan {
  /** Views with something to compute, each after its inputs; at least one. */
  readonly plans: readonly ViewPlan[];
  readonly idle: readonly IdleView[];
  readonly removed: readonly RemovedAsOfs[];
}

/** @throws BAD_USER_INPUT for a range that ends before it begins, has decades, begins after the last as-of of any of the views that is due, or has none that can still be computed */
export function planBackfill({ views, from, to, now }: BackfillRange, calendar: BusinessCalendar): BackfillPlan {
  checkRange(from, to);
  if (views.length === 0) throw badInput('no view is named', 'name the views to backfill');
  const plans: ViewPlan[] = [];
  const idle: IdleView[] = [];
  const removed: RemovedAsOfs[] = [];
  for (const view of inputsFirst(views)) {
    const all = instantsBetween(view, from, to, calendar);
    const ready = all.filter((asOf) => readableFrom(view, asOf) <= now);
    const gone = removedIn(view, ready, now, calendar);
    if (gone) removed.push(gone);
    const due = ready.slice(gone?.count ?? 0);
    if (due.length > 0) plans.push({ view, due, left: all.length - ready.length });
    else if (!gone) idle.push({ view, newest: newestDue(view, now, calendar) });
  }
  if (plans.length === 0 && idle.length === 0) {
    throw badInput(removed.map(leftOut).join('; '), removed[0]?.removed.hint ?? '');
  }
  if (plans.length === 0) throw noneDue(idle, from);
  return { plans, idle, removed };
}

/** The older an as-of is, the older are the rows that it needs. */
function removedIn(
  view: View,
  ready: readonly Instant[],
  now: Instant,
  calendar: BusinessCalendar,
): RemovedAsOfs | null {
  const removed = removedFor(view, now, calendar);
  const whole = ready.findIndex((asOf) => removed(asOf) === null);
  const count = whole < 0 ? ready.length : whole;
  const last = ready[count - 1];
  const why = last === undefined ? null : removed(last);
  return last === undefined || why === null ? null : { view, count, last, removed: why };
}

const leftOut = ({ view, count, last, removed }: RemovedAsOfs): string =>
  `${count} as-of${count === 1 ? '' : 's'} of ${view.id} through ${formatInstant(last)} can no longer be computed: ${removed.why}`;

/** See Materializer.backfill. */
export async function runBackfill(
  deps: MaterializerDeps,
  { jobId, ...range }: BackfillRange & { readonly jobId: string },
  progress: JobProgress,
): Promise<BackfillResult> {
  // What is due by the clock that asked and not by that of the stores is not due.
  const now = Math.min(range.now, await storeNow(deps));
  const { plans, idle, removed } = planBackfill({ ...range, now }, deps.calendar);
  const views = await runPlans(deps, { jobId, plans, lastDay: range.to, now }, progress);
  return { views: [...views, ...idle.map(nothingOf)], notes: notesOf({ plans, idle, removed }, range.from) };
}

interface PlansToRun {
  readonly jobId: string;
  /** Each after its inputs. */
  readonly plans: readonly ViewPlan[];
  /** The local day of the last as-of. */
  readonly lastDay: LocalDate;
  readonly now: Instant;
}

/** Computes the plans, with views side by side where none waits for another. */
export async function runPlans(
  deps: MaterializerDeps,
  { jobId, plans, lastDay, now }: PlansToRun,
  progress: JobProgress,
): Promise<readonly BackfillViewResult[]> {
  const planned = plans.map(({ view }) => view);
  await settleSources(deps, planned, progress.signal);
  const firstDay = deps.calendar.dateOf(Math.min(...plans.map(({ due }) => due[0] ?? now)));
  await deriveInputs(deps.derived, planned, { firstDay, lastDay, now }, progress.signal);
  const parts = splitProgress(
    progress,
    plans.map(({ due }) => due.length),
  );
  return sideBySide(
    planned,
    { most: deps.viewsAtOnce ?? VIEWS_AT_ONCE, signal: progress.signal },
    (_, index, signal) => {
      const { report } = parts[index] as StepProgress;
      return backfillView(deps, plans[index] as ViewPlan, jobId, { signal, report });
    },
  );
}

const backfillView = (
  deps: MaterializerDeps,
  plan: ViewPlan,
  jobId: string,
  asked: JobProgress,
): Promise<BackfillViewResult> =>
  withLease(deps, { view: plan.view, jobId }, asked, async (leased, progress) => {
    const { view } = plan;
    const due = plan.onlyNew ? await withoutHistory(leased, plan.due) : plan.due;
    if (due.length === 0) return nothingOf({ view });
    await settleInputs(leased, view, progress.signal);
    const asOfs = due.slice(await emptyAsOfs(leased, { view, due }));
    const totals = { done: 0, rows: 0, changed: 0, nullKeys: 0, published: 0 };
    const counted: RunRecord['counts'][] = [];
    let failed = 0;
    const published = new Set<number>();
    const last = await throughChunks(leased, asOfs, jobId, progressWithin(progress, 0, 0.9), {
      published(record, rows) {
        published.add(record.id);
        totals.published += rows;
      },
      committed({ counts }) {
        counted.push(counts);
        totals.done += counts?.restated ? 1 : 0;
        totals.rows += counts?.rows ?? 0;
        totals.changed += counts?.changed ?? 0;
        totals.nullKeys += counts?.nullKeys ?? 0;
        failed += counts?.failed ?? 0;
      },
    });
    if (last) {
      const written = { last: await withShards(leased, last), published };
      totals.published += await rewriteOnline(leased, written, progressWithin(progress, 0.9, 1));
    }
    await progress.report(1);
    return {
      view: view.id,
      from: formatInstant(due[0] as Instant),
      to: formatInstant(due.at(-1) as Instant),
      clampedTo: plan.left > 0 ? formatInstant(due.at(-1) as Instant) : null,
      asOfs: due.length,
      empty: due.length - asOfs.length,
      ...totals,
      ...setAsideIn(counted),
      ...(view.origin.kind === 'scores' ? { failed } : {}),
    };
  });

/** The as-ofs, oldest first, that no committed run has computed. */
export async function withoutHistory(
  { ledger, view }: Pick<MaterializerDeps, 'ledger'> & Pick<ViewPlan, 'view'>,
  asOfs: readonly Instant[],
): Promise<readonly Instant[]> {
  const [from, to] = [asOfs[0], asOfs.at(-1)];
  if (from === undefined || to === undefined) return [];
  const done = new Set((await ledger.done(view.id, { from, to })).map(({ asOf }) => asOf));
  return asOfs.filter((asOf) => !done.has(asOf));
}

/**
 * How many of the first as-ofs have no rows, because nothing of what the view reads was known by then. One of them is counted: a query may give
 * a row of nothing.
 */
export async function emptyAsOfs(
  deps: Pick<MaterializerDeps, 'offline' | 'derived' | 'calendar'>,
  { view, due }: Pick<ViewPlan, 'view' | 'due'>,
): Promise<number> {
  const { offline } = deps;
  const first = await offline.firstKnown(view);
  const firstWithData = due.findIndex((asOf) => first !== null && deadlineOf(deps, view, asOf) >= first);
  const empty = firstWithData < 0 ? due.length : firstWithData;
  const last = due[empty - 1];
  if (last === undefined) return 0;
  try {
    return (await offline.estimateRows(view, last, deadlineOf(deps, view, last))).rows === 0 ? empty : 0;
  } catch (cause) {
    // To count took too long, or met a value that the query cannot hold: to compute them has no such limit, and sets that value aside.
    if (cause instanceof RiskgraphError && cause.code !== 'STORE_UNAVAILABLE') return 0;
    throw cause;
  }
}

function checkRange(from: LocalDate, to: LocalDate): void {
  checkDays({ from, to });
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  if (days > MAX_DAYS) {
    throw badInput(
      `the range has ${days} days; at most ${MAX_DAYS} fit one backfill`,
      'ask for it in several parts, oldest first',
    );
  }
}

const nothingOf = ({ view }: Pick<IdleView, 'view'>): BackfillViewResult => ({
  view: view.id,
  from: null,
  to: null,
  clampedTo: null,
  asOfs: 0,
  empty: 0,
  done: 0,
  rows: 0,
  changed: 0,
  published: 0,
  nullKeys: 0,
});

const notDue = ({ view, newest }: IdleView, from: LocalDate): string =>
  `${view.id} has no as-of from ${from} on that is due: the newest is ${formatInstant(newest)}`;

const noneDue = (idle: readonly IdleView[], from: LocalDate) =>
  badInput(
    idle.map((each) => notDue(each, from)).join('; '),
    `begin the range no later; an as-of is due ${[...new Set(idle.map(({ view }) => view.schedule.delay))].join(' or ')} after it`,
  );

/** Says what of the range a backfill leaves out. */
export const notesOf = ({ plans, idle, removed }: BackfillPlan, from: LocalDate): readonly string[] => [
  ...plans.filter(({ left }) => left > 0).map(clamped),
  ...removed.map((each) => `${leftOut(each)}; ${each.removed.hint}`),
  ...idle.map((each) => `${notDue(each, from)}; nothing of it is computed`),
];

const clamped = ({ view, due, left }: ViewPlan): string =>
  `${view.id}: ${left} as-of${left === 1 ? '' : 's'} not due yet left out; the last one is ${formatInstant(due.at(-1) as Instant)}`;

/** Estimates the work of a backfill before it begins. */

import { inputViews } from '../core/compute/view-kinds.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type {
  AsOfsEstimate,
  BackfillEstimate,
  BackfillRange,
  BackfillViewEstimate,
  MissingAsOfs,
} from '../core/ports/materialize.js';
import { emptyAsOfs, notesOf, planBackfill, VIEWS_AT_ONCE, type ViewPlan } from './backfill.js';
import { withMissingInputs } from './missing-as-ofs.js';
import type { MaterializerDeps } from './run-steps.js';
import { readableFrom } from './schedule.js';

/** As-ofs whose rows are counted: the ends and the middle of a range tell a portfolio that grows from one that does not. */
const COUNTED = 3;

/** See Materializer.estimateBackfill. */
export async function estimateBackfill(
  deps: MaterializerDeps,
  range: BackfillRange,
  signal?: AbortSignal,
): Promise<BackfillEstimate> {
  const planned = planBackfill(range, deps.calendar);
  const { plans } = planned;
  const named = new Set(plans.map(({ view }) => view.id));
  const views: BackfillViewEstimate[] = [];
  // Scores begin when the last of their inputs has ended.
  const ends = new Map<string, number>();
  for (const plan of plans) {
    signal?.throwIfAborted();
    // The rows that its inputs get from the same backfill do not exist yet.
    const fed = inputViews(plan.view).some(({ id }) => named.has(id));
    const estimate = await estimateView(deps, plan, fed);
    views.push(estimate);
    ends.set(
      estimate.view,
      Math.max(0, ...inputViews(plan.view).map(({ id }) => ends.get(id) ?? 0)) + (estimate.seconds ?? 0),
    );
  }
  const seconds = views.map((each) => each.seconds);
  const measured = seconds.filter((each) => each !== null);
  const all = measured.reduce((sum, each) => sum + each, 0);
  const atOnce = Math.min(deps.viewsAtOnce ?? VIEWS_AT_ONCE, plans.length);
  return {
    views,
    notes: notesOf(planned, range.from),
    asOfs: views.reduce((sum, each) => sum + each.asOfs, 0),
    rows: views.reduce((sum, each) => sum + each.rows, 0),
    seconds: measured.length < seconds.length ? null : Math.max(all / atOnce, ...ends.values()),
  };
}

async function estimateView(deps: MaterializerDeps, plan: ViewPlan, fed: boolean): Promise<BackfillViewEstimate> {
  const { view, due, left } = plan;
  const [first, last] = [due[0] as Instant, due.at(-1) as Instant];
  const { known, empty, counted, rows } = await rowsOf(deps, plan, fed);
  const asOfsDue = new Set(due);
  const done = (await deps.ledger.done(view.id, { from: first, to: last })).filter(({ asOf }) => asOfsDue.has(asOf));
  const pace = await deps.ledger.pace(view.id);
  return {
    view: view.id,
    from: formatInstant(first),
    to: formatInstant(last),
    clampedTo: left > 0 ? formatInstant(last) : null,
    asOfs: due.length,
    empty,
    done: done.length,
    rows,
    countedAsOfs: counted,
    ...secondsOf(pace, known.length, rows),
  };
}

/** See Materializer.estimateAsOfs. */
export async function estimateAsOfs(
  deps: MaterializerDeps,
  missing: readonly MissingAsOfs[],
  signal?: AbortSignal,
): Promise<readonly AsOfsEstimate[]> {
  const estimates = new Map<string, AsOfsEstimate>();
  for (const { view, asOfs } of await withMissingInputs(deps, missing)) {
    signal?.throwIfAborted();
    const inputs = inputViews(view).flatMap(({ id }) => estimates.get(id) ?? []);
    const { known, rows: counted } = await rowsOf(deps, { view, due: asOfs, left: 0 }, inputs.length > 0);
    // Keys that the inputs get first do not exist yet; a score is made for each of them.
    const rows = Math.max(
      counted,
      ...inputs.map((each) => (each.rows / Math.max(1, each.asOfs.length)) * known.length),
    );
    const { seconds } = secondsOf(await deps.ledger.pace(view.id), known.length, rows);
    if (known.length > 0) estimates.set(view.id, { view, asOfs: known, rows: Math.round(rows), seconds });
  }
  return [...estimates.values()];
}

/** As-ofs of when something was known, and the rows of all of them. */
async function rowsOf(deps: MaterializerDeps, plan: ViewPlan, fed: boolean) {
  const { view, due } = plan;
  const empty = fed ? 0 : await emptyAsOfs(deps, plan);
  const known = due.slice(empty);
  const counted = countedOf(known);
  const points: { readonly at: number; readonly rows: number }[] = [];
  for (const at of counted) {
    const asOf = known[at] as Instant;
    points.push({ at, rows: (await deps.offline.estimateRows(view, asOf, readableFrom(view, asOf))).rows });
  }
  return { known, empty, counted: counted.length, rows: Math.round(between(points)) };
}

const countedOf = (asOfs: readonly Instant[]): readonly number[] =>
  asOfs.length <= COUNTED ? [...asOfs.keys()] : [0, Math.floor((asOfs.length - 1) / 2), asOfs.length - 1];

/** Rows of all as-ofs from those of some: between two of them their number changes by the same amount from one to the next. */
function between(points: readonly { readonly at: number; readonly rows: number }[]): number {
  let sum = points[0]?.rows ?? 0;
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (!from) continue;
    const steps = to.at - from.at;
    for (let step = 1; step <= steps; step++) sum += from.rows + ((to.rows - from.rows) * step) / steps;
  }
  return sum;
}

type Pace = Awaited<ReturnType<MaterializerDeps['ledger']['pace']>>;

/** Seconds per row where earlier runs had rows, else per run. */
function secondsOf(pace: Pace, asOfs: number, rows: number): Pick<BackfillViewEstimate, 'seconds' | 'measuredRuns'> {
  if (pace === null) return { seconds: null, measuredRuns: 0 };
  const seconds = pace.rows > 0 ? (rows / pace.rows) * pace.seconds : (asOfs / pace.runs) * pace.seconds;
  return { seconds, measuredRuns: pace.runs };
}

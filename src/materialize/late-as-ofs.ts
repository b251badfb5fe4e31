/** Finds the as-ofs that rows have come in for since they were computed. */
import { inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { DAY, type Instant } from '../core/helpers/time.js';
import type { Arrival } from '../core/ports/arrivals.js';
import type { DerivedTable } from '../core/ports/derived.js';
import type { ComputedAsOf } from '../core/ports/materialize.js';
import { tablesRead } from './derive-inputs.js';
import type { MaterializerDeps } from './run-steps.js';
import { newestDue, readableFrom } from './schedule.js';

/**
 * The as-ofs of views with a query, within the `days` up to their newest that is due, that an import has touched since their newest run: it brought rows
 * that happened by the as-of, and that the run has not read. Views without one are left out.
 */
export async function lateAsOfs(
  deps: Pick<MaterializerDeps, 'ledger' | 'arrivals' | 'derived' | 'calendar'>,
  views: readonly View[],
  { now, days }: { readonly now: Instant; readonly days: number },
): Promise<readonly { readonly view: View; readonly asOfs: readonly Instant[] }[]> {
  const { ledger, arrivals, derived, calendar } = deps;
  if (views.length === 0 || days === 0) return [];
  const from = Math.min(...views.map((view) => newestDue(view, now, calendar))) - days * DAY;
  const tables = [...new Set(views.flatMap((view) => tablesRead(view, derived)))];
  const came = await arrivals.since(tables, from);
  if (came.length === 0) return [];
  const computed = await ledger.computed(
    views.map(({ id }) => id),
    from,
  );
  return views.flatMap((view) => {
    const after = newestDue(view, now, calendar) - days * DAY;
    const own = computed.filter(({ viewId, asOf }) => viewId === view.id && asOf > after);
    const asOfs = own.filter((run) => came.some((each) => touches(each, run, view, derived))).map(({ asOf }) => asOf);
    return asOfs.length === 0 ? [] : [{ view, asOfs }];
  });
}

/** The newest as-of of a score view, where an input has been published again since its newest run. */
export async function lateScores(
  { ledger, calendar }: Pick<MaterializerDeps, 'ledger' | 'calendar'>,
  view: View,
  now: Instant,
): Promise<readonly Instant[]> {
  const newest = newestDue(view, now, calendar);
  const run = (await ledger.computed([view.id], newest - 1)).find(({ asOf }) => asOf === newest);
  if (!run) return [];
  const inputs = inputViews(view).map(({ id }) => id);
  const isLate = await ledger.republished(inputs, { asOf: readableFrom(view, newest), after: run.knowledge });
  return isLate ? [newest] : [];
}

function touches(arrival: Arrival, run: ComputedAsOf, view: View, derived: readonly DerivedTable[]): boolean {
  if (arrival.firstEvent > run.asOf) return false;
  const { table, seq, lastKnown } = arrival;
  const isUnseen = (known: Instant): boolean => BigInt(seq) > BigInt(run.imports[table] ?? 0) || lastKnown > known;
  const by = derived.filter(({ name, inputs }) => view.sources.includes(name) && inputs.includes(table));
  // A scheduled run reads derived rows as they were derived for its as-of; a republication derives them anew.
  const derivedBy = (each: DerivedTable): Instant =>
    run.kind === 'REPUBLICATION' ? run.knowledge : Math.min(run.knowledge, each.derivedBy(run.asOf));
  return (view.sources.includes(table) && isUnseen(run.knowledge)) || by.some((each) => isUnseen(derivedBy(each)));
}

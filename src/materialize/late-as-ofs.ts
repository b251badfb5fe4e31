/** Finds the as-ofs that rows have come in for since they were computed. */
import { yieldToOthers } from '../core/async.js';
import { inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { DAY, type Instant } from '../core/helpers/time.js';
import { removedFor } from '../core/lending/retention.js';
import type { Arrival } from '../core/ports/arrivals.js';
import type { DerivedTable } from '../core/ports/derived.js';
import type { ComputedAsOf } from '../core/ports/materialize.js';
import { ArrivalIndex } from './arrival-index.js';
import { tablesRead } from './derive-inputs.js';
import type { MaterializerDeps } from './run-steps.js';
import { newestDue, readableFrom } from './schedule.js';

/**
 * The as-ofs of views with a query, within the `days` up to their newest that is due, that an import has touched since their newest run: it brought rows
 * that happened by the as-of, and that the run has not read. Views without one are left out, and so are as-ofs whose rows are removed by now.
 */
export async function lateAsOfs(
  deps: Pick<MaterializerDeps, 'ledger' | 'arrivals' | 'derived' | 'calendar'>,
  views: readonly View[],
  { now, days }: { readonly now: Instant; readonly days: number },
): Promise<readonly { readonly view: View; readonly asOfs: readonly Instant[] }[]> {
  const { ledger, arrivals, derived, calendar } = deps;
  if (views.length === 0) return [];
  const from = Math.min(...views.map((view) => newestDue(view, now, calendar))) - days * DAY;
  const tables = [...new Set(views.flatMap((view) => tablesRead(view, derived)))];
  const came = byTable(await arrivals.since(tables, from));
  if (came.size === 0) return [];
  const computed = await ledger.computed(
    views.map(({ id }) => id),
    from,
  );
  const late: { readonly view: View; readonly asOfs: readonly Instant[] }[] = [];
  for (const view of views) {
    await yieldToOthers();
    const after = newestDue(view, now, calendar) - days * DAY;
    const own = computed.filter(({ viewId, asOf }) => viewId === view.id && asOf > after);
    const removed = removedFor(view, now, calendar);
    const asOfs = own
      .filter((run) => isLate(run, view, { came, derived }) && removed(run.asOf) === null)
      .map(({ asOf }) => asOf);
    if (asOfs.length > 0) late.push({ view, asOfs });
  }
  return late;
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

function byTable(arrivals: readonly Arrival[]): ReadonlyMap<string, ArrivalIndex> {
  const tables = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    const own = tables.get(arrival.table);
    if (own) own.push(arrival);
    else tables.set(arrival.table, [arrival]);
  }
  return new Map([...tables].map(([table, own]) => [table, new ArrivalIndex(own)]));
}

interface Came {
  readonly came: ReadonlyMap<string, ArrivalIndex>;
  readonly derived: readonly DerivedTable[];
}

function isLate(
  { asOf, knowledge, kind, imports, derivedAnew }: ComputedAsOf,
  view: View,
  { came, derived }: Came,
): boolean {
  const firstUnseen = (table: string, known: Instant): Instant =>
    came.get(table)?.firstUnseen({ seq: imports[table] ?? '0', known }) ?? Number.POSITIVE_INFINITY;
  return view.sources.some((name) => {
    if (firstUnseen(name, knowledge) <= asOf) return true;
    const table = derived.find((each) => each.name === name);
    if (!table) return false;
    // A scheduled run reads derived rows as they were derived for its as-of; a republication, and one that has waited, derives them anew.
    const known = kind === 'REPUBLICATION' || derivedAnew ? knowledge : Math.min(knowledge, table.derivedBy(asOf));
    const until = table.derivedUntil(asOf);
    return table.inputs.some((input) => firstUnseen(input, known) < until);
  });
}

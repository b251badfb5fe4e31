/** When the run of an as-of may begin: a view waits for the days of the tables that it reads to be whole, up to its deadline. */
import { nextAsOf } from '../core/compute/next-as-of.js';
import { inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { addDays, type Instant } from '../core/helpers/time.js';
import type { MissingDay } from '../core/ports/completeness.js';
import { tablesRead } from './derive-inputs.js';
import type { MaterializerDeps } from './run-steps.js';
import { newestDue, readableFrom } from './schedule.js';

export type ReadinessDeps = Pick<MaterializerDeps, 'completeness' | 'derived' | 'calendar'>;

export interface Readiness {
  /** When its scheduled run begins: once every day is whole, but neither before its delay nor after its deadline. */
  readonly startsAt: Instant;
  /** Whether it began later than its delay, for the sake of a day that was not whole. */
  readonly hasWaited: boolean;
  /** What a run knows that begins at an instant: no more than the scheduled one. */
  knowledgeAt(now: Instant): Instant;
  /** The days that were not whole at an instant. */
  missingAt(instant: Instant): readonly MissingDay[];
}

/** The latest instant at which the scheduled run of an as-of begins. Scores wait as long as what they are made of. */
export function deadlineOf(deps: Pick<ReadinessDeps, 'derived' | 'calendar'>, view: View, asOf: Instant): Instant {
  const earliest = readableFrom(view, asOf);
  const inputs = waitedInputs(deps, view, asOf).map((input) => deadlineOf(deps, input.view, input.asOf));
  const latest = Math.max(earliest, asOf + waitOf(deps, view), ...inputs);
  return Math.min(latest, readableFrom(view, nextAsOf(view, asOf, deps.calendar)));
}

/**
 * Asks when the run of each as-of begins. A view that reads no table with a promise costs nothing.
 * @returns in the order of the as-ofs
 */
export async function readinessOf(
  deps: ReadinessDeps,
  view: View,
  asOfs: readonly Instant[],
): Promise<readonly Readiness[]> {
  const needed = asOfs.map((asOf) => daysNeeded(deps, view, asOf));
  const daysOf = new Map<string, Set<string>>();
  for (const { table, day } of needed.flat()) daysOf.set(table, (daysOf.get(table) ?? new Set()).add(day));
  const since = new Map(
    await Promise.all(
      [...daysOf].map(async ([table, days]) => [table, await deps.completeness.wholeSince(table, [...days])] as const),
    ),
  );
  const wholeAt = ({ table, day }: MissingDay): Instant => since.get(table)?.get(day) ?? Number.POSITIVE_INFINITY;
  return asOfs.map((asOf, index): Readiness => {
    const own = needed[index] as readonly MissingDay[];
    const earliest = readableFrom(view, asOf);
    const startsAt = Math.min(deadlineOf(deps, view, asOf), Math.max(earliest, ...own.map(wholeAt)));
    return {
      startsAt,
      hasWaited: startsAt > earliest,
      knowledgeAt: (now) => Math.max(earliest, Math.min(now, startsAt)),
      missingAt: (instant) => own.filter((each) => wholeAt(each) > instant),
    };
  });
}

export async function readiness(deps: ReadinessDeps, view: View, asOf: Instant): Promise<Readiness> {
  const [one] = await readinessOf(deps, view, [asOf]);
  return one as Readiness;
}

/** The source tables that the view reads, by way of derived ones too, that promise their days, each with its promise. */
function promises(
  { derived }: Pick<ReadinessDeps, 'derived'>,
  view: View,
): readonly { readonly table: string; readonly within: number }[] {
  const { origin } = view;
  if (origin.kind !== 'query') return [];
  return tablesRead(view, derived).flatMap((table) => {
    const promise = origin.tables.find(table)?.completeness;
    return promise ? [{ table, within: promise.within }] : [];
  });
}

/** How long after an as-of the view waits by itself. */
function waitOf(deps: Pick<ReadinessDeps, 'derived'>, view: View): number {
  const promised = promises(deps, view);
  if (promised.length === 0) return 0;
  // A day's file is nothing for which the hours of the day stand still.
  return view.deadlineMs ?? (view.schedule.every === 'day' ? Math.max(...promised.map(({ within }) => within)) : 0);
}

/** The views, with the as-ofs, of which scores are made. An hourly one has a next as-of by the time that the scores are due. */
const waitedInputs = ({ calendar }: Pick<ReadinessDeps, 'calendar'>, view: View, asOf: Instant) =>
  inputViews(view)
    .filter(({ schedule }) => schedule.every === 'day')
    .map((input) => ({ view: input, asOf: newestDue(input, readableFrom(view, asOf), calendar) }));

/** The last day that is over at the as-of, of each table that promises it. */
function daysNeeded(
  deps: Pick<ReadinessDeps, 'derived' | 'calendar'>,
  view: View,
  asOf: Instant,
): readonly MissingDay[] {
  const day = addDays(deps.calendar.dateOf(asOf), -1);
  const own = promises(deps, view).map(({ table }) => ({ table, day }));
  const ofInputs = waitedInputs(deps, view, asOf).flatMap((input) => daysNeeded(deps, input.view, input.asOf));
  const all = [...own, ...ofInputs];
  return all.filter(
    ({ table, day: of }, index) => all.findIndex((each) => each.table === table && each.day === of) === index,
  );
}

import { nextAsOf } from '../core/compute/next-as-of.js';
import type { View } from '../core/definitions/definitions.js';
import type { Instant } from '../core/helpers/time.js';
import type { ViewWaits } from '../core/ports/catalogue.js';
import type { RunLedger } from '../core/ports/materialize.js';
import { type ReadinessDeps, readiness } from './readiness.js';
import { newestDue, readableFrom } from './schedule.js';

/**
 * Seconds for which each view has been due: since the oldest as-of after its newest committed live run, or, for a view that has never run,
 * since its newest. 0 where nothing is due, or it waits for days to be whole.
 */
export async function lateness(
  deps: ReadinessDeps & { readonly ledger: Pick<RunLedger, 'committed'> },
  views: readonly View[],
  now: Instant,
): Promise<ReadonlyMap<string, number>> {
  const { ledger, calendar } = deps;
  const committed = await ledger.committed(views.map(({ id }) => id));
  const late = views.map(async (view) => {
    const done = committed.get(view.id);
    const newest = newestDue(view, now, calendar);
    const missing = done === undefined ? newest : nextAsOf(view, done, calendar);
    if (missing > newest) return [view.id, 0] as const;
    const { startsAt } = await readiness(deps, view, missing);
    return [view.id, Math.max(0, now - startsAt) / 1_000] as const;
  });
  return new Map(await Promise.all(late));
}

/** What each view waits for at an instant, and which days its newest values lack. */
export async function waits(
  deps: ReadinessDeps & { readonly ledger: Pick<RunLedger, 'committed' | 'newest'> },
  views: readonly View[],
  now: Instant,
): Promise<ReadonlyMap<string, ViewWaits>> {
  const { ledger, calendar } = deps;
  const ids = views.map(({ id }) => id);
  const [committed, newest] = await Promise.all([ledger.committed(ids), ledger.newest(ids)]);
  const each = views.map(async (view) => {
    const incomplete = newest.find(({ viewId }) => viewId === view.id)?.incomplete ?? [];
    const due = newestDue(view, now, calendar);
    const { startsAt, missingAt } = await readiness(deps, view, due);
    const isWaiting = due > (committed.get(view.id) ?? Number.NEGATIVE_INFINITY) && now < startsAt;
    const waiting = isWaiting
      ? { waitsFor: missingAt(now), waitsUntil: startsAt, waitsSince: readableFrom(view, due) }
      : { waitsFor: [], waitsUntil: null, waitsSince: null };
    return [view.id, { ...waiting, incomplete }] as const;
  });
  return new Map(await Promise.all(each));
}

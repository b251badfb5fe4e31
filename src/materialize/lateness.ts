import { nextAsOf } from '../core/compute/next-as-of.js';
import type { View } from '../core/definitions/definitions.js';
import type { BusinessCalendar, Instant } from '../core/helpers/time.js';
import type { RunLedger } from '../core/ports/materialize.js';
import { newestDue, readableFrom } from './schedule.js';

/**
 * Seconds for which each view has been due: since the oldest as-of after its newest committed live run, or, for a view that has never run,
 * since its newest. 0 where nothing is due.
 */
export async function lateness(
  { ledger, calendar }: { readonly ledger: Pick<RunLedger, 'committed'>; readonly calendar: BusinessCalendar },
  views: readonly View[],
  now: Instant,
): Promise<ReadonlyMap<string, number>> {
  const committed = await ledger.committed(views.map(({ id }) => id));
  return new Map(
    views.map((view) => {
      const done = committed.get(view.id);
      const newest = newestDue(view, now, calendar);
      const missing = done === undefined ? newest : nextAsOf(view, done, calendar);
      return [view.id, missing > newest ? 0 : Math.max(0, now - readableFrom(view, missing)) / 1_000];
    }),
  );
}

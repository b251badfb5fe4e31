import { withinMaxAge } from '../core/compute/status.js';
import type { View } from '../core/definitions/definitions.js';
import type { Instant } from '../core/helpers/time.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import type { OfflineReader } from '../core/ports/offline.js';

/** How old the newest value of each view is at `now`, in one statement. */
export async function freshness(
  offline: Pick<OfflineReader, 'viewsStats'>,
  views: readonly View[],
  now: Instant,
): Promise<ViewFreshness[]> {
  const stats = await offline.viewsStats(views, now);
  return views.map((view, index) => {
    const { lastEventTime = null, keys = 0 } = stats[index] ?? {};
    return {
      view: view.id,
      lastEventTime,
      lagSeconds: lastEventTime === null ? null : Math.max(0, now - lastEventTime) / 1_000,
      stale: lastEventTime === null || !withinMaxAge(view, lastEventTime, now),
      keys,
    };
  });
}

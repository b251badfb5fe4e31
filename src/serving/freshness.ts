import type { ViewFreshness } from '../core/catalogue.js';
import type { View } from '../core/definitions.js';
import type { OfflineStore } from '../core/ports.js';
import { withinMaxAge } from '../core/status.js';
import type { Instant } from '../core/time.js';

/** How old the newest value of each view is at `now`, in one statement. */
export async function freshness(
  offline: Pick<OfflineStore, 'viewsStats'>,
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

import type { ViewFreshness } from '../core/catalogue.js';
import type { View } from '../core/definitions.js';
import type { OfflineStore } from '../core/ports.js';
import { withinMaxAge } from '../core/status.js';
import type { Instant } from '../core/time.js';

/** How old the newest value of each view is at `now`. */
export const freshness = (
  offline: Pick<OfflineStore, 'viewStats'>,
  views: readonly View[],
  now: Instant,
): Promise<ViewFreshness[]> =>
  Promise.all(
    views.map(async (view) => {
      const { lastEventTime, keys } = await offline.viewStats(view, now);
      return {
        view: view.id,
        lastEventTime,
        lagSeconds: lastEventTime === null ? null : Math.max(0, now - lastEventTime) / 1_000,
        stale: lastEventTime === null || !withinMaxAge(view, lastEventTime, now),
        keys,
      };
    }),
  );

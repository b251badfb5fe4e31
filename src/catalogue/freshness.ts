import { withinMaxAge } from '../core/compute/status.js';
import type { View } from '../core/definitions/definitions.js';
import type { Instant } from '../core/helpers/time.js';
import type { ViewFreshness, ViewWaits } from '../core/ports/catalogue.js';
import type { OfflineReader } from '../core/ports/offline.js';

const NO_WAIT: ViewWaits = { waitsFor: [], waitsSince: null, waitsUntil: null, incomplete: [] };

/** How old the newest value of each view is at `now`, in one statement, and what the next one waits for. */
export async function freshness(
  {
    offline,
    waits,
  }: {
    readonly offline: Pick<OfflineReader, 'viewsStats'>;
    readonly waits: (views: readonly View[], now: Instant) => Promise<ReadonlyMap<string, ViewWaits>>;
  },
  views: readonly View[],
  now: Instant,
): Promise<ViewFreshness[]> {
  const [stats, waiting] = await Promise.all([offline.viewsStats(views, now), waits(views, now)]);
  return views.map((view, index) => {
    const { lastEventTime = null, keys = 0 } = stats[index] ?? {};
    return {
      view: view.id,
      lastEventTime,
      lagSeconds: lastEventTime === null ? null : Math.max(0, now - lastEventTime) / 1_000,
      stale: lastEventTime === null || !withinMaxAge(view, lastEventTime, now),
      keys,
      ...(waiting.get(view.id) ?? NO_WAIT),
    };
  });
}

import type { View } from '../core/definitions/definitions.js';
import { type Instant, MINUTE } from '../core/helpers/time.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import type { FeatureProfiles } from '../core/ports/feature-profiles.js';
import type { Clock, Metrics } from '../core/ports/process.js';

/** Scrapers may come every few seconds; what they read changes a few times a day. */
const EVERY_MS = MINUTE;

/**
 * Reports, of every view that is applied, how old its newest values are and, of every feature, the NULLs among its newest: two statements,
 * once a minute at most. What gauges said of a view that is retired goes with the next report.
 */
export function createCatalogueMetrics(options: {
  readonly views: () => readonly View[];
  readonly freshness: (views: readonly View[]) => Promise<readonly ViewFreshness[]>;
  readonly profiles: Pick<FeatureProfiles, 'newest'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
}): () => Promise<void> {
  const { metrics, clock } = options;
  let told = new Set<string>();
  let latest: { readonly at: Instant; readonly done: Promise<void> } | undefined;

  const report = async (): Promise<void> => {
    const views = options.views();
    const now = new Set(views.map(({ id }) => id));
    // Retired since, by whatever process: its last lag would stand there, and alarm, until a restart.
    for (const view of told) if (!now.has(view)) metrics.forget?.({ view });
    told = now;
    const [fresh, newest] = await Promise.all([options.freshness(views), options.profiles.newest(views)]);
    for (const { view, lagSeconds, stale, keys } of fresh) {
      if (lagSeconds !== null) metrics.gauge('view_lag_seconds', lagSeconds, { view });
      metrics.gauge('view_stale', stale ? 1 : 0, { view });
      metrics.gauge('view_keys', keys, { view });
    }
    for (const { reference, nullRate } of newest.values()) {
      const [view = '', feature = ''] = reference.split(':');
      if (nullRate !== null) metrics.gauge('feature_null_ratio', nullRate, { view, feature });
    }
  };

  return () => {
    // Whoever comes before the next is told how the last one went: gauges that could not be read are not fresh until then.
    if (latest === undefined || clock() - latest.at >= EVERY_MS) latest = { at: clock(), done: report() };
    return latest.done;
  };
}

import type { View } from '../core/definitions/definitions.js';
import { type BusinessCalendar, type Instant, MINUTE } from '../core/helpers/time.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import type { TableCompleteness } from '../core/ports/completeness.js';
import type { FeatureProfiles } from '../core/ports/feature-profiles.js';
import type { Clock, Metrics } from '../core/ports/process.js';

/** Scrapers may come every few seconds; what they read changes a few times a day. */
const EVERY_MS = MINUTE;

/**
 * Reports the age of each applied view's newest values, for how long it has been due, or waits for which table, the share of NULLs of each feature, and through which day
 * source tables are whole, once a minute at most.
 * The next report drops the gauges of a retired view.
 */
export function createCatalogueMetrics(options: {
  readonly views: () => readonly View[];
  readonly freshness: (views: readonly View[]) => Promise<readonly ViewFreshness[]>;
  /** Seconds for which each view has been due. */
  readonly lateness: (views: readonly View[]) => Promise<ReadonlyMap<string, number>>;
  readonly profiles: Pick<FeatureProfiles, 'newest'>;
  readonly tables: () => Promise<readonly (TableCompleteness | Error)[]>;
  readonly metrics: Metrics;
  readonly calendar: BusinessCalendar;
  readonly clock: Clock;
}): () => Promise<void> {
  const { metrics, calendar, clock } = options;
  const reportTable = ({ table, through, lateSeconds }: TableCompleteness): void => {
    if (through !== null) {
      metrics.gauge('source_complete_through_seconds', (calendar.endOfDay(through) + 1) / 1_000, { table });
    }
    if (lateSeconds !== null) metrics.gauge('source_late_seconds', lateSeconds, { table });
  };
  let waited: readonly { readonly view: string; readonly table: string }[] = [];
  /** For how long each view waits for each table, at an instant. */
  const reportWaits = (views: readonly ViewFreshness[], now: Instant): void => {
    for (const labels of waited) metrics.forget?.(labels);
    waited = views.flatMap(({ view, waitsFor, waitsSince }) =>
      waitsFor.map(({ table }) => {
        metrics.gauge('view_waiting_seconds', (now - (waitsSince ?? now)) / 1_000, { view, table });
        return { view, table };
      }),
    );
  };
  let reported = new Set<string>();
  let latest: { readonly at: Instant; readonly done: Promise<void> } | undefined;

  const report = async (): Promise<void> => {
    const views = options.views();
    const now = new Set(views.map(({ id }) => id));
    // A view that any process retired: its last lag would stay, and alarm, until a restart.
    for (const view of reported) if (!now.has(view)) metrics.forget?.({ view });
    reported = now;
    const [fresh, newest, late, tables] = await Promise.all([
      options.freshness(views),
      options.profiles.newest(views),
      options.lateness(views),
      options.tables(),
    ]);
    for (const [view, seconds] of late) metrics.gauge('view_late_seconds', seconds, { view });
    for (const { view, lagSeconds, stale, keys } of fresh) {
      if (lagSeconds !== null) metrics.gauge('view_lag_seconds', lagSeconds, { view });
      metrics.gauge('view_stale', stale ? 1 : 0, { view });
      metrics.gauge('view_keys', keys, { view });
    }
    reportWaits(fresh, clock());
    for (const { reference, nullRate } of newest.values()) {
      const [view = '', feature = ''] = reference.split(':');
      if (nullRate !== null) metrics.gauge('feature_null_ratio', nullRate, { view, feature });
    }
    for (const each of tables) if (!(each instanceof Error)) reportTable(each);
    // After all others are reported: it is theirs alone that cannot be read.
    const failed = tables.find((each) => each instanceof Error);
    if (failed) throw failed;
  };

  return () => {
    // A scrape before the next report gets the outcome of the last one: gauges that could not be read are not fresh until then.
    if (latest === undefined || clock() - latest.at >= EVERY_MS) latest = { at: clock(), done: report() };
    return latest.done;
  };
}

import type { Indicator } from '../core/definitions/definitions.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { OfflineQuery } from '../core/ports/offline.js';
import { dataThroughSql, indicatorSql } from './sql.js';

/** Any days give the same statement. */
const DAYS = { from: '2026-01-01', to: '2026-01-31' } as const;

/** Runs what a report of the indicator by all of its dimensions asks. Throws what the store says against it. */
export async function tryIndicator(
  indicator: Indicator,
  store: OfflineQuery,
  calendar: BusinessCalendar,
): Promise<void> {
  const knowledge = calendar.startOfDay(DAYS.to);
  const by = Object.keys(indicator.dimensions);
  const report = indicatorSql(
    { indicator, by, grain: indicator.finestGrain, window: DAYS, filters: [], knowledge },
    calendar,
  );
  for (const statement of [report, dataThroughSql(indicator, knowledge, calendar)]) {
    await store.select({ label: 'indicator-try', ...statement.render() });
  }
}

import type { Indicator } from '../core/definitions/definitions.js';
import type { Sql } from '../core/definitions/sql.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { OfflineQuery, OfflineReader } from '../core/ports/offline.js';
import { dataThroughSql, indicatorSql } from './sql.js';

/** Any days give the same statement. */
const DAYS = { from: '2026-01-01', to: '2026-01-31' } as const;

/** What a report of the indicator by all of its dimensions asks. */
function statementsOf(indicator: Indicator, calendar: BusinessCalendar): readonly Sql[] {
  const knowledge = calendar.startOfDay(DAYS.to);
  const by = Object.keys(indicator.dimensions);
  const report = indicatorSql(
    { indicator, by, grain: indicator.finestGrain, window: DAYS, filters: [], knowledge },
    calendar,
  );
  return [report, dataThroughSql(indicator, knowledge, calendar)];
}

/** Runs what a report of the indicator asks. Throws what the store says against it. */
export async function tryIndicator(
  indicator: Indicator,
  store: OfflineQuery,
  calendar: BusinessCalendar,
): Promise<void> {
  for (const statement of statementsOf(indicator, calendar)) {
    await store.select({ label: 'indicator-try', ...statement.render() });
  }
}

/** Plans what a report of the indicator asks, without running it. Returns what the engine says against it, null where it would run. */
export async function planIndicator(
  indicator: Indicator,
  offline: Pick<OfflineReader, 'planSelect'>,
  calendar: BusinessCalendar,
): Promise<string | null> {
  for (const statement of statementsOf(indicator, calendar)) {
    const words = await offline.planSelect(statement);
    if (words !== null) return words;
  }
  return null;
}

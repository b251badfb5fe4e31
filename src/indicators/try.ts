import type { Fact, FactRows, Indicator } from '../core/definitions/definitions.js';
import type { Sql } from '../core/definitions/sql.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { OfflineQuery, OfflineReader } from '../core/ports/offline.js';
import { readingsOf } from './readings.js';
import { dataThroughSql, type Reading, type ReadingScope, readingSql } from './sql.js';

/** Any days give the same statement. */
const DAYS = { from: '2026-01-01', to: '2026-01-31' } as const;

/** What a report of all measures by all dimensions asks, first the numbers and then how far they reach; nothing where a fact asks it. */
export function statementsOf(
  reported: Fact | Indicator,
  calendar: BusinessCalendar,
  { window, knowledge, grain }: Partial<Pick<ReadingScope, 'window' | 'knowledge' | 'grain'>> = {},
): readonly Sql[] {
  const known = knowledge ?? calendar.startOfDay(DAYS.to);
  // What an indicator measures of facts is tried with them.
  if ('shape' in reported && reported.shape !== null && !reported.spread && !reported.funnel) return [];
  const readings = 'measures' in reported ? [wholeOf(reported)] : readingsOf([reported]).readings;
  return readings.flatMap((reading) => {
    const { rows } = reading;
    const by = Object.keys(rows.dimensions);
    const scope = { by, grain: grain ?? rows.finestGrain, window: window ?? DAYS, filters: [], knowledge: known };
    return [readingSql(reading, scope, calendar), dataThroughSql(rows, known, calendar)];
  });
}

const wholeOf = (fact: Fact): Reading => {
  const measures = Object.values(fact.measures);
  const rows: FactRows = fact;
  return {
    label: fact.name,
    rows,
    cumulative: false,
    spread: null,
    measures: measures.map(({ expression }) => expression),
    matures: [...new Set(measures.flatMap(({ matures }) => matures ?? []))],
  };
};

/** Runs what a report of a fact or an indicator asks. Throws what the store says against it. */
export async function tryReport(
  reported: Fact | Indicator,
  store: OfflineQuery,
  calendar: BusinessCalendar,
): Promise<void> {
  for (const statement of statementsOf(reported, calendar)) {
    await store.select({ label: 'indicator-try', ...statement.render() });
  }
}

/** Plans what a report of a fact or an indicator asks, without running it. Returns what the engine says against it, null where it would run. */
export async function planReport(
  reported: Fact | Indicator,
  offline: Pick<OfflineReader, 'planSelect'>,
  calendar: BusinessCalendar,
): Promise<string | null> {
  for (const statement of statementsOf(reported, calendar)) {
    const words = await offline.planSelect(statement);
    if (words !== null) return words;
  }
  return null;
}

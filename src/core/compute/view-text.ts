/** The text of a definition's query, the same for every day, by which two versions are compared. */

import type { IndicatorQueryContext } from '../definitions/define-indicator.js';
import type { FeatureViewSpec, ViewQueryContext } from '../definitions/define-view.js';
import type { Indicator } from '../definitions/definitions.js';
import { raw, sql } from '../definitions/sql.js';

/** Renders tables as calls and instants by their meaning, so that another window or table is another text. */
const CONTEXT: ViewQueryContext = {
  source: (table, { where } = {}) => (where ? sql`source(${raw(table)} WHERE ${where})` : raw(`source(${table})`)),
  asOf: {
    instant: raw('asOf'),
    date: raw('asOfDate'),
    minusDays: (days) => raw(`asOfMinusDays(${days})`),
    minusMonths: (months) => raw(`asOfMinusMonths(${months})`),
  },
  timezone: raw('timezone'),
};

/** The text of a view's query. */
export function queryText(build: FeatureViewSpec['query']): string {
  const { query, params } = build(CONTEXT).render();
  return `${query.replace(/\s+/g, ' ').trim()} ${JSON.stringify(params)}`;
}

/** The source tables that an indicator reads, sorted. */
export function indicatorSources(indicator: Pick<Indicator, 'from'>): readonly string[] {
  const tables = new Set<string>();
  const context: IndicatorQueryContext = {
    ...CONTEXT,
    source: (table) => {
      tables.add(table);
      return raw(`(${table})`);
    },
  };
  indicator.from(context).render();
  return [...tables].sort();
}

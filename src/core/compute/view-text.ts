/** The text of a definition's query, the same whatever day it is run for: what two versions are compared by. */

import type { IndicatorQueryContext } from '../definitions/define-indicator.js';
import type { ViewQueryContext } from '../definitions/define-view.js';
import type { Indicator, View } from '../definitions/definitions.js';
import { raw, sql } from '../definitions/sql.js';
import { SOURCE_TABLES, type SourceColumn } from '../lending/sources.js';
import type { AnyView } from '../ports/browse.js';

/** Tables stand as calls and instants as what they are, so that another window or table is another text. */
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

/** Null for a view that has no query: it shows the scores of a model, or is computed on demand. */
export function viewText({ origin }: Pick<AnyView, 'origin'>): string | null {
  if (origin.kind !== 'query') return null;
  const { query, params } = origin.query(CONTEXT).render();
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

/** Columns of the view's source tables that its query names; two tables may have one of a name. */
export function columnsNamed(view: Pick<View, 'origin' | 'sources'>): readonly Pick<SourceColumn, 'name' | 'pii'>[] {
  const words = new Set((viewText(view) ?? '').match(/\w+/g) ?? []);
  const columns = view.sources.flatMap((table) => SOURCE_TABLES.get(table)?.columns ?? []);
  return columns.filter(({ name }) => words.has(name));
}

/** The text of a definition's query, the same for every day, by which two versions are compared. */

import type { FactSpec } from '../definitions/define-fact.js';
import type { IndicatorQueryContext } from '../definitions/define-indicator.js';
import type { FeatureViewSpec, ViewQueryContext } from '../definitions/define-view.js';
import { raw, sql } from '../definitions/sql.js';
import { spanText } from '../helpers/span.js';

/** Renders tables as calls and instants by their meaning, so that another window or table is another text. */
const CONTEXT: ViewQueryContext = {
  source: (table, { where, columns, within } = {}) => {
    const read = `${table}${columns ? `(${columns.join(', ')})` : ''}${within ? ` within ${spanText(within)}` : ''}`;
    return where ? sql`source(${raw(read)} WHERE ${where})` : raw(`source(${read})`);
  },
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

/** The text of a fact's query, or of an indicator's own. */
export function rowsText(from: FactSpec['from']): string {
  const context: IndicatorQueryContext = {
    ...CONTEXT,
    source: (table, { dated = false, where } = {}) => {
      const read = where ? sql`${raw(table)} WHERE ${where}` : raw(table);
      return sql`source(${read}${raw(dated ? ', dated' : '')})`;
    },
  };
  const { query, params } = from(context).render();
  return `${query.replace(/\s+/g, ' ').trim()} ${JSON.stringify(params)}`;
}

import type { View } from '../../core/definitions/definitions.js';
import { instantSql, join, param, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import { keyFilterOf } from '../../core/lending/source-where.js';
import type { SourceTable } from '../../core/lending/sources.js';

export interface ViewQueryOptions {
  readonly asOf: Instant;
  readonly knowledge: Instant;
  /** Of each source only the rows `v` that it lets through are read: a part of the keys, whose versions may belong to different ones. */
  readonly sampled?: Sql | undefined;
  /** Which newest rows `v` of a source the query reads; null: all. */
  readonly kept?: ((table: string) => Sql | null) | undefined;
  /** As if no row had been deleted. */
  readonly undeleted?: boolean;
}

/** The query of a view for one as-of, reading only what was known by `knowledge`. */
export function viewQuery(
  view: View,
  { asOf, knowledge, sampled, kept, undeleted = false }: ViewQueryOptions,
  calendar: BusinessCalendar,
): Sql {
  const { origin } = view;
  if (origin.kind !== 'query') throw new RiskgraphError({ code: 'INTERNAL', message: `${view.id} has no query` });
  const instant = instantSql(asOf);
  return origin.query({
    source: (name, { where, columns, within } = {}) => {
      const table = origin.tables.get(name);
      const filters = [...(where ? [keyFilterOf(table, where)] : []), ...(sampled ? [sampled] : [])];
      const rowFilter = kept?.(name);
      return sourceSelect(table, {
        asOf: instant,
        knowledge: instantSql(knowledge),
        timezone: calendar.timezone,
        undeleted,
        columns,
        ...(within && { after: instantSql(calendar.back(asOf, within)) }),
        ...(filters.length > 0 && { keyFilter: join(filters, ' AND ') }),
        ...(rowFilter && { rowFilter }),
      });
    },
    asOf: {
      instant,
      date: sql`${param('Date', calendar.dateOf(asOf))}`,
      minusDays: (days) => instantSql(calendar.back(asOf, { days })),
      minusMonths: (months) => instantSql(calendar.back(asOf, { months })),
    },
    timezone: sql`${calendar.timezone}`,
  });
}

/** A source table of a view by its name. */
export function sourceOf({ id, origin }: View, name: string): SourceTable {
  if (origin.kind !== 'query') throw new RiskgraphError({ code: 'INTERNAL', message: `${id} has no query` });
  return origin.tables.get(name);
}

/** The sources of a view that say of each row whose it is. */
export const keyedSources = (view: View): readonly string[] =>
  view.sources.filter((name) => {
    const columns = new Set(sourceOf(view, name).columns.map((column) => column.name));
    return view.entity.joinKeys.every((key) => columns.has(key));
  });

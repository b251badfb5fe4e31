import { kindOf } from '../../core/compute/view-kinds.js';
import type { View } from '../../core/definitions/definitions.js';
import { instantSql, join, param, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import { keyFilterOf } from '../../core/lending/source-where.js';

/**
 * The query of a view for one as-of, reading only what was known by `knowledge`; of each source only the rows `v` that `sampled` lets through;
 * `undeleted` as if no row had been deleted.
 */
export function viewQuery(
  view: View,
  {
    asOf,
    knowledge,
    sampled,
    undeleted = false,
  }: {
    readonly asOf: Instant;
    readonly knowledge: Instant;
    readonly sampled?: Sql | undefined;
    readonly undeleted?: boolean;
  },
  calendar: BusinessCalendar,
): Sql {
  const query = kindOf(view).query(view);
  if (!query) throw new RiskgraphError({ code: 'INTERNAL', message: `${view.id} has no query` });
  const instant = instantSql(asOf);
  return query({
    source: (table, { where } = {}) => {
      const filters = [...(where ? [keyFilterOf(table, where)] : []), ...(sampled ? [sampled] : [])];
      return sourceSelect(table, {
        asOf: instant,
        knowledge: instantSql(knowledge),
        timezone: calendar.timezone,
        undeleted,
        ...(filters.length > 0 && { keyFilter: join(filters, ' AND ') }),
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

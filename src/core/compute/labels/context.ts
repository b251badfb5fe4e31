/** What the SQL of a label is built from. */
import type { LabelQueryContext } from '../../definitions/define-label.js';
import type { Label } from '../../definitions/definitions.js';
import { instantSql, param, type Sql, sql } from '../../definitions/sql.js';
import type { Instant, LocalDate } from '../../helpers/time.js';
import { sourceSelect } from '../../lending/source-sql.js';
import { keyFilterOf } from '../../lending/source-where.js';

export interface LabelRange {
  /** First and last local day of the observations. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  /** What is ingested later is not seen. */
  readonly knowledge: Instant;
  /** IANA name of the portfolio's zone. */
  readonly timezone: string;
}

export function labelContext({ tables }: Pick<Label, 'tables'>, range: LabelRange): LabelQueryContext {
  const { from, to, knowledge, timezone } = range;
  const known = instantSql(knowledge);
  return {
    source: (name, { where, columns } = {}) => {
      const table = tables.get(name);
      return sourceSelect(table, {
        asOf: known,
        knowledge: known,
        timezone,
        columns,
        ...(where && { keyFilter: keyFilterOf(table, where) }),
      });
    },
    from: sql`${param('Date', from)}`,
    to: sql`${param('Date', to)}`,
    timezone: sql`${timezone}`,
  };
}

/** DateTime64(3,'UTC'): the first millisecond of a local day. */
export const startOfDay = (day: Sql, timezone: Sql): Sql =>
  sql`toTimeZone(toDateTime64(${day}, 3, ${timezone}), 'UTC')`;

/** DateTime64(3,'UTC'): the last millisecond of a local day. */
export const endOfDay = (day: Sql, timezone: Sql): Sql =>
  sql`(${startOfDay(sql`${day} + 1`, timezone)} - INTERVAL 1 MILLISECOND)`;

import { ident, join, param, raw, type Sql, sql } from '../definitions/sql.js';
import { badInput } from '../errors.js';
import type { Span } from '../helpers/span.js';
import { storedRows } from './source-ddl.js';
import type { SourceTable } from './sources.js';

export interface SourceSelectOptions {
  /** DateTime64(3,'UTC'): rows that happened later are left out; null leaves none out. */
  readonly asOf: Sql | null;
  /** DateTime64(3,'UTC'): versions ingested later are not seen. A version ingested at this very instant is. */
  readonly knowledge: Sql;
  /** Sequence of an import, decimal: versions that a later one brought are not seen, whatever their ingested_at says. */
  readonly through?: string;
  /** IANA name of the portfolio's zone, in which days and months end. */
  readonly timezone: string;
  /** Shows rows that were deleted as they last were. */
  readonly undeleted?: boolean;
  /** A condition on key columns of the stored row `v`; rows that it leaves out are not read. On other columns it would choose among versions. */
  readonly keyFilter?: Sql;
  /** Names of the columns that are read; all where absent. */
  readonly columns?: readonly string[] | undefined;
  /** DateTime64(3,'UTC'): rows that happened by then are left out. */
  readonly after?: Sql | undefined;
  /** A condition on the newest version `v`, of any column: rows that it leaves out are as if they were not there. */
  readonly rowFilter?: Sql;
}

/**
 * A source table as it was known: `(SELECT …)` of the newest version a key, without tombstones and what happened after the as-of, with
 * the table's columns, `ingested_at` and `event_time` DateTime64(3,'UTC'). Of a table with a retention it holds the rows of that stretch before the
 * as-of, or before the knowledge time where there is none, whether older ones are removed from the store yet or not.
 */
export function sourceSelect(table: SourceTable, options: SourceSelectOptions): Sql {
  const { asOf, knowledge } = options;
  const hidden = new Map(table.hidden.flatMap((each) => each.columns.map((column) => [column, each.until])));
  const seenAt = asOf ?? knowledge;
  const eventTime = eventTimeSql(table, options.timezone);
  const expired = table.retention && expiredBy(table.retention, seenAt, options.timezone);
  const happened = [
    (asOf && happenedBy(table, asOf, options.timezone)) ?? [],
    expired ? sql`${eventTime} > ${expired}` : [],
    options.after ? sql`${eventTime} > ${options.after}` : [],
  ]
    .flat()
    .map((condition) => sql` AND ${condition}`);

  // Qualified names: an alias of the same name would otherwise be read in place of the stored column.
  const columns = columnsRead(table, options.columns).map(({ name: column }) => {
    const until = hidden.get(column);
    const stored = sql`v.${ident(column)}`;
    return until
      ? sql`if(v.${ident(until)} > ${seenAt}, NULL, ${stored}) AS ${ident(column)}`
      : sql`${stored} AS ${ident(column)}`;
  });
  if (!table.columns.some((column) => column.name === 'event_time')) {
    columns.push(sql`${eventTime} AS event_time`);
  }

  const key = join(table.key.map(ident));
  const before = join(
    [
      ...(eventTimeInKey(table) ? happened : []),
      ...(options.through === undefined ? [] : [sql` AND v.seq <= ${param('UInt64', options.through)}`]),
      ...(options.undeleted ? [sql` AND v.deleted = 0`] : []),
      ...(options.keyFilter ? [sql` AND ${options.keyFilter}`] : []),
    ],
    '',
  );
  const after = eventTimeInKey(table) ? raw('') : join(happened, '');
  return sql`(SELECT ${join(columns)}, v.ingested_at AS ingested_at FROM (
    SELECT * FROM ${storedRows(table)} AS v WHERE v.ingested_at <= ${knowledge}${before}
    ORDER BY ${key}, ingested_at DESC, seq DESC LIMIT 1 BY ${key}
  ) AS v WHERE v.deleted = 0${after}${options.rowFilter ? sql` AND ${options.rowFilter}` : raw('')})`;
}

/**
 * The columns of a table that a query reads, in the order of the table; `event_time` always.
 * @throws BAD_USER_INPUT for a name that is no column
 */
export function columnsRead(table: SourceTable, names: readonly string[] | undefined): SourceTable['columns'] {
  if (names === undefined) return table.columns;
  const unknown = names.filter((name) => !table.columns.some((column) => column.name === name));
  if (unknown.length > 0) {
    throw badInput(
      `source('${table.name}', { columns }) names '${unknown[0]}', which is no column of it`,
      `its columns are ${table.columns.map(({ name }) => name).join(', ')}`,
    );
  }
  return table.columns.filter(({ name }) => name === 'event_time' || names.includes(name));
}

/** DateTime64(3,'UTC'): rows that happened by it are past their retention at an instant. */
function expiredBy(retention: Span, at: Sql, timezone: string): Sql {
  const local = sql`toTimeZone(${at}, ${param('String', timezone)})`;
  const [name, count] = 'days' in retention ? ['subtractDays', retention.days] : ['subtractMonths', retention.months];
  return sql`${raw(name)}(${local}, ${param('UInt32', count)})`;
}

/** Whether all versions of a key have one event time; only then may rows be filtered before the newest version is chosen. */
export const eventTimeInKey = (table: SourceTable): boolean =>
  table.eventTime.kind !== 'always' && table.key.includes(table.eventTime.column);

/** DateTime64(3,'UTC') of a stored row `v`: a day ends in its last millisecond, local time. */
export function eventTimeSql({ eventTime }: SourceTable, timezone: string): Sql {
  if (eventTime.kind === 'always') return sql`toDateTime64(0, 3, 'UTC')`;
  const column = sql`v.${ident(eventTime.column)}`;
  if (eventTime.kind === 'instant') return column;
  const lastDay = eventTime.kind === 'day' ? column : sql`toLastDayOfMonth(${column})`;
  return sql`toTimeZone(toDateTime64(${lastDay} + 1, 3, ${param('String', timezone)}) - INTERVAL 1 MILLISECOND, 'UTC')`;
}

/** The condition that rows `v` have an event time <= the as-of, on the stored column itself so that the table's index serves. */
export function happenedBy({ eventTime }: SourceTable, asOf: Sql, timezone: string): Sql | null {
  if (eventTime.kind === 'always') return null;
  const column = sql`v.${ident(eventTime.column)}`;
  if (eventTime.kind === 'instant') return sql`${column} <= ${asOf}`;
  const firstDayNotOver = sql`toDate(${asOf} + INTERVAL 1 MILLISECOND, ${param('String', timezone)})`;
  return eventTime.kind === 'day'
    ? sql`${column} < ${firstDayNotOver}`
    : sql`toLastDayOfMonth(${column}) < ${firstDayNotOver}`;
}

import type { DimensionType, IndicatorDimension } from '../core/definitions/define-indicator.js';
import type { Indicator } from '../core/definitions/definitions.js';
import { instantSql, join, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { type BusinessCalendar, type Instant, parseLocalDate } from '../core/helpers/time.js';
import { dayOfKey, sourceDays } from '../core/lending/source-days.js';
import { type SourceSelectOptions, sourceSelect } from '../core/lending/source-sql.js';
import { keyFilterOf } from '../core/lending/source-where.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { FilterOp, IndicatorTableRequest } from '../core/ports/indicators.js';
import type { PeriodGrain, Window } from './periods.js';

const PERIOD: Readonly<Record<Exclude<PeriodGrain, 'TOTAL'>, string>> = {
  DAY: 'date',
  WEEK: 'toMonday(date)',
  MONTH: 'toStartOfMonth(date)',
  QUARTER: 'toStartOfQuarter(date)',
  YEAR: 'toStartOfYear(date)',
};

const COMPARISONS: Readonly<Record<Exclude<FilterOp, 'IN' | 'NOT_IN'>, string>> = {
  EQ: '=',
  NE: '!=',
  GT: '>',
  GTE: '>=',
  LT: '<',
  LTE: '<=',
};

const STORED: Readonly<Record<DimensionType, string>> = {
  STRING: 'String',
  INT64: 'Int64',
  DECIMAL: 'Decimal(38, 6)',
  DATE: 'Date32',
};

/** The most groups of an answer. A statement reads one more, which tells that there are too many. */
export const MAX_GROUPS = 250_000;

export interface IndicatorQuery {
  readonly indicator: Indicator;
  readonly by: readonly string[];
  readonly grain: PeriodGrain;
  readonly window: Window;
  readonly filters: IndicatorTableRequest['filters'];
  readonly knowledge: Instant;
}

const asKnown = (knowledge: Instant, calendar: BusinessCalendar): SourceSelectOptions => {
  const at = instantSql(knowledge);
  return { asOf: at, knowledge: at, timezone: calendar.timezone };
};

/** The indicator's rows as they were known: `(SELECT …)` with `date` and what its expressions name. `daysRead` is the filter of a dated table. */
const knownRows = (indicator: Indicator, read: SourceSelectOptions, daysRead: (table: SourceTable) => Sql): Sql =>
  sql`(${indicator.from({
    source: (name, { dated = false, where } = {}) => {
      const table = indicator.tables.get(name);
      const filters = [...(where ? [keyFilterOf(table, where)] : []), ...(dated ? [daysRead(table)] : [])];
      return sourceSelect(table, filters.length > 0 ? { ...read, keyFilter: join(filters, ' AND ') } : read);
    },
    timezone: sql`${read.timezone}`,
  })})`;

/**
 * One row a period and combination of dimensions: `period`, `g0`, `g1`, … (Nullable(String)), `num` and `den` (exact, as text; `den` NULL
 * where there is no denominator).
 */
export function indicatorSql(query: IndicatorQuery, calendar: BusinessCalendar): Sql {
  const { indicator, by, grain, window, filters } = query;
  const period = grain === 'TOTAL' ? sql`${param('Date', window.from)}` : raw(PERIOD[grain]);
  const dimensions = [...new Set([...by, ...filters.map((filter) => filter.dimension)])];
  const columnOf = (name: string): Sql => raw(`__d${dimensions.indexOf(name)}`);
  const columns = dimensions.map((name) => {
    const { expression, type = 'STRING' } = indicator.dimensions[name] as IndicatorDimension;
    return sql`, CAST(${raw(expression)}, ${raw(`'Nullable(${STORED[type]})'`)}) AS ${columnOf(name)}`;
  });
  // The newest day is chosen before the filters, so that every filtered part of a report is of the same day.
  const newest = indicator.stock ? raw(', max(date) OVER (PARTITION BY __period) AS __newest') : raw('');
  const conditions = [
    ...(indicator.stock ? [raw('date = __newest')] : []),
    ...filters.map((filter) => condition(indicator, filter, columnOf(filter.dimension))),
  ];
  const groups = by.map((name, index) => sql`, toString(${columnOf(name)}) AS ${raw(`g${index}`)}`);
  const read = asKnown(query.knowledge, calendar);
  const daysRead = (table: SourceTable): Sql => {
    const inWindow = sql`${dayOfKey(table)} >= ${param('Date', window.from)} AND ${dayOfKey(table)} <= ${param('Date', window.to)}`;
    if (!indicator.stock) return inWindow;
    const days = sourceDays(table, { ...read, keyFilter: inWindow });
    return sql`${dayOfKey(table)} IN (SELECT max(date) FROM ${days} GROUP BY ${period})`;
  };
  const denominator = indicator.denominator ? `toString(${indicator.denominator})` : 'NULL';
  return sql`
    SELECT toString(__period) AS period${join(groups, '')}, toString(${raw(indicator.numerator)}) AS num, ${raw(denominator)} AS den
    FROM (
      SELECT *, ${period} AS __period${join(columns, '')}${newest}
      FROM ${knownRows(indicator, read, daysRead)}
      WHERE date >= ${param('Date', window.from)} AND date <= ${param('Date', window.to)}
    )${conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : raw('')}
    GROUP BY ${join([raw('__period'), ...by.map(columnOf)])}
    LIMIT ${raw(String(MAX_GROUPS + 1))}`;
}

/** Newest day with data, whatever the window: `through` (text, NULL without any). */
export function dataThroughSql(indicator: Indicator, knowledge: Instant, calendar: BusinessCalendar): Sql {
  const read = asKnown(knowledge, calendar);
  const newest = (table: SourceTable): Sql =>
    sql`${dayOfKey(table)} IN (SELECT max(date) FROM ${sourceDays(table, read)})`;
  return sql`SELECT toString(maxOrNull(date)) AS through FROM ${knownRows(indicator, read, newest)}`;
}

/** Two-valued: a NULL dimension is in no list and equals nothing, so that NE and NOT_IN let it through. */
function condition(indicator: Indicator, filter: IndicatorTableRequest['filters'][number], column: Sql): Sql {
  const { type = 'STRING' } = indicator.dimensions[filter.dimension] as IndicatorDimension;
  const { op, dimension } = filter;
  const values = filter.values.map((value) => filterValue(value, type, dimension));
  if (op === 'IN' || op === 'NOT_IN') {
    if (values.length === 0)
      throw badInput(`the filter on ${dimension} has no values`, `give ${op} at least one value`);
    const within = sql`ifNull(has(${param(`Array(${STORED[type]})`, values)}, assumeNotNull(${column})) AND ${column} IS NOT NULL, false)`;
    return op === 'IN' ? within : sql`NOT ${within}`;
  }
  if (values.length !== 1) {
    throw badInput(
      `the filter ${dimension} ${op} has ${values.length} values`,
      'give it one value, or use IN or NOT_IN',
    );
  }
  const holds = sql`${column} ${raw(COMPARISONS[op])} ${param(STORED[type], values[0])}`;
  return sql`ifNull(${holds}, ${raw(op === 'NE' ? 'true' : 'false')})`;
}

const NUMBERS: Readonly<Record<'INT64' | 'DECIMAL', RegExp>> = {
  INT64: /^-?\d{1,18}$/,
  DECIMAL: /^-?\d{1,31}(\.\d{1,6})?$/,
};

function filterValue(value: string, type: DimensionType, dimension: string): string {
  if (type === 'STRING') return value;
  if (type === 'DATE') return parseLocalDate(value, `the filter on ${dimension}`);
  if (!NUMBERS[type].test(value)) {
    throw badInput(
      `the filter on ${dimension} compares numbers and '${value}' is none`,
      'write digits, a dot for decimals',
    );
  }
  return value;
}

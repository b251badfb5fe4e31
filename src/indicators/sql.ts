import type { DimensionType, IndicatorDimension, SpreadStatistic } from '../core/definitions/define-indicator.js';
import type { FactRows, Indicator } from '../core/definitions/definitions.js';
import { instantSql, join, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { type BusinessCalendar, type Instant, parseLocalDate } from '../core/helpers/time.js';
import { dayOfKey, sourceDays } from '../core/lending/source-days.js';
import { type SourceSelectOptions, sourceSelect } from '../core/lending/source-sql.js';
import { keyFilterOf } from '../core/lending/source-where.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { FilterOp, IndicatorTableRequest } from '../core/ports/indicators.js';
import type { PeriodGrain, Window } from './periods.js';

const PERIODS: Readonly<Record<Exclude<PeriodGrain, 'TOTAL' | 'DAY'>, string>> = {
  WEEK: 'toMonday',
  MONTH: 'toStartOfMonth',
  QUARTER: 'toStartOfQuarter',
  YEAR: 'toStartOfYear',
};

export const periodSql = (grain: Exclude<PeriodGrain, 'TOTAL'>, day: Sql): Sql =>
  grain === 'DAY' ? day : sql`${raw(PERIODS[grain])}(${day})`;

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

/** The value of a dimension over its rows. */
export function dimensionSql(rows: FactRows, name: string): Sql {
  const { expression, type = 'STRING' } = rows.dimensions[name] as IndicatorDimension;
  return raw(`CAST(${expression}, 'Nullable(${STORED[type]})')`);
}

/** Ends a statement that reads few days of a table: the store keeps such tables once more, day by day. */
export const READS_FEW_DAYS = raw(' SETTINGS optimize_use_projections = 1');

/** The most groups of an answer. A statement reads one more, which tells that there are too many. */
export const MAX_GROUPS = 250_000;

/** What one statement reads of rows. */
export interface Reading {
  /** Names its statement: the fact, or the indicator that has a query of its own. */
  readonly label: string;
  readonly rows: FactRows;
  /** Whether it reads all rows up to the window's end; those before the window count in its first period. */
  readonly cumulative: boolean;
  readonly spread: Indicator['spread'];
  /** Aggregate SQL expressions over the rows; one alone where it is spread. */
  readonly measures: readonly string[];
  /** Columns of the rows that say when they mature. */
  readonly matures: readonly string[];
}

export interface ReadingScope {
  readonly by: readonly string[];
  readonly grain: PeriodGrain;
  readonly window: Window;
  readonly filters: IndicatorTableRequest['filters'];
  readonly knowledge: Instant;
}

export const asKnown = (knowledge: Instant, calendar: BusinessCalendar): SourceSelectOptions => {
  const at = instantSql(knowledge);
  return { asOf: at, knowledge: at, timezone: calendar.timezone };
};

/** The rows as they were known: `(SELECT …)` with `date` and what their expressions name. `daysRead` is the filter of a dated table. */
export const knownRows = (rows: FactRows, read: SourceSelectOptions, daysRead: (table: SourceTable) => Sql): Sql =>
  sql`(${rows.from({
    source: (name, { dated = false, where, columns } = {}) => {
      const table = rows.tables.get(name);
      const filters = [...(where ? [keyFilterOf(table, where)] : []), ...(dated ? [daysRead(table)] : [])];
      const known = { ...read, columns };
      return sourceSelect(table, filters.length > 0 ? { ...known, keyFilter: join(filters, ' AND ') } : known);
    },
    timezone: sql`${read.timezone}`,
  })})`;

/**
 * One row a period and combination of dimensions: `period`, `g0`, `g1`, … (Nullable(String)), `m0`, `m1`, … (exact, as text; of a spread the two are its
 * numerator and denominator), and `x0`, `x1`, … (Date, as text): the last day on which one of its rows matures.
 */
export function readingSql(reading: Reading, scope: ReadingScope, calendar: BusinessCalendar): Sql {
  const { rows, cumulative, spread, matures } = reading;
  const { by, grain, window, filters } = scope;
  const [from, to] = [param('Date', window.from), param('Date', window.to)];
  const day = cumulative ? sql`greatest(date, ${from})` : raw('date');
  const period = grain === 'TOTAL' ? sql`${from}` : periodSql(grain, day);
  const dimensions = [
    ...new Set([...by, ...filters.map((filter) => filter.dimension), ...(spread ? [spread.across] : [])]),
  ];
  const columnOf = (name: string): Sql => raw(`__d${dimensions.indexOf(name)}`);
  const columns = dimensions.map((name) => sql`, ${dimensionSql(rows, name)} AS ${columnOf(name)}`);
  // The newest day is chosen before the filters, so that every filtered part of a report is of the same day.
  const newest = rows.stock ? raw(', max(date) OVER (PARTITION BY __period) AS __newest') : raw('');
  const conditions = [
    ...(rows.stock ? [raw('date = __newest')] : []),
    ...filters.map((filter) => condition(rows, filter, columnOf(filter.dimension))),
  ];
  const read = asKnown(scope.knowledge, calendar);
  const daysRead = (table: SourceTable): Sql => {
    const upTo = sql`${dayOfKey(table)} <= ${to}`;
    const inWindow = cumulative ? upTo : sql`${dayOfKey(table)} >= ${from} AND ${upTo}`;
    if (!rows.stock) return inWindow;
    const days = sourceDays(table, { ...read, keyFilter: inWindow });
    return sql`${dayOfKey(table)} IN (SELECT max(date) FROM ${days} GROUP BY ${period})`;
  };
  const within = sql`
      SELECT *, ${period} AS __period${join(columns, '')}${newest}
      FROM ${knownRows(rows, read, daysRead)}
      WHERE ${cumulative ? raw('') : sql`date >= ${from} AND `}date <= ${to}`;
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : raw('');
  const kept = sql`(${within})${where}`;
  const keys = join([raw('__period'), ...by.map(columnOf)]);
  const grouped = spread
    ? sql`(SELECT ${keys}, ${columnOf(spread.across)}, toDecimal256(${raw(reading.measures[0] as string)}, 6) AS __v${join(
        matures.map((column, index) => raw(`, max(${column}) AS __x${index}`)),
        '',
      )} FROM ${kept} GROUP BY ${keys}, ${columnOf(spread.across)})`
    : kept;
  const measures = spread ? spreadSql(spread.statistic) : reading.measures;
  const groups = by.map((name, index) => sql`, toString(${columnOf(name)}) AS ${raw(`g${index}`)}`);
  return sql`
    SELECT toString(__period) AS period${join(groups, '')}${join(
      [
        ...measures.map((expression, index) => raw(`, toString(${expression}) AS m${index}`)),
        ...matures.map((column, index) => raw(`, toString(max(${spread ? `__x${index}` : column})) AS x${index}`)),
      ],
      '',
    )}
    FROM ${grouped}
    GROUP BY ${keys}
    LIMIT ${raw(String(MAX_GROUPS + 1))}${rows.stock ? READS_FEW_DAYS : raw('')}`;
}

/**
 * Numerator and denominator of a spread over values `__v`, sorted ascending x1 … xn where order counts: HHI = sum(x^2) / sum(x)^2; the Gini coefficient =
 * (2 sum(i xi) - (n + 1) sum(x)) / (n sum(x)); the share of the largest.
 */
function spreadSql(statistic: SpreadStatistic): readonly [string, string] {
  if (statistic === 'HHI') return ['sum(__v * __v)', 'sum(__v) * sum(__v)'];
  if (statistic === 'GINI') {
    const ranked = 'arraySum(arrayMap((x, i) -> x * i, arraySort(groupArray(__v)), range(1, count() + 1)))';
    return [`2 * ${ranked} - (count() + 1) * sum(__v)`, 'count() * sum(__v)'];
  }
  return [`arraySum(arraySlice(arrayReverseSort(groupArray(__v)), 1, ${statistic.top}))`, 'sum(__v)'];
}

/** Newest day with data, whatever the window: `through` (text, NULL without any). Rows that say it themselves are not read for it. */
export function dataThroughSql(rows: FactRows, knowledge: Instant, calendar: BusinessCalendar): Sql {
  const read = asKnown(knowledge, calendar);
  const newest = (table: SourceTable): Sql =>
    sql`${dayOfKey(table)} IN (SELECT max(date) FROM ${sourceDays(table, read)})`;
  const days = { ...rows, from: rows.through ?? rows.from };
  return sql`SELECT toString(maxOrNull(date)) AS through FROM ${knownRows(days, read, newest)}${READS_FEW_DAYS}`;
}

/** Two-valued: a NULL dimension is in no list and equals nothing, so that NE and NOT_IN let it through. */
export function condition(rows: FactRows, filter: IndicatorTableRequest['filters'][number], column: Sql): Sql {
  const { type = 'STRING' } = rows.dimensions[filter.dimension] as IndicatorDimension;
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

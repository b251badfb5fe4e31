import { Decimal } from 'decimal.js';
import { boundedLimit, checkDays } from '../core/bounds.js';
import type { Indicator } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import type { Sql } from '../core/definitions/sql.js';
import type { FeatureValue } from '../core/definitions/types.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { BusinessCalendar, Instant, LocalDate } from '../core/helpers/time.js';
import {
  type DataTable,
  type IndicatorService,
  type IndicatorTableRequest,
  type NullReason,
  TIME_GRAINS,
} from '../core/ports/indicators.js';
import type { OfflineQuery, TableColumn } from '../core/ports/offline.js';
import { comparisonOf, type PeriodGrain, periodsOf, type Window } from './periods.js';
import { dataThroughSql, indicatorSql, MAX_GROUPS } from './sql.js';

/** Decimal places of a ratio, as of all rates in the lending schema. */
const RATE_PLACES = 6;
/** Most cells of one answer, as the API's contract gives it. */
const MAX_CELLS = 250_000;
/** Sums of Decimal(38, 2) and their ratios are exact to this many digits. */
const Exact = Decimal.clone({ precision: 60 });

interface Cell {
  readonly num: string | null;
  readonly den: string | null;
}

/** The values of one indicator over one window: by period, then by group. */
type Cells = ReadonlyMap<LocalDate, ReadonlyMap<string, Cell>>;

export interface IndicatorParts {
  readonly registry: Registry;
  readonly query: OfflineQuery;
  readonly calendar: BusinessCalendar;
}

/**
 * Indicators side by side, one row a period and group: every period of the window times every group seen in it, so that a gap reads NULL
 * with its reason and never as an absent row. Values are decimals as strings; ratios are rounded half up to six places.
 */
export function createIndicators({ registry, query, calendar }: IndicatorParts): IndicatorService {
  return {
    async table(request) {
      const plan = checkRequest(request, registry);
      const { indicators, window, grain, knowledge } = plan;
      const run = (label: string, select: Sql) => query.select({ label, ...select.render(), signal: request.signal });
      const compared = request.compare ? comparisonOf(window, grain, request.compare) : null;
      const read = async (indicator: Indicator, over: Window): Promise<Cells> =>
        cellsOf(
          await run(
            `indicator-${indicator.name}`,
            indicatorSql({ ...request, indicator, window: over, grain, knowledge }, calendar),
          ),
          request.by,
        );

      const [current, previous, through] = await Promise.all([
        Promise.all(indicators.map((indicator) => read(indicator, window))),
        compared ? Promise.all(indicators.map((indicator) => read(indicator, compared.window))) : [],
        Promise.all(
          indicators.map((indicator) =>
            run(`indicator-through-${indicator.name}`, dataThroughSql(indicator, knowledge, calendar)),
          ),
        ),
      ]);

      const periods = periodsOf(window, grain);
      const groups = groupsOf(current, request.by);
      const columns = columnsOf(request, indicators);
      if (periods.length * groups.length * columns.length > MAX_CELLS)
        throw tooMuch(periods.length * groups.length, columns.length);

      const lines = periods.flatMap((period) =>
        groups.map((group) =>
          lineOf({ period, group, request, indicators, current, previous, previousOf: compared?.previous ?? null }),
        ),
      );
      const ordered = sortLines(lines, columns, request.orderBy).slice(0, request.limit ?? lines.length);
      const days = through.map((rows) => rows[0]?.through as LocalDate | null);
      return {
        columns,
        rows: ordered.map((line) => line.values),
        nulls: ordered.flatMap(({ nulls }, row) => nulls.map(([column, reason]) => ({ row, column, reason }))),
        // All columns of the table reach this far.
        dataThrough: days.some((day) => day === null) ? null : ((days.sort()[0] as LocalDate | undefined) ?? null),
        asOf: knowledge,
      } satisfies DataTable;
    },
  };
}

interface Plan {
  readonly indicators: readonly Indicator[];
  readonly window: Window;
  readonly grain: PeriodGrain;
  readonly knowledge: Instant;
}

function checkRequest(request: IndicatorTableRequest, registry: Registry): Plan {
  const { names, by, filters, grain, from, to, limit } = request;
  const listed = [...registry.indicators.keys()].sort().join(', ');
  if (names.length === 0) throw badInput('`names` is empty', `the indicators are ${listed}`);
  for (const [what, list] of [['names', names] as const, ['by', by] as const]) {
    const twice = list.find((name, index) => list.indexOf(name) !== index);
    if (twice !== undefined) throw badInput(`\`${what}\` holds '${twice}' twice`, 'name each once');
  }
  const indicators = names.map((name) => {
    const indicator = registry.indicators.get(name);
    if (!indicator) throw badInput(`there is no indicator '${name}'`, `the indicators are ${listed}`);
    return indicator;
  });
  const shared = Object.keys(indicators[0]?.dimensions ?? {}).filter((dimension) =>
    indicators.every((indicator) => dimension in indicator.dimensions),
  );
  for (const dimension of [...by, ...filters.map((filter) => filter.dimension)]) {
    if (!shared.includes(dimension)) {
      throw badInput(
        `'${dimension}' is not a dimension of ${names.join(', ')}`,
        `the dimensions here are ${shared.join(', ') || 'none'}`,
      );
    }
  }
  for (const indicator of indicators) {
    if (TIME_GRAINS.indexOf(grain) < TIME_GRAINS.indexOf(indicator.finestGrain)) {
      throw badInput(`${indicator.name} has no values by ${grain}`, `its finest grain is ${indicator.finestGrain}`);
    }
  }
  checkDays({ from, to });
  if (limit !== null) boundedLimit(limit);
  // HOUR is finer than any finest grain, and is refused above.
  return { indicators, window: { from, to }, grain: grain as PeriodGrain, knowledge: request.asOf ?? request.now };
}

const tooMuch = (rows: number, columns: number): RiskgraphError =>
  new RiskgraphError({
    code: 'TOO_COMPLEX',
    message: `the table would have ${rows} rows × ${columns} columns, more than ${MAX_CELLS} cells`,
    hint: 'ask for fewer dimensions, a coarser grain or a shorter time, or filter',
  });

const groupKey = (values: readonly (string | null)[]): string => JSON.stringify(values);

function cellsOf(rows: readonly Readonly<Record<string, unknown>>[], by: readonly string[]): Cells {
  if (rows.length > MAX_GROUPS) throw tooMuch(rows.length, by.length + 2);
  const cells = new Map<LocalDate, Map<string, Cell>>();
  for (const row of rows) {
    const period = row.period as LocalDate;
    const inPeriod = cells.get(period) ?? new Map<string, Cell>();
    cells.set(period, inPeriod);
    const group = groupKey(by.map((_, index) => (row[`g${index}`] ?? null) as string | null));
    inPeriod.set(group, { num: (row.num ?? null) as string | null, den: (row.den ?? null) as string | null });
  }
  return cells;
}

/** Groups of the window asked for, by value, NULL last; without dimensions the one group. */
function groupsOf(current: readonly Cells[], by: readonly string[]): (readonly (string | null)[])[] {
  if (by.length === 0) return [[]];
  const keys = new Set(current.flatMap((cells) => [...cells.values()].flatMap((groups) => [...groups.keys()])));
  const groups = [...keys].map((key) => JSON.parse(key) as (string | null)[]);
  return groups.sort((a, b) => {
    const at = a.findIndex((value, index) => value !== b[index]);
    return at < 0 ? 0 : compareText(a[at] ?? null, b[at] ?? null);
  });
}

const compareText = (a: string | null, b: string | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;

function columnsOf(request: IndicatorTableRequest, indicators: readonly Indicator[]): TableColumn[] {
  const columns: Omit<TableColumn, 'masked'>[] = [
    { name: 'period', type: 'DATE', description: 'First local day of the period' },
  ];
  for (const name of request.by) {
    columns.push({ name, type: 'STRING', description: indicators[0]?.dimensions[name]?.description ?? null });
  }
  for (const { name, unit, description, denominator } of indicators) {
    columns.push({ name, type: 'DECIMAL', unit, description });
    if (request.compare)
      columns.push({ name: `${name}__previous`, type: 'DECIMAL', unit, description: COMPARED[request.compare] });
    if (!request.components) continue;
    columns.push({ name: `${name}__num`, type: 'DECIMAL', description: 'Numerator' });
    columns.push({
      name: `${name}__den`,
      type: 'DECIMAL',
      description: denominator ? 'Denominator' : 'Without a denominator',
    });
  }
  // A report holds no personal value.
  return columns.map((column) => ({ ...column, masked: false }));
}

const COMPARED = {
  PREVIOUS_PERIOD: 'One period before',
  SAME_PERIOD_LAST_YEAR: 'The same period a year before',
} as const;

interface Line {
  readonly values: FeatureValue[];
  readonly nulls: (readonly [string, NullReason])[];
}

function lineOf(options: {
  readonly period: LocalDate;
  readonly group: readonly (string | null)[];
  readonly request: IndicatorTableRequest;
  readonly indicators: readonly Indicator[];
  readonly current: readonly Cells[];
  readonly previous: readonly Cells[];
  readonly previousOf: ((period: LocalDate) => LocalDate) | null;
}): Line {
  const { period, group, request, indicators, current, previous, previousOf } = options;
  const key = groupKey(group);
  const line: Line = { values: [period, ...group], nulls: [] };
  const put = (column: string, { value, reason }: ReturnType<typeof resultOf>): void => {
    line.values.push(value);
    if (reason) line.nulls.push([column, reason]);
  };
  indicators.forEach((indicator, index) => {
    const cell = current[index]?.get(period)?.get(key);
    put(indicator.name, resultOf(indicator, cell));
    if (previousOf)
      put(`${indicator.name}__previous`, resultOf(indicator, previous[index]?.get(previousOf(period))?.get(key)));
    if (!request.components) return;
    put(`${indicator.name}__num`, part(cell?.num));
    // Without a denominator there is nothing that could be missing.
    put(`${indicator.name}__den`, indicator.denominator ? part(cell?.den) : { value: null, reason: null });
  });
  return line;
}

const part = (text: string | null | undefined): { value: string | null; reason: NullReason | null } =>
  text == null ? { value: null, reason: 'NO_DATA' } : { value: new Exact(text).toFixed(), reason: null };

/** A zero denominator is NULL, never 0 and never infinite. */
function resultOf(indicator: Indicator, cell: Cell | undefined): { value: string | null; reason: NullReason | null } {
  if (!cell || cell.num === null) return { value: null, reason: 'NO_DATA' };
  if (!indicator.denominator) return part(cell.num);
  if (cell.den === null) return { value: null, reason: 'NO_DATA' };
  const denominator = new Exact(cell.den);
  if (denominator.isZero()) return { value: null, reason: 'ZERO_DENOMINATOR' };
  return {
    value: new Exact(cell.num).div(denominator).toDecimalPlaces(RATE_PLACES, Decimal.ROUND_HALF_UP).toFixed(),
    reason: null,
  };
}

/** Sorts by a column, NULL last in both directions; equal values stay in the order of period and group. */
function sortLines(lines: readonly Line[], columns: readonly TableColumn[], orderBy: string | null): readonly Line[] {
  if (orderBy === null) return lines;
  const descending = orderBy.startsWith('-');
  const name = descending ? orderBy.slice(1) : orderBy;
  const at = columns.findIndex((column) => column.name === name);
  if (at < 0) {
    throw badInput(
      `\`orderBy\` names '${name}', which is no column of this table`,
      `the columns are ${columns.map((column) => column.name).join(', ')}`,
    );
  }
  const numeric = columns[at]?.type === 'DECIMAL';
  const compare = (a: string, b: string): number => (numeric ? new Exact(a).cmp(b) : compareText(a, b));
  return [...lines].sort((a, b) => {
    const [left, right] = [a.values[at] as string | null, b.values[at] as string | null];
    if (left === null || right === null) return compareText(left === null ? null : '', right === null ? null : '');
    return descending ? compare(right, left) : compare(left, right);
  });
}

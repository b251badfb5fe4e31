import { boundedLimit, checkDays } from '../core/bounds.js';
import type { FactRows, Indicator } from '../core/definitions/definitions.js';
import type { Sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { didYouMean } from '../core/helpers/suggestions.js';
import { addDays, type BusinessCalendar, type Instant, type LocalDate } from '../core/helpers/time.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import {
  type DataTable,
  type IndicatorService,
  type IndicatorTableRequest,
  type ReportScope,
  TIME_GRAINS,
} from '../core/ports/indicators.js';
import type { OfflineQuery, TableColumn } from '../core/ports/offline.js';
import { type Cells, cellsOf, type Group, groupKey, MAX_CELLS, tooMuch, type Value } from './cells.js';
import { conversionsOf, funnelIn, funnelTable } from './funnel.js';
import { type Line, sortGroups, sortLines } from './lines.js';
import { loanScope } from './loan-months.js';
import { comparisonOf, type PeriodGrain, periodsOf, type Window } from './periods.js';
import { readingsOf } from './readings.js';
import { withinRights } from './rights.js';
import { rollRates } from './roll-rates.js';
import { dataThroughSql, readingSql } from './sql.js';
import { vintage } from './vintage.js';

export interface IndicatorParts {
  readonly catalogue: Pick<Catalogue, 'namedIndicator' | 'indicators' | 'facts'>;
  readonly query: OfflineQuery;
  readonly calendar: BusinessCalendar;
}

/**
 * Indicators side by side, one row a period and group: every period of the window times every group seen in it, so that a gap reads NULL
 * with its reason and never as an absent row. Values are decimals as strings; ratios are rounded half up to six places.
 */
export function createIndicators({ catalogue, query, calendar }: IndicatorParts): IndicatorService {
  const selecting =
    ({ signal }: ReportScope) =>
    (label: string, select: Sql) =>
      query.select({ label, ...select.render(), signal });
  /** Reads the numbers of one plan over any window. */
  const reading = (request: ReportScope, { grain, knowledge }: Plan, { readings, places }: Readings) => {
    const run = selecting(request);
    const lastDay = addDays(calendar.dateOf(knowledge), -1);
    return async (over: Window): Promise<Cells> => {
      const scope = { ...request, grain, window: over, knowledge };
      const answers = await Promise.all(
        readings.map((one) => run(`indicator-${one.label}`, readingSql(one, scope, calendar))),
      );
      return cellsOf({ answers, places, dimensions: request.by.length, grain, window: over, lastDay });
    };
  };
  const loansOf = (request: ReportScope) =>
    loanScope(request, { catalogue: withinRights(catalogue, request.rights), calendar });
  const newestDays = (request: ReportScope, { knowledge }: Plan, sources: ReadonlyMap<FactRows, string>) =>
    Promise.all(
      [...sources].map(async ([rows, label]) => {
        const sql = dataThroughSql(rows, knowledge, calendar);
        const [newest] = await selecting(request)(`indicator-through-${label}`, sql);
        return newest?.through as LocalDate | null;
      }),
    );

  return {
    vintage: (request) => vintage(request, loansOf(request), selecting(request)),
    rollRates: (request) => rollRates(request, loansOf(request), selecting(request)),

    async funnel(request) {
      const { name, windowDays } = request;
      const reports = withinRights(catalogue, request.rights);
      const plan = checkRequest({ ...request, names: [name], limit: null }, reports);
      const { window, grain, knowledge } = plan;
      const indicator = plan.indicators[0] as Indicator;
      const funnel = funnelIn(indicator, windowDays, reports);
      const read = reading(request, plan, readingsOf(conversionsOf(funnel, windowDays)));
      const [cells, [dataThrough = null]] = await Promise.all([
        read(window),
        newestDays(request, plan, new Map([[funnel.rows, indicator.name]])),
      ]);
      const { columns, lines } = funnelTable(funnel, cells, { request, indicator, grain, window });
      return tableOf(columns, lines, { dataThrough, asOf: knowledge });
    },

    async table(request) {
      const plan = checkRequest(request, withinRights(catalogue, request.rights));
      const { indicators, window, grain, knowledge } = plan;
      const compared = request.compare ? comparisonOf(window, grain, request.compare) : null;
      const readings = readingsOf(indicators);
      const read = reading(request, plan, readings);
      const [current, previous, days] = await Promise.all([
        read(window),
        compared ? read(compared.window) : null,
        newestDays(request, plan, new Map(readings.readings.map(({ rows, label }) => [rows, label] as const))),
      ]);

      const periods = periodsOf(window, grain);
      const groups = request.by.length === 0 ? [[]] : sortGroups(current.groups);
      const columns = columnsOf(request, indicators);
      if (periods.length * groups.length * columns.length > MAX_CELLS)
        throw tooMuch(periods.length * groups.length, columns.length);

      const lines = periods.flatMap((period) =>
        groups.map((group) =>
          lineOf({ period, group, request, current, previous, previousOf: compared?.previous ?? null }),
        ),
      );
      const ordered = sortLines(lines, columns, request.orderBy).slice(0, request.limit ?? lines.length);
      // All columns of the table reach this far.
      const dataThrough = days.some((day) => day === null) ? null : ((days.sort()[0] as LocalDate | undefined) ?? null);
      return tableOf(columns, ordered, { dataThrough, asOf: knowledge });
    },
  };
}

type Readings = ReturnType<typeof readingsOf>;

const tableOf = (
  columns: readonly TableColumn[],
  lines: readonly Line[],
  known: Pick<DataTable, 'dataThrough' | 'asOf'>,
): DataTable => ({
  columns,
  rows: lines.map(({ values }) => values),
  nulls: lines.flatMap(({ nulls }, row) => nulls.map(([column, reason]) => ({ row, column, reason }))),
  ...known,
});

type Asked = ReportScope & Pick<IndicatorTableRequest, 'names' | 'grain' | 'from' | 'to' | 'limit'>;

interface Plan {
  /** In the order of the names. */
  readonly indicators: readonly Indicator[];
  readonly window: Window;
  readonly grain: PeriodGrain;
  readonly knowledge: Instant;
}

function checkRequest(request: Asked, catalogue: IndicatorParts['catalogue']): Plan {
  const { names, by, filters, grain, from, to, limit } = request;
  if (names.length === 0) throw badInput('`names` is empty', 'ask `indicators` for the names there are');
  for (const [what, list] of [['names', names] as const, ['by', by] as const]) {
    const twice = list.find((name, index) => list.indexOf(name) !== index);
    if (twice !== undefined) throw badInput(`\`${what}\` holds '${twice}' twice`, 'name each once');
  }
  const indicators = names.map((name) => catalogue.namedIndicator(name));
  const shared = Object.keys(indicators[0]?.dimensions ?? {}).filter((dimension) =>
    indicators.every((indicator) => dimension in indicator.dimensions),
  );
  for (const dimension of [...by, ...filters.map((filter) => filter.dimension)]) {
    if (!shared.includes(dimension)) {
      throw badInput(
        `'${dimension}' is not a dimension of ${names.join(', ')}`,
        `${didYouMean(dimension, shared)}the dimensions here are ${shared.join(', ') || 'none'}`,
      );
    }
  }
  for (const indicator of indicators) {
    if (TIME_GRAINS.indexOf(grain) < TIME_GRAINS.indexOf(indicator.finestGrain)) {
      throw badInput(`${indicator.name} has no values by ${grain}`, `its finest grain is ${indicator.finestGrain}`);
    }
  }
  checkDays({ from, to });
  const rows = indicators.flatMap(({ numerator, denominator }) => [
    numerator.rows,
    ...(denominator ? [denominator.rows] : []),
  ]);
  const isCut = from.slice(8) !== '01' || addDays(to, 1).slice(8) !== '01';
  if (isCut && rows.some(({ stock, finestGrain }) => !stock && finestGrain === 'MONTH')) {
    throw badInput(
      `${names.join(', ')} has rows by month, and ${from} to ${to} cuts one`,
      'ask for whole months: from the first day of one to the last day of another',
    );
  }
  if (limit !== null) boundedLimit(limit);
  // HOUR is finer than any finest grain, and is refused above.
  return { indicators, window: { from, to }, grain: grain as PeriodGrain, knowledge: request.asOf ?? request.now };
}

/** An indicator's columns have the name that it was asked by. */
function columnsOf(request: IndicatorTableRequest, indicators: readonly Indicator[]): TableColumn[] {
  const columns: Omit<TableColumn, 'masked'>[] = [
    { name: 'period', type: 'DATE', description: 'First local day of the period' },
  ];
  for (const name of request.by) {
    columns.push({ name, type: 'STRING', description: indicators[0]?.dimensions[name]?.description ?? null });
  }
  for (const [index, { unit, description, denominator, spread }] of indicators.entries()) {
    const name = request.names[index] as string;
    columns.push({ name, type: 'DECIMAL', unit, description });
    if (request.compare)
      columns.push({ name: `${name}__previous`, type: 'DECIMAL', unit, description: COMPARED[request.compare] });
    if (!request.components) continue;
    columns.push({ name: `${name}__num`, type: 'DECIMAL', description: 'Numerator' });
    columns.push({
      name: `${name}__den`,
      type: 'DECIMAL',
      description: denominator || spread ? 'Denominator' : 'Without a denominator',
    });
  }
  // A report holds no personal value.
  return columns.map((column) => ({ ...column, masked: false }));
}

const COMPARED = {
  PREVIOUS_PERIOD: 'One period before',
  SAME_PERIOD_LAST_YEAR: 'The same period a year before',
} as const;

function lineOf(options: {
  readonly period: LocalDate;
  readonly group: Group;
  readonly request: IndicatorTableRequest;
  readonly current: Cells;
  readonly previous: Cells | null;
  readonly previousOf: ((period: LocalDate) => LocalDate) | null;
}): Line {
  const { period, group, request, current, previous, previousOf } = options;
  const key = groupKey(group);
  const line: Line = { values: [period, ...group], nulls: [] };
  const put = (column: string, { value, reason }: Value): void => {
    line.values.push(value);
    if (reason) line.nulls.push([column, reason]);
  };
  request.names.forEach((name, index) => {
    const { value, num, den } = current.result(index, period, key);
    put(name, value);
    if (previous && previousOf) put(`${name}__previous`, previous.result(index, previousOf(period), key).value);
    if (!request.components) return;
    put(`${name}__num`, num);
    put(`${name}__den`, den);
  });
  return line;
}

/** The numbers of a report: by indicator, period and group, each with the reason where there is none. */
import { Decimal } from 'decimal.js';
import { RiskgraphError } from '../core/errors.js';
import { addDays, type LocalDate } from '../core/helpers/time.js';
import type { NullReason } from '../core/ports/indicators.js';
import { endOf, type PeriodGrain, periodsOf, type Window } from './periods.js';
import type { Place, Places } from './readings.js';
import { MAX_GROUPS } from './sql.js';

/** What a row matures on whose outcome was never recorded: the last day that a Date can be. */
const NEVER = '2149-06-06';
/** Decimal places of a ratio, as of all rates in the lending schema. */
const RATE_PLACES = 6;
/** Sums of Decimal(38, 2) and their ratios are exact to this many digits. */
export const Exact = Decimal.clone({ precision: 80 });

export interface Value {
  readonly value: string | null;
  readonly reason: NullReason | null;
}

/** What an indicator says of a period and group, with its parts. */
export interface Result {
  readonly value: Value;
  readonly num: Value;
  readonly den: Value;
}

export type Group = readonly (string | null)[];
export const groupKey = (group: Group): string => JSON.stringify(group);

type Row = Readonly<Record<string, unknown>>;
/** Rows of one reading: by period, then by group. */
type Rows = ReadonlyMap<LocalDate, ReadonlyMap<string, Row>>;

export interface CellsOptions {
  /** Rows of each reading. */
  readonly answers: readonly (readonly Row[])[];
  readonly places: readonly Places[];
  /** Number of dimensions that the report groups by. */
  readonly dimensions: number;
  readonly grain: PeriodGrain;
  readonly window: Window;
  /** The last local day that is over for the report: what matures later is immature. */
  readonly lastDay: LocalDate;
}

/** One answer of all readings over one window. */
export interface Cells {
  /** Every group that some indicator has a row of. */
  readonly groups: readonly Group[];
  result(indicator: number, period: LocalDate, group: string): Result;
}

export function cellsOf({ answers, places, dimensions, grain, window, lastDay }: CellsOptions): Cells {
  // Nothing is added up for a period that has not begun.
  const begun = periodsOf(window, grain).filter((period) => addDays(period, -1) <= lastDay);
  const readings = answers.map((rows) => byPeriod(rows, dimensions));
  const cumulated = new Map<Place, Rows>();
  for (const place of places.flatMap(({ num, den }) => (den ? [num, den] : [num]))) {
    if (place.cumulative) {
      cumulated.set(place, cumulate(readings[place.reading] as Rows, place, begun));
    }
  }
  const rowsOf = (place: Place): Rows => cumulated.get(place) ?? (readings[place.reading] as Rows);

  const lasts = new Map<ReadonlyMap<string, Row>, Map<string, LocalDate>>();
  /** All groups of a period wait for what matures last in it; what a filter leaves out holds none of them up. */
  const lastIn = (groups: ReadonlyMap<string, Row>, matures: string): LocalDate => {
    const known = lasts.get(groups) ?? new Map<string, LocalDate>();
    lasts.set(groups, known);
    let last = known.get(matures);
    if (last === undefined) {
      last = '';
      for (const row of groups.values()) {
        const own = (row[matures] as LocalDate | null) ?? '';
        if (own > last) last = own;
      }
      known.set(matures, last);
    }
    return last;
  };
  const unsettled = ({ matures }: Place, rows: Rows, period: LocalDate): NullReason | null => {
    const groups = rows.get(period);
    if (matures === null || groups === undefined) return null;
    // Rows that are still to come mature later than all.
    if (endOf(period, grain, window) > lastDay) return 'IMMATURE';
    const last = lastIn(groups, matures);
    return last === NEVER ? 'INCOMPLETE' : last > lastDay ? 'IMMATURE' : null;
  };
  const partOf = (place: Place, period: LocalDate, group: string): Value => {
    const rows = rowsOf(place);
    const reason = unsettled(place, rows, period);
    if (reason !== null) return { value: null, reason };
    const text = rows.get(period)?.get(group)?.[place.column];
    return text == null || text === 'nan'
      ? { value: null, reason: 'NO_DATA' }
      : { value: new Exact(text as string).toFixed(), reason: null };
  };
  const groups = new Map<string, Group>();
  for (const periods of [...readings, ...cumulated.values()]) {
    for (const rows of periods.values()) {
      for (const [key, row] of rows) if (!groups.has(key)) groups.set(key, groupOf(row, dimensions));
    }
  }
  return {
    groups: [...groups.values()],
    result(indicator, period, group) {
      const { num, den } = places[indicator] as Places;
      const numerator = partOf(num, period, group);
      // Without a denominator there is nothing that could be missing.
      if (den === null) return { value: numerator, num: numerator, den: { value: null, reason: null } };
      const denominator = partOf(den, period, group);
      return { value: quotient(numerator, denominator), num: numerator, den: denominator };
    },
  };
}

/** Rounded half up. A zero denominator is NULL, never 0 and never infinite. */
export function rateOf(numerator: Decimal, denominator: Decimal): Value {
  if (denominator.isZero()) return { value: null, reason: 'ZERO_DENOMINATOR' };
  const exact = numerator.div(denominator);
  return { value: exact.toDecimalPlaces(RATE_PLACES, Decimal.ROUND_HALF_UP).toFixed(), reason: null };
}

function quotient(num: Value, den: Value): Value {
  const missing =
    [num, den].find(({ reason }) => reason === 'IMMATURE' || reason === 'INCOMPLETE') ??
    [num, den].find(({ reason }) => reason);
  if (missing) return { value: null, reason: missing.reason };
  return rateOf(new Exact(num.value as string), new Exact(den.value as string));
}

const groupOf = (row: Row, dimensions: number): Group =>
  Array.from({ length: dimensions }, (_, index) => (row[`g${index}`] ?? null) as string | null);

function byPeriod(rows: readonly Row[], dimensions: number): Rows {
  if (rows.length > MAX_GROUPS) throw tooMuch(rows.length, dimensions + 2);
  const periods = new Map<LocalDate, Map<string, Row>>();
  for (const row of rows) {
    const period = row.period as LocalDate;
    const groups = periods.get(period) ?? new Map<string, Row>();
    periods.set(period, groups);
    groups.set(groupKey(groupOf(row, dimensions)), row);
  }
  return periods;
}

/** Sums up to each period. */
function cumulate(rows: Rows, { column }: Place, periods: readonly LocalDate[]): Rows {
  const sums = new Map<string, Row>();
  return new Map(
    periods.map((period) => {
      for (const [group, row] of rows.get(period) ?? []) {
        const before = sums.get(group)?.[column];
        const sum = new Exact((row[column] as string | null) ?? 0).plus((before as string | undefined) ?? 0);
        sums.set(group, { ...row, [column]: sum.toFixed() });
      }
      return [period, new Map(sums)];
    }),
  );
}

/** Most cells of one answer, as the API's contract gives it. */
export const MAX_CELLS = 250_000;

export const tooMuch = (rows: number, columns: number): RiskgraphError =>
  new RiskgraphError({
    code: 'TOO_COMPLEX',
    message: `the table would have ${rows} rows × ${columns} columns, more than ${MAX_CELLS} cells`,
    hint: 'ask for fewer dimensions, a coarser grain or a shorter time, or filter',
  });

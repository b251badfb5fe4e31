import { DateTime } from 'luxon';
import { addDays, addMonths, type LocalDate } from '../core/helpers/time.js';
import type { Comparison, TimeGrain } from '../core/ports/indicators.js';

/** Grains that are cut out of local days; HOUR is not. */
export type PeriodGrain = Exclude<TimeGrain, 'HOUR'>;

export interface Window {
  /** Local days, both included. */
  readonly from: LocalDate;
  readonly to: LocalDate;
}

const UNITS = { DAY: 'day', WEEK: 'week', MONTH: 'month', QUARTER: 'quarter', YEAR: 'year' } as const;
const MONTHS: Readonly<Partial<Record<PeriodGrain, number>>> = { MONTH: 1, QUARTER: 3, YEAR: 12 };

/** First day of the period in which a day falls; weeks begin on Monday, the one period of TOTAL on the window's first day. */
function periodOf(day: LocalDate, grain: PeriodGrain, window: Window): LocalDate {
  if (grain === 'TOTAL') return window.from;
  return DateTime.fromISO(day, { zone: 'utc' }).startOf(UNITS[grain]).toFormat('yyyy-MM-dd');
}

/** First day of the period after the one that begins on `start`. */
function nextPeriod(start: LocalDate, grain: Exclude<PeriodGrain, 'TOTAL'>): LocalDate {
  const months = MONTHS[grain];
  return months === undefined ? addDays(start, grain === 'WEEK' ? 7 : 1) : addMonths(start, months);
}

/** Every period that the window touches, by its first day. */
export function periodsOf(window: Window, grain: PeriodGrain): LocalDate[] {
  if (grain === 'TOTAL') return [window.from];
  const periods: LocalDate[] = [];
  for (let start = periodOf(window.from, grain, window); start <= window.to; start = nextPeriod(start, grain)) {
    periods.push(start);
  }
  return periods;
}

/** Days from one to the other, both included. */
const lengthOf = ({ from, to }: Window): number =>
  DateTime.fromISO(to, { zone: 'utc' }).diff(DateTime.fromISO(from, { zone: 'utc' }), 'days').days + 1;

/** Moves back by months; the last day of a month stays the last day, so that whole months are compared with whole months. */
function backMonths(day: LocalDate, months: number): LocalDate {
  const isLast = addDays(day, 1).endsWith('-01');
  return isLast ? addDays(addMonths(addDays(day, 1), -months), -1) : addMonths(day, -months);
}

const moveBack = (window: Window, move: (day: LocalDate) => LocalDate): Window => ({
  from: move(window.from),
  to: move(window.to),
});

/** The window that `compare` reads, and the period in it that stands beside a period of the window asked for. */
export function comparisonOf(
  window: Window,
  grain: PeriodGrain,
  compare: Comparison,
): { readonly window: Window; readonly previous: (period: LocalDate) => LocalDate } {
  const yearly = compare === 'SAME_PERIOD_LAST_YEAR';
  // Fifty-two weeks keep Mondays on Mondays: a Sunday beside a Saturday would compare the weekdays and not the years.
  const back = { DAY: 1, WEEK: 7 } as const;
  const days = grain !== 'DAY' && grain !== 'WEEK' ? undefined : yearly ? 364 : back[grain];
  const totalDays = grain === 'TOTAL' && !yearly ? lengthOf(window) : days;
  if (totalDays !== undefined) {
    const moved = moveBack(window, (day) => addDays(day, -totalDays));
    return { window: moved, previous: (period) => addDays(period, -totalDays) };
  }
  const months = yearly ? 12 : (MONTHS[grain] ?? 12);
  const moved = moveBack(window, (day) => backMonths(day, months));
  return { window: moved, previous: grain === 'TOTAL' ? () => moved.from : (period) => addMonths(period, -months) };
}

/** Last local day of a period, as far as the window reaches. */
export function endOf(period: LocalDate, grain: PeriodGrain, window: Window): LocalDate {
  if (grain === 'TOTAL') return window.to;
  const end = addDays(nextPeriod(period, grain), -1);
  return [end, window.to].sort()[0] as LocalDate;
}

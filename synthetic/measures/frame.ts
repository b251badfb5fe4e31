import type { DayNumber, LocalDays } from '../../src/core/helpers/local-days.js';
import { dateOfDay, dayNumber } from '../../src/core/helpers/local-days.js';
import { addMonths, type Instant, type LocalDate } from '../../src/core/helpers/time.js';

/** The frame of the book that is measured; all days are local. */
export interface Frame {
  readonly days: LocalDays;
  readonly firstDay: DayNumber;
  /** The last day of the book: what would be known later is not asked for. */
  readonly endDay: DayNumber;
  readonly start: Instant;
  readonly horizon: Instant;
  /** First and last day of each month of the book that has ended, oldest first. */
  readonly months: readonly { readonly first: DayNumber; readonly last: DayNumber }[];
  /** Month of the book of a day, 0 the first. */
  monthOf(day: DayNumber): number;
}

const monthNumber = (date: string): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));

/** @param months first day of each month of the book, oldest first, the newest ended by the end date */
export function frameOf(days: LocalDays, months: readonly LocalDate[], endDate: LocalDate): Frame {
  const starts = months.map(dayNumber);
  const after = dayNumber(addMonths(months.at(-1) as LocalDate, 1));
  const ends = [...starts.slice(1), after].map((next) => next - 1);
  const first = monthNumber(months[0] as string);
  const known = new Map<DayNumber, number>();
  const firstDay = starts[0] as DayNumber;
  const endDay = dayNumber(endDate);
  return {
    days,
    firstDay,
    endDay,
    start: days.startOf(firstDay),
    horizon: days.startOf(endDay + 1) - 1,
    months: starts.map((start, index) => ({ first: start, last: ends[index] as DayNumber })),
    monthOf: (day) => {
      let month = known.get(day);
      if (month === undefined) {
        month = monthNumber(dateOfDay(day)) - first;
        known.set(day, month);
      }
      return month;
    },
  };
}

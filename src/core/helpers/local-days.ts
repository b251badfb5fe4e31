/** Local days as whole numbers, for loops over millions of rows: no date object a row. */
import type { BusinessCalendar, Instant, LocalDate } from './time.js';
import { DAY } from './time.js';

/** A local day as the number of days since 1970-01-01. */
export type DayNumber = number;

/** The number of a day `YYYY-MM-DD`, which is not checked. */
export const dayNumber = (date: LocalDate): DayNumber =>
  Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / DAY;

/** `YYYY-MM-DD` */
export const dateOfDay = (day: DayNumber): LocalDate => new Date(day * DAY).toISOString().slice(0, 10);

/** The same date one year on; 29 February becomes 28 February. */
export function yearLater(day: DayNumber): DayNumber {
  const date = new Date(day * DAY);
  const [year, month] = [date.getUTCFullYear() + 1, date.getUTCMonth()];
  return Math.min(Date.UTC(year, month, date.getUTCDate()), Date.UTC(year, month + 1, 0)) / DAY;
}

/** A calendar's days by number. Each day's start is asked of the zone once and kept. */
export class LocalDays {
  private readonly starts = new Map<DayNumber, Instant>();

  constructor(readonly calendar: BusinessCalendar) {}

  /** First millisecond of the day. */
  startOf(day: DayNumber): Instant {
    let start = this.starts.get(day);
    if (start === undefined) {
      start = this.calendar.startOfDay(dateOfDay(day));
      this.starts.set(day, start);
    }
    return start;
  }

  /** The day in which an instant falls. */
  dayOf(instant: Instant): DayNumber {
    let day = Math.floor(instant / DAY);
    while (this.startOf(day) > instant) day--;
    while (this.startOf(day + 1) <= instant) day++;
    return day;
  }
}

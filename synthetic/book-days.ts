import { type DayNumber, dateOfDay, LocalDays } from '../src/core/helpers/local-days.js';
import { DAY, type LocalDate } from '../src/core/helpers/time.js';

export type { DayNumber } from '../src/core/helpers/local-days.js';
export { dayNumber } from '../src/core/helpers/local-days.js';

/** Calendar months since year 0: January 2026 is 2026 * 12. */
export type MonthNumber = number;

export const firstDayOf = (month: MonthNumber): DayNumber => Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY;

/** Local days with their texts and months, each worked out once: the simulation asks for the same thousand days over and over. */
export class BookDays extends LocalDays {
  private readonly texts = new Map<DayNumber, LocalDate>();
  private readonly months = new Map<DayNumber, MonthNumber>();

  date(day: DayNumber): LocalDate {
    let text = this.texts.get(day);
    if (text === undefined) {
      text = dateOfDay(day);
      this.texts.set(day, text);
    }
    return text;
  }

  month(day: DayNumber): MonthNumber {
    let month = this.months.get(day);
    if (month === undefined) {
      const date = new Date(day * DAY);
      month = date.getUTCFullYear() * 12 + date.getUTCMonth();
      this.months.set(day, month);
    }
    return month;
  }

  /** The same day of the month, months later; a day past the month's end becomes its last day. */
  addMonths(day: DayNumber, months: number): DayNumber {
    const month = this.month(day);
    return this.dayIn(month + months, day - firstDayOf(month) + 1);
  }

  /** A day of a month by its number, from 1; past the month's end it is the last day. */
  dayIn(month: MonthNumber, dayOfMonth: number): DayNumber {
    return Math.min(firstDayOf(month) + dayOfMonth, firstDayOf(month + 1)) - 1;
  }
}

/** Days on which banks book money: Monday to Friday, less public holidays. */
import { DAY } from '../src/core/helpers/time.js';
import type { DayNumber } from './book-days.js';
import { inSpringFestivalWeek } from './season.js';

/** Public holidays on fixed dates, as month and days. Weekends that are worked in exchange are announced year by year and left out. */
const HOLIDAYS: readonly (readonly [month: number, first: number, last: number])[] = [
  [1, 1, 1],
  [5, 1, 5],
  [10, 1, 7],
];

const known = new Map<DayNumber, boolean>();

/** Day 0, 1970-01-01, was a Thursday. */
export const isWeekend = (day: DayNumber): boolean => (day + 3) % 7 >= 5;

export function isBankDay(day: DayNumber): boolean {
  let open = known.get(day);
  if (open === undefined) {
    open = !isWeekend(day) && !isHoliday(day);
    known.set(day, open);
  }
  return open;
}

/** The bank day that comes so many bank days after a day. */
export function bankDayAfter(day: DayNumber, count: number): DayNumber {
  let after = day;
  for (let left = count; left > 0; ) if (isBankDay(++after)) left--;
  return after;
}

/** The day itself where banks are open, else the last bank day before it. */
export function bankDayBy(day: DayNumber): DayNumber {
  let before = day;
  while (!isBankDay(before)) before--;
  return before;
}

function isHoliday(day: DayNumber): boolean {
  const date = new Date(day * DAY);
  const [month, dayOfMonth] = [date.getUTCMonth() + 1, date.getUTCDate()];
  return (
    inSpringFestivalWeek(day) ||
    HOLIDAYS.some(([of, first, last]) => of === month && dayOfMonth >= first && dayOfMonth <= last)
  );
}

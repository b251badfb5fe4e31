/** When wages arrive: money is there after payday, and short before it. */
import { bankDayBy } from './bank-days.js';
import type { BookDays, DayNumber } from './book-days.js';
import type { Random } from './random.js';

/** Days of the month on which employers pay, by how common they are. */
const PAYDAYS: readonly (readonly [number, number])[] = [
  [5, 15],
  [10, 35],
  [15, 30],
  [20, 10],
  [25, 10],
];
/** They are paid when a customer of theirs pays. */
const WITHOUT_WAGES: readonly string[] = ['self_employed', 'driver'];

/** The customer's payday, as a day of the month; null: none. */
export const paydayOf = (occupation: string, random: Random): number | null => {
  const payday = random.weighted(PAYDAYS);
  return WITHOUT_WAGES.includes(occupation) ? null : payday;
};

/** The first day on or after a day on which wages arrive: on payday, or on the bank day before it. */
export function nextWages(local: BookDays, payday: number, day: DayNumber): DayNumber {
  const month = local.month(day);
  const inMonth = (later: number) => bankDayBy(local.dayIn(month + later, payday));
  return inMonth(0) >= day ? inMonth(0) : inMonth(1);
}

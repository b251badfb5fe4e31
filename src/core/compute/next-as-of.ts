import type { View } from '../definitions/definitions.js';
import { addDays, type BusinessCalendar, HOUR, type Instant } from '../helpers/time.js';

/** The as-of that follows by the view's schedule. */
export const nextAsOf = (
  { schedule }: Pick<View, 'schedule'>,
  asOf: Instant,
  calendar: Pick<BusinessCalendar, 'startOfDay' | 'dateOf'>,
): Instant => (schedule.every === 'hour' ? asOf + HOUR : calendar.startOfDay(addDays(calendar.dateOf(asOf), 1)));

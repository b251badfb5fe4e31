import type { JobDefinition } from '../core/definitions/registry.js';
import { addDays, type BusinessCalendar, HOUR, type Instant, MINUTE } from '../core/helpers/time.js';

/** The latest scheduled time of a job that is not after `now`; days and wall-clock times are the portfolio's. */
export function latestTick(
  schedule: NonNullable<JobDefinition['schedule']>,
  now: Instant,
  calendar: BusinessCalendar,
): Instant {
  if (schedule.every === 'hour') {
    const offset = schedule.minute * MINUTE;
    return Math.floor((now - offset) / HOUR) * HOUR + offset;
  }
  const today = calendar.dateOf(now);
  const tick = calendar.at(today, schedule.at);
  return tick <= now ? tick : calendar.at(addDays(today, -1), schedule.at);
}

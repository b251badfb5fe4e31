/** The as-ofs of a view, and when each may be computed. */
import type { View } from '../core/definitions/definitions.js';
import { badInput } from '../core/errors.js';
import {
  addDays,
  type BusinessCalendar,
  eachDay,
  formatInstant,
  HOUR,
  type Instant,
  type LocalDate,
} from '../core/helpers/time.js';
import { removedFor } from '../core/lending/retention.js';
import { kindOf } from './view-kinds.js';

type Scheduled = Pick<View, 'id' | 'schedule' | 'delayMs'>;

/** The instant from which values of this as-of are readable; also the knowledge time of its scheduled run. */
export const readableFrom = (view: Scheduled, asOf: Instant): Instant => asOf + view.delayMs;

/** Knowledge time of a live run, whose schedule would have known what was known at `scheduled`. */
export const knownBy = (
  view: View,
  asOf: Instant,
  { now, scheduled }: { readonly now: Instant; readonly scheduled: Instant },
  calendar: BusinessCalendar,
): Instant =>
  kindOf(view).late === 'AS_KNOWN' && asOf === newestDue(view, now, calendar) ? Math.max(scheduled, now) : scheduled;

/** The latest as-of of the view with as-of + delay <= now. Days are the portfolio's own: 23 or 25 hours where its clocks change. */
export function newestDue(view: Scheduled, now: Instant, calendar: BusinessCalendar): Instant {
  const latest = now - view.delayMs;
  return view.schedule.every === 'hour'
    ? Math.floor(latest / HOUR) * HOUR
    : calendar.startOfDay(calendar.dateOf(latest));
}

/** @throws BAD_USER_INPUT where the view has no such as-of, or it may not be seen yet */
export function checkAsOf(view: Scheduled, asOf: Instant, now: Instant, calendar: BusinessCalendar): void {
  const hourly = view.schedule.every === 'hour';
  const newest = formatInstant(newestDue(view, now, calendar));
  const fits = hourly ? asOf % HOUR === 0 : asOf === calendar.startOfDay(calendar.dateOf(asOf));
  if (!fits) {
    throw badInput(
      `${view.id} has no as-of ${formatInstant(asOf)}: it describes ${hourly ? 'each full hour (UTC)' : `each midnight of ${calendar.timezone}`}`,
      `ask for such an instant (the newest that is due: ${newest}), or for none`,
    );
  }
  if (readableFrom(view, asOf) > now) {
    throw badInput(
      `${view.id} as of ${formatInstant(asOf)} may not be seen before ${formatInstant(readableFrom(view, asOf))} (as-of + ${view.schedule.delay})`,
      `ask again then, or for the newest that is due: ${newest}`,
    );
  }
}

/** @throws BAD_USER_INPUT where rows that the view reads for the as-of are removed by now */
export function checkRemoved(view: View, asOf: Instant, now: Instant, calendar: BusinessCalendar): void {
  const removed = removedFor(view, now, calendar)(asOf);
  if (removed !== null) {
    throw badInput(`${view.id} as of ${formatInstant(asOf)} can no longer be computed: ${removed.why}`, removed.hint);
  }
}

/** @throws BAD_USER_INPUT where an as-of that is due by the clock of who asked is not by that of the stores */
export function checkDue(
  view: Scheduled,
  asOf: Instant,
  { now, stores }: { readonly now: Instant; readonly stores: Instant },
): void {
  if (readableFrom(view, asOf) <= stores) return;
  throw badInput(
    `${view.id} as of ${formatInstant(asOf)} is not due: the clock of the stores says ${formatInstant(stores)}, the one that asked said ${formatInstant(now)}`,
    `set the clock that is wrong; the run is due from ${formatInstant(readableFrom(view, asOf))} on`,
  );
}

/** Every as-of that falls in the local days from `from` to `to`, both included, oldest first. */
export function instantsBetween(
  view: Scheduled,
  from: LocalDate,
  to: LocalDate,
  calendar: BusinessCalendar,
): readonly Instant[] {
  if (view.schedule.every === 'day') return eachDay(from, to).map((day) => calendar.startOfDay(day));
  const end = calendar.startOfDay(addDays(to, 1));
  const hours: Instant[] = [];
  for (let hour = Math.ceil(calendar.startOfDay(from) / HOUR) * HOUR; hour < end; hour += HOUR) hours.push(hour);
  return hours;
}

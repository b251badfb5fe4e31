import { DateTime, IANAZone } from 'luxon';
import { badInput } from '../errors.js';

/** An instant: UTC milliseconds since 1970. */
export type Instant = number;
/** A local business day, `YYYY-MM-DD`. */
export type LocalDate = string;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** `'2h'`, `'400d'`, `'1500ms'` to milliseconds. Days are 24 hours: durations never depend on a zone. */
export function parseDuration(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  if (!match) throw badInput(`'${text}' is not a duration`, "write a whole number and a unit: '30m', '2h', '400d'");
  return Number(match[1]) * (UNITS[match[2] as string] as number);
}

const ZONED = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})$/;

/** RFC 3339 with a zone to UTC milliseconds; digits below a millisecond are cut. Text without a zone is refused (rule 3). */
export function parseInstant(text: string, where = 'the instant'): Instant {
  const value = ZONED.test(text)
    ? DateTime.fromISO(text.replace(' ', 'T').toUpperCase(), { setZone: true })
    : undefined;
  if (!value?.isValid) {
    const zoneless = /^\d{4}-\d{2}-\d{2}/.test(text) && !/([Zz]|[+-]\d{2}:?\d{2})$/.test(text);
    throw badInput(
      `${where} '${text}' ${zoneless ? 'has no time zone' : 'is not an RFC 3339 instant'}`,
      "write it with a zone, as '2026-03-01T00:00:00.000Z' or '2026-03-01T08:00:00+08:00'",
    );
  }
  return value.toMillis();
}

/** UTC milliseconds to `YYYY-MM-DDTHH:mm:ss.SSSZ`. */
export const formatInstant = (instant: Instant): string => new Date(instant).toISOString();

export function parseLocalDate(text: string, where = 'the date'): LocalDate {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || !DateTime.fromISO(text, { zone: 'utc' }).isValid) {
    throw badInput(`${where} '${text}' is not a date`, "write it as 'YYYY-MM-DD'");
  }
  return text;
}

/** The portfolio's time zone cuts the business days; 23-hour and 25-hour days follow the zone's own rules. */
export class BusinessCalendar {
  constructor(readonly timezone: string) {
    if (!IANAZone.isValidZone(timezone)) {
      throw badInput(`time zone '${timezone}' is unknown`, "use an IANA name such as 'Asia/Shanghai'");
    }
  }

  /** First millisecond of a local day: the first of two midnights where the clocks go back at one. */
  startOfDay(date: LocalDate): Instant {
    const midnight = DateTime.fromISO(date, { zone: this.timezone }).startOf('day');
    const start = midnight.toMillis();
    const back = midnight.zone.offset(start - 1) - midnight.zone.offset(start);
    return back > 0 ? start - back * MINUTE : start;
  }

  /** Last millisecond of a local day: the event time of a Date (a Date is a whole day). */
  endOfDay(date: LocalDate): Instant {
    return this.startOfDay(addDays(date, 1)) - 1;
  }

  /** The local day in which an instant falls. */
  dateOf(instant: Instant): LocalDate {
    return DateTime.fromMillis(instant, { zone: this.timezone }).toFormat('yyyy-MM-dd');
  }

  /** Moved back by local calendar days or months: a day's start goes to a day's start, any other instant keeps its wall-clock time. */
  back(instant: Instant, by: { readonly days?: number; readonly months?: number }): Instant {
    const date = this.dateOf(instant);
    if (instant === this.startOfDay(date)) {
      return this.startOfDay(addDays(addMonths(date, -(by.months ?? 0)), -(by.days ?? 0)));
    }
    return DateTime.fromMillis(instant, { zone: this.timezone }).minus(by).toMillis();
  }

  /** The instant of a local wall-clock time `HH:mm` on a day. */
  at(date: LocalDate, time: string): Instant {
    return DateTime.fromISO(`${date}T${time}`, { zone: this.timezone }).toMillis();
  }
}

/** Moves a date by whole calendar days. */
export const addDays = (date: LocalDate, days: number): LocalDate =>
  DateTime.fromISO(date, { zone: 'utc' }).plus({ days }).toFormat('yyyy-MM-dd');

/** Moves a date by calendar months; a day past the month's end becomes its last day. */
export const addMonths = (date: LocalDate, months: number): LocalDate =>
  DateTime.fromISO(date, { zone: 'utc' }).plus({ months }).toFormat('yyyy-MM-dd');

/** Every day from `from` to `to`, both included. */
export function eachDay(from: LocalDate, to: LocalDate): LocalDate[] {
  const days: LocalDate[] = [];
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day);
  return days;
}

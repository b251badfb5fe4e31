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

const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;
/** The instants that every store holds. */
const FIRST_YEAR = 1900;
const LAST_YEAR = 2299;
/** Minutes; no zone is farther from UTC, and XML Schema allows no more. */
const MAX_OFFSET = 14 * 60;

/** Why a text with a time but no zone is no instant. */
export const NO_ZONE = 'has no time zone';

/**
 * The one reading of an instant that a caller wrote: RFC 3339 with a zone, or with the zone as Postgres prints it (`+08`), of 1900 to 2299, to UTC
 * milliseconds. Digits below a millisecond are cut. Text that is none gives the reason, as the end of a sentence.
 */
export function readInstant(text: string): Instant | string {
  const [whole, date, hour, minute, second = '00', fraction = '', zone] = INSTANT.exec(text) ?? [];
  if (whole === undefined || date === undefined) return "is not an instant written as '2026-03-01T08:00:00+08:00'";
  if (hour === undefined) return 'is a date, and an instant with a time zone is needed';
  if (zone === undefined) return NO_ZONE;
  if (!existsOnCalendar(date) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return 'is a time that does not exist';
  }
  const offset = offsetOf(zone);
  if (Number.isNaN(offset)) return 'has an offset that no time zone has: they are -14:00 to +14:00';
  const instant = Date.parse(`${date}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`) - offset;
  const year = new Date(instant).getUTCFullYear();
  return year >= FIRST_YEAR && year <= LAST_YEAR ? instant : `is not between ${FIRST_YEAR} and ${LAST_YEAR}`;
}

/** The offset of a zone from UTC in milliseconds; NaN for one that no place on earth has. */
function offsetOf(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const minutes = Number(zone.length > 3 ? zone.slice(-2) : 0);
  const total = Number(zone.slice(1, 3)) * 60 + minutes;
  if (minutes > 59 || total > MAX_OFFSET) return Number.NaN;
  return (zone.startsWith('-') ? -total : total) * MINUTE;
}

/** `readInstant`, where text that is no instant ends the request: BAD_USER_INPUT with its place (rule 3). */
export function parseInstant(text: string, where = 'the instant'): Instant {
  const instant = readInstant(text);
  if (typeof instant === 'number') return instant;
  throw badInput(
    `${where} '${text.slice(0, 64)}' ${instant}`,
    "write it with a zone, as '2026-03-01T00:00:00.000Z' or '2026-03-01T08:00:00+08:00'",
  );
}

/** UTC milliseconds to `YYYY-MM-DDTHH:mm:ss.SSSZ`. */
export const formatInstant = (instant: Instant): string => new Date(instant).toISOString();

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Whether a text of the form `YYYY-MM-DD` names a day of the calendar. */
export function existsOnCalendar(text: string): boolean {
  const start = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse reads 30 February as a day of March.
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
}

export function parseLocalDate(text: string, where = 'the date'): LocalDate {
  if (!existsOnCalendar(text)) {
    throw badInput(`${where} '${text.slice(0, 64)}' is not a date`, "write it as 'YYYY-MM-DD', a day of the calendar");
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

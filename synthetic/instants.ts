import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../src/core/helpers/time.js';

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const days = new Map<number, string>();

/**
 * The text of `formatInstant`, which takes many times longer: a book has millions of instants in a thousand days, so that the text of a day is
 * made once.
 */
export function instantText(instant: Instant): string {
  const day = Math.floor(instant / DAY);
  let date = days.get(day);
  if (date === undefined) {
    date = new Date(day * DAY).toISOString().slice(0, -'00:00:00.000Z'.length);
    days.set(day, date);
  }
  const time = Math.floor(instant) - day * DAY;
  const hour = TWO_DIGITS[Math.floor(time / HOUR)];
  const minute = TWO_DIGITS[Math.floor(time / MINUTE) % 60];
  const second = TWO_DIGITS[Math.floor(time / SECOND) % 60];
  return `${date}${hour}:${minute}:${second}.${String(time % SECOND).padStart(3, '0')}Z`;
}

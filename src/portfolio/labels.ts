import { DAY, formatInstant, HOUR, type Instant } from '../core/time.js';
import type { Book } from './book.js';
import type { Person } from './person.js';
import { statementsOf, WRITE_OFF_AFTER_MONTHS } from './statements.js';

/** 60 or more days past due at a month end of the six months after the observation point. */
export const LABEL_NAME = 'dpd60_6m';
const WINDOW_MONTHS = 6;
const BAD_MONTHS_BEHIND = 2;
/** Newest observation points that are mature. */
const OBSERVATION_POINTS = 12;
/** Observed when the features of that midnight are published (their delay is two hours). */
const OBSERVED_AT = 6 * HOUR;

/**
 * Rows of `labels`: observation points at 06:00 of the first of a month, for customers with a statement in the month before who are not 60
 * days behind already. What happened in the window is read off the true statements; it is known one to three days after the window.
 */
export function* labelRows(book: Book, person: Person): Generator<Record<string, unknown>> {
  const random = book.random('label lag', person.index);
  const worst = new Map<number, number>();
  let gone = Number.POSITIVE_INFINITY;
  for (const { month, delinquency } of statementsOf(book, person)) {
    worst.set(month, Math.max(worst.get(month) ?? 0, delinquency));
    // A written-off account prints nothing more, yet its customer stays in default.
    if (delinquency >= WRITE_OFF_AFTER_MONTHS) gone = Math.min(gone, month);
  }
  const newest = book.months.length - WINDOW_MONTHS;
  for (let month = newest - OBSERVATION_POINTS + 1; month <= newest; month++) {
    const knownLag = random.int(1, 3) * DAY;
    const now = worst.get(month - 1);
    if (now === undefined || now >= BAD_MONTHS_BEHIND || month > gone) continue;
    const windowEnd = book.monthEnds[month + WINDOW_MONTHS - 1] as Instant;
    if (windowEnd + knownLag > book.horizon) continue;
    const observed = formatInstant((book.monthStarts[month] as Instant) + OBSERVED_AT);
    let bad = false;
    for (let ahead = month; ahead < month + WINDOW_MONTHS; ahead++)
      bad ||= (worst.get(ahead) ?? 0) >= BAD_MONTHS_BEHIND;
    yield {
      entity: 'customer',
      entity_id: person.id,
      name: LABEL_NAME,
      observed_at: observed,
      window_from: observed,
      window_to: formatInstant(windowEnd),
      known_at: formatInstant(windowEnd + knownLag),
      value: bad ? 1 : 0,
    };
  }
}

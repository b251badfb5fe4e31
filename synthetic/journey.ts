import { DAY, type Instant, MINUTE, SECOND } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import type { Journey } from './life.js';
import type { Person } from './person.js';

const FILLS = 0.6;
const SUBMITS = 0.75;
/** Ring members come to apply. */
const RING_GOES_ON = 0.95;
/** Share of customers who do a step at once, among those who do it at all. */
const AT_ONCE = 0.88;

/** A customer's way from the first open to the application. Those who registered before the book come back in it, most of them early. */
export function journeyOf(book: Book, person: Person): Journey {
  const random = book.random('journey', person.index);
  const known = (at: Instant): Instant | null => (at <= book.horizon ? at : null);
  const openedAt = person.registeredAt - random.int(20, 40 * 60) * SECOND;
  const journey = { openedAt, registeredAt: person.registeredAt, filledAt: null, submittedAt: null };
  if (!random.chance(person.ring ? RING_GOES_ON : FILLS)) return journey;
  let start = person.registeredAt + (random.chance(AT_ONCE) || person.ring ? 0 : random.int(1, 12) * DAY);
  if (person.registeredDay < book.firstDay) {
    const days = book.endDay - book.firstDay;
    start =
      book.local.startOf(book.firstDay + Math.floor(random.next() ** 1.3 * days)) +
      random.int(8 * 60, 22 * 60) * MINUTE;
  }
  const filledAt = known(start + random.int(40, 600) * SECOND);
  if (filledAt === null || !random.chance(person.ring ? RING_GOES_ON : SUBMITS)) return { ...journey, filledAt };
  const later = random.chance(AT_ONCE) || person.ring ? 0 : random.int(1, 8) * DAY;
  return { ...journey, filledAt, submittedAt: known(filledAt + later + random.int(10, 900) * SECOND) };
}

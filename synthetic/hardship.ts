import { BOOK_MONTHS, type Book } from './book.js';
import type { Person } from './person.js';
import { logistic } from './random.js';

/** Shocks of life fade by a seventh a month. */
const MEMORY = 0.85;
const SHOCK = 0.5;
/** Log-odds of losing the job in a month, before ability; the pressure while it lasts. */
const JOB_LOSS = -5.4;
const JOBLESS = 1.6;

/** The strain on a customer, month by month: shocks that fade, and months without work. */
export function strainOf(book: Book, person: Person): number[] {
  const random = book.random('strain', person.index);
  const strain: number[] = [];
  let shock = (SHOCK / Math.sqrt(1 - MEMORY * MEMORY)) * random.normal();
  let jobless = 0;
  for (let month = 0; month <= BOOK_MONTHS; month++) {
    shock = MEMORY * shock + SHOCK * random.normal();
    if (jobless > 0) jobless--;
    else if (random.chance(logistic(JOB_LOSS - 0.5 * person.ability))) jobless = random.int(3, 9);
    strain.push(shock + (jobless > 0 ? JOBLESS : 0));
  }
  return strain;
}

/** The part of a customer's log-odds of missing a payment that does not change. */
export function standingRisk(person: Person): number {
  const { ability, willingness, channelRisk, age, married, education } = person;
  const young = age < 24 ? 0.25 : 0;
  const schooled = education === 'graduate_school' ? -0.2 : education === 'high_school' ? 0.15 : 0;
  return -0.8 * willingness - 0.58 * ability + channelRisk + young + schooled - (married ? 0.12 : 0);
}

import type { Book } from './book.js';
import { Borrower } from './borrower.js';
import { CASH_LINE, creditApplications, SHOP_LINE } from './credit.js';
import { strainOf } from './hardship.js';
import { journeyOf } from './journey.js';
import type { Life } from './life.js';
import { makePerson } from './person.js';

/** Share of new customers who come for cash. */
const CASH_SHARE = 0.78;

/** The life of one customer of the book, in any order of asking: drawn from the book's seed and the customer's number alone. */
export function lifeOf(book: Book, index: number): Life {
  const person = makePerson(book, index);
  const journey = journeyOf(book, person);
  const strain = strainOf(book, person);
  const life: Life = { person, journey, strain, applications: [], lines: [], loans: [] };
  if (journey.submittedAt === null) return life;
  const product = book.random('product', index).chance(CASH_SHARE) ? CASH_LINE : SHOP_LINE;
  const credit = creditApplications(book, person, {
    first: journey.submittedAt,
    product,
    number: 1,
    pressure: (at) => 0.5 * (strain[book.monthOf(book.local.dayOf(at))] ?? 0),
  });
  if (credit.at(-1)?.decision !== 'APPROVED') return { ...life, applications: credit };
  const borrower = new Borrower(book, person, strain, credit);
  borrower.live();
  const applications = [...credit, ...borrower.applications].sort((a, b) => a.appliedAt - b.appliedAt);
  return { ...life, applications, ...borrower.finished() };
}

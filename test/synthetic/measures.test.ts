import { expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { Book } from '../../synthetic/book.js';
import { measureBook } from '../../synthetic/measures/book-measures.js';
import type { MeasureResult } from '../../synthetic/measures/targets.js';

const CUSTOMERS = 50_000;

/** One line a measure that is outside: what a person needs who changes the generator. */
const line = ({ title, target, low, high, value }: MeasureResult): string =>
  `${title}: ${value} is not within ${low} to ${high} (target ${target})`;

it('a book of 50,000 customers that ends soon after a Spring Festival holds the range of every measure', () => {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  // The seed of the demo and of the table in docs/book.md; `bench/book.ts` measures other end dates.
  const book = new Book({ seed: 20_240_229, endDate: '2027-03-15', customers: CUSTOMERS, calendar });
  expect(
    measureBook(book)
      .filter(({ pass }) => !pass)
      .map(line),
  ).toEqual([]);
}, 900_000);

import { expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { Book } from '../../synthetic/book.js';
import { BookMeasures } from '../../synthetic/measures/book-measures.js';
import { customerRows } from '../../synthetic/portfolio.js';

const CUSTOMERS = 50_000;

/** One line a measure that is outside: what a person needs who changes the generator. */
const line = ({ title, target, low, high, value }: ReturnType<BookMeasures['result']>[number]): string =>
  `${title}: ${value} is not within ${low} to ${high} (target ${target})`;

it('a book of 50,000 customers holds the range of every measure', () => {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  // The seed of the demo and of the README's table.
  const book = new Book({ seed: 20_240_229, endDate: '2026-06-30', customers: CUSTOMERS, calendar });
  const measures = new BookMeasures(book);
  for (let index = 0; index < CUSTOMERS; index++) measures.add(customerRows(book, index));
  expect(
    measures
      .result()
      .filter(({ pass }) => !pass)
      .map(line),
  ).toEqual([]);
}, 900_000);

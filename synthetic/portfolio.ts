import type { Book } from './book.js';
import { lendingRows } from './lending-rows.js';
import type { CustomerRows } from './rows.js';
import { lifeOf } from './simulate.js';
import * as surroundings from './surroundings.js';

export { BookTotals } from './totals.js';

/** Tables of `lendingRows`. */
const LENDING_TABLES = [
  'customers',
  'applications',
  'credit_lines',
  'loans',
  'loan_events',
  'installments',
  'repayments',
  'statements',
  'labels',
  'scores',
  'decisions',
  'rule_hits',
] as const;

/** Every table of the book, in the order in which a loader may take them. */
export const PORTFOLIO_TABLES: readonly string[] = [
  ...['places', 'tac_brands'],
  ...LENDING_TABLES,
  ...surroundings.SURROUNDING_TABLES,
  ...['provisions', 'costs'],
];

/** Rows of the tables that are about no customer. */
export const referenceRows = (_book: Book): CustomerRows => surroundings.referenceRows();

/** Every row that the book has of one customer, by table; the same in any order of asking. */
export function customerRows(book: Book, index: number): CustomerRows {
  const life = lifeOf(book, index);
  return { ...lendingRows(book, life), ...surroundings.surroundingRows(book, life) };
}

import type { Book } from './book.js';
import { lendingRows } from './lending-rows.js';
import { placeRows } from './places.js';
import type { CustomerRows } from './rows.js';
import { sightingRows } from './sightings.js';
import { lifeOf } from './simulate.js';
import { tacBrandRows } from './tac-brands.js';

/** Every table of the book, in the order of the source schema. */
export const PORTFOLIO_TABLES: readonly string[] = [
  'customers',
  'applications',
  'credit_lines',
  'loans',
  'loan_events',
  'installments',
  'repayments',
  'statements',
  'device_sightings',
  'labels',
  'scores',
  'decisions',
  'rule_hits',
  'tac_brands',
  'places',
];

/** Rows of the tables that are about no customer. */
export const referenceRows = (_book: Book): CustomerRows => ({ places: placeRows(), tac_brands: tacBrandRows() });

/** Every row that the book has of one customer, by table; the same in any order of asking. */
export function customerRows(book: Book, index: number): CustomerRows {
  const life = lifeOf(book, index);
  return { ...lendingRows(book, life), device_sightings: sightingRows(book, life) };
}

/** Sums over the book. */
export class BookTotals {
  constructor(_book: Book) {}
  add(_rows: CustomerRows): void {}
  rows(): CustomerRows {
    return {};
  }
}

import { BOOK_MONTHS, Book, type PortfolioOptions } from './book.js';
import { sightingRows } from './devices.js';
import { labelRows } from './labels.js';
import { makePerson, type Person } from './person.js';
import { statementRows } from './statements.js';

export type { PortfolioOptions } from './book.js';

export interface PortfolioTable {
  /** A source table, to be imported with `history=true`. */
  readonly table: string;
  /** One pass a call of the iterator; rows are made as they are read. */
  readonly rows: AsyncIterable<Record<string, unknown>>;
  /** For progress only. */
  readonly estimatedRows: number;
}

/**
 * The synthetic lending book: customers, the devices they were seen on, their monthly statements, and the labels that those statements
 * came to. Every row is drawn from (seed, end date, customers) alone, in any order of reading, with memory for one customer at a time.
 * Rows that came late or were restated carry `ingested_at`; nothing was known after the end date.
 */
export function portfolioTables(options: PortfolioOptions): PortfolioTable[] {
  const book = new Book(options);
  const of = (table: string, perCustomer: number, rows: (person: Person) => Iterable<Record<string, unknown>>) => ({
    table,
    estimatedRows: Math.round(options.customers * perCustomer),
    rows: perPerson(book, rows),
  });
  return [
    of('customers', 1, (person) => [person.row]),
    of('device_sightings', 15, (person) => sightingRows(book, person)),
    of('statements', BOOK_MONTHS * 0.95, (person) => statementRows(book, person)),
    of('labels', 8.5, (person) => labelRows(book, person)),
  ];
}

/** Lets other work run between customers: the caller serves requests while the book is made. */
const CUSTOMERS_A_TURN = 64;

const perPerson = (
  book: Book,
  rows: (person: Person) => Iterable<Record<string, unknown>>,
): AsyncIterable<Record<string, unknown>> => ({
  async *[Symbol.asyncIterator]() {
    for (let index = 0; index < book.options.customers; index++) {
      yield* rows(makePerson(book, index));
      if (index % CUSTOMERS_A_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  },
});

/** Rows as NDJSON in chunks of about 64 KiB: a body of the import API. */
export async function* toNdjson(rows: AsyncIterable<Record<string, unknown>>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for await (const row of rows) {
    text += `${JSON.stringify(row)}\n`;
    if (text.length >= 65_536) {
      yield encoder.encode(text);
      text = '';
    }
  }
  if (text !== '') yield encoder.encode(text);
}

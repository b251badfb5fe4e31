import { Book, type PortfolioOptions } from './book.js';
import { customerRows } from './portfolio.js';

export { toNdjson } from './ndjson.js';

export interface PortfolioTable {
  /** A source table, to be imported with `history=true`. */
  readonly table: string;
  /** One pass a call of the iterator; rows are made as they are read. */
  readonly rows: AsyncIterable<Record<string, unknown>>;
  /** For progress only. */
  readonly estimatedRows: number;
}

/** The tables of the book one after the other, each made as it is read. */
export function portfolioTables(options: PortfolioOptions): PortfolioTable[] {
  const book = new Book(options);
  const perCustomer = { customers: 1, device_sightings: 15, statements: 2.2, labels: 2.2 };
  return Object.entries(perCustomer).map(([table, rows]) => ({
    table,
    estimatedRows: Math.round(options.customers * rows),
    rows: rowsOf(book, table),
  }));
}

/** Lets other work run between customers: the caller serves requests while the book is made. */
const CUSTOMERS_A_TURN = 64;

const rowsOf = (book: Book, table: string): AsyncIterable<Record<string, unknown>> => ({
  async *[Symbol.asyncIterator]() {
    for (let index = 0; index < book.options.customers; index++) {
      yield* customerRows(book, index)[table] ?? [];
      if (index % CUSTOMERS_A_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  },
});

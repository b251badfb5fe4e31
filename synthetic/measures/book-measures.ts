import { LocalDays } from '../../src/core/helpers/local-days.js';
import type { Book } from '../book.js';
import { customerRows } from '../portfolio.js';
import type { CustomerRows, Row } from '../rows.js';
import { Applications } from './applications.js';
import { type Bundle, readBundle, type Section } from './bundle.js';
import { Devices } from './devices.js';
import { FirstPayments } from './first-payments.js';
import { frameOf } from './frame.js';
import { Knowledge } from './knowledge.js';
import { LoanEndings } from './loan-endings.js';
import { MonthEnds } from './month-ends.js';
import { Payments } from './payments.js';
import { Rings } from './rings.js';
import { Sessions } from './sessions.js';
import { SharedPlaces } from './shared-places.js';
import { judge, type MeasureResult, type MeasureValues } from './targets.js';
import { Vintages } from './vintages.js';

/** The truth about a customer that no row tells: the ring of which it is a member; null for the honest. */
export type RingOf = (customerId: string) => number | null;

/**
 * Measures a book from the rows that it writes, never from what it was made of; rings alone are told, since they are what is to be found.
 * Customers come one at a time and leave counters: what grows with their number is some 20 bytes a device and network.
 */
export class BookMeasures {
  private readonly frame: ReturnType<typeof frameOf>;
  private readonly parts;

  constructor(
    book: Book,
    private readonly ringOf: RingOf = (id) => book.ring(Number(id.slice(1)) - 1)?.index ?? null,
  ) {
    const { calendar, endDate } = book.options;
    const frame = frameOf(new LocalDays(calendar), book.months, endDate);
    this.frame = frame;
    this.parts = {
      applications: new Applications(frame),
      firstPayments: new FirstPayments(frame),
      monthEnds: new MonthEnds(),
      vintages: new Vintages(frame),
      payments: new Payments(frame),
      loanEndings: new LoanEndings(frame),
      rings: new Rings(),
      devices: new Devices(),
      sharedPlaces: new SharedPlaces(),
      sessions: new Sessions(frame),
      knowledge: new Knowledge(),
    };
  }

  /** All rows of one customer, opens of the app by people who never registered included. */
  add(rows: CustomerRows): void {
    const customer = rows.customers?.[0] as Row | undefined;
    const ring = customer ? this.ringOf(String(customer.customer_id)) : null;
    const bundle: Bundle = readBundle(rows, ring, this.frame);
    for (const part of Object.values(this.parts) as readonly Section<unknown>[]) part.add(bundle);
  }

  /** Every measure of the table, in its order. */
  result(): MeasureResult[] {
    const { parts } = this;
    const values: MeasureValues = {
      ...parts.applications.values(),
      ...parts.firstPayments.values(),
      ...parts.monthEnds.values(),
      ...parts.vintages.values(),
      ...parts.payments.values(),
      ...parts.loanEndings.values(),
      ...parts.rings.values(),
      ...parts.devices.values(),
      ...parts.sharedPlaces.values(),
      ...parts.sessions.values(),
      ...parts.knowledge.values(),
    };
    return judge(values);
  }
}

/** Makes a book customer by customer and measures it; `done` is called with the number of customers now and then. */
export function measureBook(book: Book, done: (customers: number) => void = () => {}): MeasureResult[] {
  const measures = new BookMeasures(book);
  for (let index = 0; index < book.options.customers; index++) {
    measures.add(customerRows(book, index));
    if (index % 500 === 0) done(index);
  }
  return measures.result();
}

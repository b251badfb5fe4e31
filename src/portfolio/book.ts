import { addDays, addMonths, type BusinessCalendar, eachDay, type Instant, type LocalDate } from '../core/time.js';
import { Random } from './random.js';

export interface PortfolioOptions {
  /** The same seed, end date and number of customers give the same rows. */
  readonly seed: number;
  /** The last local day of the book; nothing in it was known later. */
  readonly endDate: LocalDate;
  readonly customers: number;
  readonly calendar: BusinessCalendar;
}

/** A group of fraudsters that applied together: few devices, forged identifiers, drawn to the limit and gone. */
export interface Ring {
  readonly index: number;
  /** Index of the first member; members are neighbours in the numbering. */
  readonly first: number;
  readonly size: number;
  readonly devices: number;
  /** Month of the book in which its members registered. */
  readonly startMonth: number;
}

/** Months of statements: two years of history before the newest observation point with a mature 6-month label, and more to train on. */
export const BOOK_MONTHS = 30;
/** Share of customers who belong to rings (0.6 to 1.5 % of applications in lenders' experience). */
const RING_SHARE = 0.01;

/** Days of device sightings: the last thirteen months. */
const SIGHTING_DAYS = 395;

export interface BookDay {
  readonly date: LocalDate;
  /** Its first millisecond. */
  readonly start: Instant;
}

/** What every table of the book is drawn from: its months and its rings. */
export class Book {
  /** First day of each month with statements, oldest first; the newest has ended by the end date. */
  readonly months: readonly LocalDate[];
  /** First millisecond of each of those months. */
  readonly monthStarts: readonly Instant[];
  /** Last millisecond of each of those months. */
  readonly monthEnds: readonly Instant[];
  /** Due date of what each of those months' statements asks for. */
  readonly dueDates: readonly LocalDate[];
  /** The days on which devices are seen, oldest first, the end date last. */
  readonly days: readonly BookDay[];
  /** Last millisecond of the end date: nothing later is known. */
  readonly horizon: Instant;
  private readonly ringOf = new Map<number, Ring>();

  constructor(readonly options: PortfolioOptions) {
    const { endDate, calendar } = options;
    const firstOfThis = `${endDate.slice(0, 7)}-01`;
    const ended = addDays(endDate, 1).slice(0, 7) !== endDate.slice(0, 7);
    const afterNewest = ended ? addMonths(firstOfThis, 1) : firstOfThis;
    this.months = Array.from({ length: BOOK_MONTHS }, (_, index) => addMonths(afterNewest, index - BOOK_MONTHS));
    // Worked out once: zone arithmetic is by far the slowest part of a row.
    this.monthStarts = this.months.map((month) => calendar.startOfDay(month));
    this.monthEnds = [...this.monthStarts.slice(1), calendar.startOfDay(afterNewest)].map((next) => next - 1);
    this.dueDates = this.months.map((month) => `${addMonths(month, 1).slice(0, 7)}-20`);
    this.days = eachDay(addDays(endDate, -SIGHTING_DAYS), endDate).map((date) => ({
      date,
      start: calendar.startOfDay(date),
    }));
    this.horizon = calendar.endOfDay(endDate);
    this.planRings();
  }

  ring(customer: number): Ring | null {
    return this.ringOf.get(customer) ?? null;
  }

  random(...stream: readonly (string | number)[]): Random {
    return new Random(this.options.seed, ...stream);
  }

  /** Rings of 4 to 15 spread over the numbering, and one of 30 or more in books that can hold it. */
  private planRings(): void {
    const { customers } = this.options;
    const random = this.random('rings');
    let wanted = Math.round(customers * RING_SHARE);
    const sizes: number[] = [];
    if (wanted >= 45) {
      sizes.push(random.int(30, 36));
      wanted -= sizes[0] as number;
    }
    while (wanted >= 4) {
      const size = Math.min(random.int(4, 15), wanted);
      sizes.push(size);
      wanted -= size;
    }
    sizes.forEach((size, index) => {
      // One stretch of the numbering a ring keeps rings apart.
      const stretch = Math.floor(customers / sizes.length);
      const first = index * stretch + random.int(0, Math.max(0, stretch - size));
      const ring: Ring = {
        index,
        first,
        size,
        devices: Math.max(1, Math.round(size / random.uniform(4, 8))),
        startMonth: random.int(2, BOOK_MONTHS - 4),
      };
      for (let member = 0; member < size; member++) this.ringOf.set(first + member, ring);
    });
  }
}

export const customerId = (index: number): string => `C${String(index + 1).padStart(7, '0')}`;

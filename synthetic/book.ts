import {
  addDays,
  addMonths,
  type BusinessCalendar,
  eachDay,
  type Instant,
  type LocalDate,
} from '../src/core/helpers/time.js';
import { BookDays, type DayNumber, dayNumber, type MonthNumber } from './book-days.js';
import { Random } from './random.js';

export interface PortfolioOptions {
  /** The same seed, end date and number of customers give the same rows. */
  readonly seed: number;
  /** The last local day of the book; nothing in it was known later. */
  readonly endDate: LocalDate;
  readonly customers: number;
  readonly calendar: BusinessCalendar;
}

/** What ties a ring together: shared phones, contacts, the agent who brought the members, or a place to live. */
export type RingKind = 'SHARED_DEVICE' | 'CONTACT' | 'AGENT' | 'ADDRESS';

/** A group of fraudsters that applied together: few devices, forged identifiers, drawn to the limit and gone. */
export interface Ring {
  readonly index: number;
  readonly kind: RingKind;
  /** Index of the first member; members are neighbours in the numbering. */
  readonly first: number;
  readonly size: number;
  readonly devices: number;
  /** Month of the book in which its members registered. */
  readonly startMonth: number;
}

/** Months of statements: two years of history before the newest observation point with a mature 6-month label, and more to train on. */
export const BOOK_MONTHS = 30;
/** Share of customers who belong to rings; with the drawdowns of the honest, about 1 % of the applications. */
const RING_SHARE = 0.0095;

const RING_KINDS: readonly (readonly [RingKind, number])[] = [
  ['SHARED_DEVICE', 40],
  ['CONTACT', 25],
  ['AGENT', 20],
  ['ADDRESS', 15],
];

/** Days of device sightings: the last thirteen months. */
const SIGHTING_DAYS = 395;

export interface BookDay {
  readonly date: LocalDate;
  /** Its first millisecond. */
  readonly start: Instant;
}

/** The frame of the book, from which every table is drawn: its months and its rings. */
export class Book {
  /** First day of each month with statements, oldest first; the newest has ended by the end date. */
  readonly months: readonly LocalDate[];
  /** First millisecond of each of those months. */
  readonly monthStarts: readonly Instant[];
  /** Last millisecond of each of those months. */
  readonly monthEnds: readonly Instant[];
  /** The days on which devices are seen, oldest first, the end date last. */
  readonly days: readonly BookDay[];
  /** Last millisecond of the end date: nothing later is known. */
  readonly horizon: Instant;
  readonly local: BookDays;
  /** First day of the book. */
  readonly firstDay: DayNumber;
  /** The end date. */
  readonly endDay: DayNumber;
  /** Calendar month of `months[0]`. */
  readonly firstMonth: MonthNumber;
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
    this.days = eachDay(addDays(endDate, -SIGHTING_DAYS), endDate).map((date) => ({
      date,
      start: calendar.startOfDay(date),
    }));
    this.horizon = calendar.endOfDay(endDate);
    this.local = new BookDays(calendar);
    this.firstDay = dayNumber(this.months[0] as LocalDate);
    this.endDay = dayNumber(endDate);
    this.firstMonth = this.local.month(this.firstDay);
    this.planRings();
  }

  ring(customer: number): Ring | null {
    return this.ringOf.get(customer) ?? null;
  }

  random(...stream: readonly (string | number)[]): Random {
    return new Random(this.options.seed, ...stream);
  }

  /** Month of the book in which a day falls: 0 is the first, BOOK_MONTHS the running month; negative before the book. */
  monthOf(day: DayNumber): number {
    return this.local.month(day) - this.firstMonth;
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
        kind: random.weighted(RING_KINDS),
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

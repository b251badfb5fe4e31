/** When a customer comes to the app: often with a loan, most near due dates, at night when under strain; hardly without one. */
import { HOUR, type Instant, MINUTE } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { type DayNumber, dayNumber } from './book-days.js';
import type { Life, LoanLife } from './life.js';
import type { Random } from './random.js';
import { type Moment, momentAt, settingOf } from './setting.js';

export interface Visit {
  readonly no: number;
  readonly at: Instant;
  /** Strain of the month: 0 ordinary, 2 hard. */
  readonly strain: number;
  /** Something is or was due within two days. */
  readonly nearDue: boolean;
  readonly borrows: boolean;
  /** The app's context, the same for every table. */
  readonly moment: Moment;
}

/** Sessions a month with an open loan; with a line and no loan; in the month after registration; later. */
const WITH_LOAN = 4.9;
const WITH_LINE = 0.7;
const NEW = 0.3;
const IDLE = 0.05;
/** Customers differ: log-normal, this deviation. */
const SPREAD = 0.25;
/** Customers far in arrears avoid the app. */
const FAR_BEHIND_DAYS = 60;
const AVOIDS = 0.35;
/** Share of the sessions with a loan that a due date prompts, within two days of it. */
const CALLED = 0.3;
const NIGHT = 0.03;
const NIGHT_IN_RINGS = 0.3;

const VISITS = new WeakMap<Life, readonly Visit[]>();

/** The customer's sessions after registration in the months of the book, oldest month first. */
export function visits(book: Book, life: Life): readonly Visit[] {
  const known = VISITS.get(life);
  if (known) return known;
  const made = drawVisits(book, life);
  VISITS.set(life, made);
  return made;
}

function drawVisits(book: Book, life: Life): Visit[] {
  const { person } = life;
  const random = book.random('rhythm', person.index);
  const setting = settingOf(book, person);
  const trait = Math.exp(SPREAD * random.normal());
  const loans = life.loans.map((loan) => spanOf(book, loan));
  const lineFrom = life.lines.reduce((first, line) => Math.min(first, line.effectiveAt), Number.POSITIVE_INFINITY);
  const found: Visit[] = [];
  const registered = book.monthOf(person.registeredDay);
  for (let month = Math.max(0, registered); month < life.strain.length; month++) {
    const from = book.local.addMonths(book.firstDay, month);
    const to = Math.min(book.local.addMonths(from, 1) - 1, book.endDay);
    const open = loans.filter((loan) => loan.from <= to && loan.to >= from);
    const strain = life.strain[month] as number;
    const mean =
      open.length > 0
        ? WITH_LOAN *
          trait *
          Math.exp(0.22 * Math.min(2.5, strain)) *
          (open.some((loan) => isFarBehind(loan, from)) ? AVOIDS : 1)
        : lineFrom <= book.local.startOf(from)
          ? WITH_LINE
          : month <= registered + 1
            ? NEW
            : IDLE;
    const due = dueDays(open, from, to);
    // The running month has fewer days.
    const share = (to - from + 1) / 30.4;
    for (let count = poisson(random, mean * share); count > 0; count--) {
      const day = due.length > 0 && random.chance(CALLED) ? random.pick(due) + random.int(-2, 2) : random.int(from, to);
      const night = person.ring ? NIGHT_IN_RINGS : NIGHT * Math.exp(0.6 * Math.min(2.5, strain));
      const at = book.local.startOf(day) + timeOfDay(random, night);
      if (at <= person.registeredAt + HOUR || at > book.horizon) continue;
      const no = found.length + 1;
      found.push({
        no,
        at,
        strain,
        borrows: open.length > 0,
        nearDue: due.some((other) => Math.abs(other - day) <= 2),
        moment: momentAt(book, setting, at, random),
      });
    }
  }
  return found;
}

interface Span {
  readonly from: DayNumber;
  /** Last day with a balance. */
  readonly to: DayNumber;
  /** Days on which the borrower was far behind, as `since <= day < until`. */
  readonly farBehind: readonly { readonly since: DayNumber; readonly until: DayNumber }[];
  readonly due: readonly DayNumber[];
}

function spanOf(book: Book, loan: LoanLife): Span {
  const closing = loan.events.find(({ type }) => type !== 'RESTRUCTURED' && type !== 'RATE_CHANGED');
  const to = closing ? book.local.dayOf(closing.occurredAt) : book.endDay;
  return {
    from: book.local.dayOf(loan.disbursedAt),
    to,
    // Whether it will ever be cleared is not known on the day: every arrear counts for as long as it is open.
    farBehind: loan.arrears.map(({ dueDate, clearedOn }) => ({
      since: dayNumber(dueDate) + FAR_BEHIND_DAYS,
      until: clearedOn === null ? Number.POSITIVE_INFINITY : dayNumber(clearedOn),
    })),
    due: loan.installments.map(({ dueDate }) => dayNumber(dueDate)).filter((day) => day <= to),
  };
}

const isFarBehind = ({ farBehind }: Span, day: DayNumber): boolean =>
  farBehind.some(({ since, until }) => since <= day && day < until);

const dueDays = (open: readonly Span[], from: DayNumber, to: DayNumber): DayNumber[] => [
  ...new Set(open.flatMap(({ due }) => due.filter((day) => day >= from && day <= to))),
];

/** Milliseconds into the day, with peaks at 10-12 and 20-22 h; a share of the sessions falls between midnight and five. */
export function timeOfDay(random: Random, night: number): number {
  const at = random.next();
  const hour = random.chance(night)
    ? random.int(0, 4)
    : at < 0.19
      ? random.int(10, 11)
      : at < 0.41
        ? random.int(20, 21)
        : random.int(6, 23);
  return hour * HOUR + random.int(0, 59) * MINUTE + random.int(0, 59_999);
}

/** Knuth's way; the means here are small. */
export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
}

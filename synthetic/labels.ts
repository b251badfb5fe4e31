import { DAY, HOUR, type Instant } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { type DayNumber, dayNumber, firstDayOf } from './book-days.js';
import { instantText } from './instants.js';
import type { Life, LoanLife } from './life.js';
import type { Row } from './rows.js';

const WINDOW_MONTHS = 6;
/** Observed when the features of that midnight are published (their delay is two hours). */
const OBSERVED_AT = 6 * HOUR;

/** A stretch of days, both ends included. */
interface Days {
  readonly from: DayNumber;
  readonly to: DayNumber;
}

interface Debt {
  readonly open: Days;
  /** Days at 30 and at 60 days past due or more, until the loan is written off. */
  readonly bad: Readonly<Record<30 | 60, readonly Days[]>>;
  readonly writtenOff: DayNumber;
}

/**
 * Rows of `labels`, read off what was in arrears and when:
 * - `dpd30_6m` and `dpd60_6m` of a customer: some loan is 30 (60) or more days past due on any day of six months. Observed at 06:00 on the
 *   first of each month, for customers with an open loan none of whose loans is that far past due at that moment.
 * - `dpd30_mob6` of a credit application: some loan is 30 or more days past due within six months of the first disbursement; observed at
 *   the decision.
 * Known one to three days after the window, and only where that is by the end of the book.
 */
export function labelRows(book: Book, life: Life): Row[] {
  if (life.loans.length === 0) return [];
  const random = book.random('label lag', life.person.index);
  const debts = life.loans.map((loan) => debtOf(book, loan));
  const rows: Row[] = [];
  for (const [month, midnight] of book.monthStarts.entries()) {
    const lag = random.int(1, 3) * DAY;
    const first = firstDayOf(book.firstMonth + month);
    const window = { from: first, to: firstDayOf(book.firstMonth + month + WINDOW_MONTHS) - 1 };
    const windowEnd = book.local.startOf(window.to + 1) - 1;
    if (windowEnd + lag > book.horizon) break;
    const yesterday = { from: first - 1, to: first - 1 };
    if (!debts.some(({ open }) => meets(open, yesterday) && open.to > yesterday.to)) continue;
    for (const dpd of [30, 60] as const) {
      const overdue = debts.some(
        ({ bad, writtenOff }) => writtenOff < first || bad[dpd].some((days) => meets(days, yesterday)),
      );
      if (overdue) continue;
      const observed = midnight + OBSERVED_AT;
      rows.push(
        label('customer', life.person.id, `dpd${dpd}_6m`, {
          observed,
          from: observed,
          to: windowEnd,
          known: windowEnd + lag,
          bad: debts.some((debt) => debt.bad[dpd].some((days) => meets(days, window))),
        }),
      );
    }
  }
  const application = applicationLabel(book, life, debts, random.int(1, 3) * DAY);
  if (application) rows.push(application);
  return rows;
}

function applicationLabel(book: Book, life: Life, debts: readonly Debt[], lag: number): Row | null {
  const first = life.loans.reduce((a, b) => (b.disbursedAt < a.disbursedAt ? b : a));
  const line = life.lines.find(({ lineId }) => lineId === first.lineId);
  const application = life.applications.find(({ id }) => id === line?.applicationId);
  if (!application || application.decidedAt === null) return null;
  const from = book.local.dayOf(first.disbursedAt);
  const window = { from, to: book.local.addMonths(from, WINDOW_MONTHS) };
  const windowEnd = book.local.startOf(window.to + 1) - 1;
  if (windowEnd + lag > book.horizon) return null;
  return label('application', application.id, 'dpd30_mob6', {
    observed: application.decidedAt,
    from: first.disbursedAt,
    to: windowEnd,
    known: windowEnd + lag,
    bad: debts.some((debt) => debt.bad[30].some((days) => meets(days, window))),
  });
}

function debtOf(book: Book, loan: LoanLife): Debt {
  const never = Number.POSITIVE_INFINITY;
  const closing = loan.events.find(({ type }) => type === 'SETTLED' || type === 'WRITTEN_OFF');
  const closed = closing ? book.local.dayOf(closing.occurredAt) : never;
  const overdueBy = (dpd: number): Days[] =>
    loan.arrears
      .map(({ dueDate, since, clearedOn }) => ({
        from: Math.max(dayNumber(dueDate) + dpd, dayNumber(since)),
        to: Math.min(clearedOn === null ? never : dayNumber(clearedOn) - 1, closed),
      }))
      .filter(({ from, to }) => from <= to);
  return {
    open: { from: book.local.dayOf(loan.disbursedAt), to: closed },
    bad: { 30: overdueBy(30), 60: overdueBy(60) },
    writtenOff: closing?.type === 'WRITTEN_OFF' ? closed : never,
  };
}

const meets = (a: Days, b: Days): boolean => a.from <= b.to && b.from <= a.to;

const label = (
  entity: string,
  id: string,
  name: string,
  what: {
    readonly observed: Instant;
    readonly from: Instant;
    readonly to: Instant;
    readonly known: Instant;
    readonly bad: boolean;
  },
): Row => ({
  entity,
  entity_id: id,
  name,
  observed_at: instantText(what.observed),
  window_from: instantText(what.from),
  window_to: instantText(what.to),
  known_at: instantText(what.known),
  value: what.bad ? 1 : 0,
});

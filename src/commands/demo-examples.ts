import { customerId } from '../../synthetic/book.js';
import type { Life, LoanLife } from '../../synthetic/life.js';
import { addDays, type LocalDate } from '../core/helpers/time.js';

/** Customers of the book whom the demo asks about. */
export interface DemoExamples {
  /** Owes and has paid every instalment so far. */
  readonly steady: string;
  /** Owes and is late; in a book without one, another borrower. */
  readonly late: string;
  /** The due date that was missed; in a book without one, two weeks before its end. */
  readonly lateSince: LocalDate;
}

/** Missed long enough ago to be seen in the features, and within the days of which the demo computes the history. */
const LATE_DAYS = { from: 19, to: 3 } as const;
/** Enough of a book of any size to find both. */
const CUSTOMERS_LOOKED_AT = 20_000;

const isOpen = (loan: LoanLife): boolean => !loan.events.some(({ type }) => type !== 'RESTRUCTURED');

/**
 * The first borrowers of the book that fit, so that everyone who has the same book sees the same people. The fallbacks let a book of a
 * hundred customers have examples too.
 *
 * @param lives in the book's order
 * @param endDate the last local day of the book
 */
export function chooseExamples(lives: Iterable<Life>, endDate: LocalDate): DemoExamples {
  const from = addDays(endDate, -LATE_DAYS.from);
  const to = addDays(endDate, -LATE_DAYS.to);
  const owing: string[] = [];
  const others: string[] = [];
  let steady: string | null = null;
  let late: { readonly id: string; readonly since: LocalDate } | null = null;
  let candidates = 0;
  for (const { person, loans } of lives) {
    if (++candidates > CUSTOMERS_LOOKED_AT || (steady !== null && late !== null)) break;
    const owed = loans.filter(isOpen);
    if (owed.length > 0) owing.push(person.id);
    else if (loans.length > 0) others.push(person.id);
    if (owed.length > 0 && loans.every(({ arrears }) => arrears.length === 0)) steady ??= person.id;
    const unpaid = owed.flatMap(({ arrears }) => arrears).filter(({ clearedOn }) => clearedOn === null);
    // The oldest due date that is unpaid now: the history shows no day past due up to it.
    const since = unpaid.map(({ dueDate }) => dueDate).sort()[0];
    if (since !== undefined && since >= from && since <= to) late ??= { id: person.id, since };
  }
  // A customer who owes nothing has no score.
  const choice = [...owing, ...others, customerId(0), customerId(1)];
  const first = steady ?? (choice.find((id) => id !== late?.id) as string);
  return {
    steady: first,
    late: late?.id ?? (choice.find((id) => id !== first) as string),
    lateSince: late?.since ?? addDays(endDate, -14),
  };
}

/** Collections on overdue loans: by stage, with promises that are kept or broken as the loan's payments say. */
import { HOUR, type Instant, MINUTE } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { type DayNumber, dayNumber } from './book-days.js';
import { instantText } from './instants.js';
import type { Life, LoanLife } from './life.js';
import type { Random } from './random.js';
import { money, type Row } from './rows.js';

type Action = 'SMS' | 'CALL' | 'VISIT' | 'LEGAL';

interface Step {
  readonly dpd: number;
  readonly action: Action;
  readonly share: number;
  readonly party: 'BORROWER' | 'CONTACT';
}

const step = (dpd: number, action: Action, share = 1, party: Step['party'] = 'BORROWER'): Step => ({
  dpd,
  action,
  share,
  party,
});

/** Steps up to the write-off; after it a call every few weeks. */
const STEPS: readonly Step[] = [
  ...[step(1, 'SMS'), step(3, 'SMS', 0.8), step(4, 'CALL', 0.9), step(7, 'CALL', 0.9), step(11, 'SMS')],
  ...[step(14, 'CALL'), step(19, 'CALL'), step(25, 'CALL'), step(32, 'CALL'), step(36, 'CALL', 0.7, 'CONTACT')],
  ...[step(41, 'CALL'), step(48, 'CALL'), step(55, 'CALL', 0.6, 'CONTACT'), step(62, 'CALL'), step(69, 'CALL')],
  ...[step(75, 'VISIT', 0.3), step(82, 'CALL'), step(92, 'LEGAL', 0.6), step(100, 'CALL'), step(110, 'VISIT', 0.25)],
  ...[step(121, 'CALL'), step(135, 'CALL'), step(150, 'LEGAL', 0.4), step(165, 'CALL'), step(180, 'CALL')],
];
const STEPS_BY_DPD: ReadonlyMap<number, Step> = new Map(STEPS.map((each) => [each.dpd, each]));
const EVERY_DAYS_LATE = 30;

/** Cases older than this are with an agency. */
const AGENCY_FROM_DPD = 61;
const AGENCIES = ['AGENCY_NORTH', 'AGENCY_SOUTH', 'AGENCY_LAW'] as const;

interface OpenArrear {
  readonly due: DayNumber;
  /** The first day on which it is open. */
  readonly since: DayNumber;
  /** The last day on which it is open; the end of the book when not cleared. */
  readonly cleared: DayNumber;
  readonly paid: boolean;
  readonly amount: number;
}

/** Rows of `collections` of one customer. */
export function collectionRows(book: Book, life: Life): Row[] {
  return life.loans.flatMap((loan) => (loan.arrears.length === 0 ? [] : loanActions(book, life, loan)));
}

function loanActions(book: Book, life: Life, loan: LoanLife): Row[] {
  const random = book.random('collections', loan.id);
  const rows: Row[] = [];
  const arrears = arrearsOf(book, loan);
  const agency = random.pick(AGENCIES);
  const ends = lastDay(book, loan);
  let caseNo = 0;
  let open = false;
  for (let day = arrears[0]?.since ?? ends + 1; day <= ends; day++) {
    const owed = arrears.filter(({ since, cleared }) => since <= day && cleared >= day);
    const oldest = owed[0];
    if (!oldest) {
      open = false;
      const next = arrears.find(({ since }) => since > day);
      if (!next) break;
      day = next.since - 1;
      continue;
    }
    if (!open) caseNo++;
    open = true;
    const dpd = day - oldest.due;
    const due = STEPS_BY_DPD.get(dpd) ?? (dpd > 180 && dpd % EVERY_DAYS_LATE === 0 ? step(dpd, 'CALL') : null);
    const amount = owed.reduce((sum, arrear) => sum + arrear.amount, 0);
    const paysToday = oldest.paid && oldest.cleared === day && dpd >= 3;
    if (!(due && random.chance(due.share)) && !(paysToday && random.chance(0.6))) continue;
    const action = paysToday && !due ? 'CALL' : (due?.action ?? 'CALL');
    const planned = book.local.startOf(day) + 9 * HOUR + random.int(0, 9 * 60) * MINUTE;
    const cash = paysToday ? cashOf(book, loan, day) : null;
    rows.push({
      action_id: `${loan.id}-C${String(rows.length + 1).padStart(3, '0')}`,
      case_id: `${loan.id}-CASE${caseNo}`,
      loan_id: loan.id,
      customer_id: life.person.id,
      acted_at: instantText(cash ? Math.max(planned, cash.by) : planned),
      party: paysToday ? 'BORROWER' : (due?.party ?? 'BORROWER'),
      action,
      ...outcome(random, { day, dpd, action, amount, oldest, life, paysToday, cash, book }),
      ...(dpd >= AGENCY_FROM_DPD ? { agency } : {}),
    });
  }
  return rows;
}

/** Reached or not, and what was said; who will pay in a week mostly promises it, some promise who will not. */
function outcome(
  random: Random,
  options: {
    readonly day: DayNumber;
    readonly book: Book;
    readonly dpd: number;
    readonly action: Action;
    readonly amount: number;
    readonly oldest: OpenArrear;
    readonly life: Life;
    readonly paysToday: boolean;
    readonly cash: Cash | null;
  },
): Row {
  const { book, day, dpd, action, amount, oldest, life, paysToday, cash } = options;
  if (cash) return { result: 'PAID', amount: money(cash.amount) };
  // Easier terms ended the arrear: spoken to, nothing paid.
  if (paysToday) return action === 'LEGAL' ? {} : { result: 'REACHED' };
  if (action === 'LEGAL') return {};
  if (action === 'SMS') return { result: random.chance(0.92) ? 'REACHED' : 'NOT_REACHED' };
  const { ring, willingness } = life.person;
  const reach = (ring ? 0.15 : 0.6 + 0.06 * willingness) - Math.min(0.35, dpd / 300);
  if (!random.chance(reach)) return { result: 'NOT_REACHED' };
  const paysIn = oldest.paid ? oldest.cleared - day : Number.POSITIVE_INFINITY;
  if (paysIn <= 7 && random.chance(0.75)) return promise(book, day + paysIn + random.int(0, 1), amount);
  if (random.chance(0.22)) return promise(book, day + random.int(2, 7), amount);
  return { result: 'REACHED' };
}

/** The money that came in on a day, and the instant of the last payment, before which the total was unknown. */
interface Cash {
  readonly amount: number;
  readonly by: Instant;
}

function cashOf(book: Book, loan: LoanLife, day: DayNumber): Cash | null {
  const payments = loan.repayments.filter(
    ({ paidAt, method }) => method !== 'WAIVER' && book.local.dayOf(paidAt) === day,
  );
  const amount = payments.reduce((sum, each) => sum + each.principal + each.interest + each.fee + each.penalty, 0);
  return amount > 0 ? { amount, by: Math.max(...payments.map(({ paidAt }) => paidAt)) } : null;
}

const promise = (book: Book, on: DayNumber, amount: number): Row => ({
  result: 'PROMISE',
  promised_on: book.local.date(on),
  promised_amount: money(amount),
});

function arrearsOf(book: Book, loan: LoanLife): OpenArrear[] {
  const owed = new Map(loan.installments.map((each) => [each.dueDate, each.principal + each.interest + each.fee]));
  return loan.arrears
    .map(({ dueDate, since, clearedOn }) => ({
      due: dayNumber(dueDate),
      since: dayNumber(since),
      cleared: clearedOn === null ? book.endDay : dayNumber(clearedOn),
      paid: clearedOn !== null,
      amount: owed.get(dueDate) ?? 0,
    }))
    .sort((a, b) => a.due - b.due);
}

/** Nothing is done about a loan that is settled or sold; a written-off one is still pursued. */
function lastDay(book: Book, loan: LoanLife): DayNumber {
  const closing = loan.events.find(({ type }) => type === 'SETTLED' || type === 'SOLD');
  return closing ? Math.min(book.endDay, book.local.dayOf(closing.occurredAt)) : book.endDay;
}

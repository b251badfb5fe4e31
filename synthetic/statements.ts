import { DAY, HOUR, type Instant } from '../src/core/helpers/time.js';
import { BOOK_MONTHS, type Book } from './book.js';
import { type DayNumber, dayNumber, firstDayOf } from './book-days.js';
import type { Life, LineVersion, LoanLife } from './life.js';
import { knownAt, money, type Row } from './rows.js';

/** The balance of one customer and product at the end of a month; money in cents. */
export interface StatementMonth {
  readonly product: string;
  /** Index into the book's months. */
  readonly month: number;
  readonly limit: number;
  readonly balance: number;
  readonly minimumDue: number;
  readonly dueDay: DayNumber;
  readonly paid: number;
  /** Months past due at the month's end; 0 owes and is up to date, -2 owes nothing. */
  readonly delinquency: number;
}

/** Share of statements known 1 to 5 days late, and share corrected within a month. */
const LATE = 0.003;
const CORRECTED = 0.001;
/** Asked for on this day of the next month where no instalment falls due in it. */
const NOMINAL_DUE_DAY = 20;

/** Every statement of a customer, product by product, oldest first: from the month in which the line was opened until it is closed. */
export function statementsOf(book: Book, life: Life): StatementMonth[] {
  const products = [...new Set(life.lines.map(({ product }) => product))];
  return products.flatMap((product) => {
    const lines = life.lines.filter((line) => line.product === product);
    const ledgers = life.loans.filter((loan) => loan.product === product).map((loan) => ledgerOf(book, loan));
    const first = book.monthOf(book.local.dayOf((lines[0] as LineVersion).effectiveAt));
    const months: StatementMonth[] = [];
    for (let month = first; month < BOOK_MONTHS; month++) {
      const line = lines.findLast(({ effectiveAt }) => effectiveAt <= (book.monthEnds[month] as Instant));
      if (!line || line.status === 'CLOSED') break;
      months.push({ ...owedAt(book, ledgers, month), product, month, limit: line.limit });
    }
    return months;
  });
}

/** A loan's instalments and payments with their days, as a month's end needs them. */
interface Ledger {
  readonly lines: readonly {
    readonly due: DayNumber;
    readonly amount: number;
    readonly from: DayNumber;
    readonly to: DayNumber;
  }[];
  readonly arrears: readonly { readonly due: DayNumber; readonly since: DayNumber; readonly cleared: DayNumber }[];
  readonly payments: readonly {
    readonly day: DayNumber;
    readonly principal: number;
    readonly total: number;
    readonly cash: boolean;
  }[];
  readonly principal: number;
  readonly opened: DayNumber;
  readonly closed: DayNumber;
}

function ledgerOf(book: Book, loan: LoanLife): Ledger {
  const { local } = book;
  const never = Number.POSITIVE_INFINITY;
  const schedules = [...new Set(loan.installments.map(({ effectiveAt }) => effectiveAt))];
  const ends = new Map(schedules.map((at, index) => [at, schedules[index + 1] ?? never]));
  const closing = loan.events.find(({ type }) => type === 'SETTLED' || type === 'WRITTEN_OFF');
  return {
    lines: loan.installments.map(({ dueDate, principal, interest, fee, effectiveAt }) => ({
      due: dayNumber(dueDate),
      amount: principal + interest + fee,
      from: local.dayOf(effectiveAt),
      to: ends.get(effectiveAt) === never ? never : local.dayOf(ends.get(effectiveAt) as Instant),
    })),
    arrears: loan.arrears.map(({ dueDate, since, clearedOn }) => ({
      due: dayNumber(dueDate),
      since: dayNumber(since),
      cleared: clearedOn === null ? never : dayNumber(clearedOn),
    })),
    payments: loan.repayments.map((payment) => ({
      day: local.dayOf(payment.paidAt),
      principal: payment.principal,
      total: payment.principal + payment.interest + payment.fee + payment.penalty,
      cash: payment.method !== 'WAIVER',
    })),
    principal: loan.principal,
    opened: local.dayOf(loan.disbursedAt),
    closed: closing ? local.dayOf(closing.occurredAt) : never,
  };
}

function owedAt(
  book: Book,
  ledgers: readonly Ledger[],
  month: number,
): Omit<StatementMonth, 'product' | 'month' | 'limit'> {
  const calendarMonth = book.firstMonth + month;
  const [start, end, nextEnd] = [
    firstDayOf(calendarMonth),
    firstDayOf(calendarMonth + 1) - 1,
    firstDayOf(calendarMonth + 2) - 1,
  ];
  let [balance, minimumDue, paid, delinquency] = [0, 0, 0, 0];
  let dueDay = nextEnd;
  for (const ledger of ledgers) {
    if (ledger.opened > end) continue;
    for (const payment of ledger.payments) {
      if (payment.cash && payment.day >= start && payment.day <= end) paid += payment.total;
    }
    if (ledger.closed <= end) continue;
    balance += ledger.principal;
    for (const payment of ledger.payments) if (payment.day <= end) balance -= payment.principal;
    for (const { due, amount, from, to } of ledger.lines) {
      if (from > end || to <= end || due <= end || due > nextEnd) continue;
      minimumDue += amount;
      dueDay = Math.min(dueDay, due);
    }
    for (const { due, since, cleared } of ledger.arrears) {
      if (since > end || cleared <= end) continue;
      // Counted in month ends since the due day, so that a month in arrears is one step.
      delinquency = Math.max(delinquency, calendarMonth - book.local.month(due + 1) + 1);
      minimumDue += ledger.lines.find((line) => line.due === due && line.from <= end && line.to > end)?.amount ?? 0;
    }
  }
  if (dueDay === nextEnd) dueDay = end + NOMINAL_DUE_DAY;
  return { balance, minimumDue: Math.max(0, minimumDue), dueDay, paid, delinquency: balance > 0 ? delinquency : -2 };
}

/** Rows of `statements`, with what came late and what was restated. */
export function statementRows(book: Book, life: Life): Row[] {
  if (life.lines.length === 0) return [];
  const random = book.random('statement lag', life.person.index);
  const rows: Row[] = [];
  for (const statement of statementsOf(book, life)) {
    const printed = book.monthEnds[statement.month] as Instant;
    const late = random.chance(LATE) ? printed + random.int(1, 5) * DAY : null;
    const corrected =
      random.chance(CORRECTED) && statement.paid > 1 ? (late ?? printed) + random.int(72, 672) * HOUR : null;
    if (late !== null && late > book.horizon) continue;
    if (corrected !== null) {
      // A payment was booked a month's end too late: less paid, more owed.
      const missed = Math.round(statement.paid / 2);
      const wrong = { ...statement, paid: statement.paid - missed, balance: statement.balance + missed };
      rows.push({ ...statementRow(book, life, wrong), ...knownAt(late) });
      if (corrected <= book.horizon) rows.push({ ...statementRow(book, life, statement), ...knownAt(corrected) });
    } else {
      rows.push({ ...statementRow(book, life, statement), ...knownAt(late) });
    }
  }
  return rows;
}

const statementRow = (book: Book, life: Life, statement: StatementMonth): Row => ({
  customer_id: life.person.id,
  product: statement.product,
  month: book.months[statement.month],
  credit_limit: money(statement.limit),
  statement_balance: money(statement.balance),
  minimum_due: money(statement.minimumDue),
  due_date: book.local.date(statement.dueDay),
  amount_paid: money(statement.paid),
  delinquency: statement.delinquency,
});

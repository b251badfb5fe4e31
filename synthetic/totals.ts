/** Tables that are sums over the book: what was set aside for losses at each month's end, and what each month cost. */

import type { DayNumber } from '../src/core/helpers/local-days.js';
import type { Instant } from '../src/core/helpers/time.js';
import {
  type LoanInputs,
  type LoanSpan,
  loanDayOf,
  type RiskClass,
  replayLoan,
} from '../src/core/lending/loan-ledger.js';
import type { Book } from './book.js';
import { type CustomerRows, money, type Row } from './rows.js';

/** General provision as a share of every balance: at least one per cent. */
const GENERAL = 0.01;
/** Specific provision as a share of the balance, by risk class: the middle of the ranges of the loan loss guideline of 2002. */
const SPECIFIC: Readonly<Record<RiskClass, number>> = {
  NORMAL: 0,
  SPECIAL_MENTION: 0.02,
  SUBSTANDARD: 0.25,
  DOUBTFUL: 0.5,
  LOSS: 1,
};
/** A region or a trade in trouble: the book keeps it for what came over the counter. */
const SPECIAL = 0.002;
const SPECIAL_CHANNEL = 'OFFLINE';

/** The lender's cost of funding, per year. */
const FUNDING_RATE = 0.042;
/** Cents an application for credit, by channel. */
const ACQUISITION: Readonly<Record<string, number>> = { APP: 6_000, PARTNER: 11_000, REFERRAL: 4_500, OFFLINE: 18_000 };
/** Cents an action. */
const COLLECTION: Readonly<Record<string, number>> = { SMS: 5, CALL: 120, VISIT: 8_000, LEGAL: 15_000 };
/** Agencies keep this share of what they bring in. */
const COMMISSION = 0.2;
/** Cents an application, and cents an open loan and month. */
const OPERATION_APPLICATION = 300;
const OPERATION_LOAN = 650;

const NO_ROWS: readonly Row[] = [];

/** Adds up the customers' rows, in any order, each customer once. Holds a few numbers a month. */
export class BookTotals {
  private readonly provisions = new Map<string, number>();
  private readonly costs = new Map<string, number>();
  /** Last day of each complete month. */
  private readonly monthEnds: readonly DayNumber[];

  constructor(private readonly book: Book) {
    this.monthEnds = book.months.map((_, month) => book.local.addMonths(book.firstDay, month + 1) - 1);
  }

  add(rows: CustomerRows): void {
    const applications = newest(rows.applications, 'application_id');
    for (const application of applications.values()) this.addApplication(application);
    for (const report of rows.external_reports ?? NO_ROWS) {
      const application = applications.get(report.application_id);
      if (application) this.cost('DATA', instantOf(report.requested_at), application, centsOf(report.cost));
    }
    const loans = newest(rows.loans, 'loan_id');
    for (const action of rows.collections ?? NO_ROWS) {
      const loan = loans.get(action.loan_id);
      const cents = COLLECTION[String(action.action)] ?? 0;
      const commission = action.agency && action.result === 'PAID' ? centsOf(action.amount) * COMMISSION : 0;
      if (loan) this.cost('COLLECTION', instantOf(action.acted_at), loan, cents + commission);
    }
    for (const loan of loans.values()) this.addBalances(loan, inputsOf(loan, rows));
  }

  /** Rows of `provisions` and `costs` of the months that are complete. */
  rows(): CustomerRows {
    return {
      provisions: sorted(this.provisions).map(([[day, product, kind], parts]) => ({
        as_of: this.book.local.date(Number(day)),
        product,
        kind,
        amount: money(Math.round(parts / PARTS)),
      })),
      costs: sorted(this.costs).map(([[month, product, channel, kind], parts]) => ({
        month: this.book.months[Number(month)],
        product,
        channel,
        kind,
        amount: money(Math.round(parts / PARTS)),
      })),
    };
  }

  private addApplication(application: Row): void {
    const at = instantOf(application.applied_at);
    const acquired = ACQUISITION[String(application.channel)] ?? 0;
    if (application.kind === 'CREDIT') this.cost('ACQUISITION', at, application, acquired);
    this.cost('OPERATION', at, application, OPERATION_APPLICATION);
  }

  private addBalances(loan: Row, inputs: LoanInputs): void {
    const spans = replayLoan(inputs, this.book.local, this.book.endDay);
    for (const [month, day] of this.monthEnds.entries()) {
      if (day < (spans[0]?.from ?? Number.POSITIVE_INFINITY)) continue;
      const balance = this.provide(loan, spans, day);
      if (balance === null) continue;
      this.costOfMonth('FUNDING', month, loan, (balance * FUNDING_RATE) / 12);
      this.costOfMonth('OPERATION', month, loan, OPERATION_LOAN);
    }
  }

  /** The balance at the end of the day, in cents; null where the loan is not on the books. */
  private provide(loan: Row, spans: readonly LoanSpan[], day: DayNumber): number | null {
    const state = loanDayOf(spans, day);
    if (state?.status !== 'CURRENT' && state?.status !== 'OVERDUE') return null;
    const { principalOutstanding: balance, riskClass } = state;
    const add = (kind: string, share: number): void => {
      const key = [String(day).padStart(6, '0'), String(loan.product), kind];
      if (share > 0) increase(this.provisions, key, balance * share);
    };
    add('GENERAL', GENERAL);
    add('SPECIFIC', SPECIFIC[riskClass]);
    add('SPECIAL', loan.channel === SPECIAL_CHANNEL ? SPECIAL : 0);
    return balance;
  }

  private cost(kind: string, at: Instant, of: Row, cents: number): void {
    this.costOfMonth(kind, this.book.monthOf(this.book.local.dayOf(at)), of, cents);
  }

  private costOfMonth(kind: string, month: number, of: Row, cents: number): void {
    if (month < 0 || month >= this.book.months.length || cents === 0) return;
    increase(this.costs, [String(month).padStart(3, '0'), String(of.product), String(of.channel), kind], cents);
  }
}

/** Rows come in the order in which they were known: the last of a key is what is known in the end. */
const newest = (rows: readonly Row[] = NO_ROWS, key: string): Map<unknown, Row> =>
  new Map(rows.map((row) => [row[key], row]));

const instantOf = (value: unknown): Instant => Date.parse(String(value));

/** '123.45' to 12345; 0 where the column is absent. */
const centsOf = (value: unknown): number => Math.round(Number(value ?? 0) * 100);

function inputsOf(loan: Row, rows: CustomerRows): LoanInputs {
  const mine = (row: Row): boolean => row.loan_id === loan.loan_id;
  return {
    disbursedAt: instantOf(loan.disbursed_at),
    principal: centsOf(loan.principal),
    installments: (rows.installments ?? NO_ROWS).filter(mine).map((row) => ({
      no: Number(row.installment_no),
      effectiveAt: instantOf(row.effective_at),
      dueDate: String(row.due_date),
      principal: centsOf(row.principal_due),
      interest: centsOf(row.interest_due),
      fee: centsOf(row.fee_due),
    })),
    repayments: [...newest((rows.repayments ?? NO_ROWS).filter(mine), 'repayment_id').values()].map((row) => ({
      installmentNo: (row.installment_no as number | undefined) ?? null,
      paidAt: instantOf(row.paid_at),
      principal: centsOf(row.principal_paid),
      interest: centsOf(row.interest_paid),
      fee: centsOf(row.fee_paid),
    })),
    events: (rows.loan_events ?? NO_ROWS).filter(mine).map((row) => ({
      type: row.event_type as LoanInputs['events'][number]['type'],
      occurredAt: instantOf(row.occurred_at),
      amount: row.amount === undefined ? null : centsOf(row.amount),
    })),
  };
}

const SEPARATOR = '\u0000';
/** Parts of a cent that are added up: whole numbers, so that the order of the customers moves nothing. */
const PARTS = 1_000;

function increase(sums: Map<string, number>, key: readonly string[], by: number): void {
  const text = key.join(SEPARATOR);
  sums.set(text, (sums.get(text) ?? 0) + Math.round(by * PARTS));
}

const sorted = (sums: ReadonlyMap<string, number>): [string[], number][] =>
  [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, parts]) => [key.split(SEPARATOR), parts]);

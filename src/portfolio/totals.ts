/** Tables that are sums over the book: what was set aside for losses at each month's end, and what each month cost. */
import type { LoanDay, RiskClass } from '../core/loan-ledger.js';
import type { DayNumber } from '../core/local-days.js';
import type { Book } from './book.js';
import { centsOf, instantOf, lastVersions, textOf } from './measures/fields.js';
import { loanHistories, stateOn } from './measures/loan-history.js';
import { type CustomerRows, money, type Row } from './rows.js';

/** Of every balance; general provisions are at least one per cent. */
const GENERAL = 0.01;
/** Of the balance, by class: the middle of the ranges of the loan loss guideline of 2002. */
const SPECIFIC: Readonly<Record<RiskClass, number>> = {
  ...{ NORMAL: 0, SPECIAL_MENTION: 0.02, SUBSTANDARD: 0.25 },
  ...{ DOUBTFUL: 0.5, LOSS: 1 },
};
/** A region or a trade in trouble: the book keeps it for what came over the counter. */
const SPECIAL = 0.002;
const SPECIAL_CHANNEL = 'OFFLINE';

/** What the lender pays for its money, a year. */
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
    const applications = new Map(
      lastVersions(rows.applications ?? NO_ROWS, ['application_id']).map((row) => [String(row.application_id), row]),
    );
    for (const application of applications.values()) this.addApplication(application);
    for (const report of rows.external_reports ?? NO_ROWS) {
      const application = applications.get(String(report.application_id));
      if (application) this.cost('DATA', instantOf(report, 'requested_at'), application, centsOf(report, 'cost'));
    }
    const loans = new Map(
      lastVersions(rows.loans ?? NO_ROWS, ['loan_id']).map((row) => [String(row.loan_id), row] as const),
    );
    for (const action of rows.collections ?? NO_ROWS) {
      const loan = loans.get(String(action.loan_id));
      const cents = COLLECTION[String(action.action)] ?? 0;
      const commission = action.agency && action.result === 'PAID' ? centsOf(action, 'amount') * COMMISSION : 0;
      if (loan) this.cost('COLLECTION', instantOf(action, 'acted_at'), loan, cents + commission);
    }
    if (loans.size > 0) this.addBalances(rows, [...loans.values()]);
  }

  /** Rows of `provisions` and `costs` of the months that are complete. */
  rows(): CustomerRows {
    return {
      provisions: sorted(this.provisions).map(([[day, product, kind], parts]) => ({
        ...{ as_of: this.book.local.date(Number(day)), product, kind },
        amount: money(Math.round(parts / PARTS)),
      })),
      costs: sorted(this.costs).map(([[month, product, channel, kind], parts]) => ({
        ...{ month: this.book.months[Number(month)], product, channel, kind },
        amount: money(Math.round(parts / PARTS)),
      })),
    };
  }

  private addApplication(application: Row): void {
    const at = instantOf(application, 'applied_at');
    const channel = textOf(application, 'channel') ?? '';
    if (application.kind === 'CREDIT') this.cost('ACQUISITION', at, application, ACQUISITION[channel] ?? 0);
    this.cost('OPERATION', at, application, OPERATION_APPLICATION);
  }

  private addBalances(rows: CustomerRows, loans: readonly Row[]): void {
    const { local } = this.book;
    // One history a loan, in the order of the loans.
    for (const [index, history] of loanHistories(rows, local, this.book.endDay).entries()) {
      const loan = loans[index] as Row;
      for (const [month, day] of this.monthEnds.entries()) {
        const state = day < history.disbursedOn ? null : stateOn(history, day);
        if (!state || (state.status !== 'CURRENT' && state.status !== 'OVERDUE')) continue;
        this.provide(day, loan, state);
        const funding = (state.principalOutstanding * FUNDING_RATE) / 12;
        this.costOfMonth('FUNDING', month, loan, funding);
        this.costOfMonth('OPERATION', month, loan, OPERATION_LOAN);
      }
    }
  }

  private provide(day: DayNumber, loan: Row, { principalOutstanding: balance, riskClass }: LoanDay): void {
    const add = (kind: string, share: number) => {
      if (share > 0)
        increase(this.provisions, [String(day).padStart(6, '0'), String(loan.product), kind], balance * share);
    };
    add('GENERAL', GENERAL);
    add('SPECIFIC', SPECIFIC[riskClass]);
    add('SPECIAL', loan.channel === SPECIAL_CHANNEL ? SPECIAL : 0);
  }

  private cost(kind: string, at: number | null, of: Row, cents: number): void {
    if (at !== null) this.costOfMonth(kind, this.book.monthOf(this.book.local.dayOf(at)), of, cents);
  }

  private costOfMonth(kind: string, month: number, of: Row, cents: number): void {
    if (month < 0 || month >= this.book.months.length || cents === 0) return;
    increase(this.costs, [String(month).padStart(3, '0'), String(of.product), String(of.channel), kind], cents);
  }
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

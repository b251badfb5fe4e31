import { HOUR, type Instant, MINUTE } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import type { DayNumber } from './book-days.js';
import { CASH_LINE, concluded, creditApplications, drawPurpose, SHOP_LINE, TENORS } from './credit.js';
import { standingRisk } from './hardship.js';
import type { ApplicationLife, LineVersion, LoanLife } from './life.js';
import { CreditLine } from './lines.js';
import { LoanAccount } from './loan-account.js';
import { nextWages, paydayOf } from './paydays.js';
import { meetDueDay, type Payer } from './paying.js';
import type { Person } from './person.js';
import { drawdownPolicy, incumbentPoints } from './policy.js';
import type { Random } from './random.js';
import { chargeOff, relieve, WRITE_OFF_DPD } from './recovery.js';
import { inSpringFestivalSeason } from './season.js';

/** Customers who draw within 30 days of the approval, and those who come later. */
const DRAWS_SOON = 0.74;
const DRAWS_LATER = 0.3;
/** Draws a month of a customer with money left on the line. */
const DRAWS_A_MONTH = 0.32;
/** Cents. */
const SMALLEST_TICKET = 100_000;
const SETTLES_EARLY = 0.013;
/** Shared misfortune: log-odds when another loan of the customer is overdue. */
const ANOTHER_LATE = 2.2;
const ANOTHER_BAD = 3.6;
/** Due days that slip the mind of an ordinary customer: late, and no sign of trouble. */
const FORGETS = 0.012;
const FESTIVAL = 0.41;
/** The quarter of the book in which the lender was careless. */
const BAD_VINTAGE = { from: 12, to: 14, logOdds: 0.345 };
const RING_BUSTS_OUT = 0.7;
/** Share of repayments that are known days late; share that is recorded without its instalment. */
const LATE_SHARE = 0.003;
const UNNUMBERED_SHARE = 0.01;

/** One customer with an approved line: everything borrowed and paid until the end of the book, in order of days. */
export class Borrower {
  readonly applications: ApplicationLife[] = [];
  private readonly lines: CreditLine[] = [];
  private readonly loans: LoanAccount[] = [];
  private readonly nextDue = new Map<LoanAccount, DayNumber>();
  private readonly draws: Random;
  private readonly reviews: Random;
  private readonly risk: number;
  private readonly appetite: number;
  private readonly autoDebit: boolean;
  private readonly early: number;
  private readonly forgets: number;
  private readonly nextWages: Payer['nextWages'];
  private readonly bustsOut: boolean;
  private nextDraw = Number.POSITIVE_INFINITY;
  private nextReview: DayNumber;

  constructor(
    private readonly book: Book,
    private readonly person: Person,
    private readonly strain: readonly number[],
    private readonly credit: readonly ApplicationLife[],
  ) {
    const random = book.random('borrower', person.index);
    this.draws = book.random('draws', person.index);
    this.reviews = book.random('reviews', person.index);
    this.risk = standingRisk(person) + 0.2 * random.normal();
    this.appetite = random.normal();
    this.autoDebit = random.chance(0.45 + 0.08 * Math.max(-2, Math.min(2, person.willingness)));
    this.early = 3 + 0.6 * person.willingness + 1.9 * random.normal();
    this.forgets = FORGETS * Math.exp(0.6 * random.normal());
    const payday = paydayOf(String(person.row.occupation), random);
    this.nextWages = (day) => (payday === null ? null : nextWages(book.local, payday, day));
    this.bustsOut = person.ring !== null && random.chance(RING_BUSTS_OUT);
    const first = credit.at(-1) as ApplicationLife;
    const day = this.openLine(first);
    this.nextReview = day + random.int(20, 40);
    const soon = random.chance(person.ring ? 0.9 : DRAWS_SOON);
    if (soon) this.nextDraw = day + Math.min(29, Math.floor(-Math.log(1 - random.next()) * (person.ring ? 2 : 5)));
    else if (random.chance(DRAWS_LATER)) this.nextDraw = day + random.int(31, 240);
  }

  live(): void {
    const { endDay } = this.book;
    for (;;) {
      let next = Math.min(this.nextDraw, this.nextReview);
      let due: LoanAccount | null = null;
      for (const [loan, day] of this.nextDue) {
        if (day > next || (day === next && due !== null)) continue;
        next = day;
        due = loan;
      }
      if (next > endDay) return;
      if (due) this.fallDue(due, next);
      else if (this.nextDraw === next) this.draw(next);
      else this.review(next);
    }
  }

  finished(): { readonly lines: readonly LineVersion[]; readonly loans: readonly LoanLife[] } {
    const random = this.book.random('records', this.person.index);
    return {
      lines: this.lines.flatMap(({ versions }) => versions),
      loans: this.loans.map((loan) =>
        loan.finish({ random, lateShare: LATE_SHARE, unnumberedShare: UNNUMBERED_SHARE }),
      ),
    };
  }

  private openLine(application: ApplicationLife): DayNumber {
    const openedAt = (application.decidedAt ?? application.appliedAt) + 2_000;
    this.lines.push(new CreditLine(this.book, `${this.person.id}-K${this.lines.length + 1}`, application, openedAt));
    return this.book.local.dayOf(openedAt);
  }

  private strainOn(day: DayNumber): number {
    return this.strain[this.book.monthOf(day)] ?? 0;
  }

  private dpdOn(day: DayNumber, except: LoanAccount | null = null): number {
    let worst = 0;
    for (const loan of this.loans) if (loan !== except) worst = Math.max(worst, loan.dpdOn(day));
    return worst;
  }

  private stressOn(day: DayNumber, loan: LoanAccount): number {
    const others = this.dpdOn(day, loan);
    let monthly = 0;
    for (const each of this.loans) {
      if (each.closedOn !== null && each.closedOn <= day) continue;
      const [duty] = each.duties;
      if (duty) monthly += duty.principal + duty.interest;
    }
    const burden = Math.log(Math.max(0.05, monthly / (this.person.monthlyIncome * 100) / 0.4));
    const cohort = this.book.monthOf(loan.disbursedDay);
    return (
      this.risk +
      this.strainOn(day) +
      0.35 * Math.min(1.2, burden) +
      (others >= 30 ? ANOTHER_BAD : others >= 8 ? ANOTHER_LATE : 0) +
      (cohort >= BAD_VINTAGE.from && cohort <= BAD_VINTAGE.to ? BAD_VINTAGE.logOdds : 0) +
      (this.person.ring ? 1 : 0)
    );
  }

  /** Each due day has a stream of its own: what happens on one, or on which date it falls, moves no other. */
  private fallDue(loan: LoanAccount, day: DayNumber): void {
    const random = this.book.random('due', loan.terms.id, loan.met++);
    const oldest = loan.unpaid[0];
    if (loan.closedOn !== null || !oldest) {
      this.nextDue.delete(loan);
      return;
    }
    if (oldest.due + WRITE_OFF_DPD <= day) {
      this.lose(loan, oldest.due + WRITE_OFF_DPD, random);
      return;
    }
    const until = (loan.duties.find(({ due }) => due > day)?.due ?? day + 30) - 1;
    const behind = loan.unpaid.filter(({ due }) => due < day).length;
    if (!this.bustsOut && until - day > 5 && this.helped(loan, { behind, day, until, random })) return;
    const festive = inSpringFestivalSeason(day);
    const payer: Payer = {
      stress: this.stressOn(day, loan),
      passing: festive ? FESTIVAL : 0,
      autoDebit: this.autoDebit,
      early: this.early,
      nextWages: this.nextWages,
      forgets: this.forgets * (festive ? 1.4 : 1),
      bustsOut: this.bustsOut,
    };
    const duty = loan.duties.find(({ due }) => due === day) ?? null;
    const outcome = meetDueDay(loan, { duty, day, until, payer, random });
    const left = loan.unpaid[0];
    if (!left) loan.settleIfPaid();
    else if (left.due + WRITE_OFF_DPD <= until) this.lose(loan, left.due + WRITE_OFF_DPD, random);
    else if (outcome === 'PAID' && random.chance(SETTLES_EARLY))
      loan.settleEarly(random.int(day + 1, until), random.int(9, 21) * HOUR);
    if (loan.closedOn !== null) this.nextDue.delete(loan);
    else this.nextDue.set(loan, until + 1);
  }

  private lose(loan: LoanAccount, day: DayNumber, random: Random): void {
    chargeOff(loan, day, random);
    this.nextDue.delete(loan);
  }

  /** Easier terms for an overdue loan; true when they were agreed. */
  private helped(
    loan: LoanAccount,
    due: { readonly behind: number; readonly day: DayNumber; readonly until: DayNumber; readonly random: Random },
  ): boolean {
    const { behind, until, random } = due;
    const day = random.int(due.day + 1, until - 2);
    const relief = relieve(loan, { behind, day, random });
    if (relief === 'NONE') return false;
    if (relief === 'RESCHEDULED') {
      this.nextDue.set(loan, loan.duties[0]?.due ?? until + 1);
      return true;
    }
    if (day > this.book.endDay) return false;
    const { at, amount } = loan.refinance(day);
    this.nextDue.delete(loan);
    const line = this.lines.find(({ id }) => id === loan.terms.lineId) as CreditLine;
    const application = this.applyToDraw(line, at - 2 * HOUR, amount, Math.min(24, loan.terms.termMonths + 6));
    const approved: ApplicationLife = {
      ...application,
      purpose: 'refinancing',
      decision: 'APPROVED',
      decisionPath: 'MANUAL',
      decidedAt: at - HOUR,
      approvedAmount: amount,
      declineReason: null,
      strategy: 'CHAMPION',
      rules: [],
    };
    this.applications.push(approved);
    this.disburse(line, approved, at, loan.terms.id);
    return true;
  }

  private draw(day: DayNumber): void {
    const { draws: random, book } = this;
    const strain = this.strainOn(day);
    const rate = DRAWS_A_MONTH * Math.exp(0.3 * this.appetite + 0.38 * Math.min(2, strain));
    this.nextDraw = day + 1 + Math.floor((-Math.log(1 - random.next()) * 30) / rate);
    const dpd = this.dpdOn(day);
    const open = this.lines.filter(({ status }) => status !== 'CLOSED');
    // A ring takes what there is at once and never comes back.
    if (open.length === 0 || (this.person.ring && this.loans.length > 0)) {
      this.nextDraw = Number.POSITIVE_INFINITY;
      return;
    }
    // Customers in arrears mostly know better than to ask.
    if (dpd > 0 && !random.chance(0.2)) return;
    const line = random.pick(open);
    const free = line.limit - line.used(this.loans, day);
    if (free < SMALLEST_TICKET && !random.chance(0.12)) return;
    const share = this.bustsOut
      ? 1
      : Math.min(1, random.uniform(0.12, 0.75) * Math.exp(0.3 * Math.max(-1, Math.min(2, strain))));
    const wanted = Math.round((Math.max(free, 2 * SMALLEST_TICKET) * share) / 50_000) * 50_000;
    const amount = this.bustsOut ? Math.max(SMALLEST_TICKET, free) : Math.max(SMALLEST_TICKET, wanted);
    const appliedAt = book.local.startOf(day) + random.int(8 * 60, 22 * 60) * MINUTE + random.int(0, 59_999);
    const application = this.applyToDraw(
      line,
      Math.max(appliedAt, line.openedAt + 5 * MINUTE),
      amount,
      random.weighted(TENORS),
    );
    if (application.appliedAt > book.horizon) return;
    this.applications.push(application);
    if (application.decision !== 'APPROVED') return;
    const disbursedAt = (application.decidedAt as Instant) + random.int(1, 20) * MINUTE;
    if (disbursedAt <= book.horizon) this.disburse(line, application, disbursedAt, null);
  }

  private applyToDraw(line: CreditLine, appliedAt: Instant, amount: number, termMonths: number): ApplicationLife {
    const { draws: random, book, person } = this;
    const day = book.local.dayOf(appliedAt);
    const dpd = this.dpdOn(day);
    const points = incumbentPoints(person, random, 0.6 * this.strainOn(day) + (this.lateRecently(day) ? 0.8 : 0));
    const policy = drawdownPolicy(random, points, {
      overdue: dpd > 0,
      frozen: line.status !== 'ACTIVE',
      overLimit: amount > line.limit - line.used(this.loans, day),
    });
    const end = concluded(book, random, appliedAt, policy);
    const decided = end.decision === 'APPROVED' || end.decision === 'DECLINED';
    return {
      id: `${person.id}-A${this.credit.length + this.applications.length + 1}`,
      kind: 'DRAWDOWN',
      product: line.application.product,
      channel: person.channel,
      appliedAt,
      amount,
      termMonths,
      purpose: drawPurpose(random),
      lineId: line.id,
      ...end,
      approvedAmount: end.decision === 'APPROVED' ? amount : null,
      strategy: decided ? 'CHAMPION' : null,
      incumbentPoints: points,
      rules: decided ? policy.rules : [],
    };
  }

  private disburse(
    line: CreditLine,
    application: ApplicationLife,
    disbursedAt: Instant,
    refinances: string | null,
  ): void {
    const account = new LoanAccount(this.book, {
      id: `${this.person.id}-L${String(this.loans.length + 1).padStart(2, '0')}`,
      applicationId: application.id,
      lineId: line.id,
      refinancesLoanId: refinances,
      product: line.application.product,
      channel: this.person.channel,
      disbursedAt,
      principal: application.amount,
      termMonths: application.termMonths,
      annualRate: line.annualRate,
      purpose: application.purpose,
    });
    this.loans.push(account);
    this.nextDue.set(account, account.duties[0]?.due ?? 0);
  }

  private lateRecently(day: DayNumber): boolean {
    return this.loans.some(({ lateUntil }) => lateUntil > day - 60 && lateUntil > 0);
  }

  private review(day: DayNumber): void {
    const { reviews: random, person, book } = this;
    this.nextReview = day + 30;
    const dpd = this.dpdOn(day);
    const lost = this.loans.some(({ closedOn, chargedOff }) => chargedOff !== null && (closedOn ?? 0) <= day);
    const customer = { dpd, lost, lateRecently: this.lateRecently(day), strain: this.strainOn(day) };
    for (const line of this.lines) line.review(day, customer, random);
    if (person.ring === null && dpd === 0) this.changeRates(day);
    const [first] = this.lines;
    const settledIn = first !== undefined && day - book.local.dayOf(first.openedAt) > 120;
    if (person.ring || lost || dpd > 0 || this.lines.length > 1 || !settledIn || !random.chance(0.03)) return;
    const [second] = creditApplications(book, person, {
      first: book.local.startOf(day) + random.int(9 * 60, 21 * 60) * MINUTE,
      product: first.application.product === CASH_LINE ? SHOP_LINE : CASH_LINE,
      number: this.credit.length + this.applications.length + 1,
      pressure: () => 0.5 * customer.strain,
    });
    if (!second) return;
    this.applications.push(second);
    if (second.decision === 'APPROVED') this.openLine(second);
  }

  /** A few loans get a lower rate: the same months, less interest. */
  private changeRates(day: DayNumber): void {
    for (const loan of this.loans) {
      const next = loan.unpaid[0];
      if (!this.reviews.chance(0.001_5) || !next || loan.closedOn !== null || loan.rescheduled) continue;
      const untouched = loan.unpaid.every(({ paidPrincipal, paidInterest }) => paidPrincipal + paidInterest === 0);
      // Those who pay by hand pay up to five days ahead: not under two schedules.
      if (!untouched || next.due - day < 8 || next.due - day > 31 || day <= loan.disbursedDay + 1) continue;
      const annualRate = Math.round((loan.annualRate - 0.02) * 1e4) / 1e4;
      const firstDue = next.due;
      loan.reschedule(day, {
        event: 'RATE_CHANGED',
        detail: 'RATE_CUT',
        months: loan.unpaid.length,
        annualRate,
        firstDue,
      });
      this.nextDue.set(loan, loan.duties[0]?.due ?? firstDue);
    }
  }
}

import { DAY, type Instant, MINUTE, SECOND } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { type DayNumber, firstDayOf } from './book-days.js';
import type { Arrear, Installment, LoanEvent, LoanLife, Repayment } from './life.js';
import type { Random } from './random.js';
import { equalInstallments } from './schedule.js';

/** An instalment and what has been paid on it; cents. */
export interface Duty {
  readonly no: number;
  readonly due: DayNumber;
  readonly effectiveAt: Instant;
  readonly principal: number;
  readonly interest: number;
  readonly fee: number;
  paidPrincipal: number;
  paidInterest: number;
  paidFee: number;
  /** The day at whose end it was paid or replaced. */
  cleared: DayNumber | null;
  /** The first day at whose end it is past due while it is unpaid. */
  since: DayNumber;
}

export type Method = Repayment['method'];

/** The terms of a loan at its start. */
export type LoanTerms = Pick<
  LoanLife,
  | 'id'
  | 'applicationId'
  | 'lineId'
  | 'refinancesLoanId'
  | 'product'
  | 'channel'
  | 'disbursedAt'
  | 'principal'
  | 'termMonths'
  | 'annualRate'
  | 'purpose'
>;

/** Penalty a day on principal that is overdue: half as much again as the interest. */
const PENALTY_A_DAY = 0.000_3;

type Draft = Omit<Repayment, 'id' | 'ingestedAt'>;

/** The books of one loan while its life is being made: its schedules, its payments, its events. */
export class LoanAccount {
  readonly disbursedDay: DayNumber;
  /** Schedule in force, oldest first. */
  duties: Duty[] = [];
  /** Day on which the loan is settled, written off or refinanced, known as soon as it is decided. */
  closedOn: DayNumber | null = null;
  chargedOff: number | null = null;
  rescheduled = false;
  /** The day up to which the last payment was late: what lately went wrong is likely to go wrong again. */
  lateUntil: DayNumber = 0;
  /** The day on which the bank last returned a debit; null: never. */
  returnedOn: DayNumber | null = null;
  /** Due days that were met. */
  met = 0;
  annualRate: number;
  private readonly installments: Installment[] = [];
  private readonly payments: Draft[] = [];
  private readonly events: LoanEvent[] = [];
  private readonly arrears: Arrear[] = [];
  private lastPaidAt: Instant;

  constructor(
    private readonly book: Book,
    readonly terms: LoanTerms,
  ) {
    this.disbursedDay = book.local.dayOf(terms.disbursedAt);
    this.lastPaidAt = terms.disbursedAt;
    this.annualRate = terms.annualRate;
    // Nothing falls due on the first of a month: the month in which a loan is paid out and the next would end with it 30 days past due.
    const from =
      this.disbursedDay === firstDayOf(book.local.month(this.disbursedDay)) ? this.disbursedDay + 1 : this.disbursedDay;
    this.schedule(
      { principal: terms.principal, months: terms.termMonths, from, firstNo: 1, carried: 0 },
      terms.disbursedAt,
    );
  }

  get unpaid(): readonly Duty[] {
    return this.duties.filter(({ cleared }) => cleared === null);
  }

  /** Principal that no decided payment covers. */
  get principalLeft(): number {
    return this.duties.reduce((sum, duty) => sum + duty.principal - duty.paidPrincipal, 0);
  }

  /** Principal not paid by the end of a day. */
  owedOn(day: DayNumber): number {
    if (this.closedOn !== null && this.closedOn <= day) return 0;
    let owed = 0;
    for (const duty of this.duties) {
      if (duty.cleared === null) owed += duty.principal - duty.paidPrincipal;
      else if (duty.cleared > day) owed += duty.principal;
    }
    return owed;
  }

  /** Days past due at the end of a day, as decided so far. */
  dpdOn(day: DayNumber): number {
    if (this.closedOn !== null && this.closedOn <= day) return this.chargedOff === null ? 0 : 181;
    for (const duty of this.duties) {
      if (duty.due >= day) return 0;
      if (duty.since <= day && (duty.cleared === null || duty.cleared > day)) return day - duty.due;
    }
    return 0;
  }

  /** Pays what is left of an instalment on a day; `share` below 1 pays a part and leaves it open. Returns the instant. */
  pay(
    duty: Duty,
    day: DayNumber,
    options: { readonly time: number; readonly method: Method; readonly share?: number; readonly interest?: number },
  ): Instant {
    const share = options.share ?? 1;
    const at = this.instantOn(day, options.time);
    const open = {
      fee: duty.fee - duty.paidFee,
      interest: (options.interest ?? duty.interest) - duty.paidInterest,
      principal: duty.principal - duty.paidPrincipal,
    };
    // Fee, then interest, then principal: a part payment reaches as far as it goes.
    let money = share >= 1 ? Number.POSITIVE_INFINITY : Math.round((open.fee + open.interest + open.principal) * share);
    const fee = Math.min(open.fee, money);
    money -= fee;
    const interest = Math.min(open.interest, money);
    money -= interest;
    const principal = Math.min(open.principal, money);
    duty.paidFee += fee;
    duty.paidInterest += interest;
    duty.paidPrincipal += principal;
    const penalty = share >= 1 && day > duty.due ? Math.round(principal * PENALTY_A_DAY * (day - duty.due)) : 0;
    this.payments.push({
      installmentNo: duty.no,
      paidAt: at,
      principal,
      interest,
      fee,
      penalty,
      method: options.method,
    });
    if (share >= 1) this.clear(duty, day);
    return at;
  }

  /** Lets the customer off a share of the interest that is open on an instalment. */
  waiveInterest(duty: Duty, day: DayNumber, share: number): void {
    const interest = Math.round((duty.interest - duty.paidInterest) * share);
    if (interest === 0) return;
    duty.paidInterest += interest;
    const at = this.instantOn(day, 10 * 60 * MINUTE);
    this.payments.push({
      installmentNo: duty.no,
      paidAt: at,
      principal: 0,
      interest,
      fee: 0,
      penalty: 0,
      method: 'WAIVER',
    });
  }

  /** The bank returns the debit that has just paid an instalment: from that day on the instalment is open again. */
  returnDebit(duty: Duty, day: DayNumber, time: number): void {
    const debit = this.payments.at(-1) as Draft;
    const minus = (amount: number): number => (amount === 0 ? 0 : -amount);
    duty.paidPrincipal -= debit.principal;
    duty.paidInterest -= debit.interest;
    duty.paidFee -= debit.fee;
    duty.cleared = null;
    duty.since = day;
    this.returnedOn = day;
    this.payments.push({
      ...debit,
      paidAt: this.instantOn(day, time),
      principal: minus(debit.principal),
      interest: minus(debit.interest),
      fee: minus(debit.fee),
      method: 'REVERSAL',
    });
  }

  /** Closes the loan where every instalment is paid. */
  settleIfPaid(): boolean {
    if (this.duties.some(({ cleared }) => cleared === null)) return false;
    this.settle(Math.max(...this.duties.map(({ cleared }) => cleared ?? 0)));
    return true;
  }

  /** Pays all that is left before its time: interest only for the days since the last due day. */
  settleEarly(day: DayNumber, time: number): void {
    const { local } = this.book;
    for (const [index, duty] of this.unpaid.entries()) {
      const days = day - local.addMonths(duty.due, -1);
      const accrued = index === 0 ? Math.round((duty.interest * Math.max(0, Math.min(30, days))) / 30) : 0;
      this.pay(duty, day, { time, method: 'SELF', interest: Math.max(accrued, duty.paidInterest) });
    }
    this.settle(day);
  }

  writeOff(day: DayNumber): void {
    this.closedOn = day;
    this.chargedOff = this.principalLeft;
    this.event('WRITTEN_OFF', this.book.local.startOf(day) + 90 * MINUTE, this.chargedOff, null);
    this.lastPaidAt = this.book.local.startOf(day) + 91 * MINUTE;
  }

  sell(day: DayNumber, price: number): void {
    this.event('SOLD', this.book.local.startOf(day) + 14 * 60 * MINUTE, price, 'PORTFOLIO_SALE');
  }

  /** Cash after the write-off: a recovery. */
  recover(day: DayNumber, time: number, amount: number): void {
    let left = amount;
    const at = this.instantOn(day, time);
    for (const duty of this.duties) {
      const open = duty.principal - duty.paidPrincipal;
      if (left <= 0) return;
      if (duty.cleared !== null || open === 0) continue;
      const principal = Math.min(open, left);
      duty.paidPrincipal += principal;
      left -= principal;
      this.payments.push({
        installmentNo: duty.no,
        paidAt: at,
        principal,
        interest: 0,
        fee: 0,
        penalty: 0,
        method: 'COLLECTION',
      });
    }
  }

  /**
   * Replaces the schedule by a new one for all that is owed. Interest that was overdue is carried into the first new instalment as a fee,
   * or let off. Numbers go on after the old ones, so that no payment of before is taken for one of the new instalments.
   */
  reschedule(
    day: DayNumber,
    how: {
      readonly event: 'RESTRUCTURED' | 'RATE_CHANGED';
      readonly detail: string;
      readonly months: number;
      readonly annualRate: number;
      readonly firstDue?: DayNumber;
      readonly forgive?: boolean;
    },
  ): void {
    const at = this.instantOn(day, 15 * 60 * MINUTE);
    const principal = this.principalLeft;
    let overdue = 0;
    let last = 0;
    for (const duty of this.duties) {
      last = Math.max(last, duty.no);
      if (duty.cleared !== null) continue;
      if (duty.due < day) overdue += duty.interest - duty.paidInterest + duty.fee - duty.paidFee;
      this.clear(duty, day);
    }
    this.rescheduled = true;
    this.annualRate = how.annualRate;
    this.event(how.event, at, null, how.detail);
    const from = how.firstDue === undefined ? day : this.book.local.addMonths(how.firstDue, -1);
    this.schedule({ principal, months: how.months, from, firstNo: last + 1, carried: how.forgive ? 0 : overdue }, at);
  }

  /** Pays the loan out with the money of a new one. Returns the cents that it took. */
  refinance(day: DayNumber): { at: Instant; amount: number } {
    const at = this.instantOn(day, 15 * 60 * MINUTE);
    this.event('RESTRUCTURED', at, null, 'REFINANCE');
    const before = this.payments.length;
    for (const duty of this.unpaid) {
      const interest = duty.due < day ? duty.interest : duty.paidInterest;
      this.pay(duty, day, { time: 15 * 60 * MINUTE, method: 'SELF', interest });
    }
    const amount = this.payments
      .slice(before)
      .reduce((sum, each) => sum + each.principal + each.interest + each.fee + each.penalty, 0);
    this.rescheduled = true;
    this.settle(day);
    return { at, amount };
  }

  /** The loan as it was by the horizon. `lag` says how late a repayment was known, `unnumbered` which are recorded without an instalment. */
  finish(options: { readonly random: Random; readonly lateShare: number; readonly unnumberedShare: number }): LoanLife {
    const { random, lateShare, unnumberedShare } = options;
    const { horizon, endDay, local } = this.book;
    for (const duty of this.duties) {
      const open = duty.cleared === null && duty.since <= endDay;
      if (open) this.arrears.push({ ...this.pastDue(duty), clearedOn: null });
    }
    const events = this.events
      .filter(({ occurredAt }) => occurredAt <= horizon)
      .sort((a, b) => a.occurredAt - b.occurredAt);
    const closing = events.find(({ type }) => type === 'SETTLED' || type === 'WRITTEN_OFF')?.occurredAt ?? horizon;
    // A payment without a number counts for the oldest instalment, which is right only where no payment was waived, reversed or rescheduled.
    const plain =
      !this.rescheduled && !this.payments.some(({ method }) => method === 'REVERSAL' || method === 'WAIVER');
    const repayments = this.payments
      .filter(({ paidAt }) => paidAt <= horizon)
      .sort((a, b) => a.paidAt - b.paidAt)
      .map((payment, index): Repayment => {
        const lag = random.chance(lateShare) ? random.int(1, 5) * DAY + random.int(0, 6 * 60) * MINUTE : null;
        const ingestedAt = lag !== null && payment.paidAt + lag <= horizon ? payment.paidAt + lag : null;
        const unnumbered = random.chance(unnumberedShare) && plain && payment.paidAt < closing;
        return {
          ...payment,
          id: `${this.terms.id}-R${String(index + 1).padStart(3, '0')}`,
          installmentNo: unnumbered ? null : payment.installmentNo,
          ingestedAt,
        };
      });
    return {
      ...this.terms,
      installments: this.installments,
      repayments,
      events,
      arrears: this.arrears
        .filter(({ since }) => since <= local.date(endDay))
        .map((arrear) =>
          arrear.clearedOn !== null && arrear.clearedOn > local.date(endDay) ? { ...arrear, clearedOn: null } : arrear,
        )
        .sort((a, b) => (a.dueDate < b.dueDate ? -1 : a.dueDate > b.dueDate ? 1 : 0)),
    };
  }

  /** With the last payment. */
  private settle(day: DayNumber): void {
    this.closedOn = day;
    this.event('SETTLED', this.lastPaidAt, null, null);
  }

  private clear(duty: Duty, day: DayNumber): void {
    duty.cleared = day;
    if (day <= duty.due) return;
    this.arrears.push({ ...this.pastDue(duty), clearedOn: this.book.local.date(day) });
    this.lateUntil = Math.max(this.lateUntil, day);
  }

  private pastDue({ due, since }: Duty): Pick<Arrear, 'dueDate' | 'since'> {
    const { local } = this.book;
    return { dueDate: local.date(due), since: local.date(since) };
  }

  private event(type: LoanEvent['type'], occurredAt: Instant, amount: number | null, detail: string | null): void {
    this.events.push({ type, occurredAt, amount, detail });
  }

  /** Payments of one loan never go back in time. */
  private instantOn(day: DayNumber, time: number): Instant {
    const at = Math.max(this.book.local.startOf(day) + time, this.lastPaidAt + SECOND);
    this.lastPaidAt = at;
    return at;
  }

  private schedule(
    plan: {
      readonly principal: number;
      readonly months: number;
      readonly from: DayNumber;
      readonly firstNo: number;
      readonly carried: number;
    },
    effectiveAt: Instant,
  ): void {
    const { local } = this.book;
    this.duties = equalInstallments(plan.principal, this.annualRate, plan.months).map(
      ({ principal, interest }, index) => {
        const due = local.addMonths(plan.from, index + 1);
        return {
          no: plan.firstNo + index,
          due,
          effectiveAt,
          principal,
          interest,
          fee: index === 0 ? plan.carried : 0,
          paidPrincipal: 0,
          paidInterest: 0,
          paidFee: 0,
          cleared: null,
          since: due + 1,
        };
      },
    );
    // A schedule written after the horizon was never known.
    if (effectiveAt > this.book.horizon) return;
    for (const { no, due, principal, interest, fee } of this.duties) {
      this.installments.push({ no, effectiveAt, dueDate: local.date(due), principal, interest, fee });
    }
  }
}

/** The dues and the payments of a loan, schedule by schedule; `loan-ledger.ts` states the rules. */
import { type DayNumber, dayNumber, type LocalDays } from '../helpers/local-days.js';
import type { Instant, LocalDate } from '../helpers/time.js';

/** Money in cents; the parts of `loans`, `installments`, `repayments` and `loan_events` that the replay needs, as known at some instant. */
export interface LoanInputs {
  readonly disbursedAt: Instant;
  readonly principal: number;
  readonly installments: readonly {
    readonly no: number;
    readonly effectiveAt: Instant;
    readonly dueDate: LocalDate;
    readonly principal: number;
    readonly interest: number;
    readonly fee: number;
  }[];
  /** Penalties are not asked for: they never enter DPD nor a balance. */
  readonly repayments: readonly {
    readonly installmentNo: number | null;
    readonly paidAt: Instant;
    readonly principal: number;
    readonly interest: number;
    readonly fee: number;
  }[];
  readonly events: readonly {
    readonly type: 'RESTRUCTURED' | 'RATE_CHANGED' | 'WRITTEN_OFF' | 'SETTLED' | 'SOLD';
    readonly occurredAt: Instant;
    readonly amount: number | null;
  }[];
}

interface Parts {
  fee: number;
  interest: number;
  principal: number;
}

interface Line {
  readonly no: number;
  readonly due: DayNumber;
  readonly principal: number;
  readonly interest: number;
  readonly fee: number;
}

export interface Schedule {
  readonly effectiveAt: Instant;
  readonly day: DayNumber;
  /** Oldest first. */
  readonly lines: readonly Line[];
}

/** Oldest first; those that take effect after the horizon are left out. */
export function schedulesOf({ installments }: LoanInputs, days: LocalDays, horizon: Instant): Schedule[] {
  const byInstant = new Map<Instant, Line[]>();
  for (const { no, effectiveAt, dueDate, principal, interest, fee } of installments) {
    if (effectiveAt > horizon) continue;
    const line = { no, due: dayNumber(dueDate), principal, interest, fee };
    const lines = byInstant.get(effectiveAt);
    if (lines) lines.push(line);
    else byInstant.set(effectiveAt, [line]);
  }
  return [...byInstant]
    .sort(([a], [b]) => a - b)
    .map(([effectiveAt, lines]) => ({
      effectiveAt,
      day: days.dayOf(effectiveAt),
      lines: lines.sort((a, b) => a.due - b.due || a.no - b.no),
    }));
}

/** Index of the schedule in force at an instant; before the first one, the first. */
export function inForce(schedules: readonly Schedule[], at: Instant): number {
  let index = 0;
  while (index + 1 < schedules.length && (schedules[index + 1] as Schedule).effectiveAt <= at) index++;
  return index;
}

/** Within an instalment. */
const ALLOCATION = ['fee', 'interest', 'principal'] as const;

/** The payments on one schedule so far. */
export class Books {
  private readonly onLine: Parts[];
  private readonly indexOf = new Map<number, number>();
  private pot = 0;
  private tookBack = false;
  private principalPaid = 0;
  private readonly principal: number;

  /** `principal`: the loan's own; null: what the schedule asks for. */
  constructor(
    private readonly schedule: Schedule,
    principal: number | null,
  ) {
    this.onLine = schedule.lines.map(() => ({ fee: 0, interest: 0, principal: 0 }));
    for (const [index, { no }] of schedule.lines.entries()) this.indexOf.set(no, index);
    this.principal = principal ?? schedule.lines.reduce((sum, line) => sum + line.principal, 0);
  }

  pay(payment: LoanInputs['repayments'][number]): void {
    const { installmentNo, fee, interest, principal } = payment;
    this.principalPaid += principal;
    this.tookBack ||= fee < 0 || interest < 0 || principal < 0;
    const line = installmentNo === null ? undefined : this.onLine[this.indexOf.get(installmentNo) ?? -1];
    if (!line) {
      this.pot += fee + interest + principal;
      return;
    }
    line.fee += fee;
    line.interest += interest;
    line.principal += principal;
  }

  /** At the end of a day: what is past due, by part, and whether anything is owed at all. */
  at(day: DayNumber) {
    const overdue: Parts = { fee: 0, interest: 0, principal: 0 };
    let oldestDue: DayNumber | null = null;
    let owes = 0;
    const whole = this.tookBack ? this.afterReversals() : { onLine: this.onLine, pot: this.pot };
    let { pot } = whole;
    // An instalment that is announced for later is not due yet.
    const lines = this.schedule.day <= day ? this.schedule.lines : [];
    for (const [index, due] of lines.entries()) {
      const paid = whole.onLine[index] as Parts;
      // No function of its own: this is the innermost loop of ten million loan-days.
      let spare =
        Math.max(0, paid.fee - due.fee) +
        Math.max(0, paid.interest - due.interest) +
        Math.max(0, paid.principal - due.principal);
      const left: Parts = {
        fee: Math.max(0, due.fee - paid.fee),
        interest: Math.max(0, due.interest - paid.interest),
        principal: Math.max(0, due.principal - paid.principal),
      };
      for (const part of ALLOCATION) {
        const fromSpare = Math.min(spare, left[part]);
        const fromPot = Math.min(pot, left[part] - fromSpare);
        spare -= fromSpare;
        pot -= fromPot;
        left[part] -= fromSpare + fromPot;
      }
      const total = left.fee + left.interest + left.principal;
      owes += total;
      if (total > 0 && due.due < day) {
        oldestDue ??= due.due;
        overdue.fee += left.fee;
        overdue.interest += left.interest;
        overdue.principal += left.principal;
      }
    }
    const principalOutstanding = Math.max(0, this.principal - this.principalPaid);
    return { ...overdue, oldestDue, principalOutstanding, owesNothing: owes === 0 && principalOutstanding === 0 };
  }

  /** The amounts paid, none of them below zero: a reversal that finds too little takes the rest elsewhere. */
  private afterReversals(): { readonly onLine: readonly Parts[]; readonly pot: number } {
    let { pot } = this;
    const onLine = this.onLine.map((paid, index): Parts => {
      if (paid.fee >= 0 && paid.interest >= 0 && paid.principal >= 0) return { ...paid };
      const total = totalOf(paid);
      pot += Math.min(0, total);
      return poured(Math.max(0, total), this.schedule.lines[index] as Line);
    });
    // First what is paid too much, then from the newest instalment on: as the pot would have filled them.
    for (const keepDue of [true, false]) {
      for (let index = onLine.length - 1; index >= 0 && pot < 0; index--) {
        const [paid, due] = [onLine[index] as Parts, this.schedule.lines[index] as Line];
        let remaining = Math.min(-pot, Math.max(0, totalOf(paid) - (keepDue ? totalOf(due) : 0)));
        pot += remaining;
        for (const part of BACKWARDS) {
          const taken = Math.min(remaining, paid[part]);
          paid[part] -= taken;
          remaining -= taken;
        }
      }
    }
    return { onLine, pot: Math.max(0, pot) };
  }
}

const BACKWARDS = [...ALLOCATION].reverse();

const totalOf = ({ fee, interest, principal }: Parts): number => fee + interest + principal;

/** Money on an instalment, in the order of allocation; what is too much is principal. */
function poured(money: number, due: Parts): Parts {
  const fee = Math.min(money, due.fee);
  const interest = Math.min(money - fee, due.interest);
  return { fee, interest, principal: money - fee - interest };
}

/** What a loan asks for and what has been paid on it, schedule by schedule; the rules are told in `loan-ledger.ts`. */
import { type DayNumber, dayNumber, type LocalDays } from './local-days.js';
import type { Instant, LocalDate } from './time.js';

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
      ...{ effectiveAt, day: days.dayOf(effectiveAt) },
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

/** What has been paid on one schedule so far. */
export class Books {
  private readonly onLine: Parts[];
  private readonly indexOf = new Map<number, number>();
  private pot = 0;
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
    let pot = Math.max(0, this.pot);
    // What is announced for later asks for nothing yet.
    const lines = this.schedule.day <= day ? this.schedule.lines : [];
    for (const [index, due] of lines.entries()) {
      const paid = this.onLine[index] as Parts;
      // No function of its own: this is the innermost loop of ten million loan-days.
      let spare =
        Math.max(0, paid.fee - due.fee) +
        Math.max(0, paid.interest - due.interest) +
        Math.max(0, paid.principal - due.principal);
      const left: Parts = {
        fee: Math.max(0, due.fee - Math.max(0, paid.fee)),
        interest: Math.max(0, due.interest - Math.max(0, paid.interest)),
        principal: Math.max(0, due.principal - Math.max(0, paid.principal)),
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
}

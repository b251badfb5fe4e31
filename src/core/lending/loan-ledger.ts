/**
 * The state of a loan at the end of each local day, replayed from its schedule, its payments and its events: the rules of
 * `loan_snapshots`. Pure; money is in whole cents.
 *
 * Where the rules leave a choice, this is ours:
 * - A schedule is all instalments of one `effectiveAt`. A newer one replaces it whole and starts with nothing paid: it holds what is still
 *   owed. What was paid before belongs to the schedule that was in force when it was paid; before the first schedule, to the first.
 * - A payment with an instalment number goes to that instalment's own fee, interest and principal, and stays there. What one of the three
 *   has too much covers the other two. A number that the schedule in force does not have counts as none.
 * - Payments without a number are one pot: at each day's end it fills what recorded numbers left open, oldest instalment (by due date, then
 *   number) first, and fee, interest, principal within it. So the order of payments within a day never matters.
 * - A reversal is negative money on its own day: it opens again what it takes back. An instalment never owes more than is due on it: what a
 *   reversal takes from an instalment that has less, or from a pot that has less, is taken from what was paid too much, then from the
 *   numbered payments, newest instalment first. So no instalment stays paid with money that is gone.
 * - A loan has days once an instalment of it is known: nothing else tells when it falls due, and no day is better than a wrong CURRENT.
 * - Principal paid is what the payments record as principal, waivers included. Paid too much is a balance of 0, never below.
 * - The first of WRITTEN_OFF, SOLD and SETTLED closes the loan (in this order where they share an instant); what follows it counts no more.
 *   Without such an event a loan closes as SETTLED on the day since which nothing is owed; a reversal known later opens it again.
 * - SETTLED closes with zeros, whatever was open. WRITTEN_OFF and SOLD close with what was open at the event's instant; the amount of a
 *   WRITTEN_OFF is the balance charged off, that of SOLD is its price and no balance.
 * - Restructured is said by the event alone: a rate change writes a new schedule too.
 */

import { type DayNumber, type LocalDays, yearLater } from '../helpers/local-days.js';
import type { Instant } from '../helpers/time.js';
import { Books, inForce, type LoanInputs, type Schedule, schedulesOf } from './loan-books.js';

export type { LoanInputs } from './loan-books.js';

export type LoanStatus = 'CURRENT' | 'OVERDUE' | 'SETTLED' | 'WRITTEN_OFF' | 'SOLD';
export type RiskClass = 'NORMAL' | 'SPECIAL_MENTION' | 'SUBSTANDARD' | 'DOUBTFUL' | 'LOSS';

/** Days, both ends included, on which only the count of days past due moves. */
export interface LoanSpan {
  readonly from: DayNumber;
  readonly to: DayNumber;
  readonly status: LoanStatus;
  readonly restructured: boolean;
  /** The first day on which a restructuring no longer bears on the risk class; 0: none does. */
  readonly mentionedUntil: DayNumber;
  /** Neither principal nor anything on the schedule in force is open, due or not. */
  readonly owesNothing: boolean;
  /** Due date of the oldest instalment past due; null: none. */
  readonly oldestDue: DayNumber | null;
  readonly principalOutstanding: number;
  readonly overduePrincipal: number;
  readonly interestOverdue: number;
  readonly feeOverdue: number;
}

/** One loan at the end of one day. */
export interface LoanDay {
  readonly day: DayNumber;
  readonly status: LoanStatus;
  readonly restructured: boolean;
  readonly dpd: number;
  readonly principalOutstanding: number;
  readonly overduePrincipal: number;
  readonly interestOverdue: number;
  readonly feeOverdue: number;
  readonly riskClass: RiskClass;
}

/**
 * The spans of a loan from its disbursement to its close, or to the end of `through` where it is open. Nothing that happens after
 * `through` is looked at. Empty where the loan is disbursed later or without a schedule.
 */
export function replayLoan(loan: LoanInputs, days: LocalDays, through: DayNumber): readonly LoanSpan[] {
  const disbursed = days.dayOf(loan.disbursedAt);
  if (disbursed > through || loan.installments.length === 0) return [];
  const end = closingOf(loan, days, through);
  const horizon = end ? end.at : days.startOf(through + 1) - 1;
  const schedules = schedulesOf(loan, days, horizon);
  const payments = loan.repayments
    .filter(({ paidAt }) => paidAt <= horizon)
    .map((each) => ({ ...each, day: days.dayOf(each.paidAt), schedule: inForce(schedules, each.paidAt) }))
    .sort((a, b) => a.day - b.day);
  const restructurings = loan.events
    .filter(({ type, occurredAt }) => type === 'RESTRUCTURED' && occurredAt <= horizon)
    .map(({ occurredAt }) => days.dayOf(occurredAt))
    .sort((a, b) => a - b);
  const last = end ? Math.max(end.day, disbursed) : through;
  const turns = turningDays({ schedules, payments, restructurings }, disbursed, last);

  const spans: LoanSpan[] = [];
  const books = schedules.map((schedule, index) => new Books(schedule, index === 0 ? loan.principal : null));
  if (books.length === 0) books.push(new Books({ effectiveAt: 0, day: disbursed, lines: [] }, loan.principal));
  let [scheduled, paid, restructured] = [0, 0, 0];
  let settledSince: number | null = null;
  for (const [index, from] of turns.entries()) {
    const to = (turns[index + 1] ?? last + 1) - 1;
    while (scheduled + 1 < schedules.length && (schedules[scheduled + 1] as Schedule).day <= from) scheduled++;
    for (let each = payments[paid]; each && each.day <= from; each = payments[++paid]) books[each.schedule]?.pay(each);
    while ((restructurings[restructured] ?? Number.POSITIVE_INFINITY) <= from) restructured++;
    const state = (books[scheduled] as Books).at(from);
    settledSince = state.owesNothing ? (settledSince ?? index) : null;
    spans.push({
      from,
      to,
      status: state.oldestDue === null ? 'CURRENT' : 'OVERDUE',
      restructured: restructured > 0,
      mentionedUntil: restructured > 0 ? yearLater(restructurings[restructured - 1] as DayNumber) : 0,
      owesNothing: state.owesNothing,
      oldestDue: state.oldestDue,
      principalOutstanding: state.principalOutstanding,
      overduePrincipal: state.principal,
      interestOverdue: state.interest,
      feeOverdue: state.fee,
    });
  }
  if (!end && settledSince !== null) {
    const { from, restructured: flag, mentionedUntil } = spans[settledSince] as LoanSpan;
    return [...spans.slice(0, settledSince), settled(from, flag, mentionedUntil)];
  }
  return end ? closed(spans, end) : spans;
}

/** The state at the end of a day; null before the loan's disbursement and after its close. */
export function loanDayOf(spans: readonly LoanSpan[], day: DayNumber): LoanDay | null {
  let [low, high] = [0, spans.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const span = spans[middle] as LoanSpan;
    if (day < span.from) high = middle - 1;
    else if (day > span.to) low = middle + 1;
    else return dayIn(span, day);
  }
  return null;
}

/** Every day of a loan in order. */
export function* loanDays(spans: readonly LoanSpan[]): IterableIterator<LoanDay> {
  for (const span of spans) for (let day = span.from; day <= span.to; day++) yield dayIn(span, day);
}

/** The pinned rule: 1-90 days special mention, 91-270 substandard, 271-360 doubtful, beyond loss; restructured at least special mention. */
export function riskClassOf(dpd: number, mentioned: boolean): RiskClass {
  if (dpd > 360) return 'LOSS';
  if (dpd > 270) return 'DOUBTFUL';
  if (dpd > 90) return 'SUBSTANDARD';
  return dpd > 0 || mentioned ? 'SPECIAL_MENTION' : 'NORMAL';
}

function dayIn(span: LoanSpan, day: DayNumber): LoanDay {
  const dpd = span.oldestDue === null ? 0 : day - span.oldestDue;
  return {
    day,
    dpd,
    status: span.status,
    restructured: span.restructured,
    principalOutstanding: span.principalOutstanding,
    overduePrincipal: span.overduePrincipal,
    interestOverdue: span.interestOverdue,
    feeOverdue: span.feeOverdue,
    riskClass: riskClassOf(dpd, day < span.mentionedUntil),
  };
}

interface Closing {
  readonly status: 'SETTLED' | 'WRITTEN_OFF' | 'SOLD';
  readonly at: Instant;
  readonly day: DayNumber;
  readonly amount: number | null;
}

const CLOSING_ORDER = ['WRITTEN_OFF', 'SOLD', 'SETTLED'] as const;

function closingOf({ events }: LoanInputs, days: LocalDays, through: DayNumber): Closing | null {
  const horizon = days.startOf(through + 1);
  let first: Closing | null = null;
  for (const status of CLOSING_ORDER) {
    for (const { type, occurredAt: at, amount } of events) {
      if (type === status && at < horizon && (first === null || at < first.at)) {
        first = { status, at, day: days.dayOf(at), amount };
      }
    }
  }
  return first;
}

const settled = (day: DayNumber, restructured: boolean, mentionedUntil: DayNumber): LoanSpan => ({
  from: day,
  to: day,
  status: 'SETTLED',
  restructured,
  mentionedUntil,
  oldestDue: null,
  owesNothing: true,
  principalOutstanding: 0,
  overduePrincipal: 0,
  interestOverdue: 0,
  feeOverdue: 0,
});

/** The last of the spans is the closing day's alone. */
function closed(spans: readonly LoanSpan[], { status, amount }: Closing): readonly LoanSpan[] {
  const last = spans.at(-1) as LoanSpan;
  const closing: LoanSpan =
    status === 'SETTLED'
      ? settled(last.to, last.restructured, last.mentionedUntil)
      : {
          ...last,
          from: last.to,
          status,
          principalOutstanding: status === 'WRITTEN_OFF' && amount !== null ? amount : last.principalOutstanding,
        };
  const before = last.from < last.to ? [{ ...last, to: last.to - 1 }] : [];
  return [...spans.slice(0, -1), ...before, closing];
}

/** The days on which something besides the count of days past due may change; the loan's first day is one. */
function turningDays(
  what: {
    readonly schedules: readonly Schedule[];
    readonly payments: readonly { readonly day: DayNumber }[];
    readonly restructurings: readonly DayNumber[];
  },
  first: DayNumber,
  last: DayNumber,
): readonly DayNumber[] {
  const turns = new Set([first]);
  const add = (day: DayNumber): void => {
    if (day > first && day <= last) turns.add(day);
  };
  for (const { day, lines } of what.schedules) {
    add(day);
    for (const { due } of lines) add(due + 1);
  }
  for (const { day } of what.payments) add(day);
  for (const day of what.restructurings) add(day);
  return [...turns].sort((a, b) => a - b);
}

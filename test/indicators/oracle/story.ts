/** Loans as stories, and their days by plain code: the rules of formulas and pages read again, with nothing of the platform. */
import { DateTime } from 'luxon';

export interface Line {
  readonly no: number;
  readonly due: string;
  readonly principal: number;
  readonly interest: number;
}

/** Amounts in cents; instants as text. */
export interface Story {
  readonly loan: string;
  readonly customer: string;
  /** The credit line that it draws on. */
  readonly line?: string;
  readonly product: string;
  readonly channel: string;
  readonly province: string | null;
  readonly principal: number;
  readonly rate: number;
  readonly months: number;
  readonly disbursedAt: string;
  readonly schedules: readonly { readonly at: string; readonly lines: readonly Line[] }[];
  readonly payments: readonly {
    readonly at: string;
    readonly no: number | null;
    readonly principal: number;
    readonly interest: number;
    readonly method: 'SELF' | 'AUTO_DEBIT' | 'COLLECTION' | 'WAIVER' | 'REVERSAL';
  }[];
  readonly events: readonly {
    readonly type: 'RESTRUCTURED' | 'WRITTEN_OFF' | 'SETTLED' | 'SOLD';
    readonly at: string;
    readonly amount: number | null;
  }[];
}

export interface Day {
  readonly story: Story;
  readonly date: string;
  readonly status: 'CURRENT' | 'OVERDUE' | 'SETTLED' | 'WRITTEN_OFF' | 'SOLD';
  readonly dpd: number;
  readonly balance: number;
  readonly overduePrincipal: number;
  readonly overdueInterest: number;
  readonly restructured: boolean;
}

export const isOnBook = ({ status }: Day): boolean => status === 'CURRENT' || status === 'OVERDUE';

export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
export const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;
export const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** The local day of an instant. Asking the zone is slow, and an instant is asked for often. */
export function localDays(zone: string): (at: string) => string {
  const known = new Map<string, string>();
  return (at) => {
    const day = known.get(at) ?? DateTime.fromISO(at, { zone }).toFormat('yyyy-MM-dd');
    known.set(at, day);
    return day;
  };
}

type DayOf = (at: string) => string;
type Schedule = Story['schedules'][number];

/** The schedule in force at the end of a day, and how many there were before it. */
function scheduleOn(story: Story, date: string, dayOf: DayOf): { readonly schedule: Schedule; readonly index: number } {
  const index = Math.max(
    0,
    story.schedules.findLastIndex(({ at }) => dayOf(at) <= date),
  );
  return { schedule: story.schedules[index] as Schedule, index };
}

/** Payments on a schedule up to the end of a day: those before the first one are its own. */
export function paidOn(story: Story, index: number, date: string, dayOf: DayOf): Story['payments'] {
  const from = index === 0 ? '' : (story.schedules[index] as Schedule).at;
  const to = story.schedules[index + 1]?.at ?? '9';
  return story.payments.filter(({ at }) => at >= from && at < to && dayOf(at) <= date);
}

/**
 * What is open on each instalment: a named payment stays with its own, where one part covers what the other lacks; all others fill the
 * oldest first, interest before principal.
 */
export function openOn(lines: readonly Line[], payments: Story['payments']) {
  const isNamed = (no: number | null): boolean => lines.some((line) => line.no === no);
  let pot = sum(payments, (payment) => (isNamed(payment.no) ? 0 : payment.principal + payment.interest));
  return [...lines]
    .sort((a, b) => (a.due < b.due ? -1 : a.due > b.due ? 1 : a.no - b.no))
    .map((line) => {
      const own = payments.filter(({ no }) => no === line.no);
      const [principal, interest] = [sum(own, (one) => one.principal), sum(own, (one) => one.interest)];
      let spare = Math.max(0, principal - line.principal) + Math.max(0, interest - line.interest);
      const take = (owed: number): number => {
        const spared = Math.min(spare, owed);
        const poured = Math.min(pot, owed - spared);
        spare -= spared;
        pot -= poured;
        return owed - spared - poured;
      };
      const left = take(Math.max(0, line.interest - interest));
      return { line, interest: left, principal: take(Math.max(0, line.principal - principal)) };
    });
}

function stateOn(story: Story, date: string, dayOf: DayOf): Day {
  const { schedule, index } = scheduleOn(story, date, dayOf);
  const payments = paidOn(story, index, date, dayOf);
  const open = openOn(schedule.lines, payments);
  const late = open.filter(({ line, interest, principal }) => line.due < date && interest + principal > 0);
  const owed = index === 0 ? story.principal : sum(schedule.lines, ({ principal }) => principal);
  const oldest = late[0];
  return {
    story,
    date,
    status: oldest ? 'OVERDUE' : 'CURRENT',
    dpd: oldest ? daysBetween(oldest.line.due, date) : 0,
    balance: Math.max(0, owed - sum(payments, ({ principal }) => principal)),
    overduePrincipal: sum(late, ({ principal }) => principal),
    overdueInterest: sum(late, ({ interest }) => interest),
    restructured: story.events.some(({ type, at }) => type === 'RESTRUCTURED' && dayOf(at) <= date),
  };
}

/** Each day of a loan from its disbursement to the day on which an event closes it, or to `through`. */
export function daysOf(story: Story, through: string, dayOf: DayOf): readonly Day[] {
  const closing = story.events.find(({ type }) => type !== 'RESTRUCTURED');
  const closedOn = closing && dayOf(closing.at);
  const days: Day[] = [];
  for (let date = dayOf(story.disbursedAt); date <= through; date = addDays(date, 1)) {
    const day = stateOn(story, date, dayOf);
    if (!closing || closedOn !== date) {
      days.push(day);
      continue;
    }
    const status = closing.type as Day['status'];
    const nothing = { dpd: 0, balance: 0, overduePrincipal: 0, overdueInterest: 0 };
    days.push({ ...day, status, ...(status === 'SETTLED' ? nothing : {}) });
    break;
  }
  return days;
}

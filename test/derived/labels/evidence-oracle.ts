/** The evidence of labels by brute force: loops over the days of loans, and nothing of the code under test. */
import type { LabelSpec } from '../../../src/core/definitions/define-label.js';
import type { BusinessCalendar, Instant } from '../../../src/core/helpers/time.js';
import { type Book, type Day, dayOf, type LoanDay, monthsOn, type Outcome } from './oracle.js';

/** By loan and day: what was known at an instant, and the last day of which anything was. */
function daysOf(
  book: Book,
  knowledge: Instant,
): { readonly whole: Day; readonly on: (loan: string, day: Day) => LoanDay | undefined } {
  const known = new Map<string, LoanDay>();
  let whole = 0;
  for (const { ingestedAt, deleted, row } of [...book.days].sort((a, b) => a.ingestedAt - b.ingestedAt)) {
    if (ingestedAt > knowledge) continue;
    whole = Math.max(whole, row.day);
    if (deleted) known.delete(`${row.loan} ${row.day}`);
    else known.set(`${row.loan} ${row.day}`, row);
  }
  return { whole, on: (loan, day) => known.get(`${loan} ${day}`) };
}

export interface EvidenceRequest {
  readonly spec: LabelSpec;
  readonly book: Book;
  readonly calendar: BusinessCalendar;
  readonly knowledge: Instant;
  /** What the label says of each observation. */
  readonly outcomes: readonly Outcome[];
}

/** The loans of a customer, or the loan itself. */
const loansOf = ({ spec, book }: EvidenceRequest, id: string): readonly string[] =>
  book.loans.filter((loan) => (spec.entity.name === 'loan' ? loan.id : loan.customer) === id).map((loan) => loan.id);

const lastDay = ({ calendar }: EvidenceRequest, { windowTo }: Outcome): Day => dayOf(calendar.dateOf(windowTo));

/** By month of the window: how many bads have come by its end. `endOf`: the last day of the month, told by the day after which the window opens. */
export function reachedByMonth(
  request: EvidenceRequest,
  {
    months,
    atLeast,
    opensAfter,
    endOf,
  }: {
    readonly months: number;
    readonly atLeast: number;
    readonly opensAfter: (outcome: Outcome) => Day;
    readonly endOf: (opensAfter: Day, month: number) => Day;
  },
): readonly number[] {
  const { on } = daysOf(request.book, request.knowledge);
  return Array.from({ length: months }, (_, index) => index + 1).map(
    (month) =>
      request.outcomes.filter((outcome) => {
        if (outcome.value !== 1) return false;
        const to = lastDay(request, outcome);
        if (month === months) return true;
        const opens = opensAfter(outcome);
        for (let day = opens + 1; day <= Math.min(to, endOf(opens, month)); day++)
          for (const loan of loansOf(request, outcome.id)) {
            const row = on(loan, day);
            if (row && (row.dpd >= atLeast || row.status === 'WRITTEN_OFF')) return true;
          }
        return false;
      }).length,
  );
}

/** Rows of dpd, months, reached, followed, and the counts of states in the order of the table, as text. */
export function rolls(
  request: EvidenceRequest,
  {
    depths,
    after,
    observedOn,
    opensAfter,
  }: {
    readonly depths: readonly number[];
    readonly after: readonly number[];
    readonly observedOn: (outcome: Outcome) => Day;
    readonly opensAfter: (outcome: Outcome) => Day;
  },
): readonly (readonly string[])[] {
  const { on, whole } = daysOf(request.book, request.knowledge);
  const onBook = (row: LoanDay | undefined): row is LoanDay => row?.status === 'CURRENT' || row?.status === 'OVERDUE';
  const deepest = (id: string, day: Day): number =>
    Math.max(
      0,
      ...loansOf(request, id)
        .map((loan) => on(loan, day))
        .filter(onBook)
        .map(({ dpd }) => dpd),
    );
  return depths.flatMap((depth) => {
    const entries = new Set<string>();
    for (const outcome of request.outcomes) {
      if (outcome.value === 'EXCLUDED' || deepest(outcome.id, observedOn(outcome)) >= depth) continue;
      const to = lastDay(request, outcome);
      for (let day = opensAfter(outcome) + 1; day <= to; day++)
        if (deepest(outcome.id, day) >= depth) {
          entries.add(`${outcome.id} ${day}`);
          break;
        }
    }
    return after.map((months) => {
      const counts = new Map<string, number>();
      let followed = 0;
      let worse = 0;
      for (const entry of entries) {
        const [id, entered] = entry.split(' ') as [string, string];
        const [begin, end] = [Number(entered), monthsOn(Number(entered), months)];
        if (end > whole) continue;
        followed++;
        const last = loansOf(request, id).flatMap((loan) => {
          for (let day = end; day >= begin; day--) {
            const row = on(loan, day);
            if (row) return [row];
          }
          return [];
        });
        const dpd = Math.max(0, ...last.filter(onBook).map((row) => row.dpd));
        const has = (...statuses: readonly string[]) => last.some(({ status }) => statuses.includes(status));
        const state = has('WRITTEN_OFF')
          ? 'written_off'
          : dpd > 0
            ? `dpd_${[90, 60, 30, 1].find((least) => dpd >= least)}`
            : has('SOLD')
              ? 'sold'
              : has('CURRENT', 'OVERDUE')
                ? 'current'
                : 'closed';
        counts.set(state, (counts.get(state) ?? 0) + 1);
        if (state === 'written_off' || dpd >= depth) worse++;
      }
      const states = ['written_off', 'dpd_90', 'dpd_60', 'dpd_30', 'dpd_1', 'sold', 'current', 'closed'];
      const cured = (counts.get('current') ?? 0) + (counts.get('closed') ?? 0);
      const share = (part: number): string => (followed === 0 ? 'none' : (part / followed).toFixed(6));
      return [
        ...[depth, months, entries.size, followed, ...states.map((state) => counts.get(state) ?? 0)].map(String),
        ...[worse, cured, counts.get('written_off') ?? 0].map(share),
      ];
    });
  });
}

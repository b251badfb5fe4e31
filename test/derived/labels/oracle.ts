/** Labels of a small book by brute force: loops over days and loans, and nothing of the code under test but the calendar. */
import type { LabelSpec } from '../../../src/core/definitions/define-label.js';
import type { BusinessCalendar, Instant } from '../../../src/core/helpers/time.js';

/** Days since 1970. */
export type Day = number;
export type Status = 'CURRENT' | 'OVERDUE' | 'SETTLED' | 'WRITTEN_OFF' | 'SOLD';

export interface Version<Row> {
  readonly ingestedAt: Instant;
  readonly deleted: boolean;
  readonly row: Row;
}

export interface LoanDay {
  readonly loan: string;
  readonly day: Day;
  readonly status: Status;
  readonly dpd: number;
}

export interface Loan {
  readonly id: string;
  readonly customer: string;
  readonly application: string | null;
  readonly disbursedAt: Instant;
  readonly firstDue: Day;
}

export interface Application {
  readonly id: string;
  readonly customer: string;
  readonly kind: string;
  readonly appliedAt: Instant;
}

export interface Book {
  readonly loans: readonly Loan[];
  readonly applications: readonly Application[];
  readonly writtenOff: readonly { readonly loan: string; readonly at: Instant; readonly ingestedAt: Instant }[];
  readonly days: readonly Version<LoanDay>[];
}

export interface Outcome {
  readonly id: string;
  readonly observedAt: Instant;
  readonly windowFrom: Instant;
  readonly windowTo: Instant;
  readonly knownAt: Instant;
  /** A number, or why there is none. */
  readonly value: number | 'INDETERMINATE' | 'EXCLUDED';
}

const DAY = 86_400_000;
export const text = (day: Day): string => new Date(day * DAY).toISOString().slice(0, 10);
export const dayOf = (date: string): Day => Date.parse(`${date}T00:00:00Z`) / DAY;
const ymd = (day: Day): readonly [number, number, number] => {
  const date = new Date(day * DAY);
  return [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
};
const lengthOf = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/** So many months on; a day that the month lacks is its last one. */
export function monthsOn(day: Day, months: number): Day {
  const [year, month, date] = ymd(day);
  const index = year * 12 + month + months;
  const [y, m] = [Math.floor(index / 12), index % 12];
  return Date.UTC(y, m, Math.min(date, lengthOf(y, m))) / DAY;
}

export const isMonthEnd = (day: Day): boolean => {
  const [year, month, date] = ymd(day);
  return date === lengthOf(year, month);
};

const monthEnd = (day: Day): Day => {
  const [year, month] = ymd(day);
  return Date.UTC(year, month, lengthOf(year, month)) / DAY;
};

interface Observation {
  readonly id: string;
  readonly day: Day;
  readonly at: Instant;
  readonly opensAfter: Day;
}

/** Judges every observation whose outcome is known at an instant, by what was ingested until then. */
export function judge(spec: LabelSpec, book: Book, calendar: BusinessCalendar, knowledge: Instant): readonly Outcome[] {
  const startOf = (day: Day): Instant => calendar.startOfDay(text(day));
  const localDay = (at: Instant): Day => dayOf(calendar.dateOf(at));
  const known = new Map<string, LoanDay>();
  const versions = [...book.days].sort((a, b) => a.ingestedAt - b.ingestedAt);
  let whole = 0;
  for (const { ingestedAt, deleted, row } of versions) {
    if (ingestedAt > knowledge) continue;
    whole = Math.max(whole, row.day);
    const key = `${row.loan} ${row.day}`;
    if (deleted || startOf(row.day + 1) - 1 > knowledge) known.delete(key);
    else known.set(key, row);
  }
  const loanOf = new Map(book.loans.map((loan) => [loan.id, loan] as const));
  const onDay = (loan: string, day: Day): LoanDay | undefined => known.get(`${loan} ${day}`);
  const onBook = (row: LoanDay | undefined): row is LoanDay => row?.status === 'CURRENT' || row?.status === 'OVERDUE';
  const entity = spec.entity.name;

  const membersOf = (id: string): readonly string[] => {
    const on = spec.outcome.kind === 'sql' ? 'observed' : spec.outcome.on;
    const mine = (loan: Loan): boolean => {
      if (entity === 'customer') return loan.customer === id;
      if (entity === 'loan') return on === 'observed' ? loan.id === id : loan.customer === loanOf.get(id)?.customer;
      if (on === 'observed') return loan.application === id;
      return loan.customer === book.applications.find((one) => one.id === id)?.customer;
    };
    return book.loans.filter(mine).map((loan) => loan.id);
  };

  const observations: Observation[] = [];
  const { observation } = spec;
  const ids = [...new Set(book.loans.map((loan) => (entity === 'loan' ? loan.id : loan.customer)))];
  const own = new Map(
    ids.map((id) => [id, book.loans.filter((loan) => (entity === 'loan' ? loan.id : loan.customer) === id)] as const),
  );
  const loansOf = (id: string): readonly string[] => (own.get(id) ?? []).map((loan) => loan.id);
  const lastDay = localDay(knowledge);
  const firstDay = Math.min(...book.loans.map((loan) => localDay(loan.disbursedAt))) - 1;
  const endOf = (day: Day): Instant => startOf(day + 1) - 1;
  if (observation.kind === 'month_end') {
    for (const id of ids)
      for (let day = firstDay; day <= lastDay; day++)
        if (isMonthEnd(day) && loansOf(id).some((loan) => onBook(onDay(loan, day)))) {
          const at = observation.at === null ? endOf(day) : calendar.at(text(day + 1), observation.at);
          observations.push({ id, day, at, opensAfter: day });
        }
  } else if (observation.kind === 'months_on_book') {
    for (const loan of book.loans) {
      const disbursed = localDay(loan.disbursedAt);
      if (loan.disbursedAt > knowledge) continue;
      if (observation.months === 0)
        observations.push({ id: loan.id, day: disbursed, at: loan.disbursedAt, opensAfter: disbursed });
      else {
        const day = monthsOn(disbursed, observation.months);
        if (onBook(onDay(loan.id, day))) observations.push({ id: loan.id, day, at: endOf(day), opensAfter: day });
      }
    }
  } else if (observation.kind === 'first_due') {
    for (const loan of book.loans) {
      if (loan.disbursedAt > knowledge) continue;
      observations.push({
        id: loan.id,
        day: localDay(loan.disbursedAt),
        at: loan.disbursedAt,
        opensAfter: loan.firstDue,
      });
    }
  } else if (observation.kind === 'application') {
    for (const { id, kind, appliedAt } of book.applications) {
      if (appliedAt > knowledge || (observation.kinds !== null && !observation.kinds.includes(kind))) continue;
      const day = localDay(appliedAt);
      observations.push({ id, day, at: appliedAt, opensAfter: day });
    }
  } else if (observation.kind === 'enters_dpd') {
    const worst = (id: string, day: Day): number | null => {
      const rows = loansOf(id)
        .map((loan) => onDay(loan, day))
        .filter(onBook);
      return rows.length === 0 ? null : Math.max(...rows.map(({ dpd }) => dpd));
    };
    for (const id of ids)
      for (let day = firstDay; day <= lastDay; day++) {
        const now = worst(id, day);
        if (now !== null && now >= observation.dpd && (worst(id, day - 1) ?? 0) < observation.dpd)
          observations.push({ id, day, at: endOf(day), opensAfter: day });
      }
  }

  return observations.flatMap(({ id, day, at, opensAfter }): Outcome[] => {
    const moved = 'days' in spec.window ? opensAfter + spec.window.days : monthsOn(opensAfter, spec.window.months);
    const ends = 'months' in spec.window && observation.kind === 'month_end' ? monthEnd(moved) : moved;
    const knownAt = startOf(ends + 1) + 2 * 3_600_000;
    if (knownAt > knowledge || ends > whole) return [];
    const members = membersOf(id);
    const rows = members.flatMap((loan) =>
      Array.from({ length: ends - day + 1 }, (_, index) => onDay(loan, day + index) ?? []).flat(),
    );
    const then = rows.filter((row) => row.day === day && onBook(row));
    const after = rows.filter((row) => row.day > opensAfter);
    const facts = {
      dpd: Math.max(0, ...then.map(({ dpd }) => dpd)),
      open_loans: then.length,
      written_off_before: book.writtenOff.some(
        ({ loan, at: when, ingestedAt }) => members.includes(loan) && ingestedAt <= knowledge && localDay(when) <= day,
      ),
      max_dpd: Math.max(0, ...after.map(({ dpd }) => dpd)),
      open_at_end: rows.filter((row) => row.day === ends && onBook(row)).length,
    };
    const has = (status: Status): boolean => after.some((row) => row.status === status);
    return [
      {
        id,
        observedAt: at,
        windowFrom: opensAfter > day ? startOf(opensAfter + 1) : at,
        windowTo: startOf(ends + 1) - 1,
        knownAt,
        value: rows.length === 0 ? 'INDETERMINATE' : judged(),
      },
    ];

    function judged(): Outcome['value'] {
      const excluded = Object.keys(spec.exclude ?? {}).some((name) => CONDITIONS[name]?.(facts));
      if (excluded) return 'EXCLUDED';
      const last = rows.filter((row) => row.day === ends);
      const { outcome } = spec;
      if (outcome.kind === 'dpd') {
        const where = outcome.when === 'within' ? after : last;
        if (has('WRITTEN_OFF') || where.some(({ dpd }) => dpd >= outcome.atLeast)) return 1;
      }
      if (outcome.kind === 'status') {
        const where = outcome.when === 'within' ? after : last;
        const is = ({ status, dpd }: LoanDay): boolean =>
          outcome.statuses.includes(status) && (status !== 'CURRENT' || dpd === 0);
        if (where.some(is)) return 1;
      }
      if (Object.keys(spec.indeterminate ?? {}).some((name) => CONDITIONS[name]?.(facts))) return 'INDETERMINATE';
      const closure = has('SOLD')
        ? (spec.sold ?? 'indeterminate')
        : facts.open_at_end === 0
          ? (spec.closed ?? 'good')
          : 'good';
      return closure === 'good' ? 0 : closure === 'excluded' ? 'EXCLUDED' : 'INDETERMINATE';
    }
  });
}

interface Facts {
  readonly dpd: number;
  readonly open_loans: number;
  readonly written_off_before: boolean;
  readonly max_dpd: number;
  readonly open_at_end: number;
}

/** What the conditions of the specs mean, by their name. */
const CONDITIONS: Readonly<Record<string, (facts: Facts) => boolean>> = {
  'past due already': ({ dpd }) => dpd >= 10,
  'written off before': ({ written_off_before }) => written_off_before,
  'rolled a little': ({ max_dpd }) => max_dpd >= 5 && max_dpd < 15,
};
export const CONDITION_SQL = {
  'past due already': 'dpd >= 10',
  'written off before': 'written_off_before',
  'rolled a little': 'max_dpd BETWEEN 5 AND 14',
} as const;

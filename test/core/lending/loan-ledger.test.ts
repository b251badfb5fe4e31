import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOfDay, dayNumber, LocalDays, yearLater } from '../../../src/core/helpers/local-days.js';
import { BusinessCalendar, HOUR } from '../../../src/core/helpers/time.js';
import { type LoanDay, loanDayOf, loanDays, replayLoan } from '../../../src/core/lending/loan-ledger.js';
import { HAND_LEDGER, HAND_THROUGH, HAND_ZONE, type HandLoan } from './hand-ledger.js';
import { loanLife, rowsOfLife } from './loan-generator.js';
import { inputsOf } from './loan-inputs.js';
import { next, Oracle, type OracleRow } from './loan-oracle.js';

const days = new LocalDays(new BusinessCalendar(HAND_ZONE));
const cents = (text: string): number => Math.round(Number(text) * 100);
const at = (date: string, time: string): number => days.calendar.at(date, time);

/** The hand-made loan as rows, each known at once. */
function rowsOf({ loan, disbursed, principal, schedules, paid, events }: HandLoan): OracleRow[] {
  const row = (table: OracleRow['table'], key: string, when: number, values: OracleRow['values']): OracleRow => ({
    table,
    key,
    loan,
    at: when,
    ingestedAt: when,
    values,
  });
  const split = (text: string): string[] => text.split(' ');
  const [date, time] = split(disbursed) as [string, string];
  const parts = ([principalPart, interest, fee]: string[]) => ({
    principal: cents(principalPart as string),
    interest: cents(interest as string),
    fee: cents(fee as string),
  });
  return [
    row('loans', loan, at(date, time), { product: 'CASH_LINE', principal: cents(principal) }),
    ...Object.entries(schedules).flatMap(([when, lines]) =>
      lines.map((line) => {
        const [no, due, ...rest] = split(line) as [string, string, ...string[]];
        const [day, clock] = split(when) as [string, string];
        return row('installments', `${loan}/${no}/${when}`, at(day, clock), { no: Number(no), due, ...parts(rest) });
      }),
    ),
    ...paid.map((line, index) => {
      const [day, clock, no, ...rest] = split(line) as [string, string, string, ...string[]];
      return row('repayments', `${loan}-${index}`, at(day, clock), {
        no: no === '-' ? null : Number(no),
        ...parts(rest),
      });
    }),
    ...events.map((line) => {
      const [day, clock, type, amount] = split(line) as [string, string, string, string?];
      const values = { type, amount: amount === undefined ? null : cents(amount) };
      return row('loan_events', `${loan}/${line}`, at(day, clock), values);
    }),
  ];
}

/** One line of the table to one line a day. */
function written(line: string): string[] {
  const [from, to, status, ...rest] = line.replace(' R ', '+R ').split(' ') as [string, string, string, ...string[]];
  const [dpd, ...others] = rest as [string, ...string[]];
  const [low, high] = dpd.split('..').map(Number) as [number, number?];
  const lines: string[] = [];
  for (let day = from; day <= to; day = next(day)) {
    const moves = high === undefined ? 0 : lines.length;
    lines.push([day, status, low + moves, ...others].join(' '));
  }
  if (high !== undefined) expect(low + lines.length - 1, line).toBe(high);
  return lines;
}

const told = (day: LoanDay): string =>
  [
    ...[dateOfDay(day.day), `${day.status}${day.restructured ? '+R' : ''}`, day.dpd],
    ...[day.principalOutstanding, day.overduePrincipal, day.interestOverdue, day.feeOverdue].map((each) =>
      (each / 100).toFixed(2),
    ),
    day.riskClass,
  ].join(' ');

const replayed = (rows: readonly OracleRow[], loan: string, through: string) => {
  const inputs = inputsOf(rows, loan);
  return inputs ? replayLoan(inputs, days, dayNumber(through)) : [];
};

describe('a loan of the hand-made ledger', () => {
  it.each(HAND_LEDGER.map((each) => [each.loan, each] as const))('%s has the days that its table says', (_, each) => {
    const spans = replayed(rowsOf(each), each.loan, HAND_THROUGH);
    expect([...loanDays(spans)].map(told)).toEqual(each.days.flatMap(written));
  });

  it('is one of twenty-two, and the brute-force replay tells the same days', () => {
    expect(HAND_LEDGER).toHaveLength(22);
    const oracle = new Oracle(HAND_ZONE);
    for (const each of HAND_LEDGER) {
      const rows = rowsOf(each);
      const found: string[] = [];
      for (let day = '2024-01-01'; day <= HAND_THROUGH; day = next(day)) {
        const row = oracle.day(rows, each.loan, day, HAND_THROUGH);
        if (!row) continue;
        const money = [row.principal_outstanding, row.overdue_principal, row.interest_overdue, row.fee_overdue];
        const status = `${row.status}${row.restructured ? '+R' : ''}`;
        found.push([day, status, row.dpd, ...money.map((sum) => (sum / 100).toFixed(2)), row.risk_class].join(' '));
      }
      expect(found).toEqual(each.days.flatMap(written));
    }
  });
});

it('a loan that was restructured is special mention to the day before the anniversary, and normal again on it', () => {
  const loan: HandLoan = {
    loan: 'restructured',
    about: 'Nothing falls due before the anniversary.',
    disbursed: '2026-01-15 10:00',
    principal: '200.00',
    schedules: { '2026-01-15 10:00': ['1 2027-03-01 200.00 2.00 0.00'] },
    paid: [],
    events: ['2026-02-01 10:00 RESTRUCTURED'],
    days: [
      '2026-01-15 2026-01-31 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2026-02-01 2027-01-31 CURRENT R 0 200.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2027-02-01 2027-02-28 CURRENT R 0 200.00 0.00 0.00 0.00 NORMAL',
    ],
  };
  const spans = replayed(rowsOf(loan), loan.loan, '2027-02-28');
  expect([...loanDays(spans)].map(told)).toEqual(loan.days.flatMap(written));
});

describe('the replay of generated ledgers', () => {
  const THROUGH = '2024-06-20';
  const oracle = new Oracle(HAND_ZONE);
  const generated = loanLife.map((life) => rowsOfLife('L', life, '2024-02-26', HAND_ZONE));
  const endOf = (day: string): number => days.startOf(dayNumber(day) + 1) - 1;

  it('tells what a brute-force replay tells, day by day', () => {
    fc.assert(
      fc.property(generated, (rows) => {
        const known = oracle.known(rows, endOf(THROUGH));
        const spans = replayed(known, 'L', THROUGH);
        for (let day = '2024-02-24'; day <= THROUGH; day = next(day)) {
          const told = loanDayOf(spans, dayNumber(day));
          const row = oracle.day(known, 'L', day, THROUGH);
          expect(
            told && [told.status, told.dpd, told.principalOutstanding, told.overduePrincipal, told.riskClass],
            day,
          ).toEqual(row && [row.status, row.dpd, row.principal_outstanding, row.overdue_principal, row.risk_class]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reconciles to the cent each day: what was lent or asked for, less what was paid, is what is outstanding', () => {
    fc.assert(
      fc.property(generated, (rows) => {
        const known = oracle.known(rows, endOf(THROUGH));
        const inputs = inputsOf(known, 'L');
        if (!inputs) return;
        for (const day of loanDays(replayLoan(inputs, days, dayNumber(THROUGH)))) {
          if (day.status !== 'CURRENT' && day.status !== 'OVERDUE') continue;
          const end = days.startOf(day.day + 1) - 1;
          const starts = inputs.installments.map((line) => line.effectiveAt).filter((start) => start <= end);
          const [first, last] = [Math.min(...starts), Math.max(...starts)];
          const reaged = starts.length > 0 && last > first;
          const lent = reaged
            ? inputs.installments
                .filter((line) => line.effectiveAt === last)
                .reduce((sum, line) => sum + line.principal, 0)
            : inputs.principal;
          const paid = inputs.repayments
            .filter(({ paidAt }) => paidAt <= end && (!reaged || paidAt >= last))
            .reduce((sum, { principal }) => sum + principal, 0);
          expect(day.principalOutstanding, dateOfDay(day.day)).toBe(Math.max(0, lent - paid));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives each day once, from the disbursement on, with one closing row at most, which is the last', () => {
    fc.assert(
      fc.property(generated, (rows) => {
        const inputs = inputsOf(oracle.known(rows, endOf(THROUGH)), 'L');
        if (!inputs) return;
        const all = [...loanDays(replayLoan(inputs, days, dayNumber(THROUGH)))];
        const first = days.dayOf(inputs.disbursedAt);
        expect(all.map(({ day }) => day)).toEqual(all.map((_, index) => first + index));
        const closing = all.filter(({ status }) => status !== 'CURRENT' && status !== 'OVERDUE');
        expect(closing).toEqual(closing.length === 0 ? [] : [all.at(-1)]);
        for (const day of all) expect(day.status === 'CURRENT' ? day.dpd === 0 : true).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('local days', () => {
  it('follow the zone, in nights of 23 and of 25 hours too', () => {
    const spring = dayNumber('2024-03-10');
    expect((days.startOf(spring + 1) - days.startOf(spring)) / HOUR).toBe(23);
    const autumn = dayNumber('2024-11-03');
    expect((days.startOf(autumn + 1) - days.startOf(autumn)) / HOUR).toBe(25);
    for (const day of [spring, autumn]) {
      expect(days.dayOf(days.startOf(day))).toBe(day);
      expect(days.dayOf(days.startOf(day + 1) - 1)).toBe(day);
    }
  });

  it('count a year on from 29 February to 28 February', () => {
    expect(dateOfDay(yearLater(dayNumber('2024-02-29')))).toBe('2025-02-28');
    expect(dateOfDay(yearLater(dayNumber('2024-03-25')))).toBe('2025-03-25');
  });
});

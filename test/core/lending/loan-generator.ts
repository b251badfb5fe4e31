/** Ledgers as they come in: loans, schedules, payments and events of every kind, some late, some restated, some taken back. */
import fc from 'fast-check';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import type { OracleRow } from './loan-oracle.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Steps of a loan's life, days and hours after its disbursement. */
const payment = fc.record({
  kind: fc.constant('payment' as const),
  day: fc.integer({ min: 0, max: 70 }),
  hour: fc.integer({ min: 0, max: 24 }),
  no: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
  principal: fc.constantFrom(-10_000, -3_333, 0, 3_333, 5_000, 10_000, 10_000, 12_000, 30_000),
  interest: fc.constantFrom(-100, 0, 0, 55, 100, 300),
  fee: fc.constantFrom(0, 0, 20, 40),
});
const event = fc.record({
  kind: fc.constant('event' as const),
  day: fc.integer({ min: 0, max: 70 }),
  hour: fc.integer({ min: 0, max: 24 }),
  type: fc.constantFrom('RESTRUCTURED', 'RESTRUCTURED', 'RATE_CHANGED', 'SETTLED', 'WRITTEN_OFF', 'SOLD'),
  amount: fc.constantFrom(null, 12_345),
});
const schedule = fc.record({
  kind: fc.constant('schedule' as const),
  day: fc.integer({ min: 1, max: 50 }),
  hour: fc.integer({ min: 0, max: 24 }),
  lines: fc.array(fc.integer({ min: -5, max: 40 }), { minLength: 1, maxLength: 3 }),
});
/** How long after its event something became known, and what came after it. */
const fate = fc.record({
  lag: fc.constantFrom(0, 0, 0, 0, 0.3 * HOUR, 5 * HOUR, 2 * DAY, 20 * DAY, -3 * DAY),
  restated: fc.constantFrom('no', 'no', 'no', 'no', 'changed', 'moved', 'deleted'),
  after: fc.integer({ min: 1, max: 30 }),
});

export const loanLife = fc.record({
  hour: fc.integer({ min: 0, max: 24 }),
  loanFate: fate,
  dues: fc.array(fc.integer({ min: 5, max: 60 }), { minLength: 0, maxLength: 4 }),
  steps: fc.array(
    fc.tuple(
      fc.oneof({ weight: 6, arbitrary: payment }, { weight: 2, arbitrary: event }, { weight: 1, arbitrary: schedule }),
      fate,
    ),
    { maxLength: 9 },
  ),
});

export type LoanLife = typeof loanLife extends fc.Arbitrary<infer Life> ? Life : never;

/** The rows of a life whose loan is disbursed on `first`, with all their versions. */
export function rowsOfLife(loan: string, life: LoanLife, first: string, zone: string): OracleRow[] {
  const calendar = new BusinessCalendar(zone);
  const start = calendar.startOfDay(first);
  const rows: OracleRow[] = [];
  const dateAt = (day: number): string => new Date(Date.parse(first) + day * DAY).toISOString().slice(0, 10);
  /** Within the day whatever its length; a day's last instants too. */
  const at = (day: number, hour: number): number =>
    hour === 24 ? calendar.endOfDay(dateAt(day)) : calendar.startOfDay(dateAt(day)) + Math.min(hour, 22) * HOUR;
  const put = (row: Omit<OracleRow, 'ingestedAt'>, { lag, restated, after }: (typeof life)['loanFate']): void => {
    const ingestedAt = Math.max(row.at + lag, 0);
    rows.push({ ...row, ingestedAt });
    const again = ingestedAt + after * DAY + 7;
    if (restated === 'changed') {
      rows.push({
        ...row,
        ingestedAt: again,
        // Half of it, in whole cents.
        values: { ...row.values, principal: Math.trunc(Number(row.values.principal ?? 0) / 2) },
      });
    }
    if (restated === 'moved' && row.table === 'repayments')
      rows.push({ ...row, ingestedAt: again, at: row.at + 3 * DAY });
    if (restated === 'deleted') rows.push({ ...row, ingestedAt: again, deleted: true });
  };
  const values = { product: 'CASH_LINE', principal: 10_000 * Math.max(1, life.dues.length) };
  const own = { table: 'loans', key: loan, loan, at: at(0, life.hour), values } as const;
  const fateOfLoan = life.loanFate.restated === 'moved' ? { ...life.loanFate, restated: 'no' as const } : life.loanFate;
  put(own, fateOfLoan);
  for (const [index, due] of life.dues.entries()) {
    const line = { no: index + 1, due: dateAt(due), principal: 10_000, interest: 300, fee: index % 2 === 0 ? 40 : 0 };
    rows.push({
      table: 'installments',
      key: `${loan}/${index + 1}/${own.at}`,
      loan,
      at: own.at,
      values: line,
      ingestedAt: Math.max(own.at + fateOfLoan.lag, 0),
    });
  }
  for (const [index, [step, stepFate]] of life.steps.entries()) {
    const when = at(step.day, step.hour) + index;
    if (step.kind === 'payment') {
      const { no, principal, interest, fee } = step;
      put(
        { table: 'repayments', key: `${loan}-R${index}`, loan, at: when, values: { no, principal, interest, fee } },
        stepFate,
      );
    } else if (step.kind === 'event') {
      const { type, amount } = step;
      const stays = stepFate.restated === 'deleted' ? stepFate : { ...stepFate, restated: 'no' as const };
      put({ table: 'loan_events', key: `${loan}/${type}/${when}`, loan, at: when, values: { type, amount } }, stays);
    } else {
      for (const [line, due] of step.lines.entries()) {
        const row = { no: line + 1, due: dateAt(step.day + due), principal: 8_000, interest: 250, fee: 10 };
        const stays = stepFate.restated === 'moved' ? { ...stepFate, restated: 'no' as const } : stepFate;
        put({ table: 'installments', key: `${loan}/${line + 1}/${when}`, loan, at: when, values: row }, stays);
      }
    }
  }
  return rows.filter((row) => row.at >= start - DAY);
}

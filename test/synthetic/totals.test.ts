import { describe, expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { Book } from '../../synthetic/book.js';
import { BookTotals, customerRows } from '../../synthetic/portfolio.js';
import type { CustomerRows, Row } from '../../synthetic/rows.js';
import { lifeOf } from '../../synthetic/simulate.js';

const CLOSES = new Set(['SETTLED', 'WRITTEN_OFF', 'SOLD']);
const calendar = new BusinessCalendar('Asia/Shanghai');
const at = (row: Row, column: string): number => Date.parse(String(row[column]));

describe('totals of the synthetic portfolio', () => {
  it('are the sums of what the customers’ rows say, in any order of the customers', () => {
    const book = new Book({ seed: 7, endDate: '2026-03-16', customers: 300, calendar });
    const made: CustomerRows[] = Array.from({ length: 300 }, (_, index) => customerRows(book, index));
    const total = (order: readonly CustomerRows[]) => {
      const totals = new BookTotals(book);
      for (const rows of order) totals.add(rows);
      return totals.rows();
    };
    const sums = total(made);
    expect(total([...made].reverse())).toEqual(sums);
    const data = (sums.costs ?? []).filter((row) => row.kind === 'DATA');
    const reported = made
      .flatMap((rows) => rows.external_reports ?? [])
      .filter((row) => {
        const month = book.monthOf(book.local.dayOf(at(row, 'requested_at')));
        return month >= 0 && month < book.months.length;
      });
    const cents = (rows: readonly Row[], column: string) =>
      rows.reduce((sum, row) => sum + Math.round(Number(row[column]) * 100), 0);
    expect(cents(data, 'amount')).toBe(cents(reported, 'cost'));
    expect(new Set((sums.costs ?? []).map((row) => row.kind))).toEqual(
      new Set(['FUNDING', 'ACQUISITION', 'DATA', 'COLLECTION', 'OPERATION']),
    );
    const days = (sums.provisions ?? []).map((row) => String(row.as_of));
    expect(days.at(-1)).toBe('2026-02-28');
    const general = (sums.provisions ?? []).filter((row) => row.kind === 'GENERAL' && row.as_of === '2026-02-28');
    const end = book.monthEnds.at(-1) as number;
    const open = Array.from({ length: 300 }, (_, index) => lifeOf(book, index))
      .flatMap((life) => life.loans)
      .filter(
        ({ disbursedAt, events }) =>
          disbursedAt <= end && !events.some((event) => CLOSES.has(event.type) && event.occurredAt <= end),
      );
    const balance = open
      .flatMap(({ principal, repayments }) => [
        principal,
        ...repayments.filter(({ paidAt }) => paidAt <= end).map((paid) => -paid.principal),
      ])
      .reduce((sum, part) => sum + part, 0);
    expect(balance).toBeGreaterThan(0);
    // A restructured loan may owe a little more than its own principal.
    expect(Math.abs(cents(general, 'amount') / (0.01 * balance) - 1)).toBeLessThan(0.02);
  });
});

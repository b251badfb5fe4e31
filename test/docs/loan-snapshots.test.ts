import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { dayNumber, LocalDays } from '../../src/core/helpers/local-days.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { loanDayOf, replayLoan } from '../../src/core/lending/loan-ledger.js';
import { tableAfter } from './support.js';

const page = await readFile('docs/loan-snapshots.md', 'utf8');
const calendar = new BusinessCalendar('Asia/Shanghai');
const noon = (date: string): number => calendar.at(date, '12:00');
const cents = (text: string): number => Math.round(Number(text) * 100);

const repayments = tableAfter(page, 'repayments').map(([paid = '', no, principal = '', interest = '']) => ({
  installmentNo: no ? Number(no) : null,
  paidAt: noon(paid),
  principal: cents(principal),
  interest: cents(interest),
  fee: 0,
}));

const spansAsKnown = (until: string) =>
  replayLoan(
    {
      disbursedAt: noon('2026-01-15'),
      principal: cents('3000.00'),
      installments: tableAfter(page, 'schedule').map(([no, dueDate = '', principal = '', interest = '']) => ({
        no: Number(no),
        effectiveAt: noon('2026-01-15'),
        dueDate,
        fee: 0,
        principal: cents(principal),
        interest: cents(interest),
      })),
      repayments: repayments.filter(({ paidAt }) => paidAt <= noon(until)),
      events: [],
    },
    new LocalDays(calendar),
    dayNumber(until),
  );

test('the page’s loan has the days that the page shows', () => {
  const days = tableAfter(page, 'days');
  expect(days.length).toBeGreaterThan(8);
  const spans = spansAsKnown('2026-04-30');
  for (const [date = '', status, dpd, outstanding = '', principal = '', interest = ''] of days) {
    expect(loanDayOf(spans, dayNumber(date)), date).toMatchObject({
      status,
      dpd: Number(dpd),
      principalOutstanding: cents(outstanding),
      overduePrincipal: cents(principal),
      interestOverdue: cents(interest),
    });
  }
  expect(loanDayOf(spans, dayNumber('2026-04-21'))).toBeNull();
});

test('before the bounce was known, the loan was settled', () => {
  expect(loanDayOf(spansAsKnown('2026-04-15'), dayNumber('2026-04-15'))).toMatchObject({ status: 'SETTLED' });
});

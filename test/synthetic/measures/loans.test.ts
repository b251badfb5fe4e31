import { describe, expect, it } from 'vitest';
import { addDays, at, loanRows, measure, monthly } from './bundles.js';

const DUE = '2025-05-10';
const loan = (paidOn: string | null, id = 'L1') =>
  loanRows({ id, disbursed: '2025-04-10', dues: [DUE], paid: paidOn ? { 1: paidOn } : {} });

describe('first payment default', () => {
  it.each([
    [0, 0, 0, 0],
    [1, 0, 0, 0],
    [2, 1, 0, 0],
    [7, 1, 0, 0],
    [8, 1, 1, 0],
    [30, 1, 1, 0],
    [31, 1, 1, 1],
  ])('paid %i days after the due date', (days, fpd1, fpd7, fpd30) => {
    const value = measure([loan(addDays(DUE, days))]);
    expect([value('fpd1'), value('fpd7'), value('fpd30')]).toEqual([fpd1, fpd7, fpd30]);
  });

  it('leaves out loans whose day is still to come, from both parts', () => {
    const due = '2026-06-20';
    const value = measure([
      loanRows({ id: 'L1', disbursed: '2026-05-20', dues: [due] }),
      loanRows({ id: 'L2', disbursed: '2026-05-20', dues: [due], paid: { 1: due } }),
    ]);
    expect([value('fpd1'), value('fpd7'), value('fpd30')]).toEqual([0.5, 0.5, null]);
  });

  it('counts a first instalment that was never paid, and no second one', () => {
    const dues = monthly('2025-05-10', 3);
    const second = loanRows({ disbursed: '2025-04-10', dues, paid: { 1: '2025-05-09' } });
    expect(measure([loan(null)])('fpd30')).toBe(1);
    expect(measure([second])('fpd30')).toBe(0);
  });

  it('knows the loans of rings', () => {
    const bad = { ...loan(null), customers: [{ customer_id: 'C0000001', registered_at: at('2025-01-01') }] };
    const value = measure([bad, loan(null, 'L2'), loan(DUE, 'L3')], { C0000001: 4 });
    expect(value('ringFpd30')).toBe(1);
    expect(value('ringShareOfFpd30')).toBe(0.5);
    expect(value('ringLoans')).toBeCloseTo(1 / 3);
  });
});

describe('missed dues', () => {
  it('are paid in time up to the thirtieth day after the due date', () => {
    const days = [5, 30, 31].map((late) => loan(addDays(DUE, late), `L${late}`));
    expect(measure(days)('paidWithin30')).toBeCloseTo(2 / 3);
  });

  it('are those with nothing older unpaid', () => {
    const value = measure([loanRows({ disbursed: '2025-04-10', dues: monthly(DUE, 6) })]);
    expect(value('paidWithin30')).toBe(0);
    // One missed due of one: the other five fell due on a loan that was behind.
    expect(value('festival')).toBeNull();
  });

  it('are compared around Spring Festival with the rest of the year', () => {
    // New year's day of the lunar calendar was 2025-01-29.
    const of = (due: string, paid: number, missed: number) => [
      ...Array.from({ length: paid }, () => loanRows({ disbursed: addDays(due, -30), dues: [due], paid: { 1: due } })),
      ...Array.from({ length: missed }, () => loanRows({ disbursed: addDays(due, -30), dues: [due] })),
    ];
    const around = ['2025-01-14', '2025-02-22'].flatMap((due) => of(due, 2, 2));
    const rest = ['2025-01-13', '2025-02-23', '2025-06-10'].flatMap((due) => of(due, 3, 1));
    expect(measure([...around, ...rest])('festival')).toBeCloseTo(1);
  });
});

describe('payments', () => {
  // 2025-01-11 was a Saturday; 1 May is a holiday.
  const paid = (method: string, day: string, no = 1) => ({
    repayment_id: `R${method}${day}`,
    loan_id: 'L1',
    installment_no: no,
    paid_at: at(day),
    method,
    principal_paid: method === 'REVERSAL' ? '-100.00' : '100.00',
    interest_paid: method === 'REVERSAL' ? '-10.00' : '10.00',
  });

  it('are missed on days without banks and on others', () => {
    const of = (due: string, day: string | null, id: string) =>
      loanRows({ id, disbursed: addDays(due, -30), dues: [due], paid: day ? { 1: day } : {} });
    const value = measure([
      ...[of('2025-01-11', null, 'L1'), of('2025-05-01', '2025-05-01', 'L2')],
      ...[of('2025-01-10', null, 'L3'), of('2025-01-13', '2025-01-13', 'L4')],
      ...[of('2025-05-06', '2025-05-06', 'L5'), of('2025-05-07', '2025-05-07', 'L6')],
    ]);
    expect(value('noBank')).toBeCloseTo(1);
  });

  it.each([
    ['the same day', '2025-05-30', 0],
    ['the next bank day, over a weekend', '2025-06-02', 1],
    ['a Saturday', '2025-05-31', 0],
    ['the third bank day', '2025-06-04', 1],
    ['the fourth', '2025-06-05', 0],
  ])('come back in time or not: %s', (_, back, inTime) => {
    const repayments = [paid('AUTO_DEBIT', '2025-05-30'), paid('REVERSAL', back)];
    const value = measure([loanRows({ disbursed: '2025-04-30', dues: ['2025-05-30', '2025-06-30'], repayments })]);
    expect(value('returnLag')).toBe(inTime);
  });

  it('that are returned stay unpaid or are paid again, and are followed by arrears', () => {
    const returned = (id: string, again: string | null) =>
      loanRows({
        id,
        disbursed: '2025-04-30',
        dues: ['2025-05-30'],
        repayments: [
          paid('AUTO_DEBIT', '2025-05-30'),
          paid('REVERSAL', '2025-06-03'),
          ...(again ? [paid('SELF', again)] : []),
        ].map((row) => ({ ...row, loan_id: id, repayment_id: `${id}${row.repayment_id}` })),
      });
    const value = measure([
      ...[returned('L1', null), returned('L2', '2025-06-05')],
      ...['L3', 'L4', 'L5'].map((id) => loan(DUE, id)),
      loan(null, 'L6'),
    ]);
    expect(value('returnOpen')).toBe(0.5);
    expect(value('returnRisk')).toBeCloseTo(2);
  });
});

describe('month ends', () => {
  it('roll what is behind, cure what was paid, by the balance of before', () => {
    // All are in M1 at the end of May 2025; by the end of June one of 300 is in M2, one of 100 current.
    const dues = monthly('2025-05-10', 4);
    const rolls = loanRows({ id: 'L1', disbursed: '2025-04-10', dues, principal: 300 });
    const cures = loanRows({
      id: 'L2',
      disbursed: '2025-04-10',
      dues,
      principal: 100,
      paid: { 1: '2025-06-05', 2: '2025-06-10', 3: '2025-07-10', 4: '2025-08-10' },
    });
    const value = measure([rolls, cures]);
    expect(value('rollM1')).toBeCloseTo(0.75);
    expect(value('cureM1')).toBeCloseTo(0.25);
    expect(value('rollM2')).toBe(1);
    expect(value('rollM3')).toBe(1);
  });

  it('leave out loans that were sold in the month', () => {
    const sold = loanRows({
      disbursed: '2025-04-10',
      dues: monthly('2025-05-10', 4),
      events: [{ event_type: 'SOLD', occurred_at: at('2025-06-15') }],
    });
    expect(measure([sold])('rollM1')).toBeNull();
  });

  it('show the balance by days past due at the newest month ends', () => {
    const late = loanRows({ id: 'L1', disbursed: '2026-05-01', dues: ['2026-06-05', '2026-07-05'], principal: 50 });
    const fine = loanRows({ id: 'L2', disbursed: '2026-06-01', dues: ['2026-07-05'], principal: 300 });
    // At the end of May 100 are open and current; at the end of June 100 of 400 are 25 days behind.
    const value = measure([late, fine]);
    expect(value('balanceM1')).toBeCloseTo(100 / 500);
    expect(value('overdue1')).toBeCloseTo(100 / 500);
    expect(value('overdue30')).toBe(0);
  });
});

describe('vintages', () => {
  it('count months from the month of disbursement', () => {
    // Due on 2025-02-20: 39 days at the end of March, which is MOB 3 of a loan of December and MOB 2 of one of January.
    const december = loanRows({ disbursed: '2024-12-31', dues: ['2025-02-20'], paid: { 1: '2025-04-15' } });
    const value = measure([december]);
    expect([value('vintageEver1'), value('vintageEver3'), value('vintageEver6')]).toEqual([0, 1, 1]);
    expect([value('vintageNow3'), value('vintageNow6')]).toEqual([1, 0]);
    const january = loanRows({ disbursed: '2025-01-01', dues: ['2025-02-20'], paid: { 1: '2025-04-15' } });
    // At MOB 3, the end of April, it had been behind and was no more.
    expect([measure([january])('vintageEver3'), measure([january])('vintageNow3')]).toEqual([1, 0]);
  });

  it('show a loan that was 30 days behind at MOB 1, which a plan of monthly dues cannot have', () => {
    const wrong = loanRows({ disbursed: '2024-12-01', dues: ['2025-01-01'] });
    expect(measure([wrong])('vintageEver1')).toBe(1);
  });

  it('leave out cohorts that have not come so far', () => {
    const young = loanRows({ disbursed: '2026-04-10', dues: ['2026-05-10'] });
    expect(measure([young])('vintageEver3')).toBeNull();
  });

  it('compare the channels, and the worst quarter with all others', () => {
    const cohort = (channel: string, disbursed: string, bad: number) =>
      Array.from({ length: 100 }, (_, index) =>
        loanRows({ channel, disbursed, dues: [addDays(disbursed, 31)], paid: index < bad ? {} : { 1: disbursed } }),
      );
    const value = measure([
      ...cohort('APP', '2024-02-10', 10),
      ...cohort('OFFLINE', '2024-05-10', 30),
      ...cohort('APP', '2024-08-10', 14),
    ]);
    expect(value('worstChannel')).toBeCloseTo(0.3 / 0.12);
    expect(value('badQuarter')).toBeCloseTo(0.3 / 0.12 - 1);
  });
});

describe('endings', () => {
  const dues = monthly('2025-01-10', 3);
  const bad = { disbursed: '2024-12-10', dues };
  const writtenOff = (day: string, repayments: readonly Record<string, unknown>[] = []) =>
    loanRows({
      ...bad,
      events: [{ event_type: 'WRITTEN_OFF', occurred_at: at(day), amount: '300.00' }],
      repayments: repayments.map((row) => ({ installment_no: 1, interest_paid: '0.00', ...row })),
    });

  it('miss the loans that stayed on the book past 180 days', () => {
    // 2025-07-10 is 181 days after the first due date.
    expect(measure([writtenOff('2025-07-10')])('writtenOff')).toBe(1);
    expect(measure([writtenOff('2025-07-10'), loanRows({ ...bad, id: 'L2' })])('writtenOff')).toBe(0.5);
  });

  it('see a write-off that came too early', () => {
    expect(measure([writtenOff('2025-07-10')])('writtenOffLate')).toBe(1);
    expect(measure([writtenOff('2025-07-09')])('writtenOffLate')).toBe(0);
  });

  it('count as recovered the cash of the year after, and no waiver', () => {
    const paid = (day: string, amount: string, method = 'COLLECTION') => ({
      repayment_id: `${day}${method}`,
      paid_at: at(day),
      principal_paid: amount,
      method,
    });
    const value = measure([
      writtenOff('2025-05-10', [
        paid('2025-05-09', '1.00'),
        paid('2025-06-10', '20.00'),
        paid('2026-05-09', '10.00'),
        paid('2026-05-11', '5.00'),
        paid('2025-07-10', '50.00', 'WAIVER'),
      ]),
    ]);
    expect(value('recovery')).toBeCloseTo(0.1);
  });

  it('are early settlements while the last due date is far', () => {
    const early = loanRows({
      disbursed: '2025-01-10',
      dues: monthly('2025-02-10', 12),
      events: [{ event_type: 'SETTLED', occurred_at: at('2025-03-20') }],
    });
    // Open at the start of February and of March, gone in March.
    expect(measure([early])('earlySettlement')).toBe(0.5);
  });
});

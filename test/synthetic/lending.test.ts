import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BusinessCalendar, DAY } from '../../src/core/helpers/time.js';
import { loanDays, replayLoan } from '../../src/core/lending/loan-ledger.js';
import { bankDayAfter } from '../../synthetic/bank-days.js';
import { Book } from '../../synthetic/book.js';
import { dayNumber } from '../../synthetic/book-days.js';
import { lendingRows } from '../../synthetic/lending-rows.js';
import type { Arrear, Life, LoanLife } from '../../synthetic/life.js';
import { customerRows, PORTFOLIO_TABLES } from '../../synthetic/portfolio.js';
import { lifeOf } from '../../synthetic/simulate.js';
import { TABLES } from '../support/tables.js';

type Row = Readonly<Record<string, unknown>>;

const calendar = new BusinessCalendar('Asia/Shanghai');
const END = '2026-03-16';
const CUSTOMERS = 5_000;
const bookOf = (customers: number, seed = 7, endDate = END) => new Book({ seed, endDate, customers, calendar });

const cents = (value: unknown): number => Math.round(Number(value ?? 0) * 100);
const share = (part: number, of: number): string => (part / of).toFixed(4);

function grouped(rows: readonly Row[], column: string): Map<unknown, Row[]> {
  const groups = new Map<unknown, Row[]>();
  for (const row of rows) groups.set(row[column], [...(groups.get(row[column]) ?? []), row]);
  return groups;
}

interface Span {
  readonly due: number;
  readonly since: number;
  readonly cleared: number;
}

const spansOf = (arrears: readonly Arrear[]): Span[] =>
  arrears.map(({ dueDate, since, clearedOn }) => ({
    due: dayNumber(dueDate),
    since: dayNumber(since),
    cleared: clearedOn === null ? Number.POSITIVE_INFINITY : dayNumber(clearedOn),
  }));

/** Days past due at the end of a day, from the list of what was not paid in time. */
function dpdOn(arrears: readonly Span[], day: number): number {
  let dpd = 0;
  for (const { due, since, cleared } of arrears) if (since <= day && cleared > day) dpd = Math.max(dpd, day - due);
  return dpd;
}

describe('the lending book', () => {
  const book = bookOf(CUSTOMERS);
  const lives: Life[] = [];
  const tables = new Map<string, Row[]>();
  const rows = (table: string): Row[] => tables.get(table) ?? [];
  const loans = (): LoanLife[] => lives.flatMap((life) => life.loans);

  beforeAll(() => {
    for (let index = 0; index < CUSTOMERS; index++) {
      const life = lifeOf(book, index);
      lives.push(life);
      for (const [table, more] of Object.entries(lendingRows(book, life))) {
        const all = tables.get(table);
        if (all) all.push(...more);
        else tables.set(table, [...more]);
      }
    }
  });

  it('gives a customer the same rows in any order of asking, and others with another seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.uniqueArray(fc.nat(399), { maxLength: 8 }), (seed, indexes) => {
        const [one, other] = [bookOf(400, seed), bookOf(400, seed)];
        const forward = indexes.map((index) => customerRows(one, index));
        const backward = [...indexes].reverse().map((index) => customerRows(other, index));
        expect(backward.reverse()).toEqual(forward);
      }),
      { numRuns: 8 },
    );
    expect(customerRows(bookOf(400, 1), 3)).not.toEqual(customerRows(bookOf(400, 2), 3));
  });

  it('asks for one customer at a time, however many there are', () => {
    const vast = bookOf(5_000_000);
    expect(customerRows(vast, 4_999_999).customers?.[0]?.customer_id).toBe('C5000000');
  });

  it('writes every table that it lists, with columns of the schema only and all that are required', () => {
    const small = bookOf(600);
    const written = new Set<string>();
    const wrong: unknown[] = [];
    for (let index = 0; index < 600; index++) {
      for (const [table, all] of Object.entries(customerRows(small, index))) {
        const columns = TABLES.find(table)?.columns ?? [];
        const known = new Set([...columns.map(({ name }) => name), 'ingested_at']);
        const required = columns.filter((column) => column.required).map(({ name }) => name);
        if (all.length > 0) written.add(table);
        for (const row of all) {
          const unknown = Object.keys(row).some((column) => !known.has(column));
          const missing = required.some((column) => row[column] === undefined);
          if (unknown || missing || Object.values(row).some((value) => value === null)) wrong.push([table, row]);
        }
      }
    }
    expect(wrong).toEqual([]);
    const ofCustomers = PORTFOLIO_TABLES.filter(
      (table) => !['places', 'tac_brands', 'provisions', 'costs'].includes(table),
    );
    expect([...written].sort()).toEqual([...ofCustomers].sort());
  });

  it('knows nothing after its end date', () => {
    const horizon = new Date(calendar.endOfDay(END)).toISOString();
    const instants = ['registered_at', 'applied_at', 'decided_at', 'effective_at', 'disbursed_at', 'occurred_at']
      .concat(['paid_at', 'known_at', 'scored_at', 'ingested_at'])
      .flatMap((column) => [...tables.values()].flat().map((row) => String(row[column] ?? '')));
    expect(instants.filter((instant) => instant > horizon)).toEqual([]);
    // And it does go on to the end.
    expect(instants.some((instant) => instant > '2026-03-16')).toBe(true);
    expect(
      rows('statements')
        .map(({ month }) => String(month))
        .sort()
        .at(-1),
    ).toBe('2026-02-01');
  });

  it('counts the end date itself when it closes a month', () => {
    const closed = bookOf(400, 7, '2026-02-28');
    const months = Array.from({ length: 400 }, (_, index) => customerRows(closed, index).statements ?? []).flat();
    expect(months.some(({ month }) => month === '2026-02-01')).toBe(true);
  });

  it('reconciles to the cent: instalments sum to the principal and a settled loan is paid off', () => {
    for (const loan of loans()) {
      const first = loan.installments.filter(({ effectiveAt }) => effectiveAt === loan.disbursedAt);
      expect(first.length).toBe(loan.termMonths);
      expect(first.reduce((sum, { principal }) => sum + principal, 0)).toBe(loan.principal);
      const paid = loan.repayments.reduce((sum, { principal }) => sum + principal, 0);
      if (loan.events.some(({ type }) => type === 'SETTLED')) expect(paid).toBe(loan.principal);
      else expect(paid).toBeLessThan(loan.principal);
    }
  });

  it('charges off what was still owed on the 181st day', () => {
    const lost = loans().filter(({ events }) => events.some(({ type }) => type === 'WRITTEN_OFF'));
    expect(lost.length).toBeGreaterThan(10);
    for (const { principal, repayments, events, arrears } of lost) {
      const off = events.find(({ type }) => type === 'WRITTEN_OFF');
      const at = off?.occurredAt ?? 0;
      const before = repayments.filter(({ paidAt }) => paidAt < at).reduce((sum, each) => sum + each.principal, 0);
      expect(off?.amount).toBe(principal - before);
      expect(dpdOn(spansOf(arrears), book.local.dayOf(at))).toBe(181);
    }
  });

  it('is behind on the days on which the replay of its rows says so', () => {
    const replayed = loans().slice(0, 1_000);
    let daysBehind = 0;
    const wrong: unknown[] = [];
    for (const loan of replayed) {
      const arrears = spansOf(loan.arrears);
      for (const { day, dpd, status } of loanDays(replayLoan(loan, book.local, book.endDay))) {
        if (status === 'SETTLED') continue;
        const expected = dpdOn(arrears, day);
        if (dpd !== expected) wrong.push([loan.id, book.local.date(day), dpd, expected]);
        if (dpd > 0) daysBehind++;
      }
    }
    expect(wrong).toEqual([]);
    expect(daysBehind).toBeGreaterThan(1_000);
    expect(replayed.some(({ repayments }) => repayments.some(({ installmentNo }) => installmentNo === null))).toBe(
      true,
    );
    expect(replayed.some(({ events }) => events.some(({ type }) => type === 'RESTRUCTURED'))).toBe(true);
  });

  it('derives every label from the arrears of its own window', () => {
    const byCustomer = new Map(lives.map((life) => [life.person.id, life]));
    const counts = { dpd30_6m: 0, dpd60_6m: 0, dpd30_mob6: 0 };
    const wrong: unknown[] = [];
    for (const label of rows('labels')) {
      const name = label.name as keyof typeof counts;
      const customer = name === 'dpd30_mob6' ? String(label.entity_id).replace(/-A\d+$/, '') : String(label.entity_id);
      const life = byCustomer.get(customer) as Life;
      const at = (column: string): number => Date.parse(String(label[column]));
      const [from, to] = [book.local.dayOf(at('window_from')), book.local.dayOf(at('window_to'))];
      const threshold = name === 'dpd60_6m' ? 60 : 30;
      let bad = 0;
      for (const { arrears, events } of life.loans) {
        if (arrears.length === 0) continue;
        const spans = spansOf(arrears);
        const off = events.find(({ type }) => type === 'WRITTEN_OFF')?.occurredAt;
        const last = Math.min(to, off === undefined ? to : book.local.dayOf(off));
        for (let day = from; day <= last && !bad; day++) if (dpdOn(spans, day) >= threshold) bad = 1;
      }
      const lag = Math.round((at('known_at') - at('window_to')) / DAY);
      if (label.value !== bad || at('observed_at') > at('window_from') || lag < 1 || lag > 3) wrong.push(label);
      counts[name] += bad;
    }
    expect(wrong).toEqual([]);
    expect(Object.values(counts).every((bad) => bad > 5)).toBe(true);
  });

  it('chains statements: a month further behind is one step, and nothing is owed on a line that is unused', () => {
    const last = new Map<string, Row>();
    for (const row of rows('statements')) last.set(`${row.customer_id} ${row.product} ${row.month}`, row);
    const before = new Map<string, Row>();
    const wrong: unknown[] = [];
    for (const row of last.values()) {
      const account = `${row.customer_id} ${row.product}`;
      const behind = Math.max(0, Number(before.get(account)?.delinquency ?? 0));
      const owes = cents(row.statement_balance);
      if (Number(row.delinquency) - behind > 1 || (row.delinquency === -2 ? owes !== 0 : owes <= 0)) wrong.push(row);
      before.set(account, row);
    }
    expect(wrong).toEqual([]);
  });

  it('knows an application as pending before it knows the decision, and runs no rule after the one that hit', () => {
    const wrong: unknown[] = [];
    const versions = grouped(rows('applications'), 'application_id');
    for (const [first, second] of versions.values()) {
      const open = first?.decision === 'PENDING' && first.decided_at === undefined;
      if (!open || (second && second.ingested_at !== second.decided_at)) wrong.push(first);
    }
    for (const hits of grouped(rows('rule_hits'), 'decision_id').values()) {
      const stop = hits.findIndex(({ hit }) => hit === 1);
      if (hits.some(({ evaluated }, place) => (evaluated === 1) !== (stop < 0 || place <= stop))) wrong.push(hits);
    }
    expect(wrong).toEqual([]);
  });

  it('lends within the line, and not while it is frozen', () => {
    for (const { lines, loans: borrowed } of lives) {
      for (const loan of borrowed) {
        const line = lines.findLast(
          ({ lineId, effectiveAt }) => lineId === loan.lineId && effectiveAt <= loan.disbursedAt,
        );
        if (loan.refinancesLoanId === null) {
          expect(line?.status).toBe('ACTIVE');
          expect(loan.principal).toBeLessThanOrEqual(line?.limit ?? 0);
        }
      }
    }
  });

  it('has rows that came late, rows that were restated, reversals and payments without an instalment', () => {
    const payments = rows('repayments');
    const ids = new Set(payments.map(({ repayment_id }) => repayment_id));
    const lateOnes = payments.filter((row) => row.ingested_at !== undefined).length;
    const unnumbered = payments.filter((row) => row.installment_no === undefined).length;
    expect(lateOnes / ids.size).toBeGreaterThan(0.002);
    expect(lateOnes / ids.size).toBeLessThan(0.006);
    expect(payments.length).toBeGreaterThan(ids.size);
    expect(unnumbered / ids.size).toBeGreaterThan(0.006);
    expect(unnumbered / ids.size).toBeLessThan(0.012);
    for (const method of ['SELF', 'AUTO_DEBIT', 'COLLECTION', 'WAIVER', 'REVERSAL'])
      expect(payments.some((row) => row.method === method)).toBe(true);
  });

  it('returns a debit 1 to 3 bank days later, opens the instalment again from that day, and moves no other instalment', () => {
    const wrong: unknown[] = [];
    let [returned, paidSoon] = [0, 0];
    for (const { id, repayments, arrears } of loans()) {
      for (const [place, reversal] of repayments.entries()) {
        if (reversal.method !== 'REVERSAL') continue;
        returned++;
        const debit = repayments[place - 1];
        const [on, back] = [debit, reversal].map((each) => book.local.dayOf(each?.paidAt ?? 0)) as [number, number];
        const bankDays = [1, 2, 3].map((count) => bankDayAfter(on, count));
        const opposite = debit?.principal === -reversal.principal && debit?.interest === -reversal.interest;
        const arrear = arrears.find(({ since }) => since === book.local.date(back));
        const same = debit?.method === 'AUTO_DEBIT' && debit.installmentNo === reversal.installmentNo;
        if (!same || !opposite || !bankDays.includes(back) || arrear?.dueDate !== book.local.date(on)) wrong.push(id);
        if (arrear?.clearedOn && dayNumber(arrear.clearedOn) <= on + 15) paidSoon++;
      }
    }
    expect(wrong).toEqual([]);
    expect(paidSoon).toBeGreaterThan(0);
    expect(paidSoon).toBeLessThan(returned);
  });

  it('comes to exactly these numbers for this seed', () => {
    const all = loans();
    const fpd30 = all.filter(({ installments, arrears }) => {
      const due = installments[0]?.dueDate ?? '';
      const missed = arrears.find(({ dueDate }) => dueDate === due);
      return missed && (missed.clearedOn === null || dayNumber(missed.clearedOn) > dayNumber(due) + 30);
    }).length;
    const events = all.flatMap((loan) => loan.events.map(({ type }) => type));
    const decided = rows('decisions').filter(({ scene }) => scene === 'CREDIT');
    const labels = rows('labels').filter(({ name }) => name === 'dpd30_6m');
    const methods = (name: string) => rows('repayments').filter(({ method }) => method === name).length;
    expect({
      loans: all.length,
      borrowers: lives.filter((life) => life.loans.length > 0).length,
      disbursed: all.reduce((sum, { principal }) => sum + principal, 0),
      approved: share(decided.filter(({ outcome }) => outcome === 'APPROVED').length, decided.length),
      fpd30,
      writtenOff: events.filter((type) => type === 'WRITTEN_OFF').length,
      restructured: events.filter((type) => type === 'RESTRUCTURED').length,
      settled: events.filter((type) => type === 'SETTLED').length,
      reversals: methods('REVERSAL'),
      bads: share(labels.filter(({ value }) => value === 1).length, labels.length),
    }).toMatchInlineSnapshot(`
      {
        "approved": "0.3490",
        "bads": "0.0628",
        "borrowers": 677,
        "disbursed": 3849142612,
        "fpd30": 36,
        "loans": 3571,
        "restructured": 22,
        "reversals": 13,
        "settled": 1762,
        "writtenOff": 66,
      }
    `);
  });
});

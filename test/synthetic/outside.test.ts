import { describe, expect, it } from 'vitest';
import { BusinessCalendar, DAY } from '../../src/core/helpers/time.js';
import { Book } from '../../synthetic/book.js';
import type { Life } from '../../synthetic/life.js';
import type { Row } from '../../synthetic/rows.js';
import { lifeOf } from '../../synthetic/simulate.js';
import { surroundingRows } from '../../synthetic/surroundings.js';

const CUSTOMERS = 3_000;
const book = new Book({
  seed: 7,
  endDate: '2026-03-16',
  customers: CUSTOMERS,
  calendar: new BusinessCalendar('Asia/Shanghai'),
});
const lives: Life[] = Array.from({ length: CUSTOMERS }, (_, index) => lifeOf(book, index));
const made = lives.map((life) => surroundingRows(book, life));
const rows = (table: string): Row[] => made.flatMap((each) => each[table] ?? []);
const ring = new Set(lives.filter(({ person }) => person.ring).map(({ person }) => person.id));
const ofRing = (row: Row): boolean => ring.has(String(row.customer_id));
const share = <T>(all: readonly T[], of: (one: T) => boolean): number => all.filter(of).length / all.length;
const at = (row: Row, column: string): number => Date.parse(String(row[column]));

function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

describe('what others say of a customer and do about a loan', () => {
  it('is a report of each source for each application for credit, answered before it was decided', () => {
    const reports = groupBy(rows('external_reports'), (row) => String(row.application_id));
    const credits = lives.flatMap((life) => life.applications.filter(({ kind }) => kind === 'CREDIT'));
    for (const { id, appliedAt } of credits) {
      if (appliedAt + 3_000 > book.horizon) continue;
      expect((reports.get(id) ?? []).map((row) => row.product)).toEqual([
        'CREDIT_SCORE',
        'MULTI_LENDER',
        'FRAUD_CHECK',
      ]);
    }
    expect(new Set(rows('external_reports').map((row) => row.status))).toEqual(
      new Set(['OK', 'NO_HIT', 'ERROR', 'TIMEOUT']),
    );
    expect(
      rows('external_reports').filter((row) => row.status !== 'OK' && Object.keys(row.values as object).length),
    ).toEqual([]);
  });

  it('lists the inquiries and accounts that its own counts say, known with it', () => {
    const inquiries = groupBy(rows('inquiries'), (row) => row.report_id);
    const tradelines = groupBy(rows('tradelines'), (row) => row.report_id);
    const reports = rows('external_reports').filter((row) => row.product === 'CREDIT_SCORE' && row.status === 'OK');
    for (const report of reports) {
      const {
        inquiries_90d: asked,
        open_accounts: open,
        overdue_accounts_24m: late,
      } = report.values as Record<string, number>;
      const since = at(report, 'requested_at') - 90 * DAY;
      const lines = inquiries.get(report.report_id) ?? [];
      const accounts = tradelines.get(report.report_id) ?? [];
      expect(lines.filter((row) => at(row, 'inquired_at') > since)).toHaveLength(asked ?? -1);
      expect(accounts.filter((row) => row.status === 'OPEN')).toHaveLength(open ?? -1);
      expect(accounts.filter((row) => row.worst_dpd !== 0)).toHaveLength(Math.min(late ?? 0, accounts.length));
      expect([...lines, ...accounts].filter((row) => row.ingested_at !== report.requested_at)).toEqual([]);
    }
    expect(inquiries.size + tradelines.size).toBeGreaterThan(reports.length);
  });

  it('knows of the risk, and far from all of it', () => {
    const pairs = rows('external_reports')
      .filter((row) => row.product === 'CREDIT_SCORE' && row.status === 'OK')
      .map((row) => {
        const { person } = lives[Number(String(row.customer_id).slice(1)) - 1] as Life;
        return [
          (row.values as Record<string, number>).bureau_score as number,
          person.willingness + person.ability,
        ] as const;
      });
    const mean = (of: (pair: readonly [number, number]) => number) =>
      pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
    const [x, y] = [mean(([score]) => score), mean(([, safe]) => safe)];
    const correlation =
      mean(([score, safe]) => (score - x) * (safe - y)) /
      Math.sqrt(mean(([score]) => (score - x) ** 2) * mean(([, safe]) => (safe - y) ** 2));
    expect(correlation).toBeGreaterThan(0.3);
    expect(correlation).toBeLessThan(0.6);
  });

  it('is collection only of loans in arrears, keeping to the stage, with promises kept and broken', () => {
    const loans = new Map(lives.flatMap((life) => life.loans).map((loan) => [loan.id, loan]));
    let [kept, broken] = [0, 0];
    for (const action of rows('collections')) {
      const loan = loans.get(String(action.loan_id));
      const day = book.local.date(book.local.dayOf(at(action, 'acted_at')));
      const open = (on: string) =>
        (loan?.arrears ?? []).filter(
          ({ dueDate, clearedOn }) => dueDate < on && (clearedOn === null || clearedOn >= on),
        );
      const oldest = open(day)
        .map(({ dueDate }) => dueDate)
        .sort()[0];
      expect(oldest, `${action.action_id}`).toBeDefined();
      const dpd = (Date.parse(day) - Date.parse(String(oldest))) / DAY;
      expect(action.agency !== undefined).toBe(dpd >= 61);
      if (action.action === 'LEGAL') expect(dpd).toBeGreaterThan(90);
      if (action.result === 'PROMISE') {
        const promised = String(action.promised_on);
        expect(promised >= day).toBe(true);
        const paid = loan?.arrears.some(
          ({ dueDate, clearedOn }) => dueDate === oldest && clearedOn !== null && clearedOn <= promised,
        );
        if (paid) kept++;
        else broken++;
      }
    }
    expect(kept / (kept + broken)).toBeGreaterThan(0.2);
    expect(kept / (kept + broken)).toBeLessThan(0.8);
    const untouched = [...loans.values()].filter(({ arrears }) => arrears.length === 0);
    const acted = new Set(rows('collections').map((row) => row.loan_id));
    expect(untouched.filter(({ id }) => acted.has(id))).toEqual([]);
  });

  it('says paid once the money is there, and as much as came in on the day', () => {
    const payments = groupBy(
      lives
        .flatMap((life) => life.loans)
        .flatMap((loan) => loan.repayments.map((each) => ({ ...each, loan: loan.id }))),
      ({ loan, paidAt }) => `${loan} ${book.local.dayOf(paidAt)}`,
    );
    const paid = rows('collections').filter(({ result }) => result === 'PAID');
    expect(paid.length).toBeGreaterThan(100);
    for (const action of paid) {
      const cash = (payments.get(`${action.loan_id} ${book.local.dayOf(at(action, 'acted_at'))}`) ?? []).filter(
        ({ method }) => method !== 'WAIVER',
      );
      const cents = cash.reduce((sum, each) => sum + each.principal + each.interest + each.fee + each.penalty, 0);
      expect(Math.round(Number(action.amount) * 100), `${action.action_id}`).toBe(cents);
      expect(cash.every(({ paidAt }) => paidAt <= at(action, 'acted_at'))).toBe(true);
    }
  });

  it('is money that leaves within two weeks and never more than was lent', () => {
    const loans = new Map(lives.flatMap((life) => life.loans).map((loan) => [loan.id, loan]));
    for (const [id, flows] of groupBy(rows('fund_flows'), (row) => String(row.loan_id))) {
      const loan = loans.get(id);
      const sum = flows.reduce((cents, row) => cents + Math.round(Number(row.amount) * 100), 0);
      expect(sum).toBeLessThanOrEqual(loan?.principal ?? 0);
      expect(flows.every((row) => at(row, 'occurred_at') <= (loan?.disbursedAt ?? 0) + 15 * DAY)).toBe(true);
    }
    const cash = (row: Row) => row.counterparty_type === 'CASH_WITHDRAWAL';
    expect(share(rows('fund_flows').filter(ofRing), cash)).toBeGreaterThan(
      3 *
        share(
          rows('fund_flows').filter((row) => !ofRing(row)),
          cash,
        ),
    );
  });

  it('is advertising that a few answer, and a drawdown is the campaign’s only after an answer', () => {
    const contacts = rows('campaign_contacts');
    expect(share(contacts, (row) => row.responded_at !== undefined)).toBeGreaterThan(0.03);
    expect(share(contacts, (row) => row.responded_at !== undefined)).toBeLessThan(0.25);
    const converted = contacts.filter((row) => row.converted_at !== undefined);
    const drawn = new Set(lives.flatMap(({ loans }) => loans.map(({ disbursedAt }) => disbursedAt)));
    expect(converted.length).toBeGreaterThan(20);
    for (const row of converted) {
      expect(at(row, 'sent_at') < at(row, 'responded_at') && at(row, 'responded_at') < at(row, 'converted_at')).toBe(
        true,
      );
      expect(drawn.has(at(row, 'converted_at'))).toBe(true);
    }
  });
});

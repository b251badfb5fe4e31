import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

const snapshot = (loan: string, asOf: string, dpd: number, more: TableRow = {}): TableRow => ({
  loan_id: loan,
  as_of: asOf,
  customer_id: loan.split('-')[0],
  product: 'CASH',
  status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
  restructured: 0,
  dpd,
  principal_outstanding: 1000,
  overdue_principal: 0,
  disbursed_on: '2024-01-01',
  principal: 1000,
  ...more,
});

const statement = (customer: string, month: string, more: TableRow = {}): TableRow => ({
  customer_id: customer,
  product: '',
  month,
  credit_limit: 1000,
  statement_balance: 0,
  amount_paid: 0,
  delinquency: 0,
  ...more,
});

const zeros = (count: number): number[] => Array<number>(count).fill(0);

describe('repayment_history', () => {
  let tables: SourceTables;
  /** The rows of a day hold every customer: each is computed once. */
  const computed = new Map<string, ReturnType<SourceTables['view']>>();
  const rowOf = async (version: number, customer: string, day: string) => {
    const run = `${version} ${day}`;
    if (!computed.has(run)) computed.set(run, tables.view(`repayment_history@${version}`, day));
    return (await computed.get(run))?.find((row) => row.customer_id === customer);
  };

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('loan_snapshots', [
      // Two loans: the customer's month is the worse of them, at the last snapshot in the month.
      snapshot('TWO-1', '2026-01-30', 40),
      snapshot('TWO-1', '2026-01-31', 0),
      snapshot('TWO-2', '2026-01-31', 12),
      snapshot('TWO-1', '2026-02-28', 35),
      snapshot('TWO-2', '2026-02-28', 5),
      snapshot('TWO-1', '2026-03-09', 44),
      // Restated: February was never late. Known from 5 March on.
      snapshot('RESTATED-1', '2026-02-28', 35),
      snapshot('RESTATED-1', '2026-02-28', 0, { ingested_at: '2026-03-05T00:00:00.000Z' }),
      // Written off in December: it does not look clean afterwards.
      snapshot('LOST-1', '2025-11-30', 160),
      snapshot('LOST-1', '2025-12-20', 181, { status: 'WRITTEN_OFF' }),
      // Settled in December: nothing owed since.
      snapshot('SETTLED-1', '2025-11-30', 3),
      snapshot('SETTLED-1', '2025-12-20', 0, { status: 'SETTLED', principal_outstanding: 0 }),
      // Loans rule where a month has both.
      snapshot('BOTH-1', '2026-02-28', 10),
      // The first and the last day of the window of 24 months before March 2026.
      snapshot('EDGE-1', '2024-02-29', 90),
      snapshot('EDGE-1', '2024-03-31', 60),
      snapshot('LINE-1', '2026-03-09', 0, { line_id: 'L-active', principal_outstanding: 400 }),
      snapshot('LINE-2', '2026-03-09', 0, { line_id: 'L-active', principal_outstanding: 100 }),
      snapshot('LINE-3', '2026-03-09', 0, { line_id: 'L-frozen', principal_outstanding: 900 }),
      snapshot('PAYS-1', '2026-02-28', 0),
      snapshot('SCHED-1', '2026-02-28', 0),
      // Written off on 2 March.
      snapshot('OFF-1', '2026-03-01', 180, { line_id: 'L-off', principal_outstanding: 900 }),
      snapshot('OFF-1', '2026-03-02', 181, { line_id: 'L-off', principal_outstanding: 900, status: 'WRITTEN_OFF' }),
      // One sold, the other still on book.
      snapshot('HALF-1', '2026-03-02', 100, { line_id: 'L-half', principal_outstanding: 500, status: 'SOLD' }),
      snapshot('HALF-2', '2026-03-09', 7, { line_id: 'L-half', principal_outstanding: 200 }),
      // Taken and paid back within the month in progress.
      snapshot('QUICK-1', '2026-03-01', 0),
      snapshot('QUICK-1', '2026-03-05', 0, { status: 'SETTLED', principal_outstanding: 0 }),
      // Written off, with a card beside it.
      snapshot('MIXED-1', '2026-03-02', 181, { status: 'WRITTEN_OFF' }),
    ]);
    await tables.insert('statements', [
      statement('BOTH', '2026-02-01', { delinquency: 3 }),
      statement('BOTH', '2026-01-01', { delinquency: 2 }),
      statement('CARD', '2025-12-01', { statement_balance: 200 }),
      statement('CARD', '2026-01-01', { statement_balance: -30, amount_paid: 150, delinquency: -1 }),
      statement('CARD', '2026-02-01', { statement_balance: 1500, amount_paid: 20, delinquency: 2 }),
      statement('CARD', '2026-02-01', { product: 'SECOND', statement_balance: -100, delinquency: 1 }),
      statement('MIXED', '2026-02-01', { delinquency: 1 }),
      // March is printed on the 31st: on the 10th nobody knows it.
      statement('CARD', '2026-03-01', { delinquency: 3, statement_balance: 9000 }),
    ]);
    const line = { customer_id: 'LINE', product: 'CASH', limit_amount: 1000, status: 'ACTIVE' };
    await tables.insert('credit_lines', [
      { ...line, line_id: 'L-active', effective_at: '2025-01-01T00:00:00.000Z' },
      { ...line, line_id: 'L-active', effective_at: '2025-06-01T00:00:00.000Z', limit_amount: 2000 },
      { ...line, line_id: 'L-active', effective_at: '2026-04-01T00:00:00.000Z', limit_amount: 9000 },
      { ...line, line_id: 'L-frozen', effective_at: '2025-01-01T00:00:00.000Z' },
      { ...line, line_id: 'L-frozen', effective_at: '2026-01-01T00:00:00.000Z', status: 'FROZEN' },
      { ...line, line_id: 'L-off', customer_id: 'OFF', effective_at: '2025-01-01T00:00:00.000Z' },
      { ...line, line_id: 'L-half', customer_id: 'HALF', effective_at: '2025-01-01T00:00:00.000Z' },
    ]);
    const due = {
      loan_id: 'PAYS-1',
      customer_id: 'PAYS',
      effective_at: '2025-06-01T00:00:00.000Z',
      interest_due: 10,
      principal_due: 90,
    };
    await tables.insert('installments', [
      { ...due, installment_no: 1, due_date: '2025-08-31' },
      { ...due, installment_no: 2, due_date: '2025-09-01' },
      { ...due, installment_no: 3, due_date: '2026-02-28', fee_due: 5 },
      { ...due, installment_no: 4, due_date: '2026-03-01' },
      // Restructured on 1 December: what fell due before stays, what was to come is replaced.
      { ...due, loan_id: 'SCHED-1', customer_id: 'SCHED', installment_no: 1, due_date: '2025-11-15' },
      { ...due, loan_id: 'SCHED-1', customer_id: 'SCHED', installment_no: 2, due_date: '2025-12-15' },
      {
        ...due,
        loan_id: 'SCHED-1',
        customer_id: 'SCHED',
        installment_no: 1,
        due_date: '2026-01-15',
        effective_at: '2025-12-01T00:00:00.000Z',
        principal_due: 40,
      },
      // Due after the settlement of 20 January: void.
      {
        ...due,
        loan_id: 'SCHED-1',
        customer_id: 'SCHED',
        installment_no: 2,
        due_date: '2026-02-15',
        effective_at: '2025-12-01T00:00:00.000Z',
      },
    ]);
    await tables.insert('loan_events', [
      { loan_id: 'SCHED-1', event_type: 'SETTLED', occurred_at: '2026-01-20T00:00:00.000Z' },
    ]);
    const paid = { loan_id: 'PAYS-1', customer_id: 'PAYS', principal_paid: 90, interest_paid: 10, penalty_paid: 7 };
    await tables.insert('repayments', [
      { ...paid, repayment_id: 'R0', paid_at: '2025-08-31T15:59:59.999Z' },
      { ...paid, repayment_id: 'R1', paid_at: '2025-08-31T16:00:00.000Z' },
      { ...paid, repayment_id: 'R2', paid_at: '2026-02-28T10:00:00.000Z', method: 'WAIVER' },
      {
        ...paid,
        repayment_id: 'R3',
        paid_at: '2026-02-28T10:00:00.000Z',
        principal_paid: 80,
        interest_paid: 0,
        fee_paid: 4,
        method: 'SELF',
      },
      {
        ...paid,
        repayment_id: 'R4',
        paid_at: '2026-02-28T11:00:00.000Z',
        principal_paid: -20,
        interest_paid: 0,
        method: 'REVERSAL',
      },
      {
        ...paid,
        repayment_id: 'R5',
        loan_id: 'SCHED-1',
        customer_id: 'SCHED',
        paid_at: '2025-12-02T00:00:00.000Z',
        principal_paid: 75,
        interest_paid: 0,
      },
    ]);
  });
  afterAll(() => tables.close());

  describe.each([1, 2])('version %i', (version) => {
    const of = (customer: string, day: string) => rowOf(version, customer, day);

    it('takes a month from the last snapshot of each loan in it, and the customer as the worst loan', async () => {
      const row = await of('TWO', '2026-03-10');
      expect(row).toMatchObject({
        dpd_sequence: [35, 12, ...zeros(22)],
        current_dpd: 44,
        max_dpd_3m: 35,
        max_dpd_6m: 35,
        max_dpd_12m: 35,
        months_since_last_30plus: 0,
        on_time_streak: 0,
        months_observed: 2,
      });
    });

    it('counts the month in progress in current_dpd alone, and shifts by one month when it has ended', async () => {
      expect(await of('TWO', '2026-04-01')).toMatchObject({
        dpd_sequence: [44, 35, 12, ...zeros(21)],
        months_observed: 3,
      });
    });

    it('is blind to a restatement until it was known', async () => {
      expect(await of('RESTATED', '2026-03-05')).toMatchObject({ max_dpd_3m: 35, months_since_last_30plus: 0 });
      expect(await of('RESTATED', '2026-03-06')).toMatchObject({ max_dpd_3m: 0, months_since_last_30plus: null });
    });

    it('keeps a written-off loan at its closing DPD and lets a settled one go', async () => {
      expect(await of('LOST', '2026-03-10')).toMatchObject({
        dpd_sequence: [181, 181, 181, 160, ...zeros(20)],
        months_observed: 4,
        months_since_last_30plus: 0,
      });
      expect(await of('SETTLED', '2026-03-10')).toMatchObject({
        dpd_sequence: [0, 0, 0, 3, ...zeros(20)],
        months_observed: 2,
        on_time_streak: 1,
        max_dpd_3m: 0,
        current_dpd: null,
      });
    });

    it('reads statements only in months without a snapshot', async () => {
      expect(await of('BOTH', '2026-03-10')).toMatchObject({ dpd_sequence: [10, 60, ...zeros(22)], max_dpd_6m: 60 });
    });

    it('makes a statement month 30 x max(delinquency, 0), the worst product counting', async () => {
      expect(await of('CARD', '2026-03-10')).toMatchObject({
        dpd_sequence: [60, 0, 0, ...zeros(21)],
        current_dpd: 60,
        months_since_last_30plus: 0,
        on_time_streak: 0,
        months_observed: 3,
      });
    });

    it('floors used balances at 0 a product and never caps utilization', async () => {
      // 1500 + max(-100, 0) over 1000 + 1000.
      expect(await of('CARD', '2026-03-10')).toMatchObject({ utilization: 0.75 });
      expect(await of('CARD', '2026-04-01')).toMatchObject({ utilization: 9000 / 2000 });
    });

    it('divides what was paid in a month by the balance of the month before', async () => {
      // January pays 150 of December's 200; February pays 20 of January's max(-30, 0).
      expect(await of('CARD', '2026-03-10')).toMatchObject({ paid_ratio_6m: 170 / 200 });
    });

    it('looks back 24 complete months and no further', async () => {
      expect(await of('EDGE', '2026-03-10')).toMatchObject({
        dpd_sequence: [...zeros(23), 60],
        months_observed: 1,
        max_dpd_12m: null,
      });
      expect(await of('EDGE', '2026-04-01')).toBeUndefined();
    });

    it('adds up the use of ACTIVE lines only, under the limit in force', async () => {
      expect(await of('LINE', '2026-03-10')).toMatchObject({ utilization: 500 / 2000 });
    });

    it('counts cash on instalments due in the last six complete months, local days, without waivers and penalty', async () => {
      // Due 100 + 105; paid 100 (R1), 84 (R3), -20 (R4): R0 is a day too early, R2 is a waiver.
      expect(await of('PAYS', '2026-03-10')).toMatchObject({ paid_ratio_6m: 164 / 205 });
    });

    it('reads the schedule in force on each due date and voids what falls due after settlement', async () => {
      // Due 100 (old schedule) and 50 (new); the rest was replaced or void.
      expect(await of('SCHED', '2026-03-10')).toMatchObject({ paid_ratio_6m: 75 / 150 });
    });
  });

  describe('where a loan ends', () => {
    const both = async (customer: string, day: string) =>
      Promise.all([1, 2].map(async (version) => rowOf(version, customer, day)));

    it('version 2 has it neither late nor drawn from its closing day on; version 1 counts it for 31 days', async () => {
      const [first, second] = await both('OFF', '2026-03-10');
      expect(first).toMatchObject({ current_dpd: 181, utilization: 900 / 1000 });
      expect(second).toMatchObject({ current_dpd: null, utilization: 0 });
      const late = { current_dpd: 180, utilization: 900 / 1000 };
      expect(await both('OFF', '2026-03-02')).toMatchObject([late, late]);
    });

    it('version 2 looks at the loans that are left', async () => {
      const [first, second] = await both('HALF', '2026-03-10');
      expect(first).toMatchObject({ current_dpd: 100, utilization: 700 / 1000 });
      expect(second).toMatchObject({ current_dpd: 7, utilization: 200 / 1000 });
    });

    it('version 2 falls back to statements where no loan is on book', async () => {
      const [first, second] = await both('MIXED', '2026-03-10');
      expect(first).toMatchObject({ current_dpd: 181 });
      expect(second).toMatchObject({ current_dpd: 30 });
    });

    it('version 2 keeps the row of who owes nothing any more', async () => {
      const [first, second] = await both('QUICK', '2026-03-10');
      expect(first).toMatchObject({ current_dpd: 0, months_observed: 0 });
      expect(second).toMatchObject({ current_dpd: null, months_observed: 0, dpd_sequence: zeros(24) });
    });

    it('both keep the closing DPD in every later month of the window', async () => {
      const month = { dpd_sequence: [181, 181, 181, ...zeros(21)], max_dpd_3m: 181, months_since_last_30plus: 0 };
      expect(await both('OFF', '2026-06-01')).toMatchObject([month, month]);
    });
  });
});

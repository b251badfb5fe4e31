import { afterEach, describe, expect, it } from 'vitest';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import { createLoanSnapshots } from '../../../src/derived/loan-snapshots/derivation.js';
import type { OracleRow } from '../../core/lending/loan-oracle.js';
import { quietMetrics } from '../../sources/support.js';
import { quietLog } from '../../support/homes.js';
import { insertRows } from '../../support/insert-rows.js';
import { unsharedLeases } from '../../support/leases.js';
import { TABLES } from '../../support/tables.js';
import { type Book, LATER, openBook, payment, plainLoan, unwatched } from './support.js';

const ZONE = 'America/New_York';
const calendar = new BusinessCalendar(ZONE);
const at = (day: string, time = '12:00'): number => calendar.at(day, time);
const DUES = ['2024-02-29', '2024-03-31'];

const books: Book[] = [];
const open = async (): Promise<Book> => {
  const book = await openBook(ZONE);
  books.push(book);
  return book;
};
afterEach(async () => {
  await Promise.all(books.splice(0).map((book) => book.close()));
});

const loans = ['A', 'B', 'C'].flatMap((loan) => plainLoan(loan, at('2024-02-01'), DUES));
const known = at('2024-03-06');

/** A payment that was stored before imports had a bound. */
const storeHuge = ({ sources }: Book, loan: string): Promise<void> =>
  insertRows(sources.clickhouse, 'repayments', [
    {
      repayment_id: `${loan}-R1`,
      loan_id: loan,
      customer_id: `C-${loan}`,
      paid_at: new Date(known).toISOString(),
      principal_paid: '999999999999999.00',
      interest_paid: '0',
      ingested_at: new Date(known).toISOString(),
      deleted: 0,
      seq: 1,
    },
  ]);
const corrected = payment('A-R1', known, { no: null, principal: 10_000, interest: 300 }, at('2024-03-10'));
const deleted: OracleRow = {
  ...payment('C-R1', known, { no: null, principal: 0, interest: 0 }, at('2024-03-10')),
  deleted: true,
};

const lastDays = async ({ sources }: Book): Promise<Record<string, string>> => {
  const rows = await sources.rows<{ loan_id: string; day: string }>(
    'SELECT loan_id, max(as_of) AS day FROM loan_snapshots GROUP BY loan_id ORDER BY loan_id',
  );
  return Object.fromEntries(rows.map(({ loan_id: loan, day }) => [loan, day]));
};

describe('an amount that no derivation can count', () => {
  it('is refused by the import, and the loans have their days', async () => {
    const book = await open();
    await book.load(loans);
    const body =
      'repayment_id,loan_id,customer_id,paid_at,principal_paid,interest_paid\n' +
      'A-R1,A,C-A,2024-03-06T12:00:00Z,999999999999999.00,0\nB-R1,B,C-B,2024-03-06T12:00:00Z,999999999999.99,0\n';
    expect(await book.sources.load('repayments', body, { history: true, now: LATER })).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 2, column: 'principal_paid', reason: 'has more than 12 digits before the point' }],
    });
    await book.derive('2024-03-07');
    expect(await lastDays(book)).toEqual({ A: '2024-03-07', B: '2024-03-06', C: '2024-03-07' });
  });

  it('sets its loan alone aside where it is stored, until it is corrected or deleted', async () => {
    const [book, once] = await Promise.all([open(), open()]);
    const counts: Record<string, number> = {};
    const snapshots = createLoanSnapshots({
      tables: TABLES,
      clickhouse: book.sources.clickhouse,
      calendar,
      log: quietLog,
      metrics: {
        ...quietMetrics,
        count: (name, _labels, by = 1) => {
          counts[name] = (counts[name] ?? 0) + by;
        },
      },
      leases: unsharedLeases(),
    });
    const derive = (through: string) => snapshots.derive({ through, now: LATER }, unwatched);
    await book.load(loans);
    expect(await derive('2024-03-05')).not.toHaveProperty('setAside');
    await storeHuge(book, 'A');
    await storeHuge(book, 'C');
    expect(await derive('2024-03-08')).toMatchObject({ setAside: { loans: 2, first: ['A', 'C'] } });
    expect(await lastDays(book)).toEqual({ A: '2024-03-05', B: '2024-03-08', C: '2024-03-05' });
    expect(await derive('2024-03-09')).toMatchObject({ setAside: { loans: 2 } });
    expect(counts.loan_snapshot_loans_set_aside).toBe(4);
    const named = await book.sources.store.quarantine('repayments', 10);
    expect(named.map(({ column, reason }) => `${column} ${reason}`).sort()).toEqual([
      expect.stringMatching(/^principal_paid has more than 12 digits before the point: loan A is set aside/),
      expect.stringMatching(/^principal_paid has more than 12 digits before the point: loan C is set aside/),
    ]);

    await book.load([corrected, deleted]);
    expect(await derive('2024-03-11')).not.toHaveProperty('setAside');
    expect(await lastDays(book)).toEqual({ A: '2024-03-11', B: '2024-03-11', C: '2024-03-11' });
    // The days between are known since the correction.
    const back = await book.sources.rows<{ as_of: string; known: string }>(
      `SELECT as_of, toString(toDate(ingested_at, '${ZONE}')) AS known FROM loan_snapshots
        WHERE loan_id = 'A' AND as_of BETWEEN '2024-03-05' AND '2024-03-11' ORDER BY as_of, known`,
    );
    expect(back.map(({ as_of, known }) => `${as_of} ${known}`)).toEqual([
      '2024-03-05 2024-03-06',
      ...['06', '07', '08', '09'].map((day) => `2024-03-${day} 2024-03-11`),
      '2024-03-10 2024-03-11',
      '2024-03-11 2024-03-12',
    ]);

    await once.load(loans);
    await storeHuge(once, 'A');
    await storeHuge(once, 'C');
    await once.load([corrected, deleted]);
    await once.derive('2024-03-11');
    expect(await book.versions()).toEqual(await once.versions());
  });

  it('may be the sum of accepted ones', async () => {
    const book = await open();
    await book.load(loans);
    const most = Array.from({ length: 100 }, (_, index) =>
      payment(`A-R${index}`, known, { no: null, principal: 10 ** 14 - 1, interest: -(10 ** 14) + 1 }),
    );
    await book.load(most);
    expect(await book.derive('2024-03-08')).toMatchObject({ setAside: { loans: 1, first: ['A'] } });
    expect(await lastDays(book)).toEqual({ A: '2024-03-05', B: '2024-03-08', C: '2024-03-08' });
    expect(await book.sources.store.quarantine('loans', 1)).toMatchObject([
      { column: null, reason: expect.stringContaining('add up to more than can be counted') },
    ]);
    await book.load(most.slice(1).map((row) => ({ ...row, deleted: true, ingestedAt: at('2024-03-09') })));
    expect(await book.derive('2024-03-10')).not.toHaveProperty('setAside');
    expect(await lastDays(book)).toMatchObject({ A: '2024-03-10' });
  });

  it('or a day that no table holds', async () => {
    const book = await open();
    await book.load([...loans, ...plainLoan('D', 0, DUES)]);
    expect(await book.derive('2024-03-08')).toMatchObject({ setAside: { loans: 1, first: ['D'] } });
    expect(await lastDays(book)).toEqual({ A: '2024-03-08', B: '2024-03-08', C: '2024-03-08' });
  });
});

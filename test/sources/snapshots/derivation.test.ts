import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BusinessCalendar } from '../../../src/core/time.js';
import { loanLife, rowsOfLife } from '../../core/loan-generator.js';
import { next, Oracle, type OracleRow } from '../../core/loan-oracle.js';
import { type Book, openBook, payment, plainLoan } from './support.js';

const ZONE = 'America/New_York';
const FIRST = '2024-02-26';
const THROUGH = '2024-04-14';
const calendar = new BusinessCalendar(ZONE);
const oracle = new Oracle(ZONE);
const at = (day: string, time = '12:00'): number => calendar.at(day, time);

const books: Book[] = [];
const open = async (zone = ZONE): Promise<Book> => {
  const book = await openBook(zone);
  books.push(book);
  return book;
};
afterEach(async () => {
  await Promise.all(books.splice(0).map((book) => book.close()));
});

/** The same ledgers each time. */
const ledgers = (count: number, seed: number): OracleRow[] =>
  fc
    .sample(loanLife, { numRuns: count, seed })
    .flatMap((life, index) => rowsOfLife(`L${String(index).padStart(4, '0')}`, life, FIRST, ZONE));

const newest = (book: Book, loan: string) =>
  book.sources.rows<{ as_of: string; status: string; dpd: number; derived: number; principal_outstanding: string }>(
    `SELECT as_of, status, dpd, derived, principal_outstanding FROM (
      SELECT * FROM loan_snapshots WHERE loan_id = {loan:String} ORDER BY as_of, ingested_at DESC, seq DESC LIMIT 1 BY as_of
    ) WHERE deleted = 0 ORDER BY as_of`,
    { loan },
  );

describe('the derivation of loan snapshots', () => {
  it('writes for a range at once the very versions that derivations day by day write', async () => {
    const rows = ledgers(60, 7);
    const [once, daily, fed] = await Promise.all([open(), open(), open()]);
    await once.load(rows);
    await once.derive(THROUGH);
    const versions = await once.versions();
    expect(versions.length).toBeGreaterThan(2_000);

    await daily.load(rows);
    let before = Number.NEGATIVE_INFINITY;
    for (let day = FIRST; day <= THROUGH; day = next(day)) {
      await daily.derive(day);
      // As a lender's files would come: each brings what has become known since the one before.
      const until = oracle.derivedAt(day);
      await fed.load(rows.filter(({ ingestedAt }) => ingestedAt > before && ingestedAt <= until));
      await fed.derive(day);
      before = until;
    }
    expect(await daily.versions()).toEqual(versions);
    expect(await fed.versions()).toEqual(versions);
  });

  it('changes nothing when it is repeated', async () => {
    const book = await open();
    await book.load(ledgers(20, 3));
    const first = await book.derive(THROUGH);
    const versions = await book.versions();
    expect(first.rows).toBe(versions.length);
    expect(await book.derive(THROUGH)).toEqual({ loans: 0, rows: 0, changed: 0, through: THROUGH });
    expect(await book.derive('2024-03-01')).toEqual({ loans: 0, rows: 0, changed: 0, through: THROUGH });
    expect(await book.versions()).toEqual(versions);
  });
});

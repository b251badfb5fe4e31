import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { RiskgraphError } from '../../../src/core/errors.js';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import { createLoanSnapshots } from '../../../src/derived/loan-snapshots/derivation.js';
import { loanLife, rowsOfLife } from '../../core/lending/loan-generator.js';
import { next, Oracle, type OracleRow } from '../../core/lending/loan-oracle.js';
import { quietMetrics } from '../../sources/support.js';
import { quietLog } from '../../support/homes.js';
import { leaseOf } from '../../support/leases.js';
import { TABLES } from '../../support/tables.js';
import { dyingAfter } from './dying.js';
import { type Book, LATER, openBook, payment, plainLoan, snapshotsOn, unwatched } from './support.js';

const ZONE = 'America/New_York';
const FIRST = '2024-02-26';
const THROUGH = '2024-04-05';
const calendar = new BusinessCalendar(ZONE);
const oracle = new Oracle(ZONE);
const at = (day: string, time = '12:00'): number => calendar.at(day, time);

const books: Book[] = [];
const open = async (loansAPartition?: number): Promise<Book> => {
  const book = await openBook(ZONE, loansAPartition);
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
  it('writes for a range at once, partition by partition, the very versions that derivations day by day write', async () => {
    const rows = ledgers(40, 7);
    const [once, daily, fed] = await Promise.all([open(), open(rows.length), open(rows.length)]);
    await once.load(rows);
    await once.derive(THROUGH);
    const versions = await once.versions();
    expect(versions.length).toBeGreaterThan(900);

    await daily.load(rows);
    let before = Number.NEGATIVE_INFINITY;
    for (let day = FIRST; day <= THROUGH; day = next(day)) {
      await daily.derive(day);
      if (day < THROUGH && Number(day.slice(-2)) % 5 > 0) continue;
      // As a lender's files would come: each brings what has become known since the one before.
      const until = oracle.derivedAt(day);
      await fed.load(rows.filter(({ ingestedAt }) => ingestedAt > before && ingestedAt <= until));
      await fed.derive(day);
      before = until;
    }
    expect(await daily.versions()).toEqual(versions);
    expect(await fed.versions()).toEqual(versions);
  }, 600_000);

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

  it('goes on where it died, after whatever change, and ends with the same rows', async () => {
    const rows = ledgers(28, 11);
    const [whole, killed] = await Promise.all([open(), open()]);
    await Promise.all([whole.load(rows), killed.load(rows)]);
    await whole.derive('2024-03-20');
    await whole.derive(THROUGH);
    let deaths = 0;
    for (const through of ['2024-03-20', THROUGH]) {
      // Each number twice: what the first left done the second need not do, so it dies one step further on.
      for (let attempt = 2; ; attempt++) {
        const changes = Math.floor(attempt / 2);
        const died = await dyingAfter(killed.sources.clickhouse, changes, (clickhouse) =>
          snapshotsOn(clickhouse, ZONE).derive({ through, now: LATER }, unwatched),
        );
        if (!died) break;
        deaths++;
      }
    }
    expect(deaths).toBeGreaterThan(20);
    expect(await killed.versions()).toEqual(await whole.versions());
    // What a dead run leaves of its own the next one clears away.
    await killed.derive(next(THROUGH));
    expect(
      await killed.sources.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%work%'",
      ),
    ).toEqual([]);
  }, 600_000);

  it('stops where it can no longer be sure to derive alone', async () => {
    const book = await open();
    await book.load(ledgers(3, 5));
    const lost = AbortSignal.abort(new RiskgraphError({ code: 'STORE_UNAVAILABLE', message: 'lost' }));
    const snapshots = createLoanSnapshots({
      tables: TABLES,
      clickhouse: book.sources.clickhouse,
      calendar,
      log: quietLog,
      metrics: quietMetrics,
      leases: {
        hold: (resource, _signal, body) => body({ ...leaseOf(resource, Date.now()), lost }),
      },
    });
    await expect(snapshots.derive({ through: THROUGH, now: LATER }, unwatched)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(await book.versions()).toEqual([]);
  });

  it('makes no day of a loan before an instalment of it is known, and then all of them', async () => {
    const book = await open();
    const [loan, ...schedule] = plainLoan('A', at('2024-02-01'), ['2024-02-29', '2024-03-31']) as [
      OracleRow,
      ...OracleRow[],
    ];
    const imported =
      'loan_id,as_of,customer_id,product,channel,status,restructured,dpd,principal_outstanding,overdue_principal,disbursed_on,principal\n' +
      'A,2024-03-02,C-A,CASH_LINE,APP,OVERDUE,0,45,150,50,2024-02-01,200\n';
    await book.load([loan]);
    await book.sources.load('loan_snapshots', imported, { history: true, now: LATER });
    await book.derive('2024-03-04');
    expect((await newest(book, 'A')).map(({ as_of, dpd }) => [as_of, dpd])).toEqual([['2024-03-02', 45]]);
    await book.load(schedule.map((row) => ({ ...row, ingestedAt: at('2024-03-05') })));
    await book.derive('2024-03-06');
    const days = await newest(book, 'A');
    expect(days).toHaveLength(35);
    expect(days.slice(-6).map(({ dpd }) => dpd)).toEqual([1, 45, 3, 4, 5, 6]);
    expect(
      await book.sources.rows("SELECT 1 FROM loan_snapshots WHERE derived = 1 AND ingested_at < '2024-03-05'"),
    ).toEqual([]);
  });

  it('restates what came in late, with the time at which it was known, and nothing else', async () => {
    const book = await open();
    const late = payment(
      'A-R1',
      at('2024-03-01'),
      { no: 1, principal: 10_000, interest: 300 },
      at('2024-03-04', '15:00'),
    );
    await book.load([...plainLoan('A', at('2024-02-01'), ['2024-02-29', '2024-03-31']), late]);
    await book.derive('2024-03-05');
    const versions = await book.sources.rows<{ as_of: string; known: string; status: string; deleted: number }>(
      `SELECT as_of, toString(toTimeZone(ingested_at, '${ZONE}')) AS known, status, deleted FROM loan_snapshots
        WHERE as_of >= '2024-02-29' ORDER BY as_of, ingested_at`,
    );
    expect(versions.map(({ as_of, known, status }) => `${as_of} ${known} ${status}`)).toEqual([
      '2024-02-29 2024-03-01 00:30:00.000 CURRENT',
      '2024-03-01 2024-03-02 00:30:00.000 OVERDUE',
      '2024-03-01 2024-03-05 00:30:00.000 CURRENT',
      '2024-03-02 2024-03-03 00:30:00.000 OVERDUE',
      '2024-03-02 2024-03-05 00:30:00.000 CURRENT',
      '2024-03-03 2024-03-04 00:30:00.000 OVERDUE',
      '2024-03-03 2024-03-05 00:30:00.000 CURRENT',
      '2024-03-04 2024-03-05 00:30:00.000 CURRENT',
      '2024-03-05 2024-03-06 00:30:00.000 CURRENT',
    ]);
  });

  it('may restate days within the day: at once what the next derivation would say, and that one says the same as ever', async () => {
    const rows = ledgers(15, 11);
    const [once, restated] = await Promise.all([open(), open()]);
    await once.load(rows);
    await once.derive(THROUGH);
    const known = (book: Book, until: number, through: string) =>
      book.sources.rows(
        `SELECT * EXCEPT (seq, ingested_at, row_hash) FROM (
          SELECT * FROM loan_snapshots WHERE toUnixTimestamp64Milli(ingested_at) <= {until:Int64} AND as_of <= {through:String}
          ORDER BY loan_id, as_of, ingested_at DESC, seq DESC LIMIT 1 BY loan_id, as_of
        ) WHERE deleted = 0 ORDER BY loan_id, as_of`,
        { until: String(until), through },
      );
    let before = Number.NEGATIVE_INFINITY;
    const loadUntil = async (until: number): Promise<void> => {
      await restated.load(rows.filter(({ ingestedAt }) => ingestedAt > before && ingestedAt <= until));
      before = until;
    };
    let changed = 0;
    for (const day of ['2024-03-09', '2024-03-18', '2024-03-27', THROUGH]) {
      await loadUntil(oracle.derivedAt(day));
      await restated.derive(day);
      if (day === THROUGH) break;
      const night = oracle.derivedAt(next(day));
      for (const knownBy of [at(next(day), '14:00'), night - 1]) {
        await loadUntil(knownBy);
        const result = await restated.snapshots.derive({ through: day, now: LATER, knownBy }, unwatched);
        changed += result.changed;
      }
      expect(await known(restated, night - 1, day)).toEqual(await known(once, night, day));
      const repeated = { through: day, now: LATER, knownBy: night - 1 };
      expect(await restated.snapshots.derive(repeated, unwatched)).toMatchObject({ rows: 0 });
    }
    expect(changed).toBeGreaterThan(2);
    const night = oracle.derivedAt(THROUGH);
    expect(await known(restated, night, THROUGH)).toEqual(await known(once, night, THROUGH));
  });

  it('takes loan-days back that a back-dated settlement ends', async () => {
    const book = await open();
    await book.load(plainLoan('A', at('2024-02-01'), ['2024-02-29']));
    await book.derive('2024-03-10');
    const settled: OracleRow = {
      table: 'loan_events',
      key: 'A/S',
      loan: 'A',
      at: at('2024-03-05'),
      ingestedAt: at('2024-03-11'),
      values: { type: 'SETTLED', amount: null },
    };
    await book.load([settled]);
    const { changed } = await book.derive('2024-03-12');
    expect(changed).toBe(6);
    const days = await newest(book, 'A');
    expect(days.at(-1)).toMatchObject({ as_of: '2024-03-05', status: 'SETTLED', principal_outstanding: '0' });
    const gone = await book.sources.rows<{ as_of: string }>(
      'SELECT as_of FROM loan_snapshots WHERE deleted = 1 ORDER BY as_of',
    );
    expect(gone.map(({ as_of }) => as_of)).toEqual(['06', '07', '08', '09', '10'].map((day) => `2024-03-${day}`));
  });

  it('derives again what a file tells that should have been known to an earlier derivation', async () => {
    const [book, fresh] = await Promise.all([open(), open()]);
    const loans = plainLoan('A', at('2024-02-01'), ['2024-02-29', '2024-03-31']);
    const paid = payment('A-R1', at('2024-02-20'), { no: 1, principal: 10_000, interest: 300 });
    await book.load(loans);
    await book.derive('2024-03-10');
    await book.load([paid]);
    await book.derive('2024-03-10');
    await fresh.load([...loans, paid]);
    await fresh.derive('2024-03-10');
    expect(await newest(book, 'A')).toEqual(await newest(fresh, 'A'));
  });

  it('moves a payment that is restated as another loan’s', async () => {
    const book = await open();
    const wrong = payment('A-R1', at('2024-02-20'), { no: 1, principal: 10_000, interest: 300 });
    const right = { ...wrong, loan: 'B', ingestedAt: at('2024-03-08') };
    await book.load([
      ...plainLoan('A', at('2024-02-01'), ['2024-02-29', '2024-03-31']),
      ...plainLoan('B', at('2024-02-01'), ['2024-02-29', '2024-03-31']),
      wrong,
    ]);
    await book.derive('2024-03-07');
    expect((await newest(book, 'A')).at(-1)).toMatchObject({ status: 'CURRENT', principal_outstanding: '100' });
    await book.load([right]);
    await book.derive('2024-03-08');
    expect((await newest(book, 'A')).at(-1)).toMatchObject({ status: 'OVERDUE', principal_outstanding: '200' });
    expect((await newest(book, 'B')).at(-1)).toMatchObject({ status: 'CURRENT', principal_outstanding: '100' });
  });
});

describe('a loan-day that was imported', () => {
  const HEADER =
    'loan_id,as_of,customer_id,product,channel,status,restructured,dpd,principal_outstanding,overdue_principal,disbursed_on,principal\n';
  const line = (day: string, dpd: number): string =>
    `A,${day},C-A,CASH_LINE,APP,OVERDUE,0,${dpd},150,50,2024-02-01,200\n`;
  const loan = plainLoan('A', at('2024-02-01'), ['2024-02-29', '2024-03-31']);
  const shown = async (book: Book, day: string) => (await newest(book, 'A')).find(({ as_of }) => as_of === day);

  it('is left alone, and the days beside it are derived', async () => {
    const book = await open();
    await book.load(loan);
    await book.sources.load('loan_snapshots', HEADER + line('2024-02-20', 7), { history: true, now: LATER });
    await book.derive('2024-03-10');
    expect(await shown(book, '2024-02-20')).toMatchObject({ dpd: 7, derived: 0 });
    expect(await shown(book, '2024-02-21')).toMatchObject({ dpd: 0, derived: 1 });
    const rows = await book.sources.rows("SELECT 1 FROM loan_snapshots WHERE as_of = '2024-02-20'");
    expect(rows).toHaveLength(1);
  });

  it('replaces what was derived before and stays, whatever comes in later', async () => {
    const book = await open();
    await book.load(loan);
    await book.derive('2024-03-10');
    const imported = { now: at('2024-03-11', '09:00') };
    expect(await book.sources.load('loan_snapshots', HEADER + line('2024-03-05', 99), imported)).toMatchObject({
      accepted: 1,
    });
    await book.load([payment('A-R1', at('2024-03-02'), { no: 1, principal: 10_000, interest: 300 }, at('2024-03-12'))]);
    await book.derive('2024-03-15');
    expect(await shown(book, '2024-03-05')).toMatchObject({ dpd: 99, derived: 0 });
    expect(await shown(book, '2024-03-04')).toMatchObject({ dpd: 0, derived: 1 });
  });

  it('holds although it is imported as known before the derivation', async () => {
    const book = await open();
    await book.load(loan);
    await book.derive('2024-03-10');
    await book.sources.load('loan_snapshots', HEADER + line('2024-03-05', 99), { history: true, now: LATER });
    await book.derive('2024-03-10');
    expect(await shown(book, '2024-03-05')).toMatchObject({ dpd: 99, principal_outstanding: '150' });
    const before = await book.versions();
    await book.derive('2024-03-10');
    expect(await book.versions()).toEqual(before);
  });

  it('counts as a duplicate where it says what was derived', async () => {
    const book = await open();
    await book.load(loan);
    await book.derive('2024-03-10');
    const body = (
      await book.sources.rows<Record<string, unknown>>(
        "SELECT * EXCEPT (ingested_at, deleted, seq, row_hash, derived) FROM loan_snapshots WHERE as_of < '2024-02-10'",
      )
    ).map((row) => JSON.stringify(row));
    const again = await book.sources.load('loan_snapshots', `${body.join('\n')}\n`, { format: 'ndjson', now: LATER });
    expect(again).toMatchObject({ accepted: 0, duplicates: 9, rejected: 0 });
  });
});

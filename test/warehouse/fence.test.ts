import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw, type Sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { tableResource } from '../../src/core/ports/leases.js';
import { createLoanSnapshots } from '../../src/derived/loan-snapshots/derivation.js';
import { createSourceStore } from '../../src/sources/store.js';
import type { ClickHouse } from '../../src/warehouse/client.js';
import { raiseFence, tableFence } from '../../src/warehouse/fence.js';
import { type Book, LATER, openBook, unwatched } from '../derived/loan-snapshots/support.js';
import { quietMetrics } from '../sources/support.js';
import { quietLog } from '../support/homes.js';
import { insertRows } from '../support/insert-rows.js';
import { leaseOf, unsharedLeases } from '../support/leases.js';
import { TABLES } from '../support/tables.js';

const TIMEZONE = 'Asia/Shanghai';
const calendar = new BusinessCalendar(TIMEZONE);
let book: Book;

beforeAll(async () => {
  book = await openBook(TIMEZONE);
});
afterAll(() => book?.close());

/** The client of a process that is stopped before its first statement into the table, and goes on when `meanwhile` is over. */
function stoppedBefore(table: string, meanwhile: () => Promise<void>): ClickHouse {
  let stopped = false;
  const stop = async (statement: Sql): Promise<void> => {
    if (stopped || !statement.render().query.startsWith(`INSERT INTO \`${table}\``)) return;
    stopped = true;
    await meanwhile();
  };
  const { clickhouse } = book.sources;
  return {
    ...clickhouse,
    async run(label, statement, options) {
      await stop(statement);
      await clickhouse.run(label, statement, options);
    },
    async insertBytes(label, insert, body, options) {
      await stop(insert);
      await clickhouse.insertBytes(label, insert, body, options);
    },
  };
}

const count = async (table: string): Promise<number> => {
  const [found] = await book.sources.rows<{ n: string }>(`SELECT count() AS n FROM ${table}`);
  return Number(found?.n);
};

describe('a process that goes on writing after another has begun', () => {
  it('stores no row of a file that the other has stored', async () => {
    const body = Array.from({ length: 40 }, (_, index) =>
      JSON.stringify({ customer_id: `C${index}`, registered_at: '2026-01-01T00:00:00Z' }),
    ).join('\n');
    const load = (clickhouse: ClickHouse, token: number) =>
      createSourceStore({
        tables: TABLES,
        clickhouse,
        userSql: book.sources.userSql,
        calendar,
        datum: 'WGS84' as const,
        tempDir: book.sources.tempDir,
        log: quietLog,
        metrics: quietMetrics,
        leases: unsharedLeases(token),
      }).import({
        table: 'customers',
        format: 'ndjson',
        body: Readable.from([Buffer.from(body)]),
        history: true,
        clock: () => LATER,
        requestId: `token ${token}`,
      });
    const late = load(
      stoppedBefore('customers', async () => {
        expect(await load(book.sources.clickhouse, 2)).toMatchObject({ accepted: 40 });
      }),
      1,
    );
    await expect(late).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('customers'),
    });
    expect(await count('customers')).toBe(40);
    expect(await load(book.sources.clickhouse, 3)).toMatchObject({ accepted: 0, duplicates: 40 });
  });

  it('stores no loan-day that the other has derived', async () => {
    await insertRows(
      book.sources.clickhouse,
      'loans',
      [1, 2, 3].map((n) => ({
        loan_id: `L${n}`,
        customer_id: 'C1',
        product: 'CASH',
        principal: '100',
        annual_rate: '0.1',
        term_months: 1,
        disbursed_at: '2025-11-01 00:00:00.000',
        ingested_at: '2025-11-01 00:00:00.000',
        deleted: 0,
        seq: 1,
      })),
    );
    await insertRows(
      book.sources.clickhouse,
      'installments',
      [1, 2, 3].map((n) => ({
        loan_id: `L${n}`,
        installment_no: 1,
        customer_id: 'C1',
        due_date: '2025-12-01',
        principal_due: '100',
        effective_at: '2025-11-01 00:00:00.000',
        ingested_at: '2025-11-01 00:00:00.000',
        deleted: 0,
        seq: 1,
        interest_due: '1',
      })),
    );
    const derive = (clickhouse: ClickHouse, token: number) =>
      createLoanSnapshots({
        tables: TABLES,
        clickhouse,
        calendar,
        log: quietLog,
        metrics: quietMetrics,
        leases: unsharedLeases(token),
      }).derive({ through: '2025-12-10', now: LATER }, unwatched);
    let rows = 0;
    const late = derive(
      stoppedBefore('loan_snapshots', async () => {
        rows = (await derive(book.sources.clickhouse, 2)).rows;
      }),
      1,
    );
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(rows).toBeGreaterThan(100);
    expect(await count('loan_snapshots')).toBe(rows);
    expect(await derive(book.sources.clickhouse, 3)).toMatchObject({ rows: 0 });
  });
});

it('a fence is raised when what was being written before is stored', async () => {
  const { clickhouse } = book.sources;
  let rows = await count('places');
  // A machine that stands still for a while sees such a statement only when it is over: then there is another.
  for (let under = false; !under; ) {
    rows += 4;
    let ended = false;
    // Half a second a row, of a process that is gone: nobody waits for it but the next.
    const slow = clickhouse
      .run(
        'test',
        raw(
          `INSERT INTO \`places\` (province, city, ingested_at, deleted, seq) SELECT 'p', toString(${rows} + number + sleepEachRow(0.5)), toDateTime64(0, 3), 0, 1 FROM numbers(4) SETTINGS max_block_size = 1`,
        ),
      )
      .finally(() => {
        ended = true;
      });
    while (!ended && !under) {
      const [found] = await book.sources.rows<{ n: string }>(
        "SELECT count() AS n FROM system.processes WHERE current_database = currentDatabase() AND startsWith(query, 'INSERT INTO `places`')",
      );
      under = Number(found?.n) > 0;
    }
    if (!under) await slow;
    else {
      const fence = tableFence(leaseOf(tableResource('places'), 1));
      await raiseFence(clickhouse, fence, { signal: new AbortController().signal });
      expect(await count('places')).toBe(rows);
      await slow;
    }
  }
});

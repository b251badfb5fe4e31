/**
 * Derives loan snapshots of a generated book in the embedded ClickHouse: a given number of loan-days at once, beside the same number of rows
 * written without deriving them; then a small book day by day. `node --import ./bin/typescript.js bench/loan-snapshots.ts [million loan-days]`, 10 by default.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { raw } from '../src/core/definitions/sql.js';
import { dateOfDay, dayNumber, LocalDays } from '../src/core/helpers/local-days.js';
import { BusinessCalendar } from '../src/core/helpers/time.js';
import { tableResource } from '../src/core/ports/leases.js';
import type { Log, Metrics } from '../src/core/ports/process.js';
import { createLoanSnapshots } from '../src/derived/loan-snapshots/derivation.js';
import { derivedAt } from '../src/derived/loan-snapshots/history.js';
import { SnapshotWriter } from '../src/derived/loan-snapshots/writer.js';
import { startEmbedded } from '../src/embedded/index.js';
import { type ClickHouse, openClickHouse } from '../src/warehouse/client.js';
import { raiseFence, tableFence } from '../src/warehouse/fence.js';
import { migrateClickHouse } from '../src/warehouse/migrate.js';
import { leaseOf, unsharedLeases } from '../test/support/leases.js';
import { TABLES } from '../test/support/tables.js';

const million = Number(process.argv[2] ?? 10);
/** Days that a loan of the book has, more or less. */
const DAYS_A_LOAN = 372;
const SMALL_BOOK = 2_800;
const TIMEZONE = 'Asia/Shanghai';
const THROUGH = '2025-07-31';

const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics: Metrics = { count: quiet, observe: quiet, gauge: quiet };
const unwatched = { signal: new AbortController().signal, report: async () => undefined };
const calendar = new BusinessCalendar(TIMEZONE);
const days = new LocalDays(calendar);

/** Loans of twelve instalments over half a year of vintages: most pay on time, one payment in twenty is late, one loan in 25 stops paying. */
async function fill(clickhouse: ClickHouse, loans: number): Promise<void> {
  const id = `concat('L', leftPad(toString(number), 8, '0')) AS loan_id, concat('C', toString(intDiv(number, 5))) AS customer_id`;
  const start = `toDateTime64('2024-01-01 02:00:00', 3, 'UTC') + toIntervalDay(number % 180)`;
  const due = `addMonths(toDate(at), no)`;
  const paid = `toDateTime64(${due}, 3, 'UTC') + toIntervalHour(4) + toIntervalDay(if(cityHash64(number, no) % 20 = 0, 1 + cityHash64(number) % 30, 0))`;
  const lines = `(SELECT number, ${start} AS at, arrayJoin(range(1, 13)) AS no FROM numbers(${loans}))`;
  const technical = 'deleted, seq, row_hash';
  for (const query of [
    `INSERT INTO loans (loan_id, customer_id, product, channel, disbursed_at, principal, term_months, annual_rate, ingested_at, ${technical})
     SELECT ${id}, 'CASH_LINE', 'APP', ${start} AS at, 12000, 12, 0.24, at, 0, 1, 0 FROM numbers(${loans})`,
    `INSERT INTO installments (loan_id, customer_id, installment_no, effective_at, due_date, principal_due, interest_due, ingested_at, ${technical})
     SELECT ${id}, no, at, ${due}, 1000, 30.55, at, 0, 1, 0 FROM ${lines}`,
    `INSERT INTO repayments (repayment_id, loan_id, customer_id, installment_no, paid_at, principal_paid, interest_paid, method, ingested_at, ${technical})
     SELECT concat(loan_id, '-R', toString(no)), ${id}, no, ${paid} AS paid, 1000, 30.55, 'SELF',
       paid + toIntervalHour(if(cityHash64(no, number) % 50 = 0, 40, 0)), 0, 1, 0
     FROM ${lines} WHERE NOT (number % 25 = 0 AND no > 6)`,
  ]) {
    await clickhouse.run('bench-fill', raw(query));
  }
}

const busyOf = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const peakOf = async (pid: number): Promise<number> =>
  Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
const stores = await startEmbedded({ home, need: { postgres: false, redis: false, clickhouse: true }, log });
try {
  const url = stores.urls.clickhouseUrl as string;
  const child = JSON.parse(await readFile(join(stores.home.run, 'clickhouse.pid'), 'utf8')) as { pid: number };
  const open = async (database: string) => {
    const clickhouse = openClickHouse({ url, database, log, metrics });
    await clickhouse.createDatabase(database);
    const directory = fileURLToPath(new URL('../migrations/clickhouse', import.meta.url));
    await migrateClickHouse({ tables: TABLES.all, clickhouse, directory, clock: Date.now, log });
    return clickhouse;
  };
  const measured = async (name: string, body: () => Promise<number>): Promise<void> => {
    const started = performance.now();
    const busy = await Promise.all([process.pid, child.pid].map(busyOf));
    const rows = await body();
    const seconds = (performance.now() - started) / 1000;
    const took = (await Promise.all([process.pid, child.pid].map(busyOf))).map((now, at) => now - (busy[at] ?? 0));
    console.log(
      `${name}: ${rows} loan-days in ${seconds.toFixed(1)} s = ${Math.round(rows / seconds)} a second;`,
      `processor node ${took[0]?.toFixed(1)} s, ClickHouse ${took[1]?.toFixed(1)} s;`,
      `peak RSS node ${Math.round(await peakOf(process.pid))} MB, ClickHouse ${Math.round(await peakOf(child.pid))} MB`,
    );
  };

  const large = await open('large');
  await fill(large, Math.round((million * 1e6) / DAYS_A_LOAN));
  const snapshots = (clickhouse: ClickHouse) =>
    createLoanSnapshots({ tables: TABLES, clickhouse, calendar, log, metrics, leases: unsharedLeases() });
  let derived = 0;
  await measured('derived at once', async () => {
    derived = (await snapshots(large).derive({ through: THROUGH, now: Date.now() }, unwatched)).rows;
    return derived;
  });
  await measured('repeated', async () => {
    return (await snapshots(large).derive({ through: THROUGH, now: Date.now() }, unwatched)).rows;
  });
  await large.close();

  const plain = await open('plain');
  await measured('written without deriving', async () => {
    const fence = tableFence(leaseOf(tableResource('loan_snapshots'), 1));
    await raiseFence(plain, fence, { signal: unwatched.signal });
    const writer = new SnapshotWriter(plain, { table: TABLES.get('loan_snapshots'), seq: 1n }, fence);
    const first = dayNumber('2024-01-01');
    for (let row = 0; row < derived; row++) {
      const [loan, day] = [Math.floor(row / DAYS_A_LOAN), first + (row % DAYS_A_LOAN)];
      const dpd = (loan * 7 + day) % 40 > 37 ? day % 30 : 0;
      const content = {
        customerId: `C${Math.floor(loan / 5)}`,
        product: 'CASH_LINE',
        channel: 'APP',
        lineId: null,
        status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
        restructured: 0,
        dpd,
        principalOutstanding: 1_200_000 - (day % 12) * 100_000,
        overduePrincipal: dpd > 0 ? 100_000 : 0,
        interestOverdue: 0,
        feeOverdue: 0,
        penaltyAccrued: null,
        riskClass: dpd > 0 ? 'SPECIAL_MENTION' : 'NORMAL',
        disbursedOn: first,
        principal: 1_200_000,
      };
      const id = `L${String(loan).padStart(8, '0')}`;
      const full = writer.add(id, day, { at: derivedAt(days, day), content, restates: false });
      if (full) await full;
    }
    await writer.flush();
    return derived;
  });
  await plain.close();

  const small = await open('small');
  await fill(small, SMALL_BOOK);
  const [from, to] = [dayNumber('2024-07-01'), dayNumber('2024-07-10')];
  const daily = snapshots(small);
  await daily.derive({ through: dateOfDay(from - 1), now: Date.now() }, unwatched);
  await measured(`${to - from + 1} days of ${SMALL_BOOK} loans, one by one`, async () => {
    let rows = 0;
    for (let day = from; day <= to; day++) {
      rows += (await daily.derive({ through: dateOfDay(day), now: Date.now() }, unwatched)).rows;
    }
    return rows;
  });
  await small.close();
} finally {
  await stores.close();
  await rm(home, { recursive: true, force: true });
}

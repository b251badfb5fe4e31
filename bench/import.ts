/**
 * Imports a CSV of a given size, made as it is sent, into the embedded ClickHouse, twice: rows a second, and the most memory that this process
 * and the ClickHouse child took. `node --import ./bin/typescript.js bench/import.ts [MB]`, 1000 by default.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BusinessCalendar, DAY } from '../src/core/helpers/time.js';
import type { Log, Metrics } from '../src/core/ports/process.js';
import { startEmbedded } from '../src/embedded/index.js';
import { createSourceStore } from '../src/sources/store.js';
import { openClickHouse } from '../src/warehouse/client.js';
import { migrateClickHouse } from '../src/warehouse/migrate.js';
import { createUserSql } from '../src/warehouse/user-sql.js';
import { unsharedLeases } from '../test/support/leases.js';
import { TABLES } from '../test/support/tables.js';

const megabytes = Number(process.argv[2] ?? 1000);
const FIRST_DAY = Date.UTC(2023, 0, 1);
const LOANS = 40_000;
const HEADER = `loan_id,as_of,customer_id,product,channel,status,restructured,dpd,principal_outstanding,overdue_principal,disbursed_on,principal\n`;

const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics: Metrics = { count: quiet, observe: quiet, gauge: quiet };

let rows = 0;
/** Days of loans, as a lender's daily extract has them. */
async function* csv(): AsyncIterable<Uint8Array> {
  rows = 0;
  let sent = HEADER.length;
  yield Buffer.from(HEADER);
  for (let day = 0; sent < megabytes * 1e6; day++) {
    const asOf = new Date(FIRST_DAY + day * DAY).toISOString().slice(0, 10);
    for (let loan = 0; loan < LOANS && sent < megabytes * 1e6; loan += 1000) {
      let text = '';
      for (let each = loan; each < loan + 1000; each++) {
        const dpd = (each * 7 + day) % 97 > 90 ? (each + day) % 120 : 0;
        const left = 100_000 - ((each + day) % 90_000);
        const status = dpd ? 'OVERDUE' : 'CURRENT';
        text += `L${each},${asOf},C${each % 30_000},cash,app,${status},0,${dpd},${left}.25,${dpd ? left / 10 : 0},2022-12-01,100000.00\n`;
      }
      rows += 1000;
      sent += text.length;
      yield Buffer.from(text);
    }
  }
}

/** Seconds of processor time so far. */
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
  const clickhouse = openClickHouse({ url, database: 'bench', log, metrics });
  await clickhouse.createDatabase('bench');
  const directory = fileURLToPath(new URL('../migrations/clickhouse', import.meta.url));
  await migrateClickHouse({ tables: TABLES.all, clickhouse, directory, clock: Date.now, log });
  const child = JSON.parse(await readFile(join(stores.home.run, 'clickhouse.pid'), 'utf8')) as { pid: number };
  const store = createSourceStore({
    tables: TABLES,
    clickhouse,
    log,
    metrics,
    userSql: createUserSql(clickhouse),
    calendar: new BusinessCalendar('Asia/Shanghai'),
    datum: 'WGS84',
    tempDir: join(home, 'tmp'),
    leases: unsharedLeases(),
  });
  for (const time of ['first', 'again']) {
    const started = performance.now();
    const busy = await Promise.all([process.pid, child.pid].map(busyOf));
    const request = {
      table: 'loan_snapshots',
      format: 'csv',
      history: true,
      clock: Date.now,
      requestId: time,
    } as const;
    const result = await store.import({ ...request, body: csv() });
    const seconds = (performance.now() - started) / 1000;
    const took = (await Promise.all([process.pid, child.pid].map(busyOf))).map((now, at) => now - (busy[at] ?? 0));
    console.log(
      `${time}: ${megabytes} MB, ${rows} rows in ${seconds.toFixed(1)} s = ${Math.round(rows / seconds)} rows/s;`,
      `accepted ${result.accepted}, duplicates ${result.duplicates}, rejected ${result.rejected};`,
      `processor node ${took[0]?.toFixed(1)} s, ClickHouse ${took[1]?.toFixed(1)} s;`,
      `peak RSS node ${Math.round(await peakOf(process.pid))} MB, ClickHouse ${Math.round(await peakOf(child.pid))} MB`,
    );
  }
  await clickhouse.close();
} finally {
  await stores.close();
  await rm(home, { recursive: true, force: true });
}

/**
 * Derives one day of gangs of generated links in the embedded ClickHouse, then the day after, on which nothing is new, and computes the views of gangs.
 * `node --import ./bin/typescript.js bench/gangs.ts [million links]`, 1 by default.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { View } from '../src/core/definitions/definitions.js';
import { raw, sql } from '../src/core/definitions/sql.js';
import { BusinessCalendar } from '../src/core/helpers/time.js';
import type { Log, Metrics } from '../src/core/ports/process.js';
import { createGangs } from '../src/derived/gangs/derivation.js';
import { startEmbedded } from '../src/embedded/index.js';
import { viewQuery } from '../src/offline/history/view-sql.js';
import { loadRegistry } from '../src/registry/load.js';
import { openClickHouse } from '../src/warehouse/client.js';
import { migrateClickHouse } from '../src/warehouse/migrate.js';
import { unsharedLeases } from '../test/support/leases.js';
import { TABLES } from '../test/support/tables.js';

const million = Number(process.argv[2] ?? 1);
/** Links of a customer: a telephone, a contact, a device, an address and a network. */
const LINKS_A_CUSTOMER = 5;
const customers = Math.round((million * 1e6) / LINKS_A_CUSTOMER);

const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics: Metrics = { count: quiet, observe: quiet, gauge: quiet };
const unwatched = { signal: new AbortController().signal, report: async () => undefined };

/** One in five lives with another, one device in fifty has two customers, one contact in twenty-five is a customer anywhere in the book. */
const LINKS = `
  SELECT concat('C', toString(number)) AS customer_id, link.1 AS identifier_type, hex(sipHash128(link.2)) AS identifier,
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalMinute(cityHash64(number) % 80000) AS seen_at, seen_at AS ingested_at, 0, 1, 0
  FROM (SELECT number, arrayJoin([
    ('PHONE', concat('phone ', toString(number))),
    ('CONTACT_PHONE', if(cityHash64(number, 'contact') % 25 = 0, concat('phone ', toString(cityHash64(number) % ${customers})), concat('contact ', toString(number)))),
    ('DEVICE', concat('device ', toString(if(number % 100 = 1, number - 1, number)))),
    ('ADDRESS', concat('home ', toString(if(number % 10 = 1, number - 1, number)))),
    ('WIFI', concat('home ', toString(if(number % 10 = 1, number - 1, number))))]) AS link FROM numbers(${customers}))`;

const peakOf = async (pid: number): Promise<string> =>
  `${Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)} MB`;

const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
const stores = await startEmbedded({ home, need: { postgres: false, redis: false, clickhouse: true }, log });
try {
  const url = stores.urls.clickhouseUrl as string;
  const child = JSON.parse(await readFile(join(stores.home.run, 'clickhouse.pid'), 'utf8')) as { pid: number };
  const clickhouse = openClickHouse({ url, database: 'gangs', log, metrics });
  await clickhouse.createDatabase('gangs');
  const directory = fileURLToPath(new URL('../migrations/clickhouse', import.meta.url));
  await migrateClickHouse({ tables: TABLES.all, clickhouse, directory, clock: Date.now, log });
  await clickhouse.run(
    'bench-fill',
    raw(
      `INSERT INTO identifier_links (customer_id, identifier_type, identifier, seen_at, ingested_at, deleted, seq, row_hash) ${LINKS}`,
    ),
  );
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const gangs = createGangs({ clickhouse, tables: TABLES, calendar, log, metrics, leases: unsharedLeases() });
  for (const through of ['2026-03-01', '2026-03-02']) {
    const began = performance.now();
    const result = await gangs.derive({ through, now: Date.UTC(2026, 3, 1) }, unwatched);
    const seconds = (performance.now() - began) / 1000;
    const [run] = await clickhouse.rows(
      'bench-run',
      raw('SELECT links, rounds FROM gang_runs ORDER BY seq DESC LIMIT 1'),
    );
    console.log({
      customers,
      ...result,
      ...(run as object),
      seconds,
      node: await peakOf(process.pid),
      clickhouse: await peakOf(child.pid),
    });
  }
  const { views } = await loadRegistry({ root: fileURLToPath(new URL('..', import.meta.url)) });
  for (const id of ['gang_membership@1', 'gang_profile@1', 'identifier_gangs@1']) {
    const view = views.get(id) as View;
    const asOf = calendar.startOfDay('2026-03-03');
    const began = performance.now();
    const query = viewQuery(view, { asOf, knowledge: asOf + view.delayMs }, calendar);
    const [count] = await clickhouse.rows(
      'bench-view',
      sql`SELECT count() AS rows, sum(sipHash64(*)) AS checksum FROM (${query})`,
    );
    console.log({
      view: id,
      ...(count as object),
      seconds: (performance.now() - began) / 1000,
      clickhouse: await peakOf(child.pid),
    });
  }
  await clickhouse.close();
} finally {
  await stores.close();
  await rm(home, { recursive: true, force: true });
}

/**
 * How many members of the rings of the synthetic book gangs find, by kind of ring, at some thresholds.
 * `node --import ./bin/typescript.js bench/gang-rings.ts [customers]`, 10,000 by default.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { raw } from '../src/core/definitions/sql.js';
import { BusinessCalendar } from '../src/core/helpers/time.js';
import type { Log, Metrics } from '../src/core/ports/process.js';
import { createGangs } from '../src/derived/gangs/derivation.js';
import { startEmbedded } from '../src/embedded/index.js';
import { openClickHouse } from '../src/warehouse/client.js';
import { migrateClickHouse } from '../src/warehouse/migrate.js';
import { Book, customerId } from '../synthetic/book.js';
import { customerRows } from '../synthetic/portfolio.js';
import { unsharedLeases } from '../test/support/leases.js';
import { TABLES } from '../test/support/tables.js';

const customers = Number(process.argv[2] ?? 10_000);
const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics: Metrics = { count: quiet, observe: quiet, gauge: quiet };
const unwatched = { signal: new AbortController().signal, report: async () => undefined };
const calendar = new BusinessCalendar('Asia/Shanghai');
const END = '2026-03-16';
const book = new Book({ seed: 20_240_229, endDate: END, customers, calendar });

/** What an investigator would be sent, by the row of `gang_members` and the size of the gang. */
const THRESHOLDS: Readonly<Record<string, string>> = {
  'a gang of 4 and more': 'size >= 4',
  'and 3 neighbours who know each other (core number)': 'size >= 4 AND core_number >= 3',
  'and the gang was tied within 120 days': 'size >= 4 AND core_number >= 3 AND span <= 120',
};

const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
const stores = await startEmbedded({ home, need: { postgres: false, redis: false, clickhouse: true }, log });
try {
  const clickhouse = openClickHouse({ url: stores.urls.clickhouseUrl as string, database: 'rings', log, metrics });
  await clickhouse.createDatabase('rings');
  const directory = fileURLToPath(new URL('../migrations/clickhouse', import.meta.url));
  await migrateClickHouse({ tables: TABLES.all, clickhouse, directory, clock: Date.now, log });
  const columns = [
    'customer_id',
    'identifier_type',
    'identifier',
    'seen_at',
    'ingested_at',
    'deleted',
    'seq',
    'row_hash',
  ] as const;
  for (let from = 0; from < customers; from += 1_000) {
    const rows = Array.from(
      { length: Math.min(1_000, customers - from) },
      (_, offset) => customerRows(book, from + offset).identifier_links ?? [],
    );
    const lines = rows
      .flat()
      .map((row) => [row.customer_id, row.identifier_type, row.identifier, row.seen_at, row.seen_at, 0, 1, 0]);
    await clickhouse.insert('bench-fill', { table: 'identifier_links', columns }, lines);
  }
  const gangs = createGangs({ clickhouse, tables: TABLES, calendar, log, metrics, leases: unsharedLeases() });
  console.log(await gangs.derive({ through: END, now: calendar.startOfDay('2026-03-18') }, unwatched));
  for (const [name, threshold] of Object.entries(THRESHOLDS)) {
    const found = await clickhouse.rows<{ customer_id: string }>(
      'bench-found',
      raw(`SELECT customer_id FROM (SELECT *, count() OVER (PARTITION BY gang_id) AS size,
        dateDiff('day', min(joined_at) OVER (PARTITION BY gang_id), max(joined_at) OVER (PARTITION BY gang_id)) AS span
        FROM gang_members WHERE gang_id != '') WHERE ${threshold}`),
    );
    const flagged = new Set(found.map(({ customer_id }) => customer_id));
    const kinds = new Map<string, { members: number; found: number }>();
    let hits = 0;
    for (let index = 0; index < customers; index++) {
      const ring = book.ring(index);
      if (!ring) continue;
      const own = kinds.get(ring.kind) ?? { members: 0, found: 0 };
      const isFound = flagged.has(customerId(index));
      kinds.set(ring.kind, { members: own.members + 1, found: own.found + Number(isFound) });
      hits += Number(isFound);
    }
    const recalls = Object.fromEntries([...kinds].map(([kind, own]) => [kind, `${own.found} of ${own.members}`]));
    console.log({ threshold: name, flagged: flagged.size, precision: (hits / flagged.size).toFixed(3), ...recalls });
  }
  await clickhouse.close();
} finally {
  await stores.close();
  await rm(home, { recursive: true, force: true });
}

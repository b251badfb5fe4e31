/**
 * Backfills views over the embedded stores: seconds an as-of, and the statements that ClickHouse ran. `node --import ./bin/typescript.js bench/backfill.ts
 * [views] [days] [keys] [at once]`, 2, 28, 5,000 and 2 by default; the last line repeats the same range, where nothing is new.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { View } from '../src/core/definitions/definitions.js';
import { BusinessCalendar, DAY } from '../src/core/helpers/time.js';
import type { Metrics } from '../src/core/ports/process.js';
import { startEmbedded } from '../src/embedded/index.js';
import { openDatabase } from '../src/ledgers/data-source.js';
import { createLeases } from '../src/ledgers/leases.js';
import { createRunLedger } from '../src/ledgers/run-ledger.js';
import { createMaterializer } from '../src/materialize/materializer.js';
import { createOfflineReader } from '../src/offline/reader.js';
import { createOfflineWriters } from '../src/offline/writer.js';
import { createOnlineStore } from '../src/online/online-store.js';
import { openRedis } from '../src/online/redis.js';
import { createArrivals } from '../src/sources/arrivals.js';
import { openClickHouse } from '../src/warehouse/client.js';
import { wideView } from './wide-view.js';

const [views = 2, days = 28, keys = 5_000, viewsAtOnce = 2] = process.argv.slice(2).map(Number);
const FIRST_DAY = Date.UTC(2026, 0, 1);
const dayText = (day: number) => new Date(FIRST_DAY + day * DAY).toISOString().slice(0, 10);

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
let statements = 0;
const took = new Map<string, number>();
const metrics: Metrics = {
  count: quiet,
  gauge: quiet,
  observe: (name: string, seconds: number, { label = '' }: Readonly<Record<string, string>> = {}) => {
    if (name !== 'clickhouse_query_seconds') return;
    statements++;
    took.set(label, (took.get(label) ?? 0) + seconds);
  },
};

const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
const stores = await startEmbedded({ home, need: { postgres: true, redis: true, clickhouse: true }, log });
const { postgresUrl, redisUrl, clickhouseUrl } = stores.urls as Record<string, string>;
const database = await openDatabase({ url: postgresUrl as string, log });
const redis = await openRedis({ url: redisUrl as string, log, purpose: 'serving' });
const store = openClickHouse({ url: clickhouseUrl as string, database: 'riskgraph', log, metrics });
try {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const common = { clock: Date.now, log, metrics };
  const materializer = createMaterializer({
    arrivals: createArrivals(store),
    completeness: { wholeSince: async () => new Map() },
    derived: [],
    ...common,
    calendar,
    offline: createOfflineReader({ store, calendar, log }),
    writers: createOfflineWriters({ store, calendar, log }),
    viewsAtOnce,
    ledger: createRunLedger(database.dataSource),
    leases: createLeases(database.dataSource),
    online: createOnlineStore({ ...common, client: redis.client, prefix: 'bench' }),
    scores: { rows: () => Promise.reject(new Error('no view of scores')), record: async () => undefined } as never,
  });
  const wide: readonly View[] = Array.from({ length: views }, (_, index) => wideView(`wide${index}`, keys));
  for (const time of ['first', 'again']) {
    statements = 0;
    took.clear();
    const started = performance.now();
    const range = { from: dayText(0), to: dayText(days - 1) };
    const progress = { signal: new AbortController().signal, report: async () => undefined };
    await materializer.backfill({ jobId: randomUUID(), views: wide, ...range, now: Date.now() }, progress);
    const seconds = (performance.now() - started) / 1000;
    const slowest = [...took].sort((one, other) => other[1] - one[1]).slice(0, 6);
    console.log(
      `${time}: ${views} views (${viewsAtOnce} at once) x ${days} days of ${keys} keys in ${seconds.toFixed(1)} s, ${(seconds / views / days).toFixed(3)} s an as-of,`,
      `${statements} statements; ${slowest.map(([label, all]) => `${label} ${all.toFixed(1)} s`).join(', ')}`,
    );
  }
} finally {
  await store.close();
  await redis.close();
  await database.close();
  await stores.close();
  await rm(home, { recursive: true, force: true });
}

import type { View } from '../../src/core/definitions/definitions.js';
import { raw } from '../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import type { WholeDays } from '../../src/core/ports/completeness.js';
import type { DerivedTable } from '../../src/core/ports/derived.js';
import type { Leases } from '../../src/core/ports/leases.js';
import type { Materializer, PortfolioScores, RunLedger } from '../../src/core/ports/materialize.js';
import type { OfflineReader, ViewRow } from '../../src/core/ports/offline.js';
import type { OfflineWriters } from '../../src/core/ports/offline-writer.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import type { StoreClock } from '../../src/core/ports/process.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
import { createMaterializer } from '../../src/materialize/materializer.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { createArrivals } from '../../src/sources/arrivals.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { offlineOn } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { startStores } from '../support/stores.js';
import { clickhouseAt, FACTS, HOUR, MIDNIGHT, noScores, noWholeDays, PREFIX, TIMEZONE } from './views.js';

export interface Fact {
  readonly customer: string | null;
  readonly at: number;
  readonly amount: number;
  readonly label?: string | null;
}

export interface MaterializeFixture {
  readonly urls: { readonly postgres: string; readonly redis: string; readonly clickhouse: string };
  readonly clickhouse: ClickHouse;
  readonly redis: RedisConnection;
  readonly offline: OfflineReader;
  readonly writers: OfflineWriters;
  readonly online: OnlineStore;
  readonly ledger: RunLedger;
  readonly leases: Leases;
  readonly clock: { now: number };
  addFacts(facts: readonly Fact[]): Promise<void>;
  clearFacts(): Promise<void>;
  /** With parts of the stores replaced. */
  materializer(
    change?: Partial<{
      completeness: WholeDays;
      derived: readonly DerivedTable[];
      offline: OfflineReader;
      writers: OfflineWriters;
      online: OnlineStore;
      ledger: RunLedger;
      leases: Leases;
      scores: PortfolioScores;
      storeClock: StoreClock;
      viewsAtOnce: number;
      asOfsACommit: number;
    }>,
  ): Materializer;
  /** Every key's row, from the newest offline row and from Redis, in key order. */
  newest(view: View): Promise<{ offline: readonly ViewRow[]; online: readonly unknown[] }>;
  historyCount(view: View): Promise<number>;
  close(): Promise<void>;
}

export async function materializeFixture(): Promise<MaterializeFixture> {
  const stores = await startStores();
  const database = await openDatabase({ url: stores.postgresUrl, log: silentLog });
  const redis = await openRedis({ url: stores.redisUrl, log: silentLog, purpose: 'serving' });
  const clickhouse = openClickHouse({
    ...clickhouseAt(stores.clickhouseUrl),
    log: silentLog,
    metrics: noMetrics,
  });
  await clickhouse.run('facts', raw(FACTS));
  const calendar = new BusinessCalendar(TIMEZONE);
  const { offline, writers } = offlineOn(clickhouse, calendar);
  const clock = { now: MIDNIGHT + 3 * HOUR };
  const online = createOnlineStore({
    client: redis.client,
    prefix: PREFIX,
    clock: () => clock.now,
    log: silentLog,
    metrics: noMetrics,
  });
  const ledger = createRunLedger(database.dataSource);
  const leases = createLeases(database.dataSource);
  return {
    urls: { postgres: stores.postgresUrl, redis: stores.redisUrl, clickhouse: stores.clickhouseUrl },
    clickhouse,
    redis,
    offline,
    writers,
    online,
    ledger,
    leases,
    clock,
    addFacts: (facts) =>
      clickhouse.insert(
        'facts',
        { table: 'facts', columns: ['customer_id', 'at', 'amount', 'label'] },
        facts.map(({ customer: id, at, amount, label = null }) => [id, new Date(at).toISOString(), amount, label]),
      ),
    clearFacts: () => clickhouse.run('clear', raw('TRUNCATE TABLE facts')),
    materializer: (change = {}) =>
      createMaterializer({
        arrivals: createArrivals(clickhouse),
        completeness: noWholeDays,
        derived: [],
        offline,
        writers,
        online,
        ledger,
        leases,
        scores: noScores,
        calendar,
        clock: () => clock.now,
        log: silentLog,
        metrics: noMetrics,
        ...change,
      }),
    async newest(view) {
      const rows: ViewRow[] = [];
      for await (const batch of offline.newestRows(view, clock.now, { index: 0, of: 1 })) rows.push(...batch);
      const keys = rows.map(({ key }) => key);
      const [cells = []] = await online.read([{ entity: view.entity, keys, views: [view] }]);
      return { offline: rows, online: cells.map(([cell]) => cell) };
    },
    async historyCount(view) {
      const [found] = await clickhouse.rows<{ total: string }>(
        'count',
        raw(`SELECT count() AS total FROM history_${view.name}_v${view.version}`),
      );
      return Number(found?.total);
    },
    close: async () => {
      await redis.close();
      await clickhouse.close();
      await database.close();
      await stores.close();
    },
  };
}

/** Progress that nobody follows. */
export const unwatched = (signal = new AbortController().signal) => ({ signal, report: async () => undefined });

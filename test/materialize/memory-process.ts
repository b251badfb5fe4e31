/** Materializes one wide view and says the most memory that this process ever held. Arguments: the stores' URLs as JSON, rows. */
import { readFileSync } from 'node:fs';
import { defineEntity, float64, raw } from '../../src/core/definitions/define.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
import { createMaterializer } from '../../src/materialize/materializer.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { openClickHouse } from '../../src/warehouse/client.js';
import { offlineOn, viewOf } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { unwatched } from './fixture.js';
import { clickhouseAt, noArrivals, noScores, noWholeDays, TIMEZONE } from './views.js';

const FEATURES = Array.from({ length: 20 }, (_, index) => `f${index}`);

const [, , urls, rows] = process.argv as [string, string, string, string];
const { postgres, redis, clickhouse } = JSON.parse(urls) as Record<string, string>;
const wide = viewOf('wide', 1, {
  entity: defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' }),
  features: Object.fromEntries(FEATURES.map((name) => [name, float64({ description: 'A number' })])),
  query: () =>
    raw(`SELECT concat('C', toString(number)) AS customer_id,
      ${FEATURES.map((name, index) => `sqrt(number + ${index}) AS ${name}`).join(', ')} FROM numbers(${Number(rows)})`),
});
const { dataSource } = await openDatabase({ url: postgres as string, log: silentLog });
const { client } = await openRedis({ url: redis as string, log: silentLog, purpose: 'queue' });
const calendar = new BusinessCalendar(TIMEZONE);
const common = { clock: Date.now, log: silentLog, metrics: noMetrics };
const store = openClickHouse({ ...clickhouseAt(clickhouse as string), ...common });
const { offline, writers } = offlineOn(store, calendar);
const materializer = createMaterializer({
  arrivals: noArrivals,
  completeness: noWholeDays,
  derived: [],
  ...common,
  calendar,
  offline,
  writers,
  ledger: createRunLedger(dataSource),
  leases: createLeases(dataSource),
  scores: noScores,
  online: createOnlineStore({ ...common, client, prefix: 'memory' }),
});
const result = await materializer.materialize({ jobId: 'memory', views: [wide], now: Date.now() }, unwatched());
const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
process.send?.({ result, peakMegabytes: Number(peak) / 1024 }, () => process.exit(0));

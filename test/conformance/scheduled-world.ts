/** Source tables, the materializer and the online store: values as a schedule makes them, at a time that the test sets. */
import { defineEntity, int32, string } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { sql } from '../../src/core/definitions/sql.js';
import { HOUR, type Instant } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { Materializer } from '../../src/core/ports/materialize.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import type { OnlineFeaturesService } from '../../src/core/ports/serving.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
import { createMaterializer } from '../../src/materialize/materializer.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { unwatched } from '../materialize/fixture.js';
import { noArrivals, noScores, noWholeDays } from '../materialize/views.js';
import { viewOf } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { freshPostgresDatabase, freshRedis } from '../support/stores.js';
import { openSourceWorld, type SourceWorld } from './source-world.js';

export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });

/** Where a customer lives and how often the phone was seen, each day at midnight of Shanghai, readable two hours later. */
export const residenceView = (name: string, change: Partial<Parameters<typeof viewOf>[2]> = {}): View =>
  viewOf(name, 1, {
    entity: customer,
    schedule: { every: 'day', delay: '2h' },
    features: { city: string({ description: 'City' }), seen: int32({ description: 'Sightings so far' }) },
    query: ({ source }) => sql`
      SELECT c.customer_id AS customer_id, c.city AS city, toInt32(ifNull(s.seen, 0)) AS seen FROM ${source('customers')} AS c
      LEFT JOIN (SELECT customer_id, toNullable(count()) AS seen FROM ${source('device_sightings')} GROUP BY customer_id) AS s
        ON c.customer_id = s.customer_id`,
    sources: ['customers', 'device_sightings'],
    ...change,
  });

/** Midnight in Shanghai that begins a day of March 2026, and a time of that day. */
export const march = (date: number, hours = 0, ms = 0): Instant => Date.UTC(2026, 2, date - 1, 16 + hours, 0, 0, ms);
export const DELAY = 2 * HOUR;

export interface ScheduledWorld extends SourceWorld {
  readonly clock: { now: Instant };
  readonly materializer: Materializer;
  readonly online: OnlineStore;
  readonly features: OnlineFeaturesService;
  /** The scheduled run of an as-of, at some time; the newest due as-of where none is given. */
  runAt(now: Instant, view: View, asOf?: Instant): Promise<void>;
  backfillAt(now: Instant, view: View, from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

export async function openScheduledWorld(): Promise<ScheduledWorld> {
  const world = await openSourceWorld();
  const [postgres, redis] = await Promise.all([freshPostgresDatabase(), freshRedis()]);
  const database = await openDatabase({ url: postgres.url, log: silentLog });
  const connection = await openRedis({ url: redis.url, log: silentLog, purpose: 'serving' });
  const clock = { now: march(1) };
  const seams = { clock: () => clock.now, log: silentLog, metrics: noMetrics };
  const online = createOnlineStore({ client: connection.client, prefix: 'scheduled', ...seams });
  const materializer = createMaterializer({
    arrivals: noArrivals,
    completeness: noWholeDays,
    derived: [],
    offline: world.offline,
    writers: world.writers,
    online,
    ledger: createRunLedger(database.dataSource),
    leases: createLeases(database.dataSource),
    scores: noScores,
    calendar: world.calendar,
    ...seams,
  });
  const jobId = () => newUuid(Date.now());
  return {
    ...world,
    clock,
    materializer,
    online,
    features: createOnlineFeatures({ online }),
    async runAt(now, view, asOf) {
      clock.now = now;
      await materializer.materialize(
        { jobId: jobId(), views: [view], now, ...(asOf === undefined ? {} : { asOf }) },
        unwatched(),
      );
    },
    async backfillAt(now, view, from, to) {
      clock.now = now;
      await materializer.backfill({ jobId: jobId(), views: [view], from, to, now }, unwatched());
    },
    async close() {
      await connection.close();
      await redis.close();
      await database.close();
      await postgres.close();
      await world.close();
    },
  };
}

import type { JobDefinition } from '../../src/core/definitions/registry.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import type { JobLedger } from '../../src/core/ports/jobs.js';
import type { StoreClock } from '../../src/core/ports/process.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createJobLedger } from '../../src/ledgers/job-ledger.js';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { createQueue, type RunningQueue } from '../../src/queue/queue.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { freshPostgresDatabase, freshRedis } from '../support/stores.js';

export interface QueueFixture {
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly redis: RedisConnection;
  readonly ledger: JobLedger;
  /** Another process's view of the same queue would be made the same way. */
  queueOf(
    jobs: ReadonlyMap<string, JobDefinition>,
    clock?: () => number,
    ledger?: JobLedger,
    storeClock?: StoreClock,
  ): RunningQueue;
  close(): Promise<void>;
}

/** A Redis and a Postgres database of the file's own. */
export async function queueFixture(): Promise<QueueFixture> {
  const [postgres, server] = await Promise.all([freshPostgresDatabase(), freshRedis()]);
  const database: Database = await openDatabase({ url: postgres.url, log: silentLog });
  const redis = await openRedis({ url: server.url, log: silentLog, purpose: 'queue' });
  const ledger = createJobLedger(database.dataSource);
  return {
    redisUrl: server.url,
    postgresUrl: postgres.url,
    redis,
    ledger,
    queueOf: (jobs, clock = Date.now, own = ledger, storeClock = undefined) =>
      createQueue({
        redis: redis.client,
        jobs,
        ledger: own,
        clock,
        storeClock,
        log: silentLog,
        metrics: noMetrics,
        calendar: new BusinessCalendar('Asia/Shanghai'),
      }),
    close: async () => {
      await redis.close();
      await database.close();
      await server.close();
      await postgres.close();
    },
  };
}

/** A worker in a process of its own, for tests that kill it. Arguments: Postgres URL, Redis URL, how far its job goes before it stands still. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineJob } from '../../src/core/definitions/define.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createJobLedger } from '../../src/ledgers/job-ledger.js';
import { openRedis } from '../../src/online/redis.js';
import { createQueue } from '../../src/queue/queue.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { jobsOf, noServices } from './jobs-of.js';

const [, , postgresUrl, redisUrl, reach = '1'] = process.argv;

export const killSpecs = {
  slow: defineJob({
    description: 'x',
    concurrency: 1,
    payload: z.object({}),
    run: async ({ report }) => {
      for (let step = 1; step <= 60; step++) {
        do {
          await sleep(25);
          await report(step / 60);
        } while (step / 60 >= Number(reach) && Number(reach) < 1);
      }
      return process.pid;
    },
  }),
};

if (postgresUrl && redisUrl && import.meta.filename === process.argv[1]) {
  const { dataSource } = await openDatabase({ url: postgresUrl, log: silentLog });
  const { client } = await openRedis({ url: redisUrl, log: silentLog, purpose: 'queue' });
  const queue = createQueue({
    redis: client,
    jobs: jobsOf(killSpecs),
    ledger: createJobLedger(dataSource),
    clock: Date.now,
    log: silentLog,
    metrics: noMetrics,
    calendar: new BusinessCalendar('UTC'),
  });
  await queue.startWorker({ services: noServices });
  process.send?.('started');
}

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/core/definitions/define.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createJobLedger } from '../../src/ledgers/job-ledger.js';
import { openRedis } from '../../src/online/redis.js';
import { createQueue } from '../../src/queue/queue.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { formCluster, startTestRedis, type TestRedis } from '../online/redis-server.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';
import { jobsOf, noServices, requestsOf } from './jobs-of.js';

let nodes: readonly [TestRedis, TestRedis];
let postgres: FreshStore;
let database: Database;
beforeAll(async () => {
  nodes = [await startTestRedis({ cluster: true }), await startTestRedis({ cluster: true })];
  postgres = await freshPostgresDatabase();
  database = await openDatabase({ url: postgres.url, log: silentLog });
});
afterAll(async () => {
  await database?.close();
  await postgres?.close();
  for (const node of nodes ?? []) await node.close();
});

describe('on a Redis Cluster', () => {
  it('the queue runs jobs, shows their progress and the health of its worker', async () => {
    const redis = await openRedis({ url: await formCluster(nodes), log: silentLog, purpose: 'queue' });
    const ledger = createJobLedger(database.dataSource);
    const specs = {
      add: defineJob({
        description: 'Adds',
        concurrency: 2,
        payload: z.object({ a: z.number() }),
        run: async ({ report }, { a }) => {
          await report(0.5);
          return a + 1;
        },
      }),
    };
    const queue = createQueue({
      redis: redis.client,
      jobs: jobsOf(specs),
      ledger,
      clock: Date.now,
      log: silentLog,
      metrics: noMetrics,
      calendar: new BusinessCalendar('UTC'),
    });
    const worker = await queue.startWorker({ services: noServices });
    const asked = await Promise.all([1, 2, 3].map((a) => queue.enqueue(requestsOf(specs).add, { a })));
    const states: string[] = [];
    for await (const { state } of queue.watch(asked[0]?.id as string, new AbortController().signal)) states.push(state);
    expect(states.at(-1)).toBe('COMPLETED');
    await vi.waitFor(async () => {
      const results = (await ledger.list({ name: 'add', limit: 9 })).map(({ result }) => result);
      expect([...results].sort()).toEqual([2, 3, 4]);
    }, 60_000);
    await vi.waitFor(async () => expect(await queue.workerHealth()).toMatchObject({ ok: true, workers: 1 }), 60_000);
    await worker.close();
    await queue.close();
    await redis.close();
  });
});

describe('where Redis is gone', () => {
  it('closes within seconds where Redis is gone, with a job that is watched and a worker that waits for one', async () => {
    const server = await startTestRedis();
    const redis = await openRedis({ url: server.url, log: silentLog, purpose: 'queue' });
    const queue = createQueue({
      redis: redis.client,
      jobs: jobsOf({
        idle: defineJob({ description: 'x', concurrency: 1, payload: z.object({}), run: async () => null }),
      }),
      ledger: createJobLedger(database.dataSource),
      clock: Date.now,
      log: silentLog,
      metrics: noMetrics,
      calendar: new BusinessCalendar('UTC'),
    });
    const worker = await queue.startWorker({ services: noServices });
    const { id } = await queue.enqueue({ name: 'idle', payload: z.object({}) }, {});
    for await (const _ of queue.watch(id, new AbortController().signal));
    await server.close();
    const startedAt = performance.now();
    await worker.close();
    await queue.close();
    await redis.close();
    // Far less than a supervisor's patience, and far more than it takes on a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });
});

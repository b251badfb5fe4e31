import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { beat, endBeat, readWorkerHealth, type WorkerBeat } from '../../src/queue/health.js';
import { silentLog } from '../online/definitions.js';
import { type FreshStore, freshRedis } from '../support/stores.js';

let server: FreshStore;
let redis: RedisConnection;
beforeAll(async () => {
  server = await freshRedis();
  redis = await openRedis({ url: server.url, log: silentLog, purpose: 'queue' });
});
afterAll(async () => {
  await redis?.close();
  await server?.close();
});
beforeEach(async () => {
  await (redis.client as Redis).flushall();
});

const now = Date.UTC(2026, 0, 1);
const health = () => readWorkerHealth(redis.client, now, '{t}');
const say = (id: string, state: Partial<WorkerBeat>) =>
  beat(redis.client, '{t}', id, { at: now, startedAt: now, active: [], waiting: 0, stuckSince: null, ...state });

describe('worker health', () => {
  it('is red without a worker, and with one that fell silent', async () => {
    expect(await health()).toMatchObject({ ok: false, workers: 0, reason: expect.stringContaining('no worker') });
    await say('a', { at: now - 15_001 });
    expect(await health()).toMatchObject({ ok: false, workers: 0 });
    await say('a', { at: now - 15_000 });
    expect(await health()).toMatchObject({ ok: true, workers: 1, reason: null });
  });

  it('is red when a worker has work and makes no progress, though it still reports', async () => {
    await say('a', { waiting: 3, stuckSince: now - 300_000 });
    expect(await health()).toMatchObject({ ok: true, waiting: 3 });
    await say('a', { waiting: 3, stuckSince: now - 300_001 });
    expect(await health()).toMatchObject({ ok: false, reason: expect.stringContaining('no progress') });
  });

  it('forgets a worker that said goodbye', async () => {
    await say('a', {});
    await say('b', { active: ['x'] });
    expect(await health()).toMatchObject({ ok: true, workers: 2, active: 1 });
    await endBeat(redis.client, '{t}', 'b');
    expect(await health()).toMatchObject({ ok: true, workers: 1, active: 0 });
  });
});

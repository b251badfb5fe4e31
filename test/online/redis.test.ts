import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { customer, noMetrics, silentLog, testRow, testView } from './definitions.js';
import { formCluster, startTestRedis, type TestRedis, uniquePrefix } from './redis-server.js';

describe('opening Redis', () => {
  it('refuses a server that may evict keys, and says why (rule 17)', async () => {
    const server = await startTestRedis({ policy: 'allkeys-lru' });
    await expect(openRedis({ url: server.url, log: silentLog, purpose: 'serving' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('maxmemory-policy allkeys-lru'),
      hint: expect.stringContaining('noeviction'),
    });
    await server.close();
  });

  it('says so when nothing answers', async () => {
    await expect(openRedis({ url: '/nowhere/redis.sock', log: silentLog, purpose: 'queue' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'Redis does not answer',
    });
  });
});

describe('on a Redis Cluster', () => {
  let nodes: readonly [TestRedis, TestRedis];
  let url: string;
  beforeAll(async () => {
    nodes = [await startTestRedis({ cluster: true }), await startTestRedis({ cluster: true })];
    url = await formCluster(nodes);
  });
  afterAll(async () => {
    for (const node of nodes ?? []) await node.close();
  });

  it('reads, writes, sweeps and deletes over all nodes', async () => {
    const connection = await openRedis({ url, log: silentLog, purpose: 'serving' });
    const now = Date.UTC(2026, 0, 10);
    const store = createOnlineStore({
      client: connection.client,
      clock: () => now,
      log: silentLog,
      metrics: noMetrics,
      prefix: uniquePrefix(),
    });
    const a = testView('a', { ttlMs: 86_400_000 });
    const b = testView('b');
    const rows = Array.from({ length: 500 }, (_, i) => testRow({ key: [`C${i}`], eventTime: now }));
    expect(await store.write(a, rows)).toEqual({ applied: 500, ignored: 0 });
    const bytes = await store.measure(b, rows.slice(0, 20));
    expect(bytes).toBeGreaterThan(40);
    expect(await store.write(b, rows)).toEqual({ applied: 500, ignored: 0 });
    const keys = rows.map(({ key }) => key);
    const [cells] = await store.read([{ entity: customer, keys, views: [a, b] }]);
    expect(cells).toEqual(rows.map((row) => [row, row]));
    const signal = new AbortController().signal;
    expect(await store.sweep(now + 86_400_001, signal)).toEqual({ keys: 500, removed: 500 });
    expect(await store.deleteView(b)).toBe(500);
    expect(await store.sweep(now, signal)).toEqual({ keys: 0, removed: 0 });
    await connection.close();
  });
});

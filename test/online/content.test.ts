/** How the online store tells a row that there never was from one that it has lost. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OnlineContent } from '../../src/core/ports/online.js';
import { checkedReads, createOnlineContent, lossOf } from '../../src/online/content.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { customer, noMetrics, silentLog, testRow, testView } from './definitions.js';
import { formCluster, startTestRedis, type TestRedis, uniquePrefix } from './redis-server.js';

const [a, b] = [testView('a'), testView('b')];
const both = [a, b];

const contentOf = ({ client }: RedisConnection, prefix: string, epoch = 'epoch'): OnlineContent =>
  createOnlineContent({ client, prefix, epoch });

const readsOf = ({ client }: RedisConnection, prefix: string, content: OnlineContent) => {
  const store = createOnlineStore({ client, prefix, clock: () => 0, log: silentLog, metrics: noMetrics });
  const checked = checkedReads(store, content);
  const read = async (...ids: (string | null)[]) =>
    (await checked.read([{ entity: customer, keys: ids.map((id) => [id]), views: both }]))[0];
  return { store, read };
};

describe('what the online store holds', () => {
  let server: TestRedis;
  let redis: RedisConnection;
  let raw: Redis;
  let prefix: string;
  let content: OnlineContent;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = await openRedis({ url: server.url, log: silentLog, purpose: 'serving' });
    raw = new Redis(server.url);
  });
  afterAll(async () => {
    raw?.disconnect();
    await redis?.close();
    await server?.close();
  });
  beforeEach(async () => {
    prefix = uniquePrefix();
    content = contentOf(redis, prefix);
    await content.vouch(both);
  });

  it('is nothing where no row was written, and ERROR where rows were lost, view by view, until they are restored', async () => {
    const { store, read } = readsOf(redis, prefix, content);
    const row = testRow({ key: ['C1'] });
    await store.write(a, [row]);
    expect(await read('C1', 'C2', null)).toEqual([
      [row, null],
      [null, null],
      [null, null],
    ]);
    await raw.flushall();
    expect(await content.lost(both)).toEqual([a.id, b.id]);
    expect(await lossOf(both, content)).toMatch(/^Redis has lost values of 2 of 2 views \(a@1, b@1\): /);
    // A key that is NULL has no row anywhere.
    expect(await read('C1', null)).toEqual([
      ['ERROR', 'ERROR'],
      [null, null],
    ]);
    await content.restoring(a, () => store.write(a, [row]));
    expect(await content.lost(both)).toEqual([b.id]);
    expect(await read('C1', 'C2')).toEqual([
      [row, 'ERROR'],
      [null, 'ERROR'],
    ]);
    await content.restoring(b, async () => undefined);
    expect(await lossOf(both, content)).toBeNull();
    expect(await read('C2')).toEqual([[null, null]]);
  });

  it('is read again where it was restored between the look for a row and that for its view, by each of the reads under way', async () => {
    const { store } = readsOf(redis, prefix, content);
    const row = testRow({ key: ['C1'] });
    const groups = [{ entity: customer, keys: [['C1']], views: [a] }];
    let looks = 0;
    let haveLooked = (): void => undefined;
    const restored = new Promise<void>((resolve) => {
      haveLooked = resolve;
    }).then(() => content.restoring(a, () => store.write(a, [row])));
    const late = async (...given: Parameters<typeof store.read>) => {
      const cells = await store.read(...given);
      looks += 1;
      if (looks === 2) haveLooked();
      if (looks <= 2) await restored;
      return cells;
    };
    const { read } = checkedReads({ read: late }, content);
    await content.restoring(a, async () => undefined);
    await content.doubt([a]);
    expect(await Promise.all([read(groups), read(groups)])).toEqual([[[[row]]], [[[row]]]]);
    // What is not there afterwards never was: it is looked for once.
    looks = 10;
    const nobody = [{ entity: customer, keys: [['C2']], views: [a] }];
    expect(await read(nobody)).toEqual([[[null]]]);
    expect(looks).toBe(11);
  });

  it('is not whole where it was lost while it was being restored', async () => {
    await content.doubt([a]);
    const broken = content.restoring(a, () => raw.flushall());
    await expect(broken).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('a@1') });
    expect(await content.lost([a])).toEqual([a.id]);
    await expect(content.restoring(a, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await content.lost([a])).toEqual([a.id]);
  });

  it('is doubted alone, and not vouched for by another installation', async () => {
    await content.doubt([a]);
    expect(await content.lost(both)).toEqual([a.id]);
    expect(await contentOf(redis, prefix, 'another').lost([b])).toEqual([b.id]);
    expect(await content.evicted()).toBe(0);
  });
});

describe('what a cluster holds', () => {
  it('is not whole once one node has lost its part', async () => {
    const nodes = [await startTestRedis({ cluster: true }), await startTestRedis({ cluster: true })] as const;
    const redis = await openRedis({ url: await formCluster(nodes), log: silentLog, purpose: 'serving' });
    const prefix = uniquePrefix();
    const content = contentOf(redis, prefix);
    const { store, read } = readsOf(redis, prefix, content);
    await content.vouch(both);
    const rows = Array.from({ length: 40 }, (_, index) => testRow({ key: [`C${index}`] }));
    await store.write(a, rows);
    expect(await content.lost(both)).toEqual([]);
    const node = new Redis(nodes[1].url);
    await node.flushall();
    node.disconnect();
    expect(await content.lost([a])).toEqual([a.id]);
    const cells = (await read(...rows.map(({ key: [id] }) => id as string)))?.map(([cell]) => cell) ?? [];
    expect(cells.filter((cell) => cell === null)).toEqual([]);
    const left = cells.filter((cell) => cell !== 'ERROR');
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(rows.length);
    await content.restoring(a, () => store.write(a, rows));
    expect(await content.lost([a])).toEqual([]);
    expect((await read('C0'))?.[0]?.[0]).toEqual(rows[0]);
    await redis.close();
    for (const each of nodes) await each.close();
  });
});

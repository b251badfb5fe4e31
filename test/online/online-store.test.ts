import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ViewRow } from '../../src/core/ports/offline.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { customer, noMetrics, pair, silentLog, testRow, testView } from './definitions.js';
import { startTestRedis, type TestRedis, uniquePrefix } from './redis-server.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 10);
let server: TestRedis;
let redis: RedisConnection;
let raw: Redis;
let prefix: string;
let now: number;
let store: OnlineStore;

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
beforeEach(() => {
  prefix = uniquePrefix();
  now = NOW;
  store = openStore();
});

const openStore = (): OnlineStore =>
  createOnlineStore({ client: redis.client, prefix, clock: () => now, log: silentLog, metrics: noMetrics });

const readOne = async (view: ReturnType<typeof testView>, key: readonly (string | null)[] = ['C1']) =>
  (await store.read([{ entity: view.entity, keys: [key], views: [view] }]))[0]?.[0]?.[0];

const keyOf = (id: string): string => `${prefix}:o1:customer:s${id.length}:${id}`;

const commandCalls = async (): Promise<Record<string, number>> => {
  const stats = await raw.info('commandstats');
  return Object.fromEntries(
    [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, n]) => [name, Number(n)]),
  );
};

describe('the online store', () => {
  it('answers in the order of the request, NULL keys and unknown keys with nothing, repeated keys as often as asked', async () => {
    const a = testView('a');
    const b = testView('b');
    await store.write(a, [testRow({ key: ['C1'] }), testRow({ key: ['C2'], values: [null, null, [null, 4]] })]);
    await store.write(b, [testRow({ key: ['C2'], sequence: 9 })]);
    const [cells] = await store.read([
      { entity: customer, keys: [['C2'], [null], ['C1'], ['unknown'], ['C2']], views: [b, a] },
    ]);
    const c2b = testRow({ key: ['C2'], sequence: 9 });
    const c2a = testRow({ key: ['C2'], values: [null, null, [null, 4]] });
    expect(cells).toEqual([
      [c2b, c2a],
      [null, null],
      [null, testRow()],
      [null, null],
      [c2b, c2a],
    ]);
  });

  it('sends one command an entity key in one round trip, whatever the number of views (rule 13)', async () => {
    const views = Array.from({ length: 12 }, (_, i) => testView(`v${i}`));
    const pairs = [testView('p0', { entity: pair }), testView('p1', { entity: pair })];
    for (const view of views) await store.write(view, [testRow()]);
    const before = await commandCalls();
    let packets = 0;
    const stream = (redis.client as Redis & { stream: NodeJS.WritableStream }).stream;
    const write = stream.write.bind(stream);
    stream.write = ((...args: Parameters<typeof write>) => {
      packets++;
      return write(...args);
    }) as typeof stream.write;
    await store.read([
      { entity: customer, keys: [['C1'], ['C2'], ['C1'], [null]], views },
      {
        entity: pair,
        keys: [
          ['C1', 'D1'],
          ['C1', null],
        ],
        views: pairs,
      },
    ]);
    stream.write = write;
    const after = await commandCalls();
    const sent = Object.entries(after).filter(([name, n]) => name !== 'info' && n !== (before[name] ?? 0));
    expect(sent.map(([name, n]) => [name, n - (before[name] ?? 0)])).toEqual([['hmget', 3]]);
    expect(packets).toBe(1);
  });

  it('keeps keys apart that read the same when joined (rule 6)', async () => {
    const view = testView('p', { entity: pair });
    await store.write(view, [
      testRow({ key: ['1', '23'], sequence: 1 }),
      testRow({ key: ['12', '3'], sequence: 2 }),
      testRow({ key: ['1s2:23', ''], sequence: 3 }),
    ]);
    const [cells] = await store.read([
      {
        entity: pair,
        keys: [
          ['1', '23'],
          ['12', '3'],
          ['1s2:23', ''],
        ],
        views: [view],
      },
    ]);
    expect(cells?.map(([cell]) => (cell as ViewRow).sequence)).toEqual([1, 2, 3]);
  });

  it('lets the newer (event time, available-at, sequence) win and ignores an equal one (rule 14)', async () => {
    const view = testView('a');
    const base = testRow({ eventTime: NOW - DAY, availableAt: NOW - 5000, sequence: 5 });
    const put = (change: Partial<ViewRow>) => store.write(view, [{ ...base, ...change }]);
    expect(await put({})).toEqual({ applied: 1, ignored: 0 });
    expect(await put({ values: [9, 'late', []] })).toEqual({ applied: 0, ignored: 1 });
    expect(await put({ eventTime: NOW - DAY - 1, availableAt: NOW, sequence: 99 })).toEqual({ applied: 0, ignored: 1 });
    expect(await put({ availableAt: NOW - 5001, sequence: 99 })).toEqual({ applied: 0, ignored: 1 });
    expect(await put({ sequence: 4 })).toEqual({ applied: 0, ignored: 1 });
    expect(await put({ sequence: 6, values: [2, 'x', []] })).toEqual({ applied: 1, ignored: 0 });
    expect(await put({ availableAt: NOW, sequence: 1, tombstone: true, values: [] })).toEqual({
      applied: 1,
      ignored: 0,
    });
    expect(await readOne(view)).toEqual({ ...base, availableAt: NOW, sequence: 1, tombstone: true, values: [] });
    expect(await put({ eventTime: NOW - DAY + 1, availableAt: 0, sequence: 0 })).toEqual({ applied: 1, ignored: 0 });
  });

  it('compares times before 1970 and beyond 2^32 seconds', async () => {
    const view = testView('a');
    await store.write(view, [testRow({ eventTime: -2 })]);
    await store.write(view, [testRow({ eventTime: -3 })]);
    expect(await readOne(view)).toMatchObject({ eventTime: -2 });
    await store.write(view, [testRow({ eventTime: 2 ** 44 })]);
    await store.write(view, [testRow({ eventTime: 2 ** 44 - 1 })]);
    expect(await readOne(view)).toMatchObject({ eventTime: 2 ** 44 });
  });

  it('loses and regresses nothing under 64 writers with 10,000 updates of one key in random order (rule 14)', async () => {
    const view = testView('a');
    const updates = Array.from({ length: 10_000 }, (_, i) =>
      testRow({ eventTime: NOW - (i % 100), availableAt: NOW + (i % 7), sequence: i, values: [i, `${i}`, [i]] }),
    ).sort(() => Math.random() - 0.5);
    const connections = await Promise.all(
      Array.from({ length: 64 }, () => openRedis({ url: server.url, log: silentLog, purpose: 'serving' })),
    );
    let watching = true;
    let regressions = 0;
    const watcher = (async () => {
      let last: ViewRow | null = null;
      while (watching) {
        const cell = (await readOne(view)) as ViewRow | null;
        if (cell && last && isOlder(cell, last)) regressions++;
        last = cell ?? last;
      }
    })();
    const results = await Promise.all(
      connections.map(async ({ client }, writer) => {
        const mine = createOnlineStore({ client, prefix, clock: () => now, log: silentLog, metrics: noMetrics });
        let applied = 0;
        let ignored = 0;
        for (const row of updates.filter((_, i) => i % 64 === writer)) {
          const done = await mine.write(view, [row]);
          applied += done.applied;
          ignored += done.ignored;
        }
        return { applied, ignored };
      }),
    );
    watching = false;
    await watcher;
    await Promise.all(connections.map((connection) => connection.close()));
    const newest = updates.reduce((best, row) => (isOlder(best, row) ? row : best));
    expect(await readOne(view)).toEqual(newest);
    expect(regressions).toBe(0);
    expect(results.reduce((sum, { applied, ignored }) => sum + applied + ignored, 0)).toBe(10_000);
  });

  it('answers ERROR for the one view whose row cannot be read, and the values of the others', async () => {
    const good = testView('good');
    const bad = testView('bad');
    const changed = testView('changed');
    for (const view of [good, bad, changed]) await store.write(view, [testRow()]);
    await raw.hset(keyOf('C1'), 'bad@1', 'not a row at all, but long enough to have a header');
    const after = testView('changed', { specs: { other: { type: 'INT32', description: 'x' } } });
    const [cells] = await store.read([{ entity: customer, keys: [['C1']], views: [good, bad, after] }]);
    expect(cells?.[0]).toEqual([testRow(), 'ERROR', 'ERROR']);
    expect(await store.write(after, [testRow({ values: [1] })])).toEqual({ applied: 1, ignored: 0 });
    expect(await store.write(bad, [testRow()])).toEqual({ applied: 1, ignored: 0 });
    expect(await readOne(bad)).toEqual(testRow());
  });

  it('answers ERROR for a key that Redis refuses to read, and the values of the others', async () => {
    const view = testView('a');
    await store.write(view, [testRow({ key: ['C2'] })]);
    await raw.set(keyOf('C1'), 'a string');
    const [cells] = await store.read([{ entity: customer, keys: [['C1'], ['C2']], views: [view] }]);
    expect(cells).toEqual([['ERROR'], [testRow({ key: ['C2'] })]]);
  });

  it('lets a key live as long as its longest field, and for ever with a field that has no ttl (rule 15)', async () => {
    const short = testView('short', { ttlMs: 2 * DAY });
    const long = testView('long', { ttlMs: 5 * DAY });
    const forever = testView('forever');
    const row = testRow({ eventTime: NOW - DAY });
    const left = async () => Math.round((await raw.pttl(keyOf('C1'))) / 60_000);
    await store.write(long, [row]);
    expect(await left()).toBe((4 * DAY) / 60_000);
    await store.write(short, [row]);
    expect(await left()).toBe((4 * DAY) / 60_000);
    await store.write(long, [{ ...row, eventTime: NOW }]);
    expect(await left()).toBe((5 * DAY) / 60_000);
    await store.write(forever, [row]);
    expect(await raw.pttl(keyOf('C1'))).toBe(-1);
    await store.write(short, [{ ...row, eventTime: NOW }]);
    expect(await raw.pttl(keyOf('C1'))).toBe(-1);
    expect(await store.deleteView(forever)).toBe(1);
    expect(await left()).toBe((5 * DAY) / 60_000);
  });

  it('writes no row past its ttl, to the millisecond', async () => {
    const view = testView('a', { ttlMs: DAY });
    expect(await store.write(view, [testRow({ eventTime: NOW - DAY - 1 })])).toEqual({ applied: 0, ignored: 1 });
    expect(await readOne(view)).toBeNull();
    expect(await store.write(view, [testRow({ eventTime: NOW - DAY })])).toEqual({ applied: 1, ignored: 0 });
  });

  it('deletes a version and nothing else: not another version, entity, view or installation (rule 15)', async () => {
    const doomed = testView('a');
    const kept = [testView('a', { version: 2 }), testView('ab'), testView('a', { entity: pair })];
    const rows = Array.from({ length: 300 }, (_, i) => testRow({ key: [`C${i}`] }));
    await store.write(doomed, rows);
    await store.write(kept[0] as never, rows.slice(0, 100));
    await store.write(kept[1] as never, rows.slice(0, 100));
    await store.write(kept[2] as never, [testRow({ key: ['C1', 'D1'] })]);
    const other = createOnlineStore({
      client: redis.client,
      clock: () => now,
      log: silentLog,
      metrics: noMetrics,
      prefix: `${prefix}*`,
    });
    await other.write(doomed, [testRow()]);
    expect(await store.deleteView(doomed)).toBe(300);
    expect(await readOne(doomed)).toBeNull();
    expect(await raw.exists(keyOf('C200'))).toBe(0);
    expect(await readOne(kept[0] as never, ['C99'])).toEqual(testRow({ key: ['C99'] }));
    expect(await readOne(kept[1] as never, ['C99'])).toEqual(testRow({ key: ['C99'] }));
    expect(await readOne(kept[2] as never, ['C1', 'D1'])).toEqual(testRow({ key: ['C1', 'D1'] }));
    const [cells] = await other.read([{ entity: customer, keys: [['C1']], views: [doomed] }]);
    expect(cells).toEqual([[testRow()]]);
    expect(await other.deleteView(doomed)).toBe(1);
  });

  it('deletes a version in small steps, can be broken off and finishes when it is asked again', async () => {
    const doomed = testView('doomed');
    const rows = Array.from({ length: 600 }, (_, i) => testRow({ key: [`C${i}`] }));
    await store.write(doomed, rows);
    const before = (await commandCalls()).evalsha ?? 0;
    const stop = new AbortController();
    const removed = async () => stop.abort(new Error('killed'));
    await expect(store.deleteView(doomed, { signal: stop.signal, removed })).rejects.toThrow('killed');
    const left = await store.deleteView(doomed);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(600);
    // At most 25 keys a script.
    expect(((await commandCalls()).evalsha ?? 0) - before).toBeGreaterThanOrEqual(600 / 25);
    expect(await raw.exists(...rows.map(({ key }) => keyOf(key[0] as string)))).toBe(0);
    expect(await store.deleteView(doomed)).toBe(0);
  });

  it.each([
    ['the deleted version decided it', 5 * DAY, [2 * DAY, 3 * DAY], 3 * DAY],
    ['another version decides it', 2 * DAY, [5 * DAY, 3 * DAY], 5 * DAY],
    ['both end together', 5 * DAY, [5 * DAY], 5 * DAY],
    ['another version never ends', 5 * DAY, [null, 2 * DAY], null],
    ['the deleted version alone never ended', null, [4 * DAY, 2 * DAY], 4 * DAY],
    ['neither ends', null, [null], null],
  ] as const)("keeps a key's expiry that of its latest field where %s (rule 15)", async (_, ttlMs, others, left) => {
    const doomed = testView('doomed', { ttlMs });
    const row = testRow({ eventTime: NOW });
    await store.write(doomed, [row]);
    for (const [index, ttl] of others.entries()) await store.write(testView(`kept${index}`, { ttlMs: ttl }), [row]);
    expect(await store.deleteView(doomed)).toBe(1);
    const minutes = Math.round((await raw.pttl(keyOf('C1'))) / 60_000);
    if (left === null) expect(await raw.pttl(keyOf('C1'))).toBe(-1);
    else expect(minutes).toBe(left / 60_000);
    expect(await raw.hlen(keyOf('C1'))).toBe(others.length);
  });

  it('sweeps what a retired version left, of that version alone', async () => {
    const [retired, kept] = [testView('a', { ttlMs: 9 * DAY }), testView('a', { version: 2, ttlMs: 2 * DAY })];
    const row = testRow({ eventTime: NOW });
    await store.write(retired, [row, { ...row, key: ['C2'] }]);
    await store.write(kept, [row]);
    const never = new AbortController().signal;
    expect(await store.sweep(NOW, never, ['a@1', 'gone@1'])).toEqual({ keys: 2, removed: 2 });
    expect(await raw.hkeys(keyOf('C1'))).toEqual(['a@2']);
    expect(Math.round((await raw.pttl(keyOf('C1'))) / 60_000)).toBe((2 * DAY) / 60_000);
    expect(await raw.exists(keyOf('C2'))).toBe(0);
  });

  it('measures what a row costs as Redis itself counts it, and leaves nothing behind', async () => {
    const [first, second] = [testView('first'), testView('second')];
    const rows = Array.from({ length: 50 }, (_, i) =>
      testRow({ key: [`C${1000 + i}`], values: [i / 3, 'x'.repeat(i), [1, 2, i]] }),
    );
    const memory = async (): Promise<number> => {
      let sum = 0;
      for (const { key } of rows)
        sum += Number((await raw.memory('USAGE', keyOf(key[0] as string), 'SAMPLES', 0)) ?? 0);
      return sum / rows.length;
    };
    const keys = await raw.dbsize();
    const whole = await store.measure(first, rows);
    expect(await raw.dbsize()).toBe(keys);
    await store.write(first, rows);
    // Beside MEMORY USAGE a new key takes its place in the key space.
    expect(whole).toBeCloseTo((await memory()) + 20, 6);
    const before = await memory();
    const added = await store.measure(second, rows);
    expect(await store.measure(second, rows)).toBe(added);
    await store.write(second, rows);
    expect(added).toBeCloseTo((await memory()) - before, 6);
    // What is online of the version already is not counted twice.
    expect(await store.measure(second, rows)).toBeCloseTo(added, 6);
    expect(await store.measure(first, [])).toBe(0);
  });

  it('sweeps fields past their ttl, to the millisecond, and leaves the rest (rule 15)', async () => {
    const short = testView('short', { ttlMs: DAY });
    const long = testView('long', { ttlMs: 9 * DAY });
    const row = testRow({ eventTime: NOW });
    await store.write(short, [row, { ...row, key: ['C2'] }, { ...row, key: ['C3'], eventTime: NOW + 1 }]);
    await store.write(long, [row]);
    const never = new AbortController().signal;
    expect(await store.sweep(NOW + DAY, never)).toEqual({ keys: 3, removed: 0 });
    expect(await store.sweep(NOW + DAY + 1, never)).toEqual({ keys: 3, removed: 2 });
    expect(await raw.hkeys(keyOf('C1'))).toEqual(['long@1']);
    expect(await raw.exists(keyOf('C2'))).toBe(0);
    expect(await raw.hkeys(keyOf('C3'))).toEqual(['short@1']);
    await expect(store.sweep(NOW, AbortSignal.abort())).rejects.toThrow();
  });

  it('writes again after Redis forgot the scripts', async () => {
    await raw.script('FLUSH');
    const rows = Array.from({ length: 2_000 }, (_, i) => testRow({ key: [`C${i}`] }));
    expect(await store.write(testView('a'), rows)).toEqual({ applied: 2_000, ignored: 0 });
  });

  it('answers ERROR in every cell and refuses writes while Redis is down, within seconds', async () => {
    const lost = await startTestRedis();
    const connection = await openRedis({ url: lost.url, log: silentLog, purpose: 'serving' });
    const broken = createOnlineStore({
      client: connection.client,
      prefix,
      clock: () => now,
      log: silentLog,
      metrics: noMetrics,
    });
    const view = testView('a');
    await broken.write(view, [testRow()]);
    await lost.kill();
    expect(await broken.read([{ entity: customer, keys: [['C1'], [null]], views: [view] }])).toEqual([
      [['ERROR'], [null]],
    ]);
    await expect(broken.write(view, [testRow()])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(broken.ping()).rejects.toThrow();
    await connection.close();
    await lost.close();
  });
});

const isOlder = (a: ViewRow, b: ViewRow): boolean =>
  a.eventTime !== b.eventTime
    ? a.eventTime < b.eventTime
    : a.availableAt !== b.availableAt
      ? a.availableAt < b.availableAt
      : a.sequence < b.sequence;

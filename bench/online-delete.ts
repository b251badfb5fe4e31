/**
 * Deletes one version of a view with a million keys from a private Redis while another process reads, and compares the readers' latency before
 * and meanwhile. `node --import ./bin/typescript.js bench/online-delete.ts [keys]`, 1,000,000 by default. Every key also holds another version, which must be
 * as it was; so must the keys of another entity. Needs about 700 bytes of memory a key.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { View } from '../src/core/definitions/definitions.js';
import { DAY } from '../src/core/helpers/time.js';
import type { ViewRow } from '../src/core/ports/offline.js';
import type { OnlineStore } from '../src/core/ports/online.js';
import { startEmbedded } from '../src/embedded/index.js';
import { createOnlineStore } from '../src/online/online-store.js';
import { openRedis } from '../src/online/redis.js';
import { wideView } from './wide-view.js';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics = { count: quiet, observe: quiet, gauge: quiet };

const doomed: View = { ...wideView('doomed', 0), ttlMs: 400 * DAY };
const kept: View = { ...wideView('doomed', 0), id: 'doomed@2', version: 2, ttlMs: 30 * DAY };
const other: View = { ...wideView('other', 0), entity: { ...doomed.entity, name: 'device', joinKeys: ['device_id'] } };

const openStore = async (url: string): Promise<{ store: OnlineStore; close(): Promise<void> }> => {
  const redis = await openRedis({ url, log, purpose: 'serving' });
  const store = createOnlineStore({ client: redis.client, prefix: 'bench', clock: Date.now, log, metrics });
  return { store, close: () => redis.close() };
};

const today = Math.floor(Date.now() / DAY) * DAY;
const rowOf = (index: number): ViewRow => ({
  key: [`C${String(index).padStart(7, '0')}`],
  eventTime: today,
  availableAt: today + 1,
  sequence: 1,
  tombstone: false,
  values: doomed.features.map((_, feature) => Math.sqrt(index + feature)),
});

/** One request of ten keys and two versions after the other, a few milliseconds apart; tells its latencies (ms) when asked. */
async function reader(url: string, keys: number): Promise<void> {
  const { store, close } = await openStore(url);
  let latencies: number[] = [];
  let reading = true;
  process.on('message', (message) => {
    process.send?.(latencies);
    latencies = [];
    if (message === 'stop') reading = false;
  });
  process.send?.('ready');
  for (let step = 0; reading; step++) {
    const wanted = Array.from({ length: 10 }, (_, index) => rowOf((step * 7_919 + index * 104_729) % keys).key);
    const started = performance.now();
    await store.read([{ entity: kept.entity, keys: wanted, views: [doomed, kept] }]);
    latencies.push(performance.now() - started);
    await sleep(2);
  }
  await close();
  process.disconnect();
}

const ask = async (child: ChildProcess, message: 'tell' | 'stop'): Promise<number[]> => {
  child.send(message);
  const [latencies] = (await once(child, 'message')) as [number[]];
  return latencies.sort((one, two) => one - two);
};

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;

const figures = (sorted: readonly number[]) => ({ p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: at(sorted, 1) });

async function bench(keys: number): Promise<void> {
  const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
  const stores = await startEmbedded({ home, need: { postgres: false, redis: true, clickhouse: false }, log });
  const url = stores.urls.redisUrl as string;
  const { store, close } = await openStore(url);
  let child: ChildProcess | undefined;
  try {
    let started = performance.now();
    const others = Math.floor(keys / 10);
    for (let from = 0; from < keys; from += 1_000) {
      const rows = Array.from({ length: Math.min(1_000, keys - from) }, (_, index) => rowOf(from + index));
      await store.write(doomed, rows);
      await store.write(kept, rows);
      if (from < others) await store.write(other, rows);
    }
    console.log(`${keys} keys written in ${((performance.now() - started) / 1000).toFixed(1)} s`);

    child = fork(fileURLToPath(import.meta.url), ['read', url, String(keys)], {
      execArgv: ['--import', './bin/typescript.js'],
    });
    await once(child, 'message');
    await sleep(2_000);
    await ask(child, 'tell');
    await sleep(20_000);
    const before = figures(await ask(child, 'tell'));
    started = performance.now();
    const removed = await store.deleteView(doomed);
    const seconds = (performance.now() - started) / 1000;
    const latencies = await ask(child, 'tell');
    const meanwhile = figures(latencies);
    await sleep(20_000);
    const after = figures(await ask(child, 'stop'));

    console.log(
      `${removed} fields removed in ${seconds.toFixed(1)} s, ${latencies.length} requests of 10 keys meanwhile`,
    );
    for (const [name, { p50, p99, max }] of Object.entries({ before, meanwhile, after })) {
      console.log(`${name}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${max.toFixed(2)} ms`);
    }
    const ratio = (which: 'p50' | 'p99' | 'max') => (meanwhile[which] / before[which]).toFixed(2);
    console.log(`meanwhile over before: p50 ${ratio('p50')}, p99 ${ratio('p99')}, max ${ratio('max')}`);
    await untouched(store, keys, others);
    console.log(`nothing else was touched; deleting again removes ${await store.deleteView(doomed)}`);
  } finally {
    child?.kill();
    await close();
    await stores.close();
    await rm(home, { recursive: true, force: true });
  }
}

/** Every row of the other version and the other entity is as it was written, and none of the deleted one is left. */
async function untouched(store: OnlineStore, keys: number, others: number): Promise<void> {
  for (let from = 0; from < keys; from += 1_000) {
    const rows = Array.from({ length: Math.min(1_000, keys - from) }, (_, index) => rowOf(from + index));
    const wanted = rows.map(({ key }) => key);
    const [cells = [], devices = []] = await store.read([
      { entity: kept.entity, keys: wanted, views: [doomed, kept] },
      { entity: other.entity, keys: from < others ? wanted : [], views: [other] },
    ]);
    const wrong = rows.filter((row, index) => {
      const [gone, stays] = cells[index] ?? [];
      const device = from < others ? devices[index]?.[0] : row;
      return gone !== null || JSON.stringify([stays, device]) !== JSON.stringify([row, row]);
    });
    if (wrong.length > 0) throw new Error(`${wrong.length} keys are not as they must be, such as ${wrong[0]?.key}`);
  }
}

const [mode = '1000000', url = '', keys = ''] = process.argv.slice(2);
await (mode === 'read' ? reader(url, Number(keys)) : bench(Number(mode)));

/** A Redis of the rules' own with several connections, each with an online store, as processes have them. */
import { Redis } from 'ioredis';
import type { OnlineStore } from '../../src/core/ports/online.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { startTestRedis, uniquePrefix } from '../online/redis-server.js';

export interface OnlineWorld {
  readonly url: string;
  /** Speaks to Redis past our code. */
  readonly raw: Redis;
  readonly prefix: string;
  /** What the stores take for the time; a case sets it. */
  readonly clock: { now: number };
  /** Of connection `index`, counted round. */
  store(index?: number): OnlineStore;
  close(): Promise<void>;
}

export async function openOnlineWorld(connections = 1): Promise<OnlineWorld> {
  const server = await startTestRedis();
  const opened = await Promise.all(
    Array.from({ length: connections }, () => openRedis({ url: server.url, log: silentLog, purpose: 'serving' })),
  );
  const prefix = uniquePrefix();
  const clock = { now: Date.UTC(2026, 0, 10) };
  const stores = opened.map(({ client }) =>
    createOnlineStore({ client, prefix, clock: () => clock.now, log: silentLog, metrics: noMetrics }),
  );
  const raw = new Redis(server.url);
  return {
    url: server.url,
    raw,
    prefix,
    clock,
    store: (index = 0) => stores[index % stores.length] as OnlineStore,
    async close() {
      raw.disconnect();
      for (const connection of opened) await connection.close();
      await server.close();
    },
  };
}

/** The key of an entity with one join key, spelt out by hand: `o1`, the entity, then type, length and text of the value. */
export const redisKey = (
  { prefix }: Pick<OnlineWorld, 'prefix'>,
  entity: string,
  ...parts: readonly string[]
): string => `${prefix}:o1:${entity}:${parts.map((part) => `s${Buffer.byteLength(part)}:${part}`).join('')}`;

/** The online store in Redis: one hash per entity key, with one field per view version that holds one packed row. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';
import type { View } from '../core/definitions/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import type { EntityKey, ViewRow } from '../core/ports/offline.js';
import type { OnlineCell, OnlineReadGroup, OnlineStore } from '../core/ports/online.js';
import type { Clock, Log, Metrics } from '../core/ports/process.js';
import { entityKey, entityPrefix, scratchKey, storePrefix } from './entity-key.js';
import { nodesOf, type RedisClient } from './redis.js';
import { deadFrom, type RowCodec, rowCodec } from './row-codec.js';
import { DELETE, MEASURE, PUT, type Script, SWEEP } from './scripts.js';
import { type Reply, sendAll } from './send.js';

/** Keys per script call: enough to pay for the call, few enough (well under 1 ms) for readers not to notice it. */
const KEYS_A_SCRIPT = 64;
/** Script calls per round trip. */
const SCRIPTS_A_TRIP = 16;
/** Keys per SCAN of a walk over the store: a SCAN, like a script call, takes Redis a few hundred microseconds. */
const SCAN_COUNT = 250;
/** Keys per script call of a walk. Each call is awaited, so that Redis answers other clients before the next. */
const KEYS_A_STEP = 25;
/** A walk over a slow network is no burden for Redis, so its pauses are bounded. */
const LONGEST_PAUSE_MS = 10;
/**
 * Memory of a key beside what MEMORY USAGE counts: a place of 8 bytes in tables that double in size, so 12 on average; 8 bytes by
 * which the allocator rounds up an entry of 24; and, of a key that expires, another such entry with its place.
 */
const PLACE_BYTES = 20;
const EXPIRY_BYTES = 44;

export interface OnlineStoreOptions {
  readonly client: RedisClient;
  /** Prefix of every key; two installations on one Redis need different ones. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function createOnlineStore({ client, prefix, clock, log, metrics }: OnlineStoreOptions): OnlineStore {
  // A counter that begins with its first failure never rises: Prometheus sees no change in it.
  metrics.count('online_read_errors', {}, 0);
  const codecs = new WeakMap<View, RowCodec>();
  const codecOf = (view: View): RowCodec => {
    let codec = codecs.get(view);
    if (!codec) {
      codec = rowCodec(view);
      codecs.set(view, codec);
    }
    return codec;
  };

  /** One key per call on a cluster: two keys rarely live on one node. */
  const keysACall = client instanceof Cluster ? 1 : KEYS_A_SCRIPT;

  const runScript = async (node: RedisClient, script: Script, calls: readonly ScriptCall[]): Promise<number> => {
    const replies = await sendAll(
      node,
      calls.map(({ keys, args }) => ['evalsha', script.sha, keys.length, ...keys, ...args]),
    );
    let total = 0;
    for (const [index, [error, result]] of replies.entries()) {
      if (!error) total += Number(result);
      else if (error.message.startsWith('NOSCRIPT')) {
        const { keys, args } = calls[index] as ScriptCall;
        total += Number(await node.eval(script.lua, keys.length, ...keys, ...args));
      } else throw unavailable(error);
    }
    return total;
  };

  /** Runs a script over all keys of a prefix, a few at a time. Returns the number of keys and of removed fields. */
  const walk = async (
    keyPrefix: string,
    { script, args }: { readonly script: Script; readonly args: ScriptCall['args'] },
    { signal, removed }: NonNullable<Parameters<OnlineStore['deleteView']>[1]> = {},
  ) => {
    const totals = { keys: 0, removed: 0 };
    for (const node of nodesOf(client)) {
      for await (const keys of scan(node, keyPrefix)) {
        const started = performance.now();
        for (const step of chunks(keys, KEYS_A_STEP)) {
          signal?.throwIfAborted();
          const calls = chunks(step, keysACall).map((chunk) => ({ keys: chunk, args }));
          totals.removed += await runScript(client, script, calls);
        }
        totals.keys += keys.length;
        await removed?.(totals.removed);
        // Redis has one thread: a walk takes at most half of it.
        await sleep(Math.min(performance.now() - started, LONGEST_PAUSE_MS));
      }
    }
    return totals;
  };

  const decodeCell = (view: View, key: EntityKey, bytes: Buffer | null | undefined): OnlineCell => {
    if (!bytes) return null;
    try {
      return codecOf(view).decode(key, bytes);
    } catch (error) {
      metrics.count('online_row_errors', { view: view.id });
      log.error({ err: error, view: view.id }, 'an online row cannot be read: materialize the view again');
      return 'ERROR';
    }
  };

  return {
    async read(groups) {
      const plans = groups.map((group) => planOf(group, prefix));
      const commands = plans.flatMap(({ redisKeys, group }) => {
        const fields = group.views.map(({ id }) => id);
        return fields.length === 0 ? [] : [...redisKeys.keys()].map((key) => ['hmget', key, ...fields]);
      });
      const replies = await sendAll(client, commands);
      const failed = replies.find(([error]) => error)?.[0];
      if (failed) {
        metrics.count('online_read_errors');
        log.warn({ err: failed }, 'redis did not answer a read of features');
      }
      let next = 0;
      return plans.map(({ group, redisKeys, keyAt }) => {
        const rows = [...redisKeys.values()].map((key): readonly OnlineCell[] => {
          if (group.views.length === 0) return [];
          const [error, fields] = replies[next++] as Reply;
          return group.views.map((view, index) =>
            error ? 'ERROR' : decodeCell(view, key, (fields as (Buffer | null)[])[index]),
          );
        });
        return keyAt.map((at) => (at === null ? group.views.map(() => null) : (rows[at] as readonly OnlineCell[])));
      });
    },

    async write(view, rows, { over = Number.MAX_SAFE_INTEGER } = {}) {
      const now = clock();
      const codec = codecOf(view);
      const fills = view.features.some(({ fill }) => fill === 'last_known') ? 1 : 0;
      const alive = rows.filter(({ eventTime }) => (deadFrom(view, eventTime) ?? Infinity) > now);
      const calls = chunks(alive, keysACall).map((chunk) => ({
        keys: chunk.map(({ key }) => entityKey(prefix, view.entity, key)),
        args: [view.id, now, fills, over, ...chunk.map((row: ViewRow) => codec.encode(row))],
      }));
      let applied = 0;
      for (const batch of chunks(calls, SCRIPTS_A_TRIP)) applied += await runScript(client, PUT, batch);
      return { applied, ignored: rows.length - applied };
    },

    async deleteView({ id, entity }, progress) {
      const done = await walk(entityPrefix(prefix, entity), { script: DELETE, args: [id, clock()] }, progress);
      return done.removed;
    },

    sweep: (now, signal, retired = []) =>
      walk(storePrefix(prefix), { script: SWEEP, args: [now, ...retired] }, { signal }),

    async measure(view, rows) {
      if (rows.length === 0) return 0;
      const stored = await sendAll(
        client,
        rows.map(({ key }) => ['hgetall', entityKey(prefix, view.entity, key)]),
      );
      let bytes = 0;
      for (const [index, row] of rows.entries()) {
        const [error, fields] = stored[index] as Reply;
        if (error) throw unavailable(error);
        // ioredis makes an object of this reply.
        const others = Object.entries(fields as Record<string, Buffer>).filter(([field]) => field !== view.id);
        const call = {
          keys: [scratchKey(prefix, view.entity, row.key)],
          args: [view.id, codecOf(view).encode(row), ...others.flat()],
        };
        bytes += await runScript(client, MEASURE, [call]);
        if (others.length === 0) bytes += PLACE_BYTES + (view.ttlMs === null ? 0 : EXPIRY_BYTES);
      }
      return bytes / rows.length;
    },

    async ping() {
      for (const node of nodesOf(client)) await node.ping();
    },
  };
}

interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

interface ReadPlan {
  readonly group: OnlineReadGroup;
  /** Each key once, whatever the request repeats. */
  readonly redisKeys: ReadonlyMap<string, EntityKey>;
  /** Index into `redisKeys` for each key of the group; null where a part is NULL. */
  readonly keyAt: readonly (number | null)[];
}

function planOf(group: OnlineReadGroup, prefix: string): ReadPlan {
  const redisKeys = new Map<string, EntityKey>();
  const indexes = new Map<string, number>();
  const keyAt = group.keys.map((key) => {
    if (key.includes(null)) return null;
    const redisKey = entityKey(prefix, group.entity, key as EntityKey);
    const index = indexes.get(redisKey);
    if (index !== undefined) return index;
    redisKeys.set(redisKey, key as EntityKey);
    indexes.set(redisKey, indexes.size);
    return indexes.size - 1;
  });
  return { group, redisKeys, keyAt };
}

async function* scan(node: Redis, keyPrefix: string): AsyncIterable<readonly string[]> {
  const match = `${keyPrefix.replace(/[*?[\]\\]/g, '\\$&')}*`;
  let cursor = '0';
  do {
    const [next, keys] = await node.scan(cursor, 'MATCH', match, 'COUNT', SCAN_COUNT, 'TYPE', 'hash');
    if (keys.length > 0) yield keys;
    cursor = next;
  } while (cursor !== '0');
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const result: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

const unavailable = (cause: Error): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: 'the online store did not take a write',
    hint: 'check that Redis is up and has memory left',
    cause,
  });

import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import type { View } from '../core/definitions/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import type { ContentState, OnlineContent, OnlineStore } from '../core/ports/online.js';
import type { Metrics } from '../core/ports/process.js';
import { infoField, nodesOf, type RedisClient } from './redis.js';
import { type Command, sendAll } from './send.js';

/** Marks of a cluster, evenly over its slots: each of up to as many nodes bears at least one. */
const MARKS = 16;
const SLOTS = 16_384;

/** Sets the mark where the restoration that began is still known, ends it and keeps which it was. */
const SETTLE = `
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4], ARGV[5], ARGV[3])
return 1
`;

export interface OnlineContentOptions {
  readonly client: RedisClient;
  readonly prefix: string;
  /** Of this installation: the marks of another one, whose Redis this is now, count for nothing. */
  readonly epoch: string;
}

/** See OnlineContent. A mark is a hash with one field a view. */
export function createOnlineContent({ client, prefix, epoch }: OnlineContentOptions): OnlineContent {
  const marks = client instanceof Cluster ? tags().map((tag) => `${prefix}:c1:{${tag}}`) : [`${prefix}:c1`];
  const onEach = async (command: (mark: string) => Command): Promise<readonly unknown[]> => {
    const replies = await sendAll(client, marks.map(command));
    return replies.map(([error, reply]) => {
      if (error) throw unavailable(error);
      return reply;
    });
  };
  const begun = (id: string): string => `~${id}`;
  const ended = (id: string): string => `=${id}`;

  const states = async (views: readonly Pick<View, 'id'>[]): Promise<readonly ContentState[]> => {
    if (views.length === 0) return [];
    const ids = views.map(({ id }) => id);
    const fields = [...ids, ...ids.map(ended)];
    const held = (await onEach((mark) => ['hmget', mark, ...fields])) as readonly (readonly (Buffer | null)[])[];
    return ids.map((id, index) => ({
      id,
      isLost: held.some((values) => values[index]?.toString() !== epoch),
      restoration: held.map((values) => values[ids.length + index]?.toString() ?? '').join(),
    }));
  };

  return {
    states,

    lost: async (views) => (await states(views)).filter(({ isLost }) => isLost).map(({ id }) => id),

    async vouch(views) {
      if (views.length > 0) await onEach((mark) => ['hset', mark, ...views.flatMap(({ id }) => [id, epoch])]);
    },

    async doubt(views) {
      if (views.length > 0) await onEach((mark) => ['hdel', mark, ...views.flatMap(({ id }) => [id, begun(id)])]);
    },

    async restoring({ id }, body) {
      const token = randomUUID();
      await onEach((mark) => ['hset', mark, begun(id), token]);
      const result = await body();
      const settled = await onEach((mark) => ['eval', SETTLE, 1, mark, id, begun(id), token, epoch, ended(id)]);
      if (settled.every((one) => Number(one) === 1)) return result;
      throw new RiskgraphError({
        code: 'STORE_UNAVAILABLE',
        message: `Redis lost content while ${id} was being restored`,
        hint: 'it is restored again; see whether Redis was restarted, flushed or evicts keys',
      });
    },

    async evicted() {
      const infos = await Promise.all(nodesOf(client).map((node) => node.info('stats')));
      return infos.reduce((sum, info) => sum + Number(infoField(info, 'evicted_keys')), 0);
    },
  };
}

/** Reads in which a row that is not there is ERROR where the store has lost rows of its view. */
export function checkedReads(
  online: Pick<OnlineStore, 'read'>,
  content: Pick<OnlineContent, 'states'>,
): Pick<OnlineStore, 'read'> {
  /** The last restoration of each view that a read has met. */
  let known: ReadonlyMap<string, string> = new Map();
  return {
    async read(groups) {
      const before = known;
      const answers = await online.read(groups);
      const absent = groups.flatMap(({ keys, views }, group) =>
        views.filter((_, view) => keys.some((key, at) => !key.includes(null) && answers[group]?.[at]?.[view] === null)),
      );
      if (absent.length === 0) return answers;
      // Asked after the rows: what was lost before they were read is known by now, or was restored since.
      const states = await content.states(absent).catch(() => null);
      const lost = new Set(
        absent.map(({ id }) => id).filter((id) => states?.find((one) => one.id === id)?.isLost ?? true),
      );
      const restored =
        states?.filter(({ id, isLost, restoration }) => !isLost && (before.get(id) ?? '') !== restoration) ?? [];
      if (restored.length > 0)
        known = new Map([...known, ...restored.map(({ id, restoration }) => [id, restoration] as const)]);
      const rows = restored.length > 0 ? await online.read(groups) : answers;
      if (lost.size === 0) return rows;
      return groups.map(({ keys, views }, group) =>
        keys.map((key, at) =>
          views.map(({ id }, view) => {
            const cell = rows[group]?.[at]?.[view] ?? null;
            return cell === null && lost.has(id) && !key.includes(null) ? 'ERROR' : cell;
          }),
        ),
      );
    },
  };
}

/** Says which views the store has lost and what is done about it; null where it has lost none. */
export async function lossOf(views: readonly View[], content: Pick<OnlineContent, 'lost'>): Promise<string | null> {
  const lost = await content.lost(views);
  if (lost.length === 0) return null;
  const named = `${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', …' : ''}`;
  return `Redis has lost values of ${lost.length} of ${views.length} views (${named}): the job restore_online of a worker writes them again`;
}

/** Reports of each view whether it is whole. */
export async function reportContent(
  views: readonly View[],
  content: Pick<OnlineContent, 'lost'>,
  metrics: Pick<Metrics, 'gauge'>,
): Promise<void> {
  const lost = new Set(await content.lost(views));
  for (const { id } of views) metrics.gauge('view_online_whole', lost.has(id) ? 0 : 1, { view: id });
}

/** One hash tag for each equal part of the slots. */
function tags(): readonly string[] {
  return Array.from({ length: MARKS }, (_, part) => {
    for (let number = 0; ; number++)
      if (Math.floor((slotOf(String(number)) * MARKS) / SLOTS) === part) return String(number);
  });
}

/** CRC-16/XMODEM, as a Redis cluster computes it. */
function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc % SLOTS;
}

const unavailable = (cause: Error): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: 'the online store does not say what it holds',
    hint: 'check that Redis is up',
    cause,
  });

/** Heartbeats of workers, in Redis, for the health checks of other processes. */

import type { Instant } from '../core/helpers/time.js';
import type { RedisClient } from './connection.js';

/** A worker beats every second; one that missed this many is gone or wedged. */
const SILENT_AFTER_MS = 15_000;
/** Longer than any single step of a job should take without a sign of life. */
const STUCK_AFTER_MS = 300_000;
/** Beats of dead workers are forgotten after a day. */
const FORGET_AFTER_MS = 86_400_000;

export interface WorkerBeat {
  readonly at: Instant;
  readonly startedAt: Instant;
  readonly active: readonly string[];
  readonly waiting: number;
  /** Since when there has been work without progress; null without work, or with progress at this beat. */
  readonly stuckSince: Instant | null;
}

export interface WorkerHealth {
  readonly ok: boolean;
  /** Says why the workers make no progress; null while they do. */
  readonly reason: string | null;
  readonly workers: number;
  readonly waiting: number;
  readonly active: number;
}

const beatsKey = (prefix: string): string => `${prefix}:workers`;

export async function beat(redis: RedisClient, prefix: string, workerId: string, state: WorkerBeat): Promise<void> {
  await redis.hset(beatsKey(prefix), workerId, JSON.stringify(state));
}

export async function endBeat(redis: RedisClient, prefix: string, workerId: string): Promise<void> {
  await redis.hdel(beatsKey(prefix), workerId);
}

/** Workers that have reported lately. */
export async function liveBeats(redis: RedisClient, prefix: string, now: Instant): Promise<readonly WorkerBeat[]> {
  const all = Object.entries(await redis.hgetall(beatsKey(prefix))).map(
    ([id, text]) => [id, JSON.parse(text) as WorkerBeat] as const,
  );
  const forgotten = all.filter(([, { at }]) => at < now - FORGET_AFTER_MS).map(([id]) => id);
  if (forgotten.length > 0) await redis.hdel(beatsKey(prefix), ...forgotten);
  return all.map(([, state]) => state).filter(({ at }) => at >= now - SILENT_AFTER_MS);
}

/** Not ok where no worker reports, or where one has work and makes no progress. */
export async function readWorkerHealth(redis: RedisClient, now: Instant, prefix: string): Promise<WorkerHealth> {
  const beats = await liveBeats(redis, prefix, now);
  const stuck = beats.filter(({ stuckSince }) => stuckSince !== null && now - stuckSince > STUCK_AFTER_MS);
  const reason =
    beats.length === 0
      ? `no worker has reported in the last ${SILENT_AFTER_MS / 1000} s`
      : stuck.length > 0
        ? `a worker has work and has made no progress for more than ${STUCK_AFTER_MS / 1000} s`
        : null;
  return {
    ok: reason === null,
    reason,
    workers: beats.length,
    waiting: Math.max(0, ...beats.map(({ waiting }) => waiting)),
    active: beats.reduce((sum, { active }) => sum + active.length, 0),
  };
}

import type { Cluster, Redis } from 'ioredis';
import { withinTime } from '../core/async.js';
import { RiskgraphError } from '../core/errors.js';

export type RedisClient = Redis | Cluster;

/** A hash tag: on a cluster all keys of a queue must live on one node. */
export const QUEUE_PREFIX = '{riskgraph}';

/** The queue's connection itself waits for Redis to return, as workers need; callers of the API must not: see `withinTime`. */
export const answeredIn = <T>(work: Promise<T>, ms: number): Promise<T> =>
  withinTime(
    work,
    ms,
    () =>
      new RiskgraphError({
        code: 'STORE_UNAVAILABLE',
        message: 'Redis does not answer',
        hint: 'check REDIS_URL and that the server is up',
      }),
  );

/** How long an end may take that Redis is told of: with a Redis that is gone, what waits for it waits for nothing. */
const END_MS = { ready: 5_000, gone: 200 } as const;

/** Waits for an end that must not hold up our own: where Redis is gone it may never come. */
export const endedWithin = ({ status }: RedisClient, work: Promise<unknown>): Promise<void> =>
  withinTime(work, END_MS[status === 'ready' ? 'ready' : 'gone'], () => new Error('Redis does not answer')).then(
    () => undefined,
    () => undefined,
  );

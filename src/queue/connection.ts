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

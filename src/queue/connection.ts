import type { Cluster, Redis } from 'ioredis';
import { RiskgraphError } from '../core/errors.js';

export type RedisClient = Redis | Cluster;

/** A hash tag: on a cluster all keys of a queue must live on one node. */
export const QUEUE_PREFIX = '{riskgraph}';

/**
 * Waits no longer than `ms`. The queue's connection itself waits for Redis to return, as workers need; callers of the API must not. What
 * was sent stays sent, so only what may happen later, or twice, is sent this way.
 */
export async function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new RiskgraphError({
          code: 'STORE_UNAVAILABLE',
          message: 'Redis does not answer',
          hint: 'check REDIS_URL and that the server is up',
        }),
      );
    }, ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

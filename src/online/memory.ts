import type { Redis } from 'ioredis';
import type { Metrics } from '../core/ports/process.js';
import { infoField, nodesOf, type RedisClient } from './redis.js';

/** An address, or the end of a socket's path: a whole path says more of the machine than a metric should. */
const nameOf = ({ options: { host, port, path } }: Redis): string =>
  path === undefined ? `${host}:${port}` : (path.split('/').at(-1) as string);

/** Reports the memory of each server that holds keys, and what it evicted. */
export function createMemoryMetrics(client: RedisClient, metrics: Pick<Metrics, 'gauge'>): () => Promise<void> {
  return async () => {
    await Promise.all(
      nodesOf(client).map(async (server) => {
        const info = await server.info();
        const field = (name: string): number => Number(infoField(info, name));
        const node = nameOf(server);
        metrics.gauge('redis_memory_bytes', field('used_memory'), { node });
        metrics.gauge('redis_memory_limit_bytes', field('maxmemory') || field('total_system_memory'), { node });
        metrics.gauge('redis_evicted_keys', field('evicted_keys'), { node });
      }),
    );
  };
}

import type { RateCount } from '../core/ports/access.js';
import type { RedisClient } from './redis.js';

/** The window begins with its first request; the count and its end are one step. */
const COUNT = `
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { current, redis.call('PTTL', KEYS[1]) }`;

/** Counts in Redis, below a prefix of its own. */
export const createRateCount =
  ({ client, prefix }: { readonly client: RedisClient; readonly prefix: string }): RateCount =>
  async (key, windowMs) => {
    const [current, ttl] = (await client.eval(COUNT, 1, `${prefix}:rate:${key}`, windowMs)) as [number, number];
    return { current, ttl };
  };

/** Connections to Redis: one server (URL or socket path) or a cluster, checked before anything is trusted to it. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';

export type RedisClient = Redis | Cluster;

export interface RedisConnection {
  readonly client: RedisClient;
  close(): Promise<void>;
}

export interface RedisOpenOptions {
  /** A socket's absolute path, `redis://…`, `rediss://…`, or `redis-cluster://[user:password@]h1:p1,h2:p2`. */
  readonly url: string;
  readonly log: Log;
  /**
   * `serving` gives up on a silent server within seconds, so that a request answers ERROR in time; `queue` waits for its return, as
   * blocking commands of workers must.
   */
  readonly purpose: 'serving' | 'queue';
}

/** Lua's effects replication and HGETALL on 50 features are far below it; a server that is silent this long is down. */
const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MAX_RECONNECT_DELAY_MS = 2_000;
/** Older servers lack what the scripts and the queue use. */
const MIN_VERSION = [6, 2] as const;

const CLUSTER_SCHEME = 'redis-cluster://';

/**
 * Connects and checks the server: version and eviction policy.
 * @throws STORE_UNAVAILABLE when it does not answer, is too old, or may evict keys
 */
export async function openRedis({ url, log, purpose }: RedisOpenOptions): Promise<RedisConnection> {
  const options: RedisOptions = {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
    ...(purpose === 'serving'
      ? {
          commandTimeout: COMMAND_TIMEOUT_MS,
          // A server that vanished closes no connection: only a new one finds the server that took its place.
          socketTimeout: COMMAND_TIMEOUT_MS,
          maxRetriesPerRequest: 1,
        }
      : { maxRetriesPerRequest: null }),
  };
  const client = url.startsWith(CLUSTER_SCHEME) ? clusterOf(url, options) : new Redis(url, options);
  client.on('error', (error: unknown) => log.warn({ err: error, purpose }, 'redis connection lost'));
  try {
    await client.connect();
    for (const node of nodesOf(client)) checkServer(await node.info());
  } catch (cause) {
    client.disconnect();
    if (cause instanceof RiskgraphError) throw cause;
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: 'Redis does not answer',
      hint: 'check REDIS_URL and that the server accepts connections from here',
      cause,
    });
  }
  return {
    client,
    close: async () => {
      // QUIT waits for the server; one that is gone must not hold up our own end.
      if (client.status === 'ready') await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

/** The servers that hold keys: one, or the masters of a cluster. */
export const nodesOf = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client];

function clusterOf(url: string, redisOptions: RedisOptions): Cluster {
  const rest = url.slice(CLUSTER_SCHEME.length).replace(/\/$/, '');
  const at = rest.lastIndexOf('@');
  const [username, password] = at < 0 ? [] : rest.slice(0, at).split(':').map(decodeURIComponent);
  const nodes = rest
    .slice(at + 1)
    .split(',')
    .map((address) => {
      const { hostname, port } = new URL(`redis://${address}`);
      return { host: hostname, port: port === '' ? 6379 : Number(port) };
    });
  const { lazyConnect = false, retryStrategy: _, ...perNode } = redisOptions;
  return new Cluster(nodes, {
    lazyConnect,
    redisOptions: { ...perNode, ...(username ? { username } : {}), ...(password ? { password } : {}) },
  });
}

/** A field of Redis' INFO; empty where the server has none of that name. */
export const infoField = (info: string, name: string): string =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';

/** Checks the version and the eviction policy, from INFO, which managed services allow where they refuse CONFIG. */
function checkServer(info: string): void {
  const version = infoField(info, 'redis_version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1])) {
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: `Redis is version ${version}, too old: ${MIN_VERSION.join('.')} or newer is needed`,
      hint: 'upgrade the server, or set REDIS_URL to a newer one',
    });
  }
  const policy = infoField(info, 'maxmemory_policy');
  if (policy !== 'noeviction') {
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: `Redis runs maxmemory-policy ${policy}: when memory is short it would silently drop features and jobs`,
      hint: "set 'maxmemory-policy noeviction' in redis.conf (CONFIG SET maxmemory-policy noeviction on a running server)",
    });
  }
}

/**
 * The embedded stores: Postgres, Redis and ClickHouse as child processes with their state in one folder. The application
 * knows three URLs; this fills in those that are not configured.
 */
import type { Log } from '../core/ports/process.js';
import { endOrphans } from './child.js';
import { type ClickHouseTuning, startClickHouse } from './clickhouse.js';
import { type Home, lockHome, prepareHome } from './home.js';
import { fewOpenFiles } from './open-files.js';
import { startPostgres } from './postgres.js';
import type { RunAs } from './postgres-place.js';
import { type RunningStore, startRedis } from './redis.js';
import { describeEnd, type StoreEnd, type StoreName } from './store-end.js';

export interface EmbeddedOptions {
  /** State folder, made with mode 700. */
  readonly home: string;
  readonly need: Readonly<Record<StoreName, boolean>>;
  readonly log: Log;
  /** Called when a store ends unasked; it is logged by then. */
  readonly onExit?: (end: StoreEnd) => void;
  /** Called once the folder is locked and leftovers have ended, before any store starts; an error ends the start. */
  readonly beforeStores?: () => Promise<void>;
  readonly clickhouse?: ClickHouseTuning;
  /** How Postgres runs where the process is root; detected by default. */
  readonly postgresAs?: RunAs;
}

export interface EmbeddedUrls {
  readonly postgresUrl?: string;
  /** The path of a unix socket, which `new Redis(path)` of ioredis takes. */
  readonly redisUrl?: string;
  readonly clickhouseUrl?: string;
}

export interface EmbeddedStores {
  readonly urls: EmbeddedUrls;
  /** Where pid files and logs lie; the lock on it is held until `close`. */
  readonly home: Home;
  /**
   * Stops the stores in good order and releases the folder.
   * @param graceMs how long a store may take before it is killed; by default as long as a large one needs
   */
  close(graceMs?: number): Promise<void>;
}

/** How long the other stores may take to end once one is gone, in ms: a kill loses nothing that was acknowledged. */
export const STORE_GONE_GRACE_MS = 6000;

const URL_KEY = { postgres: 'postgresUrl', redis: 'redisUrl', clickhouse: 'clickhouseUrl' } as const;

/**
 * Starts the stores that are needed, side by side, after ending what a killed start left behind.
 * @throws RiskgraphError when the folder is in use, cannot be written, or a store does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedStores> {
  const { log, need } = options;
  const home = await prepareHome(options.home);
  const unlock = await lockHome(home);
  const running: RunningStore[] = [];
  // What is still starting does not go on once a store failed or ended: the first cause is the reason.
  const abandon = new AbortController();
  const { signal } = abandon;
  const closeAll = async (graceMs?: number): Promise<void> => {
    await Promise.all(running.map((store) => store.close(graceMs)));
    await unlock();
  };
  try {
    const few = need.clickhouse ? fewOpenFiles() : null;
    if (few !== null) log.warn({}, few);
    await endOrphans(home, log);
    await options.beforeStores?.();
    const starters: Readonly<Record<StoreName, () => Promise<RunningStore>>> = {
      postgres: () => startPostgres(home, log, signal, options.postgresAs),
      redis: () => startRedis(home, log, signal),
      clickhouse: () => startClickHouse(home, signal, options.clickhouse),
    };
    const needed = (Object.keys(starters) as StoreName[]).filter((name) => need[name]);
    const outcomes = await Promise.allSettled(
      needed.map(async (name) => {
        const store = await starters[name]().catch((cause: unknown) => {
          abandon.abort(cause);
          throw cause;
        });
        running.push(store);
        void describeEnd(home, name, store.child).then((end) => {
          if (store.child.stopping()) return;
          const { error, ...fields } = end;
          log.error(fields, `${error.message}: ${error.hint}`);
          abandon.abort(error);
          options.onExit?.(end);
        });
        return [URL_KEY[name], store.url] as const;
      }),
    );
    signal.throwIfAborted();
    const urls = Object.fromEntries(
      outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    );
    let closed: Promise<void> | undefined;
    return {
      urls,
      home,
      close: (graceMs) => {
        closed ??= closeAll(graceMs);
        return closed;
      },
    };
  } catch (cause) {
    await closeAll(STORE_GONE_GRACE_MS);
    throw cause;
  }
}

/**
 * The embedded stores: Postgres, Redis and ClickHouse as child processes with their state in one folder. The application
 * knows three URLs; this fills in those that are not configured.
 */
import type { Log } from '../core/ports/process.js';
import { endOrphans } from './child.js';
import { type ClickHouseTuning, startClickHouse } from './clickhouse.js';
import { type Home, lockHome, prepareHome } from './home.js';
import { startPostgres } from './postgres.js';
import type { RunAs } from './postgres-place.js';
import { type RunningStore, startRedis } from './redis.js';

export type StoreName = 'postgres' | 'redis' | 'clickhouse';

export interface EmbeddedOptions {
  /** State folder, made with mode 700. */
  readonly home: string;
  readonly need: Readonly<Record<StoreName, boolean>>;
  readonly log: Log;
  /** Called when a store ends unasked, with its last output. */
  readonly onExit?: (store: StoreName, lastLines: string) => void;
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
  /** Stops the stores in good order and releases the folder. */
  close(): Promise<void>;
}

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
  const closeAll = async (): Promise<void> => {
    await Promise.all(running.map((store) => store.close()));
    await unlock();
  };
  try {
    await endOrphans(home, log);
    await options.beforeStores?.();
    const starters: Readonly<Record<StoreName, () => Promise<RunningStore>>> = {
      postgres: () => startPostgres(home, log, options.postgresAs),
      redis: () => startRedis(home, log),
      clickhouse: () => startClickHouse(home, options.clickhouse),
    };
    const needed = (Object.keys(starters) as StoreName[]).filter((name) => need[name]);
    const outcomes = await Promise.allSettled(
      needed.map(async (name) => {
        const store = await starters[name]();
        running.push(store);
        void store.child.exited.then(({ code, signal }) => {
          if (store.child.stopping()) return;
          const lastLines = store.child.lastLines();
          log.error({ store: name, code, signal, lastLines }, `the embedded ${name} ended on its own`);
          options.onExit?.(name, lastLines);
        });
        return [URL_KEY[name], store.url] as const;
      }),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    const urls = Object.fromEntries(
      outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    );
    let closed: Promise<void> | undefined;
    return {
      urls,
      home,
      close: () => {
        closed ??= closeAll();
        return closed;
      },
    };
  } catch (cause) {
    await closeAll();
    throw cause;
  }
}

/**
 * One Postgres for the whole suite and one ClickHouse a worker, since the engine plans its statements one after the other.
 * Each starts when the first test asks for it: a run of pure unit tests starts nothing. Test files ask over loopback, since
 * vitest runs them in processes of their own.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { endOrphans } from '../../src/embedded/child.js';
import { processIdentity } from '../../src/embedded/identity.js';
import { type EmbeddedStores, startEmbedded } from '../../src/embedded/index.js';
import type { StoreName } from '../../src/embedded/store-end.js';
import { freshHome, HOMES, makerOf, quietLog } from './homes.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** `GET <storesAt>/<store>-<number>` starts that store if need be and answers its URL. */
    storesAt: string;
  }
}

const NOTHING = { postgres: false, redis: false, clickhouse: false };

/**
 * An aggregation and a sort are compiled once a process has run them three times: 50 ms each time, for tables of a few rows. The stacks that
 * tests start as their users do compile them as ever.
 */
const INTERPRETED = { compile_aggregate_expressions: '0', compile_sort_description: '0' };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweep();
  const home = await freshHome();
  const started = new Map<string, Promise<EmbeddedStores>>();
  const start = (place: string): Promise<EmbeddedStores> => {
    const running = started.get(place) ?? startOne(join(home, place), place.split('-')[0] as StoreName);
    started.set(place, running);
    // One start that fails does not fail every file after it.
    running.catch(() => started.delete(place));
    return running;
  };
  const server = createServer((request, response) => {
    start((request.url ?? '').slice(1)).then(
      ({ urls }) => response.end(Object.values(urls)[0]),
      (cause: Error) => response.writeHead(503).end(cause.message),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('storesAt', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    const outcomes = await Promise.allSettled(started.values());
    await Promise.all(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.close() : undefined)));
    await rm(home, { recursive: true, force: true });
  };
}

async function startOne(home: string, store: StoreName): Promise<EmbeddedStores> {
  const stores = await startEmbedded({
    home,
    need: { ...NOTHING, [store]: true },
    log: quietLog,
    clickhouse: { settings: INTERPRETED },
  });
  if (!stores.urls.postgresUrl) return stores;
  const postgresUrl = await asSuperuser(stores.urls.postgresUrl, home);
  await withoutFsync(postgresUrl);
  return { ...stores, urls: { ...stores.urls, postgresUrl } };
}

/** Each test file makes a database, which the platform's own role may not. */
async function asSuperuser(platformUrl: string, home: string): Promise<string> {
  const url = new URL(platformUrl);
  url.username = 'riskgraph';
  url.password = (await readFile(join(home, 'postgres.password'), 'utf8')).trim();
  return url.href;
}

/** No test outlives the machine: what a killed process wrote is there without waiting for the disk. */
async function withoutFsync(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'])
    await client.query(`ALTER SYSTEM SET ${setting} = off`);
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}

/** Ends what runs that were killed left behind in their temporary homes; those of a process that lives are its own. */
async function sweep(): Promise<void> {
  for (const name of await readdir(HOMES)) {
    const maker = makerOf(name);
    if (maker === undefined || processIdentity(maker)) continue;
    const root = join(HOMES, name);
    const homes = [root, ...(await readdir(root).catch(() => [])).map((entry) => join(root, entry))];
    const left = homes.filter((path) => existsSync(join(path, 'run')));
    for (const path of left) await endOrphans({ path, run: join(path, 'run'), log: join(path, 'log') }, quietLog);
    await rm(root, { recursive: true, force: true });
  }
}

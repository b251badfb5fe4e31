import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../src/embedded/free-port.js';
import { type EmbeddedStores, startEmbedded } from '../../src/embedded/index.js';
import {
  type Caller,
  callerOf,
  type RunningCommand,
  runProgram,
  runToEnd,
  type Stack,
  startCommand,
} from '../support/command.js';
import { freshHome, quietLog } from '../support/homes.js';
import { processesLeft, processesOf } from '../support/processes.js';
import { asProjectOf } from '../support/projects.js';
import { type FreshStore, freshPostgresDatabase, freshRedis } from '../support/stores.js';
import { type BookFile, DEFINITIONS, historyRows, keysOf, nowText, onlineRows, writeBook } from './book.js';

const KEYS: Readonly<Record<string, string>> = {
  admin: 'admin-key-of-this-test',
  modeler: 'modeler-key-of-this-test',
  ingest: 'ingest-key-of-this-test',
};
const keyOf = async (role: string): Promise<string> => KEYS[role] ?? `no-key-of-${role}`;

let home: string;
let files: string;
let postgres: FreshStore;
let redis: FreshStore;
let clickhouse: EmbeddedStores & { readonly home: { readonly path: string } };
let env: Readonly<Record<string, string>>;
let book: ReadonlyMap<string, BookFile>;
const running: RunningCommand[] = [];

beforeAll(async () => {
  const clickhouseHome = await freshHome();
  const alone = { postgres: false, redis: false, clickhouse: true };
  [home, files, postgres, redis, clickhouse] = await Promise.all([
    freshHome(),
    freshHome(),
    freshPostgresDatabase(),
    freshRedis(),
    startEmbedded({ home: clickhouseHome, need: alone, log: quietLog }),
  ]);
  await asProjectOf(files, DEFINITIONS);
  book = await writeBook(files, 120);
  env = {
    RISKGRAPH_HOME: home,
    RISKGRAPH_DEFINITIONS: files,
    POSTGRES_URL: postgres.url,
    REDIS_URL: redis.url,
    CLICKHOUSE_URL: clickhouse.urls.clickhouseUrl as string,
    RISKGRAPH_KEYS: `admin=${KEYS.admin},modeler:team-a=${KEYS.modeler},ingest:loader=${KEYS.ingest}`,
  };
});
afterAll(async () => {
  for (const one of running) if (one.isRunning()) one.signalGroup('SIGKILL');
  await Promise.all(running.map(({ exited }) => exited));
  await Promise.all([postgres?.close(), redis?.close(), clickhouse?.close()]);
  for (const folder of [home, files, clickhouse?.home.path]) await rm(folder, { recursive: true, force: true });
});

const start = (entry: string, over: Readonly<Record<string, string>> = {}): RunningCommand => {
  const process = runProgram(entry, [], { ...env, ...over });
  running.push(process);
  return process;
};

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Imports the book, applies and materializes by the command line, and compares the two stores. */
async function load(caller: Caller): Promise<void> {
  const as = (role: string) => ({
    RISKGRAPH_HOME: home,
    RISKGRAPH_URL: caller.url,
    RISKGRAPH_KEY: KEYS[role] as string,
  });
  for (const { table, path, rows } of book.values()) {
    const { code, output } = await runToEnd(['import', table, path, '--history'], as('ingest'));
    expect(code, output).toBe(0);
    expect(output).toContain(`${table}: ${rows.length} accepted`);
  }
  for (const command of ['apply', 'materialize']) {
    const { code, output } = await runToEnd([command], as('admin'));
    expect(code, output).toBe(0);
  }
}

async function compare(caller: Caller): Promise<void> {
  for (const keys of keysOf(book)) {
    const online = await onlineRows(caller, keys);
    expect(online.filter((row) => row.some((value) => value !== null)).length).toBeGreaterThan(60);
    expect(online).toEqual(await historyRows(caller, keys, nowText()));
  }
}

test('API and worker started side by side on empty servers, as containers are, serve the whole way', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [api, worker] = [start('src/server.ts', { PORT: String(port) }), start('src/worker.ts')];
  while (!(await isReady(url))) {
    expect([api.isRunning(), worker.isRunning()], api.output() + worker.output()).toEqual([true, true]);
    await sleep(100);
  }
  await worker.until(/the worker runs jobs/);
  const caller = callerOf(url, keyOf);
  await load(caller);
  await compare(caller);

  for (const process of [worker, api]) process.signalGroup('SIGTERM');
  expect(await Promise.all([api.exited, worker.exited]), api.output() + worker.output()).toEqual([0, 0]);
  for (const process of [worker, api])
    for (const key of Object.values(KEYS)) expect(process.output()).not.toContain(key);
}, 600_000);

test('start with three URLs starts no store, and serves what is in them', async () => {
  const stack: Stack = await startCommand('start', { home, env, keys: keyOf });
  running.push(stack);
  // A process that is just being started has, for a moment, the name of who starts it.
  await vi.waitFor(
    async () => {
      const programs = (await processesOf(home)).map(({ command }) => /src\/\w+\.ts/.exec(command)?.[0] ?? command);
      expect(programs.sort()).toEqual(['src/cli.ts', 'src/server.ts', 'src/worker.ts']);
    },
    { timeout: 60_000, interval: 50 },
  );
  expect(await readdir(home)).not.toContain('postgres');
  await compare(stack);

  // The keys are the environment's: there is no file of them, and a role without one is closed.
  await expect(access(join(home, 'keys'))).rejects.toThrow('ENOENT');
  expect(stack.output()).toContain('RISKGRAPH_KEYS');
  expect(stack.output()).not.toContain(`${home}/keys`);
  for (const key of Object.values(KEYS)) expect(stack.output()).not.toContain(key);
  for (const role of ['bi', 'decision']) expect((await stack.graphql(role, '{ entities { name } }')).status).toBe(401);
  expect((await stack.graphql('ingest', '{ entities { name } }')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  const plan = await runToEnd(['plan'], stack.env);
  expect(plan.code, plan.output).toBe(0);

  expect(await stack.stop()).toBe(0);
  expect(await processesLeft(home)).toEqual([]);
  const client = new Redis(redis.url);
  expect(await client.ping()).toBe('PONG');
  client.disconnect();
}, 600_000);

test('an environment that cannot work is reported without its keys', async () => {
  const short = start('src/server.ts', { RISKGRAPH_KEYS: 'admin=hunter2', PORT: '0' });
  const without = Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'POSTGRES_URL'));
  const absent = runProgram('src/worker.ts', [], without);
  const away = start('src/server.ts', { POSTGRES_URL: 'postgres://nobody:secret-word@127.0.0.1:1/none', PORT: '0' });
  expect(await Promise.all([short.exited, absent.exited, away.exited])).toEqual([1, 1, 1]);
  expect(short.output()).toContain('RISKGRAPH_KEYS is not usable: entry 1: the key is shorter');
  expect(short.output()).not.toContain('hunter2');
  expect(absent.output()).toMatch(/POSTGRES_URL, REDIS_URL and CLICKHOUSE_URL must name[\s\S]*→ /);
  expect(away.output()).toMatch(/Postgres[\s\S]*→ /i);
  expect(away.output()).not.toContain('secret-word');
  for (const process of [short, absent, away]) expect(process.output()).not.toMatch(/\n {4}at /);
});

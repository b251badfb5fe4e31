import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { isAlive, type ProcessIdentity, processIdentity } from '../../src/embedded/identity.js';
import { freshHome } from '../support/homes.js';
import { runStack, type StackProcess, UNUSED_STORES } from './stack-process.js';

const UNUSED_REDIS = 'redis://127.0.0.1:1';

const running: (StackProcess & { home: string })[] = [];
afterEach(async () => {
  for (const stack of running.splice(0)) {
    if (stack.process.exitCode === null && stack.process.signalCode === null) stack.process.kill('SIGTERM');
    await stack.exited;
    await rm(stack.home, { recursive: true, force: true });
  }
});

const start = async (env: NodeJS.ProcessEnv = {}, home?: string): Promise<StackProcess & { home: string }> => {
  const at = home ?? (await freshHome());
  const stack = { ...runStack(at, { ...UNUSED_STORES, ...env }), home: at };
  running.push(stack);
  return stack;
};

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    if (await condition()) return;
    await sleep(25);
  }
  throw new Error('it did not happen within two minutes');
};

test('the roles get the URLs of embedded stores beside those that were given', async () => {
  const stack = await start();
  const { url, stores } = await stack.ready;
  const answer = (await (await fetch(`${url}/readyz`)).json()) as { stores: string[] };
  expect(answer.stores).toEqual([UNUSED_STORES.POSTGRES_URL, stores.redisUrl, UNUSED_STORES.CLICKHOUSE_URL]);
  const redis = new Redis(stores.redisUrl);
  expect(await redis.ping()).toBe('PONG');
  await redis.quit();
});

test('Ctrl-C to the whole group during a job lets the job finish, then ends the API and the stores', async () => {
  const stack = await start({ JOB_MS: '1500', SECOND_SIGNAL_AFTER_MS: '600000' });
  const { stores } = await stack.ready;
  await until(async () => (await stack.events()).some((event) => event.startsWith('worker started')));
  stack.signalGroup('SIGINT');
  // npm passes the terminal's SIGINT on a second time.
  stack.process.kill('SIGINT');
  expect(await stack.closed).toBe(0);
  const events = (await stack.events()).filter((event) => !event.startsWith('worker started'));
  expect(events).toEqual(['api ready', 'worker asked to stop', 'worker finished its job', 'api ended']);
  const redis = new Redis(stores.redisUrl, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => undefined);
  await expect(redis.connect()).rejects.toThrow();
});

test('a second Ctrl-C, later on, cuts running jobs off', async () => {
  const stack = await start({ JOB_MS: '600000', SECOND_SIGNAL_AFTER_MS: '100' });
  await stack.ready;
  await until(async () => (await stack.events()).some((event) => event.startsWith('worker started')));
  stack.signalGroup('SIGINT');
  // Later is what the stack calls later: from when it took the first one.
  await until(async () => (await stack.events()).includes('worker asked to stop'));
  await sleep(200);
  stack.signalGroup('SIGINT');
  expect(await stack.closed).toBe(130);
  expect(await stack.events()).not.toContain('worker finished its job');
});

test('Ctrl-C while it starts ends what was started', async () => {
  const stack = await start({ INTERRUPT_AT: 'starting the embedded' });
  expect(await stack.closed).toBe(0);
  expect(stack.output()).toContain('starting the embedded');
  expect(stack.output()).not.toContain('READY');
  const again = await start({}, stack.home);
  await again.ready;
});

test('a role that crashes is started again', async () => {
  const stack = await start();
  await stack.ready;
  const workers = async () => (await stack.events()).filter((event) => event.startsWith('worker started'));
  await until(async () => (await workers()).length === 1);
  await writeFile(join(stack.home, 'events.crash'), '');
  await until(async () => (await workers()).length === 2);
  await until(async () => stack.output().includes('the worker ended on its own and is started again'));
});

test('an error that nothing catches ends the stack in order, and leaves no child behind', async () => {
  const stack = await start({ THROWS: '1' });
  const { stores } = await stack.ready;
  expect(await stack.closed).toBe(1);
  expect(stack.output()).toContain('an error that nothing caught: stopping');
  expect(await stack.events()).toContain('api ended');
  const redis = new Redis(stores.redisUrl, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => undefined);
  await expect(redis.connect()).rejects.toThrow();
});

test('an API that cannot start ends the start with what it wrote', async () => {
  const stack = await start({ API_FAILS: '1' });
  expect(await stack.closed).toBe(1);
  expect(stack.output()).toMatch(/the fixture API fails[\s\S]*the API ended while it started \(exit code 3\)/);
});

test('a port in use is named before any store starts', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = other.address() as AddressInfo;
    const stack = await start({ PORT: String(port) });
    expect(await stack.closed).toBe(1);
    expect(stack.output()).toContain(`port ${port} on 127.0.0.1 is in use by another program`);
    expect(stack.output()).toContain('set PORT to another port');
  } finally {
    other.close();
  }
});

test('a second start on the same folder is refused and names the first', async () => {
  const first = await start();
  await first.ready;
  const second = await start({}, first.home);
  expect(await second.closed).toBe(1);
  expect(second.output()).toContain(`already running on ${first.home}, pid ${first.pid}`);
  expect(second.output()).toContain('RISKGRAPH_HOME');
});

/** What says that everything stops since this store was killed, and what a person does. */
const said = (store: string): RegExp =>
  new RegExp(
    `the embedded ${store} was ended by SIGKILL, as the system does when memory runs out, so everything stops; ` +
      'what was acknowledged is kept, and jobs that ran resume at the next start: ' +
      `if dmesg names an out-of-memory kill, .*; start again; the log of ${store} is .*/log/${store}\\.log`,
  );

const childrenOf = async (home: string): Promise<(ProcessIdentity & { name: string })[]> => {
  const run = join(home, 'run');
  const files = (await readdir(run)).filter((name) => name.endsWith('.pid'));
  return Promise.all(files.map(async (name) => JSON.parse(await readFile(join(run, name), 'utf8'))));
};

/** Kills the store's process, waits for the end of the whole stack, and finds no child of it left. */
const killStore = async (stack: StackProcess & { home: string }, store: string): Promise<void> => {
  const children = await childrenOf(stack.home);
  process.kill(children.find(({ name }) => name === store)?.pid as number, 'SIGKILL');
  expect(await stack.closed).toBe(1);
  expect(stack.output()).toMatch(said(store));
  expect(children.filter(isAlive)).toEqual([]);
};

// Each waits for the fact that the stack ended: the jobs and requests here would take ten minutes or for ever.

test('a killed Redis ends the stack while a job runs', async () => {
  const stack = await start({ JOB_MS: '600000' });
  await stack.ready;
  await until(async () => (await stack.events()).some((event) => event.startsWith('worker started')));
  await killStore(stack, 'redis');
  expect(stack.output()).not.toContain('the worker finishes its running jobs');
});

test('a killed ClickHouse ends a stop that waits for a job', async () => {
  const stack = await start({ JOB_MS: '600000', CLICKHOUSE_URL: '', REDIS_URL: UNUSED_REDIS });
  await stack.ready;
  await until(async () => (await stack.events()).some((event) => event.startsWith('worker started')));
  stack.process.kill('SIGTERM');
  await until(async () => (await stack.events()).includes('worker asked to stop'));
  await killStore(stack, 'clickhouse');
});

test('a killed Postgres ends the stack while an API does not end and a query computes', async () => {
  const stack = await start({ API_NEVER_ENDS: '1', POSTGRES_URL: '', REDIS_URL: UNUSED_REDIS });
  const { stores } = await stack.ready;
  const client = new pg.Client({ connectionString: stores.postgresUrl });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const backend = processIdentity(rows[0]?.pid as number) as ProcessIdentity;
  const computing = client.query('SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b');
  const broken = expect(computing).rejects.toThrow();
  await killStore(stack, 'postgres');
  expect(isAlive(backend)).toBe(false);
  await broken;
});

test('a store that is killed while the stack starts ends the start and is named as the cause', async () => {
  const stack = await start({ API_NEVER_READY: '1' });
  await until(async () => (await stack.events()).includes('api ready'));
  await killStore(stack, 'redis');
  expect(stack.output()).toMatch(/FAILED .*the embedded redis was ended by SIGKILL/);
});

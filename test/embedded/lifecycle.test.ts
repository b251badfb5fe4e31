import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import { AuditHead1767226680000 } from '../../migrations/postgres/1767226680000-audit-head.js';
import type { RiskgraphError } from '../../src/core/errors.js';
import type { Log } from '../../src/core/ports/process.js';
import { isAlive, type ProcessIdentity, processIdentity } from '../../src/embedded/identity.js';
import { type EmbeddedOptions, type EmbeddedStores, startEmbedded } from '../../src/embedded/index.js';
import { checkAuditLog } from '../../src/ledgers/audit-check.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { freshHome, quietLog } from '../support/homes.js';
import { runStack } from './stack-process.js';

const REDIS_ONLY = { postgres: false, redis: true, clickhouse: false };
const LONG = { timeout: 60_000, interval: 20 };
const homes: string[] = [];
const open: EmbeddedStores[] = [];

const newHome = async (): Promise<string> => {
  const home = await freshHome();
  homes.push(home);
  return home;
};
const start = async (options: Partial<EmbeddedOptions> & { home: string }): Promise<EmbeddedStores> => {
  const stores = await startEmbedded({ need: REDIS_ONLY, log: quietLog, ...options });
  open.push(stores);
  return stores;
};
const refusal = (options: Partial<EmbeddedOptions> & { home: string }): Promise<RiskgraphError> =>
  start(options).then(
    () => expect.fail('it started'),
    (cause: RiskgraphError) => cause,
  );

afterEach(async () => {
  for (const stores of open.splice(0)) await stores.close();
  for (const home of homes.splice(0)) await rm(home, { recursive: true, force: true });
});

test('after kill -9 of everything the next start ends the orphans and finds the data as they were', async () => {
  const home = await newHome();
  const first = runStack(home, {});
  const { stores, url } = await first.ready;
  const postgres = new pg.Client({ connectionString: stores.postgresUrl });
  postgres.on('error', () => undefined);
  await postgres.connect();
  await postgres.query('CREATE TABLE kept (n int)');
  await postgres.query('INSERT INTO kept VALUES (42)');
  const clickhouse = createClient({ url: stores.clickhouseUrl });
  await clickhouse.command({ query: 'CREATE TABLE kept (n Int64) ENGINE = MergeTree ORDER BY n' });
  await clickhouse.insert({ table: 'kept', values: [{ n: 42 }], format: 'JSONEachRow' });
  const redis = new Redis(stores.redisUrl);
  redis.on('error', () => undefined);
  await redis.set('kept', '42');
  // What is written last may wait in the server's memory for the disk.
  await vi.waitFor(async () => expect(await redis.info('persistence')).toContain('aof_buffer_length:0\r\n'), LONG);

  const pids = await pidFiles(home);
  expect(pids.map(({ name }) => name).sort()).toEqual(['api', 'clickhouse', 'postgres', 'redis', 'worker']);
  const api = ((await (await fetch(`${url}/readyz`)).json()) as { pid: number }).pid;
  process.kill(first.pid, 'SIGKILL');
  // The stores are killed, the API and the worker are left as orphans.
  for (const { name, pid } of pids) if (!['api', 'worker'].includes(name)) process.kill(pid, 'SIGKILL');
  expect(await first.exited).toBe('SIGKILL');
  redis.disconnect();
  await clickhouse.close();
  await postgres.end().catch(() => undefined);
  const orphan = processIdentity(api) as ProcessIdentity;
  expect(isAlive(orphan)).toBe(true);

  const again = await start({ home, need: { postgres: true, redis: true, clickhouse: true } });
  for (const identity of pids) expect(isAlive(identity), identity.name).toBe(false);
  const urls = again.urls as Required<EmbeddedStores['urls']>;
  const read = { postgres: new pg.Client({ connectionString: urls.postgresUrl }), redis: new Redis(urls.redisUrl) };
  await read.postgres.connect();
  expect((await read.postgres.query('SELECT n FROM kept')).rows).toEqual([{ n: 42 }]);
  expect(await read.redis.get('kept')).toBe('42');
  const client = createClient({ url: urls.clickhouseUrl });
  expect(
    await (await client.query({ query: 'SELECT toInt32(n) AS n FROM kept', format: 'JSONEachRow' })).json(),
  ).toEqual([{ n: 42 }]);
  await Promise.all([read.postgres.end(), read.redis.quit(), client.close()]);
});

test('stores that outlived a killed start are ended in good order and started anew', async () => {
  const home = await newHome();
  const first = runStack(home, {});
  await first.ready;
  const pids = await pidFiles(home);
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const said: string[] = [];
  const log: Log = {
    ...quietLog,
    info: (fields, message) => said.push(`${(fields as { child?: string }).child} ${message}`),
  };
  await start({ home, need: { postgres: true, redis: true, clickhouse: true }, log });
  for (const identity of pids) expect(isAlive(identity), identity.name).toBe(false);
  expect(said).toContain('postgres ending a process that an earlier start left behind');
  expect(said).toContain('redis ending a process that an earlier start left behind');
});

test('a folder of mode 700 that only root may enter is enough, and all in it stays private', async () => {
  const parent = await newHome();
  await chmod(parent, 0o700);
  const home = join(parent, 'state');
  await start({ home, need: { postgres: true, redis: true, clickhouse: true } });
  for (const name of ['', 'run', 'log', 'postgres', 'redis']) {
    expect(((await stat(join(home, name))).mode & 0o777).toString(8), name).toBe('700');
  }
  expect(((await stat(join(home, 'postgres.password'))).mode & 0o777).toString(8)).toBe('600');
});

test('a stale lock and a pid that another process has by now are no hindrance', async () => {
  const home = await newHome();
  await mkdir(join(home, 'run'), { recursive: true });
  const bystander = spawn('sleep', ['3600']);
  try {
    const recycled = { pid: bystander.pid, started: 'another-boot:1', name: 'redis', stopSignal: 'SIGTERM' };
    await writeFile(join(home, 'run', 'lock'), JSON.stringify({ pid: bystander.pid, started: 'another-boot:1' }));
    await writeFile(join(home, 'run', 'redis.pid'), JSON.stringify(recycled));
    await start({ home });
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  } finally {
    bystander.kill('SIGKILL');
  }
});

test('a lock cut short by a full disk counts as stale', async () => {
  const home = await newHome();
  await mkdir(join(home, 'run'), { recursive: true });
  await writeFile(join(home, 'run', 'lock'), '{"pid":');
  await start({ home });
});

test('of many starts at once on a stale lock one wins', async () => {
  const home = await newHome();
  await mkdir(join(home, 'run'), { recursive: true });
  await writeFile(join(home, 'run', 'lock'), JSON.stringify({ pid: 1, started: 'another-boot:1' }));
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => start({ home })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason.message).toMatch(/already running/);
  }
});

test('a second live start is refused with the pid of the first', async () => {
  const home = await newHome();
  await start({ home });
  const cause = await refusal({ home });
  expect(cause).toMatchObject({
    code: 'CONFLICT',
    message: `Riskgraph is already running on ${home}, pid ${process.pid}`,
  });
  expect(cause.hint).toContain('RISKGRAPH_HOME');
});

test('a home below a file, a read-only one and a full one are each named with what to do', async () => {
  const parent = await newHome();
  await writeFile(join(parent, 'file'), '');
  const below = await refusal({ home: join(parent, 'file', 'state') });
  expect(below).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('is not a folder, or lies below a file'),
  });
  expect(below.hint).toContain('RISKGRAPH_HOME');
  const file = await refusal({ home: join(parent, 'file') });
  expect(file.message).toContain('is not a folder');

  expect(startOnMount('ro,size=1g')).toMatch(/cannot be written \(EROFS\).*RISKGRAPH_HOME/);
  expect(startOnMount('rw,size=1m')).toMatch(/only \d MiB free.*free at least 256 MiB/);
  expect(startOnMount('rw,size=1m,nr_inodes=2')).toMatch(/no space is left.*RISKGRAPH_HOME/);
});

/** Starts on a tmpfs of its own mount namespace and answers what the refusal said. */
const startOnMount = (options: string): string => {
  const script = `
    import { startEmbedded } from './src/embedded/index.ts';
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const need = { postgres: false, redis: true, clickhouse: false };
    startEmbedded({ home: '/mnt/state', need, log }).then(
      () => { console.log('it started'); process.exit(); },
      (cause) => console.log(cause.code, cause.message, cause.hint),
    );`;
  const command = `mount -t tmpfs -o ${options} none /mnt && exec "$0" --import ./bin/typescript.js --input-type=module -e "$1"`;
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const args = [...user, '--mount', 'sh', '-c', command, process.execPath, script];
  return execFileSync('unshare', args, { encoding: 'utf8' });
};

/** Runs `work` with a PATH that holds these scripts alone. */
const withPath = async (scripts: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> => {
  const bin = await newHome();
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\ncd ${bin}\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const path = process.env.PATH;
  process.env.PATH = bin;
  try {
    await work();
  } finally {
    process.env.PATH = path;
  }
};

test('a redis-server that is too old is refused with its version', () =>
  withPath(
    { 'redis-server': 'echo "Redis server v=5.0.14 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64"' },
    async () => {
      const cause = await refusal({ home: await newHome() });
      expect(cause.message).toBe('the redis-server on PATH is version 5.0.14, too old: 6.2 or newer is needed');
      expect(cause.hint).toContain('REDIS_URL');
    },
  ));

test('without a redis-server root gets one installed, waiting for another installation', () => {
  const aptGet = `
    case "$1" in
      install)
        [ -e tried ] || { : > tried; echo "E: Could not get lock /var/lib/dpkg/lock" >&2; exit 100; }
        /bin/ln -s "${execFileSync('sh', ['-c', 'command -v redis-server || command -v redis-check-rdb'], { encoding: 'utf8' }).trim()}" redis-server
    esac`;
  return withPath({ 'apt-get': aptGet }, async () => {
    const home = await newHome();
    if (process.getuid?.() !== 0) {
      expect((await refusal({ home })).hint).toContain('apt-get install redis-tools');
      return;
    }
    const said: string[] = [];
    await start({ home, log: { ...quietLog, warn: (_, message) => said.push(message) } });
    expect(said).toEqual(['no redis-server found: installing redis-tools with apt-get']);
  });
});

test('a home too long for a socket puts the socket elsewhere, in a private folder', async () => {
  const home = join(await newHome(), 'x'.repeat(100));
  const { urls } = await start({ home });
  expect(Buffer.byteLength(urls.redisUrl as string)).toBeLessThan(108);
  const redis = new Redis(urls.redisUrl as string);
  expect(await redis.ping()).toBe('PONG');
  await redis.quit();
});

test('a store has nothing of our environment that it does not need', async () => {
  const home = await newHome();
  process.env.RISKGRAPH_KEYS = 'admin=a-key-that-no-store-needs';
  try {
    await start({ home, need: { postgres: true, redis: true, clickhouse: true } });
  } finally {
    delete process.env.RISKGRAPH_KEYS;
  }
  const needed = /^(?:PATH|HOME|TMPDIR|LANG|LC_ALL|TZ|LD_LIBRARY_PATH|UV_THREADPOOL_SIZE|NODE_CHANNEL_\w+|PG\w+)$/;
  const pids = await pidFiles(home);
  expect(pids.map(({ name }) => name).sort()).toEqual(['clickhouse', 'postgres', 'redis']);
  for (const { pid, name } of pids) {
    const names = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter((entry) => entry !== '');
    expect(
      names.map((entry) => entry.split('=')[0]).filter((given) => !needed.test(given ?? '')),
      name,
    ).toEqual([]);
  }
});

/** Brings Postgres back to the release before one that changes the audit log. */
async function undoAuditHead({ dataSource }: Database): Promise<void> {
  const session = dataSource.createQueryRunner();
  const migration = new AuditHead1767226680000();
  await migration.down(session);
  await session.query('DELETE FROM riskgraph_migration WHERE name = $1', [migration.name]);
  await session.release();
}

/** What the composed Postgres runs, by its own variables. */
function runRoles(superuser: string): void {
  const { hostname, port, username, password, pathname } = new URL(superuser);
  const { status, stderr } = spawnSync('sh', ['docker/postgres/roles.sh'], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      PGHOST: hostname,
      PGPORT: port,
      PGPASSWORD: password,
      POSTGRES_USER: username,
      POSTGRES_DB: pathname.slice(1),
      POSTGRES_PLATFORM_PASSWORD: 'chosen',
      RISKGRAPH_ROLES: 'migrations/postgres/roles.sql',
    },
  });
  expect(status, stderr).toBe(0);
}

test('the platform is no superuser of Postgres and may only append to its audit log, also in a home of an earlier release', async () => {
  const home = await newHome();
  const need = { postgres: true, redis: false, clickhouse: false };
  const url = async (stores: EmbeddedStores, superuser: boolean): Promise<string> => {
    const at = new URL(stores.urls.postgresUrl as string);
    if (!superuser) return at.href;
    at.username = 'riskgraph';
    at.password = (await readFile(join(home, 'postgres.password'), 'utf8')).trim();
    return at.href;
  };
  const earlier = await start({ home, need });
  const superuser = await url(earlier, true);
  // As it was: one role, which owns everything.
  const before = await openDatabase({ url: superuser, log: quietLog });
  const undo = async (): Promise<void> => {
    await before.dataSource.query('DROP FUNCTION seal_audit_log()');
    await before.dataSource.query('REASSIGN OWNED BY riskgraph_platform, riskgraph_audit TO riskgraph');
    await before.dataSource.query('DROP OWNED BY riskgraph_platform, riskgraph_audit');
    await before.dataSource.query('DROP ROLE riskgraph_platform, riskgraph_audit');
  };
  await undo();
  expect((await checkAuditLog(before.dataSource)).excess).toBe('riskgraph is a superuser');
  // The file that docs/audit.md names does the same for a server of one's own.
  const roles = await readFile('migrations/postgres/roles.sql', 'utf8');
  const own = new URL(superuser);
  Object.assign(own, { username: 'riskgraph_platform', password: 'chosen' });
  const byHand = () => openDatabase({ url: own.href, log: quietLog });
  if (spawnSync('psql', ['--version']).status === 0) runRoles(superuser);
  else await before.dataSource.query(`${roles} ALTER ROLE riskgraph_platform PASSWORD 'chosen'`);
  for (const _ of ['made', 'changed by the next release']) {
    const { dataSource, close } = await byHand();
    expect(await checkAuditLog(dataSource)).toMatchObject({ excess: null, faults: [] });
    await close();
    // A release that changes a log that is sealed.
    await undoAuditHead(before);
    await expect(byHand()).rejects.toMatchObject({ hint: expect.stringContaining('migrations/postgres/roles.sql') });
    await before.dataSource.query(roles);
  }
  await (await byHand()).close();
  await undo();
  await before.close();
  await earlier.close();
  for (const file of ['postgres/riskgraph.roles', 'postgres.platform-password']) await rm(join(home, file));

  for (const time of ['upgraded', 'started again', 'upgraded to a release that changes the log']) {
    const stores = await start({ home, need });
    const { dataSource, close } = await openDatabase({ url: await url(stores, false), log: quietLog });
    const entry = `INSERT INTO audit_log (at, request_id, action, outcome, address, details) VALUES (now(), 'r', 'a', 'DONE', '', '{}')`;
    await dataSource.query(entry);
    for (const forbidden of [
      "UPDATE audit_log SET action = 'b'",
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
      'DROP TABLE audit_log',
      'ALTER TABLE audit_log DISABLE TRIGGER ALL',
      'UPDATE audit_head SET seq = 0',
      'DROP FUNCTION chain_audit_entry CASCADE',
      'SET ROLE riskgraph_audit',
      'CREATE OR REPLACE FUNCTION move_audit_head() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
      'ALTER ROLE riskgraph_platform SUPERUSER',
    ]) {
      await expect(dataSource.query(forbidden), forbidden).rejects.toThrow(/permission denied|must be owner/);
    }
    // Each function that does more than its caller may is the log's, as roles.sql names them.
    const loose = `SELECT proname FROM pg_proc WHERE prosecdef AND proowner = 'riskgraph_platform'::regrole`;
    expect(await dataSource.query(loose)).toEqual([]);
    // What seals the log makes its owner run nothing of the platform's.
    await dataSource.query(`CREATE OR REPLACE FUNCTION prune_audit_log(text) RETURNS void LANGUAGE sql SECURITY DEFINER
      AS 'DELETE FROM public.audit_log'`);
    await dataSource.query('SELECT seal_audit_log()');
    await expect(dataSource.query("SELECT prune_audit_log('')")).rejects.toThrow('permission denied');
    await dataSource.query('DROP FUNCTION prune_audit_log(text)');
    expect(await checkAuditLog(dataSource)).toMatchObject({ role: 'riskgraph_platform', excess: null, faults: [] });
    await dataSource.query("INSERT INTO platform_secret VALUES ('x', '') ON CONFLICT DO NOTHING");
    await close();
    // The release before connects as it did.
    const back = await openDatabase({ url: await url(stores, true), log: quietLog });
    await back.dataSource.query(entry);
    expect((await checkAuditLog(back.dataSource)).faults).toEqual([]);
    if (time === 'started again') {
      await undoAuditHead(back);
      await writeFile(join(home, 'postgres/riskgraph.roles'), 'of another release');
    }
    await back.close();
    await stores.close();
  }
});

test('where user namespaces are refused Postgres runs as an unprivileged user beside the home', async () => {
  if (process.getuid?.() !== 0) return;
  const home = await newHome();
  const need = { postgres: true, redis: false, clickhouse: false };
  const first = await start({ home, need, postgresAs: 'copy' });
  const pid = await firstPid(home);
  expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t65534\t65534/m);
  const client = new pg.Client({ connectionString: first.urls.postgresUrl });
  await client.connect();
  await client.query('CREATE TABLE kept AS SELECT 42 AS n');
  await client.end();
  await first.close();
  const again = await start({ home, need, postgresAs: 'copy' });
  const reader = new pg.Client({ connectionString: again.urls.postgresUrl });
  await reader.connect();
  expect((await reader.query('SELECT n FROM kept')).rows).toEqual([{ n: 42 }]);
  await reader.end();
  await again.close();
  const beside = createHash('sha256').update(home).digest('hex').slice(0, 12);
  await rm(join('/var/lib/riskgraph', beside), { recursive: true });
});

test('acknowledged inserts survive kill -9 of the ClickHouse child at any moment, whole', async () => {
  const home = await newHome();
  const need = { postgres: false, redis: false, clickhouse: true };
  let acknowledged = 0;
  let sent = 0;
  for (let round = 0; round < 3; round++) {
    const stores = await start({ home, need, log: { ...quietLog, error: () => undefined } });
    const client = createClient({
      url: stores.urls.clickhouseUrl as string,
      log: { level: ClickHouseLogLevel.OFF },
    });
    await client.command({
      query: 'CREATE TABLE IF NOT EXISTS batches (b Int64, n Int64) ENGINE = MergeTree ORDER BY b',
    });
    const pid = await firstPid(home);
    let killed: NodeJS.Timeout | undefined;
    let isKilled = false;
    try {
      for (;;) {
        const values = Array.from({ length: 500 }, (_, n) => ({ b: sent, n }));
        sent++;
        await client.insert({ table: 'batches', values, format: 'JSONEachRow' });
        acknowledged++;
        killed ??= setTimeout(
          () => {
            isKilled = process.kill(pid, 'SIGKILL');
          },
          20 + 130 * round,
        );
      }
    } catch (cause) {
      clearTimeout(killed);
      if (!isKilled) throw cause;
      await client.close();
    }
    await stores.close();
  }
  const { urls } = await start({ home, need });
  const client = createClient({ url: urls.clickhouseUrl as string });
  const answer = await client.query({
    query:
      'SELECT toInt32(count()) AS batches, toInt32(countIf(c != 500)) AS broken FROM (SELECT b, count() AS c FROM batches GROUP BY b)',
    format: 'JSONEachRow',
  });
  const [found] = await answer.json<{ batches: number; broken: number }>();
  await client.close();
  expect(acknowledged).toBeGreaterThan(0);
  expect(found?.broken).toBe(0);
  expect(found?.batches).toBeGreaterThanOrEqual(acknowledged);
  expect(found?.batches).toBeLessThanOrEqual(sent);
});

test('an unasked end of a store is reported with what it last wrote', async () => {
  const home = await newHome();
  const told = new Promise<string>((resolve) => {
    void start({
      home,
      log: { ...quietLog, error: () => undefined },
      onExit: ({ store, lastLines }) => resolve(`${store}: ${lastLines}`),
    }).then(async () => process.kill(await firstPid(home), 'SIGKILL'));
  });
  expect(await told).toMatch(/^redis: [\s\S]*ready to accept connections/);
});

const firstPid = async (home: string): Promise<number> => ((await pidFiles(home))[0] as ProcessIdentity).pid;

async function pidFiles(home: string): Promise<(ProcessIdentity & { name: string })[]> {
  const names = (await readdir(join(home, 'run'))).filter((name) => name.endsWith('.pid'));
  const texts = await Promise.all(names.map((name) => readFile(join(home, 'run', name), 'utf8')));
  return texts.map((text) => JSON.parse(text) as ProcessIdentity & { name: string });
}

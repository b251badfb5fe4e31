/** A private Redis on a unix socket: durable within a second, never evicting, unreachable from the network. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { type Child, startChild, storeEnvironment, waitReady } from './child.js';
import type { Home } from './home.js';

/** Lua scripts of the online store and of BullMQ need it. */
const MIN_VERSION = [6, 2] as const;
/** sockaddr_un holds 108 bytes with the closing NUL. */
const MAX_SOCKET_PATH = 107;
const READY_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 300_000;

interface RedisBinary {
  readonly command: string;
  /** Debian ships one program under several names, and it acts by the name it is called. */
  readonly argv0?: string;
}

interface FoundRedis extends RedisBinary {
  readonly major: number;
}

export interface RunningStore {
  readonly child: Child;
  readonly url: string;
  /** Ends it in good order, or kills it after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

const CANDIDATES: readonly RedisBinary[] = [
  { command: 'redis-server' },
  { command: 'redis-check-rdb', argv0: 'redis-server' },
];

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end; one that is not there ends with code null. */
const run = (command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Finished> =>
  new Promise((resolve) => {
    const child = spawn(command, [...args], { env: storeEnvironment(), ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString('utf8')).slice(-8000);
      });
    }
    child.once('error', () => resolve({ code: null, output }));
    child.once('close', (code) => resolve({ code, output }));
  });

const versionOf = async ({ command, argv0 }: RedisBinary): Promise<string | undefined> => {
  const { output } = await run(command, ['--version'], { timeout: 10_000, ...(argv0 ? { argv0 } : {}) });
  // redis-check-rdb under its own name answers without `v=`, so a build that ignores argv[0] is not taken for a server.
  return /\bv=(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1];
};

/** The network may be reached through these alone. */
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

const installHint =
  'install it with the package manager (Debian: apt-get install redis-tools), or set REDIS_URL to a server';

/**
 * Finds a redis-server; as root on a Debian system without one it installs `redis-tools`.
 * @throws RiskgraphError when there is none, or it is older than 6.2
 */
async function findRedis(log: Log): Promise<FoundRedis> {
  const deadline = performance.now() + INSTALL_TIMEOUT_MS;
  let state: 'absent' | 'locked' | 'installed' = 'absent';
  for (;;) {
    for (const binary of CANDIDATES) {
      const version = await versionOf(binary);
      if (version !== undefined) return checked(binary, version);
    }
    const canInstall = process.getuid?.() === 0 && (await run('apt-get', ['--version'])).code === 0;
    if (!canInstall || state === 'installed' || performance.now() > deadline) break;
    // It changes the machine and takes a while: said at the level that the demo shows too.
    if (state === 'absent') log.warn({}, 'no redis-server found: installing redis-tools with apt-get');
    state = await installRedis();
    // Another start, or another program, installs at the same moment.
    if (state === 'locked') await sleep(1000);
  }
  throw new RiskgraphError({ code: 'STORE_UNAVAILABLE', message: 'no redis-server was found', hint: installHint });
}

function checked(binary: RedisBinary, version: string): FoundRedis {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return { ...binary, major };
  throw new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `the redis-server on PATH is version ${version}, too old: ${MIN_VERSION.join('.')} or newer is needed`,
    hint: 'upgrade it, or set REDIS_URL to a newer server',
  });
}

async function installRedis(): Promise<'installed' | 'locked'> {
  const env = storeEnvironment({ DEBIAN_FRONTEND: 'noninteractive' }, PROXIES);
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'redis-tools'],
  ]) {
    const { code, output } = await run('apt-get', args, { env, timeout: INSTALL_TIMEOUT_MS });
    if (code === 0) continue;
    if (/Could not get lock|Unable to (?:acquire|lock)/.test(output)) return 'locked';
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: `apt-get ${args[0]} failed: ${output.trim().split('\n').slice(-3).join(' ')}`,
      hint: installHint,
    });
  }
  return 'installed';
}

const answersPing = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path });
    const finish = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
    socket.write('PING\r\n');
  });

/**
 * Starts Redis with its data in `<home>/redis`.
 * @returns `url` is the plain path of the socket, which `new Redis(url)` of ioredis takes (`?db=1` may follow)
 */
export async function startRedis(home: Home, log: Log, abandoned: AbortSignal): Promise<RunningStore> {
  const { major, ...binary } = await findRedis(log);
  const dir = join(home.path, 'redis');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const inHome = join(home.run, 'redis.sock');
  const socketDir =
    Buffer.byteLength(inHome) > MAX_SOCKET_PATH ? await mkdtemp(join(tmpdir(), 'riskgraph-')) : home.run;
  const socket = join(socketDir, 'redis.sock');
  await rm(socket, { force: true });
  const settings: Record<string, string> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    daemonize: 'no',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    // A packed row a view version in one hash: below this the whole hash is one compact allocation.
    [major >= 7 ? 'hash-max-listpack-value' : 'hash-max-ziplist-value']: '512',
    // A file cut short by a crash loses its last second, not the whole start.
    'aof-load-truncated': 'yes',
  };
  const child = await startChild(home, {
    name: 'redis',
    ...binary,
    args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]),
    env: storeEnvironment(),
    cwd: dir,
    stopSignal: 'SIGTERM',
  });
  await waitReady(child, () => answersPing(socket), READY_TIMEOUT_MS, abandoned);
  return {
    child,
    url: socket,
    async close(graceMs = 30_000) {
      await child.stop(graceMs);
      if (socketDir !== home.run) await rm(socketDir, { recursive: true, force: true });
    },
  };
}

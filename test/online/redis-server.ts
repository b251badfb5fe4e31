/** A Redis of one test file's own, where the shared one would not do: another policy, a cluster, a server that dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { freePort } from '../../src/embedded/free-port.js';

export interface TestRedis {
  /** Path of the socket. */
  readonly url: string;
  readonly port: number;
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** The program answers to either name on Debian; a machine with a real redis-server uses that. */
function spawnRedis(args: readonly string[]): Promise<ChildProcess> {
  const attempt = (command: string): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const child = spawn(command, [...args], { argv0: 'redis-server', stdio: 'ignore' });
      child.once('spawn', () => resolve(child));
      child.once('error', reject);
    });
  return attempt('redis-server').catch(() => attempt('redis-check-rdb'));
}

const ATTEMPTS = 5;

/** A port that was free may be taken by the time the server wants it: then it ends at once, and is started on another. */
export async function startTestRedis(options: { policy?: string; cluster?: boolean } = {}): Promise<TestRedis> {
  for (let attempt = 1; ; attempt++) {
    const started = await startOnce(options);
    if (started) return started;
    if (attempt === ATTEMPTS) throw new Error(`redis-server ended ${ATTEMPTS} times as soon as it was started`);
  }
}

async function startOnce(options: { policy?: string; cluster?: boolean }): Promise<TestRedis | null> {
  const dir = await mkdtemp(join(tmpdir(), 'rg-redis-'));
  const url = join(dir, 's');
  const port = options.cluster ? await freePort() : 0;
  const child = await spawnRedis([
    ...['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', url, '--dir', dir, '--save', ''],
    ...['--maxmemory-policy', options.policy ?? 'noeviction', '--hash-max-listpack-value', '512'],
    ...(options.cluster ? ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] : []),
  ]);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const probe = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  probe.on('error', () => undefined);
  const answers = await Promise.race([probe.ping().catch(() => null), exited.then(() => null)]);
  probe.disconnect();
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const close = async (): Promise<void> => {
    await kill();
    await rm(dir, { recursive: true, force: true });
  };
  if (answers !== null) return { url, port, kill, close };
  await close();
  return null;
}

/** Joins two cluster nodes and halves the slots between them. */
export async function formCluster(nodes: readonly [TestRedis, TestRedis]): Promise<string> {
  const clients = nodes.map(({ url }) => new Redis(url));
  const [first, second] = clients as [Redis, Redis];
  await first.call('CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
  await second.call('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383');
  const bus = /:(\d+)@(\d+)/.exec((await second.call('CLUSTER', 'NODES')) as string)?.[2] as string;
  await first.call('CLUSTER', 'MEET', '127.0.0.1', String(nodes[1].port), bus);
  const formed = async (): Promise<boolean> => {
    const infos = (await Promise.all(clients.map((client) => client.call('CLUSTER', 'INFO')))) as string[];
    return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2'));
  };
  while (!(await formed())) await sleep(100);
  for (const client of clients) client.disconnect();
  return `redis-cluster://127.0.0.1:${nodes[0].port},127.0.0.1:${nodes[1].port}`;
}

/** A prefix no other test uses. */
export const uniquePrefix = (): string => `test-${newUuid(Date.now())}`;

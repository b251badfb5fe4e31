/** Embedded stores and one API process on them, with the product's definitions and values online for a thousand customers. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { View } from '../src/core/definitions/definitions.js';
import type { FeatureType, FeatureValue } from '../src/core/definitions/types.js';
import type { Role } from '../src/core/ports/access.js';
import { freePort } from '../src/embedded/free-port.js';
import { startEmbedded } from '../src/embedded/index.js';
import { createOnlineStore } from '../src/online/online-store.js';
import { openRedis } from '../src/online/redis.js';
import { loadRegistry } from '../src/registry/load.js';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: console.error };
const metrics = { count: quiet, observe: quiet, gauge: quiet };
const PROJECT = new URL('..', import.meta.url).pathname;
const CUSTOMERS = 1_000;
/** What the scoring of a borrower reads. */
const SERVICE = 'b_score@1';

export const keyOf = (role: Role, name: string = role): string => `bench-key-of-role-${role}-${name}`;
export const customer = (index: number): string => `C${String(index % CUSTOMERS).padStart(6, '0')}`;

const QUERY = `query($e: JSONObject!) {
  onlineFeatures(service: "${SERVICE}", entities: $e) { columns { name values statuses } views { view eventTimes } }
  score(model: "b_score", entities: $e, explain: true) { scores { entity status probability points band reasonCodes missing stale error } }
}`;

/** One decision as the README shows it: features and an explained score of two borrowers. */
export const decision = (index: number): string =>
  JSON.stringify({ query: QUERY, variables: { e: { customer_id: [customer(index), customer(index + 1)] } } });

const sampleOf = (type: FeatureType, seed: number): FeatureValue => {
  if (type === 'BOOLEAN') return seed % 2 === 0;
  if (type === 'STRING') return `value ${seed % 10}`;
  if (type === 'DATE') return '2026-01-01';
  if (type === 'TIMESTAMP') return '2026-01-01T00:00:00.000Z';
  if (type === 'INT64' || type.startsWith('DECIMAL')) return String(seed % 1_000);
  if (type.startsWith('ARRAY')) return [];
  return seed % 100;
};

export interface ApiStack {
  readonly url: string;
  /** Every process of a store. */
  pidsOf(store: 'postgres' | 'redis' | 'clickhouse'): Promise<readonly number[]>;
  readonly api: number;
  close(): Promise<void>;
}

/** The process and its children: Postgres answers from one process a connection. */
async function family(pid: number): Promise<number[]> {
  const all = (await readdir('/proc')).map(Number).filter((number) => number > 0);
  const children = await Promise.all(
    all.map(async (each) => {
      const status = await readFile(`/proc/${each}/status`, 'utf8').catch(() => '');
      return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(status) ? [each] : [];
    }),
  );
  return [pid, ...children.flat()];
}

export async function startApiStack(env: Readonly<Record<string, string>> = {}): Promise<ApiStack> {
  const home = await mkdtemp(join(tmpdir(), 'riskgraph-bench-'));
  const stores = await startEmbedded({ home, need: { postgres: true, redis: true, clickhouse: true }, log });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const keys = (['admin', 'modeler', 'bi', 'decision'] as const).map((role) => `${role}=${keyOf(role)}`);
  const api = spawn(process.execPath, ['--import', './bin/typescript.js', 'src/server.ts'], {
    cwd: PROJECT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      PORT: String(port),
      RISKGRAPH_HOME: join(home, 'api'),
      POSTGRES_URL: stores.urls.postgresUrl,
      REDIS_URL: stores.urls.redisUrl,
      CLICKHOUSE_URL: stores.urls.clickhouseUrl,
      RISKGRAPH_KEYS: [...keys, `decision:other=${keyOf('decision', 'other')}`].join(','),
      RISKGRAPH_LOG_LEVEL: 'error',
      ...env,
    },
  });
  const ended = new Promise((resolve) => api.once('exit', resolve));
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) await new Promise((next) => setTimeout(next, 200));
  await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf('admin')}` },
    body: '{"query":"mutation { applyRegistry { problems } }"}',
  });
  await fillOnline(stores.urls.redisUrl as string);
  return {
    url,
    api: api.pid as number,
    async pidsOf(store) {
      const { pid } = JSON.parse(await readFile(join(home, 'run', `${store}.pid`), 'utf8')) as { pid: number };
      return family(pid);
    },
    async close() {
      api.kill('SIGTERM');
      await ended;
      await stores.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function fillOnline(url: string): Promise<void> {
  const registry = await loadRegistry({ root: PROJECT, currency: 'CNY' });
  const redis = await openRedis({ url, log, purpose: 'serving' });
  const online = createOnlineStore({ client: redis.client, prefix: 'riskgraph', clock: Date.now, log, metrics });
  const views = new Set(
    registry.services
      .get(SERVICE)
      ?.features.map(({ view }) => view)
      .filter((view): view is View => 'ttlMs' in view),
  );
  const now = Date.now();
  for (const view of views) {
    const rows = Array.from({ length: CUSTOMERS }, (_, index) => ({
      key: [customer(index)],
      eventTime: now - 60_000,
      availableAt: now,
      sequence: 1,
      tombstone: false,
      values: view.features.map(({ type }, at) => sampleOf(type, index + at)),
    }));
    await online.write(view, rows);
  }
  await redis.close();
}

/**
 * Makes what test/upgrade.test.ts starts the present code on, the stores of an earlier release: runs a checkout of that release, with its own
 * node_modules, on empty stores, with a small book, all of its definitions, three days of history and a training set, and dumps what it leaves.
 * `node --import ./bin/typescript.js scripts/make-upgrade-fixture.ts <checkout>`, once a release is the oldest that is supported.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { freePort } from '../src/embedded/free-port.js';
import { startEmbedded } from '../src/embedded/index.js';
import { dumpClickHouse, dumpPostgres } from './dump-stores.js';

const FIXTURE = resolve('test/fixtures/upgrade');
const CUSTOMERS = '40';
const BOOK_ENDS = '2026-06-30';
const HISTORY = { from: '2026-06-28', to: BOOK_ENDS };
/** Those of the training set's service, and one with another entity. */
const VIEWS = ['loan_behaviour@1', 'payment_rhythm@1', 'app_activity@1', 'application_history@1', 'device_profile@1'];
const KEY = 'key-of-the-release-that-is-dumped';
const READY_WITHIN_MS = 180_000;
const log = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error };

const checkout = process.argv[2];
if (!checkout) throw new Error('name a checkout of the release');

const home = await mkdtemp(join(tmpdir(), 'riskgraph-release-'));
const stores = await startEmbedded({ home, need: { postgres: true, redis: true, clickhouse: true }, log });
try {
  const { postgresUrl = '', redisUrl = '', clickhouseUrl = '' } = stores.urls;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    POSTGRES_URL: postgresUrl,
    REDIS_URL: redisUrl,
    CLICKHOUSE_URL: clickhouseUrl,
    RISKGRAPH_HOME: join(home, 'release'),
    RISKGRAPH_KEYS: `admin=${KEY}`,
    RISKGRAPH_KEY: KEY,
    RISKGRAPH_URL: url,
    RISKGRAPH_LOG_LEVEL: 'warn',
    PORT: String(port),
  };
  const server = release(['start'], env);
  try {
    await served(url);
    await work(url, env);
  } finally {
    server.child.kill('SIGINT');
    await server.ended;
  }
  await mkdir(FIXTURE, { recursive: true });
  await write('postgres.sql.br', await dumpPostgres(postgresUrl));
  await write('clickhouse.json.br', await dumpClickHouse(clickhouseUrl, 'riskgraph'));
} finally {
  await stores.close();
  await rm(home, { recursive: true, force: true });
}

/** A command of the release. */
function release(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['--import', './bin/typescript.js', 'src/cli.ts', ...args], {
    cwd: checkout,
    env,
    stdio: 'inherit',
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { child, ended };
}

async function served(url: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const ready = await fetch(`${url}/readyz`).catch(() => null);
    if (ready?.ok) return;
    if (Date.now() > deadline) throw new Error('the release does not serve');
    await sleep(200);
  }
}

/** What a lender does with it. */
async function work(url: string, env: NodeJS.ProcessEnv): Promise<void> {
  const load = release(['portfolio', 'load', '--customers', CUSTOMERS, '--end-date', BOOK_ENDS], env);
  if ((await load.ended) !== 0) throw new Error('the book was not loaded');
  await ask(url, 'mutation { applyRegistry { changes { name } } }');
  const { backfill } = await ask<{ backfill: { id: string } }>(
    url,
    `mutation($views: [String!]!) { backfill(views: $views, from: "${HISTORY.from}", to: "${HISTORY.to}") { id } }`,
    { views: VIEWS },
  );
  await completed(url, backfill.id);
  const { createTrainingSet } = await ask<{ createTrainingSet: { job: { id: string } } }>(
    url,
    `mutation($spineSql: String!) {
      createTrainingSet(input: { name: "of the release before", service: "b_score@1", spineSql: $spineSql }) { job { id } }
    }`,
    {
      spineSql: `SELECT customer_id, toDateTime64('${BOOK_ENDS} 12:00:00', 3, 'Asia/Shanghai') AS event_timestamp FROM customers`,
    },
  );
  await completed(url, createTrainingSet.job.id);
}

async function completed(url: string, id: string): Promise<void> {
  for (;;) {
    const { job } = await ask<{ job: { state: string; error: string | null } }>(
      url,
      'query($id: ID!) { job(id: $id) { state error } }',
      { id },
    );
    if (job.state === 'COMPLETED') return;
    if (job.state === 'FAILED') throw new Error(`a job of the release failed: ${job.error}`);
    await sleep(200);
  }
}

async function ask<T>(url: string, query: string, variables = {}): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: readonly { message: string }[] };
  if (errors) throw new Error(errors.map(({ message }) => message).join('; '));
  return data;
}

async function write(name: string, text: string): Promise<void> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const bytes = await promisify(brotliCompress)(text, { params });
  await writeFile(join(FIXTURE, name), bytes);
  process.stdout.write(`${name}: ${bytes.length} bytes\n`);
}

/** The API as a process of its own: how it starts, what it prints, how it ends. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedStores, startEmbedded } from '../../src/embedded/index.js';
import { type RunningCommand, runProgram } from '../support/command.js';
import { freshHome, quietLog } from '../support/homes.js';
import { type FreshStores, startStores } from '../support/stores.js';

let stores: FreshStores;
let home: string;
/** The process names its own database, so it gets a server that no other test file reads. */
let clickhouse: EmbeddedStores;
const started: RunningCommand[] = [];

beforeAll(async () => {
  [stores, home] = await Promise.all([startStores(), freshHome()]);
  const need = { postgres: false, redis: false, clickhouse: true };
  clickhouse = await startEmbedded({ home: join(home, 'stores'), need, log: quietLog });
});

afterAll(async () => {
  for (const server of started) if (server.isRunning()) server.signalGroup('SIGKILL');
  await clickhouse.close();
  await stores.close();
  await rm(home, { recursive: true, force: true });
});

function start(environment: Readonly<Record<string, string>> = {}): RunningCommand {
  const server = runProgram('src/server.ts', [], {
    PORT: '0',
    RISKGRAPH_HOME: home,
    POSTGRES_URL: stores.postgresUrl,
    REDIS_URL: stores.redisUrl,
    CLICKHOUSE_URL: clickhouse.urls.clickhouseUrl as string,
    ...environment,
  });
  started.push(server);
  return server;
}

async function urlOf(server: RunningCommand): Promise<string> {
  const [line] = await server.until(/^.*"the API serves".*\n/m);
  return (JSON.parse(line) as { url: string }).url;
}

describe('the API process', () => {
  it('makes keys that it never prints, serves, and on SIGTERM ends streams and itself in good order', async () => {
    const server = start();
    const url = await urlOf(server);
    const file = join(home, 'keys');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const keys = (await readFile(file, 'utf8')).split('\n').filter((line) => /^[a-z]/.test(line));
    const admin = keys.find((line) => line.startsWith('admin='))?.slice('admin='.length) ?? '';
    const ask = (path: string, query: string, accept = 'application/json') =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${admin}` },
        body: JSON.stringify({ query }),
      });
    await ask('/graphql', 'mutation { applyRegistry { problems } }');
    const { data } = (await (await ask('/graphql', 'mutation { materialize { id } }')).json()) as {
      data: { materialize: { id: string } };
    };
    const stream = await ask(
      '/graphql/stream',
      `subscription { jobProgress(id: "${data.materialize.id}") { state } }`,
      'text/event-stream',
    );
    // The headers come before the first event: only a stream that has told something can be ended in the middle.
    const reader = (stream.body as NonNullable<Response['body']>).pipeThrough(new TextDecoderStream()).getReader();
    let told = '';
    while (!told.includes('"state":"WAITING"')) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended before its first event: ${told}`);
      told += value;
    }
    server.signalGroup('SIGTERM');
    expect(await server.exited).toBe(0);
    while (!(await reader.read()).done);
    for (const line of keys) expect(server.output()).not.toContain(line.split('=')[1]);
  });

  it('starts again on what is there, with the same keys, and ends on SIGINT', async () => {
    const before = await readFile(join(home, 'keys'), 'utf8');
    const server = start();
    await urlOf(server);
    server.signalGroup('SIGINT');
    expect(await server.exited).toBe(0);
    expect(await readFile(join(home, 'keys'), 'utf8')).toBe(before);
  });

  it('says what is wrong with its keys, without the keys, and exits 1', async () => {
    const server = start({ RISKGRAPH_KEYS: 'boss=some-secret-key' });
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain("'boss' is not a role");
    expect(server.output()).not.toContain('some-secret-key');
  });

  it('says which store does not answer and what to do, and exits 1', async () => {
    const server = start({ POSTGRES_URL: 'postgres://nobody:hidden@127.0.0.1:1/none' });
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain('Postgres does not answer');
    expect(server.output()).not.toContain('hidden');
  });
});

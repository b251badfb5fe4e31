/** A home that was applied by the release whose content hashes had no scheme: what it is told, and that it loses nothing. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DefinitionRoot, emptyRoot } from '../docs/definitions.js';
import { type Api, type ApiStores, closeApiStores, freshApiStores, keyOf, startApi } from '../support/api.js';
import { MIDDAY_ENV, middayClock } from '../support/clock.js';
import { runToEnd } from '../support/command.js';

const VIEW = {
  path: 'features/customer/income_level.v1.view.ts',
  text: `import { defineFeatureView, decimal, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description: 'What a customer earns.',
  owner: 'test',
  schedule: { every: 'day', delay: '0s' },
  features: { monthly: decimal({ description: 'Income a month', unit: 'CNY' }) },
  query: ({ source }) => sql\`SELECT customer_id, monthly_income AS monthly FROM \${source('customers')}\`,
});
`,
};
const ON_DEMAND = {
  path: 'features/customer/burden.v1.on_demand.ts',
  text: `import { decimal, defineOnDemandView, float64, input } from 'riskgraph';
import { ratio } from 'riskgraph/money';
import { customer } from '../entities.js';

export default defineOnDemandView({
  entity: customer,
  description: 'What a payment is of the income.',
  owner: 'test',
  request: { payment: decimal({ description: 'A payment a month', unit: 'CNY' }) },
  inputs: { income: input('DECIMAL', 'income_level@1:monthly') },
  features: { share: float64({ description: 'Payment over income', unit: 'fraction' }) },
  compute: ({ payment, income }) => ({ share: ratio([payment], income) }),
});
`,
};
/** What says that a hash is of the present scheme: without it a hash is one of before. */
const SCHEME = 'v2:';
const SENTENCE =
  /^2 applied definitions have content hashes of another release.*`npx riskgraph apply --rehash` writes the hashes anew$/;

let stores: ApiStores;
let definitions: DefinitionRoot;
let client: pg.Client;
let api: Api;
let worker: { close(): Promise<void> };
let set: { id: string; contentHash: string };

async function start(): Promise<void> {
  api = await startApi({ definitions: definitions.root, stores, clock: middayClock });
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
}
async function stop(): Promise<void> {
  await worker.close();
  await api.close();
}

const ask = async <T>(query: string): Promise<T> => {
  const { data, errors } = await api.graphql<T>('admin', query);
  expect(errors).toEqual([]);
  return data as T;
};

async function finished(id: string): Promise<unknown> {
  for (;;) {
    const { job } = await ask<{ job: { state: string } }>(`{ job(id: "${id}") { state error } }`);
    if (!['WAITING', 'ACTIVE'].includes(job.state)) return job;
    await sleep(50);
  }
}

interface SetAnswer {
  readonly id: string;
  readonly job: { readonly id: string };
}

/** Waits for a set's file, and gives its content hash. */
async function built({ id, job }: SetAnswer): Promise<string> {
  expect(await finished(job.id)).toEqual({ state: 'COMPLETED', error: null });
  const { trainingSet } = await ask<{ trainingSet: { manifest: { contentHash: string } } }>(
    `{ trainingSet(id: "${id}") { manifest } }`,
  );
  return trainingSet.manifest.contentHash;
}

const problems = async (): Promise<readonly string[]> =>
  (await ask<{ planRegistry: { problems: string[] } }>('mutation { planRegistry(costs: false) { problems } }'))
    .planRegistry.problems;

const values = async (): Promise<unknown> => {
  const { onlineFeatures } = await ask<{ onlineFeatures: { columns: { values: unknown[] }[] } }>(
    `{ onlineFeatures(features: ["income_level@1:monthly", "burden@1:share"], entities: { customer_id: ["C1", "C2"] },
      request: { payment: ["250", "250"] }) { columns { values } } }`,
  );
  return onlineFeatures.columns.map((column) => column.values);
};
const VALUES = [
  ['1000', '2000'],
  [0.25, 0.125],
];

/** The home as an earlier release left it. */
const leaveToEarlierRelease = async (): Promise<void> => {
  const without = (column: string) => `replace(${column}::text, '${SCHEME}', '')`;
  await client.query(
    `UPDATE published_definition SET hash = ${without('hash')}, snapshot = ${without('snapshot')}::jsonb, former_hashes = '{}'`,
  );
  await client.query(`UPDATE training_set SET result = ${without('result')}::json`);
};

beforeAll(async () => {
  [stores, definitions] = await Promise.all([freshApiStores(), emptyRoot()]);
  await definitions.put(VIEW);
  await definitions.put(ON_DEMAND);
  client = new pg.Client({ connectionString: stores.postgres.url });
  await client.connect();
  await start();
  const response = await api.fetch('ingest', '/import/customers?history=true', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'customer_id,registered_at,monthly_income\nC1,2026-01-01T00:00:00Z,1000\nC2,2026-01-02T00:00:00Z,2000\n',
  });
  expect(await response.json()).toMatchObject({ accepted: 2 });
  await ask('mutation { applyRegistry { problems } }');
  const { materialize } = await ask<{ materialize: { id: string } }>('mutation { materialize { id } }');
  await finished(materialize.id);
  const { createTrainingSet } = await ask<{ createTrainingSet: SetAnswer }>(
    `mutation { createTrainingSet(input: { name: "winter", features: ["income_level@1:monthly", "burden@1:share"],
      spine: { customer_id: ["C1"], event_timestamp: ["${new Date(middayClock()).toISOString()}"], payment: ["250"] } }) { id job { id } } }`,
  );
  set = { id: createTrainingSet.id, contentHash: await built(createTrainingSet) };
  await stop();
  await leaveToEarlierRelease();
});

afterAll(async () => {
  await client.end();
  await definitions.close();
  await closeApiStores(stores);
});

/** What a server that starts on the home logs. */
async function bootLog(): Promise<readonly { readonly level: unknown; readonly msg: string }[]> {
  const url = (file: string) => JSON.stringify(pathToFileURL(resolve(file)).href);
  const script = `
    const { createApp } = await import(${url('src/app.ts')});
    const { loadConfig } = await import(${url('src/config.ts')});
    const given = { definitions: ${JSON.stringify(definitions.root)}, clickhouseDatabase: ${JSON.stringify(stores.clickhouse.database)} };
    await (await createApp(loadConfig(process.env), given)).close();`;
  const { stderr, stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', './bin/typescript.js', '--input-type=module', '--eval', script],
    {
      env: {
        PATH: process.env.PATH,
        ...MIDDAY_ENV,
        RISKGRAPH_HOME: stores.home,
        RISKGRAPH_LOG_LEVEL: 'warn',
        POSTGRES_URL: stores.postgres.url,
        REDIS_URL: stores.redis.url,
        CLICKHOUSE_URL: stores.clickhouse.url,
      },
    },
  );
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

it('boots, says in one sentence what to do, serves what is applied, and applies nothing before it is done', async () => {
  expect(await bootLog()).toEqual([expect.objectContaining({ msg: expect.stringMatching(SENTENCE) })]);
  await start();
  expect(await problems()).toEqual([expect.stringMatching(SENTENCE)]);
  expect(await values()).toEqual(VALUES);
  const refused = await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  expect(refused.errors[0]).toMatchObject({ extensions: { code: 'CONFLICT' } });
  expect(refused.errors[0]?.message).toContain('npx riskgraph apply --rehash');
  const rebuild = await api.graphql('admin', `mutation { rebuildTrainingSet(id: "${set.id}") { id } }`);
  expect(rebuild.errors[0]).toMatchObject({
    message: expect.stringContaining('names income_level@1, burden@1 by content hashes of another release'),
    extensions: { code: 'CONFLICT', hint: expect.stringContaining('npx riskgraph apply --rehash') },
  });
});

it('serves as before after the command, and builds the sets of before again', async () => {
  const command = await runToEnd(['apply', '--rehash'], { RISKGRAPH_URL: api.url, RISKGRAPH_KEY: keyOf('admin') });
  expect(command).toMatchObject({
    code: 0,
    output: expect.stringContaining('The content hashes of what is applied are those of this release.'),
  });
  const { rows } = await client.query('SELECT hash, snapshot, former_hashes AS former FROM published_definition');
  expect(rows).toHaveLength(2);
  for (const { hash, former } of rows) {
    expect(hash).toMatch(/^v2:[0-9a-f]{64}$/);
    expect(former).toEqual([hash.slice(SCHEME.length)]);
  }
  expect(await problems()).toEqual([]);
  expect(await values()).toEqual(VALUES);
  const { rebuildTrainingSet } = await ask<{ rebuildTrainingSet: SetAnswer }>(
    `mutation { rebuildTrainingSet(id: "${set.id}") { id job { id } } }`,
  );
  expect(await built(rebuildTrainingSet)).toBe(set.contentHash);
  await stop();
  expect(await bootLog()).toEqual([]);
});

it('does not start where a definition declares something else than what was applied, and names that one alone', async () => {
  await leaveToEarlierRelease();
  await client.query(`UPDATE published_definition SET snapshot = snapshot || '{"ttlMs": 1000}' WHERE kind = 'view'`);
  await expect(start()).rejects.toMatchObject({
    code: 'CONFLICT',
    details: { problems: [expect.stringMatching(/^view income_level@1 was applied and has changed since/)] },
  });
  const { rows } = await client.query('SELECT former_hashes AS former FROM published_definition');
  expect(rows).toEqual([{ former: [] }, { former: [] }]);
});

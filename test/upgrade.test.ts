/** The stores that the oldest supported release left, as scripts/make-upgrade-fixture.ts dumps them: the present code starts on them and goes on. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ident, raw, sql } from '../src/core/definitions/sql.js';
import { openClickHouse } from '../src/warehouse/client.js';
import { type Api, type ApiStores, closeApiStores, startApi } from './support/api.js';
import { freshHome, quietLog } from './support/homes.js';
import { freshClickHouseDatabase, freshPostgresDatabase, freshRedis } from './support/stores.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
/** A day of which the release wrote history, of views that its training set reads. */
const AS_OF = '2026-06-30T12:00:00+08:00';

interface DumpedTable {
  readonly name: string;
  readonly create: string;
  /** In the format Native, in base64. */
  readonly rows: string;
}

let stores: ApiStores;
let api: Api;
let worker: { close(): Promise<void> };

const dump = async (name: string): Promise<string> =>
  (await promisify(brotliDecompress)(await readFile(new URL(`fixtures/upgrade/${name}`, import.meta.url)))).toString();

async function restorePostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(await dump('postgres.sql.br'));
  } finally {
    await client.end();
  }
}

async function restoreClickHouse(place: { readonly url: string; readonly database: string }): Promise<void> {
  const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
  const clickhouse = openClickHouse({ ...place, log: quietLog, metrics });
  try {
    const tables = JSON.parse(await dump('clickhouse.json.br')) as DumpedTable[];
    const restore = async ({ name, create, rows }: DumpedTable): Promise<void> => {
      await clickhouse.run('test', raw(create));
      const insert = sql`INSERT INTO ${ident(name)} FORMAT Native`;
      if (rows) await clickhouse.insertBytes('test', insert, Buffer.from(rows, 'base64'));
    };
    await Promise.all(tables.map(restore));
  } finally {
    await clickhouse.close();
  }
}

const ask = async <T>(query: string): Promise<T> => {
  const { data, errors } = await api.graphql<T>('admin', query);
  expect(errors).toEqual([]);
  return data as T;
};

async function completed(id: string): Promise<void> {
  await api.jobEnded(id);
  expect(await ask(`{ job(id: "${id}") { state error } }`)).toEqual({ job: { state: 'COMPLETED', error: null } });
}

beforeAll(async () => {
  const [postgres, redis, clickhouse, home] = await Promise.all([
    freshPostgresDatabase(),
    freshRedis(),
    freshClickHouseDatabase(),
    freshHome(),
  ]);
  stores = { postgres, redis, clickhouse, home };
  await Promise.all([restorePostgres(postgres.url), restoreClickHouse(clickhouse)]);
  api = await startApi({ stores, definitions: PACKAGE });
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
});

afterAll(async () => {
  await worker?.close();
  await api?.close();
  await closeApiStores(stores);
});

it('serves what the release applied, finds none of it changed, and applies what is new', async () => {
  const { featureViews } = await ask<{ featureViews: readonly { name: string }[] }>('{ featureViews { name } }');
  expect(featureViews.map(({ name }) => name)).toContain('loan_behaviour');
  // Its indicators had no versions: they are the first.
  const { indicators } = await ask<{ indicators: readonly object[] }>('{ indicators { name version } }');
  expect(indicators).toContainEqual({ name: 'new_loans', version: 1 });
  expect(indicators).not.toContainEqual(expect.objectContaining({ name: 'npl_ratio' }));
  const { applyRegistry } = await ask<{ applyRegistry: { problems: string[]; changes: { action: string }[] } }>(
    'mutation { applyRegistry { problems changes { action } } }',
  );
  expect(applyRegistry.problems).toEqual([]);
  expect(applyRegistry.changes.filter(({ action }) => action === 'RETIRE')).toEqual([]);
  const after = await ask<{ indicators: readonly object[] }>('{ indicators { name version } }');
  expect(after.indicators).toContainEqual({ name: 'new_loans', version: 2 });
});

it('reads the history of before, and computes more of it', async () => {
  const customers = Array.from({ length: 40 }, (_, index) => `"C${String(index).padStart(7, '0')}"`);
  const spine = `{ customer_id: [${customers}], event_timestamp: [${customers.map(() => `"${AS_OF}"`)}] }`;
  const { historicalFeatures } = await ask<{
    historicalFeatures: { columns: readonly { name: string }[]; rows: readonly (readonly unknown[])[] };
  }>(
    `{ historicalFeatures(features: ["loan_behaviour@1"], includeStatuses: true, spine: ${spine}) { columns { name } rows } }`,
  );
  const status = historicalFeatures.columns.findIndex(({ name }) => name.endsWith('__status'));
  expect(historicalFeatures.rows.filter((row) => row[status] === 'PRESENT').length).toBeGreaterThan(5);

  const { materialize } = await ask<{ materialize: { id: string } }>(
    'mutation { materialize(views: ["loan_behaviour@1"]) { id } }',
  );
  await completed(materialize.id);
});

it('builds the training set of before again, with the same content', async () => {
  const { trainingSets } = await ask<{ trainingSets: readonly { id: string; manifest: { contentHash: string } }[] }>(
    '{ trainingSets { id manifest } }',
  );
  expect(trainingSets).toHaveLength(1);
  const { rebuildTrainingSet } = await ask<{ rebuildTrainingSet: { id: string; job: { id: string } } }>(
    `mutation { rebuildTrainingSet(id: "${trainingSets[0]?.id}") { id job { id } } }`,
  );
  await completed(rebuildTrainingSet.job.id);
  const { trainingSet } = await ask<{ trainingSet: unknown }>(
    `{ trainingSet(id: "${rebuildTrainingSet.id}") { manifest } }`,
  );
  const contentHash = trainingSets[0]?.manifest.contentHash;
  expect(contentHash).toMatch(/^[0-9a-f]{64}$/);
  expect(trainingSet).toMatchObject({ manifest: { contentHash } });
});

it('goes on with the chain of the audit log, which is whole', async () => {
  const { auditCheck } = await ask<{ auditCheck: { entries: number; faults: string[] } }>(
    '{ auditCheck { entries faults } }',
  );
  expect(auditCheck.faults).toEqual([]);
  expect(auditCheck.entries).toBeGreaterThan(20);
});

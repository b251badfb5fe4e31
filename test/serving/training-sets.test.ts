import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Mask } from '../../src/core/compute/masking.js';
import { defineEntity, int32, raw } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import type { JobRecord } from '../../src/core/ports/jobs.js';
import type { TrainingSetSpec } from '../../src/core/ports/training-sets.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { createSpineLedger } from '../../src/ledgers/spine-ledger.js';
import { createTrainingSetLedger } from '../../src/ledgers/training-set-ledger.js';
import { createSpines } from '../../src/serving/spines.js';
import { createTrainingSets } from '../../src/serving/training-sets.js';
import { createSpineStore } from '../../src/sources/spines/store.js';
import { type OfflineFixture, openOffline, quiet, refsOf, viewOf } from '../offline/support.js';
import { freshHome } from '../support/homes.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';
import { TABLES } from '../support/tables.js';

const NOW = Date.UTC(2026, 3, 1);
const DAY = 86_400_000;
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const view: View = viewOf('limits', 1, {
  entity: customer,
  features: { dpd: int32({ description: 'x' }) },
  query: () => raw("SELECT 'C1' AS customer_id, 7 AS dpd"),
});
const registry: Registry = {
  tables: TABLES,
  onDemandViews: new Map(),
  refused: [],
  services: new Map(),
  facts: new Map(),
  indicators: new Map(),
  models: new Map(),
  labels: new Map(),
  jobs: new Map(),
  entities: new Map([[customer.name, customer]]),
  views: new Map([[view.id, view]]),
};

let fixture: OfflineFixture;
let postgres: FreshStore;
let database: Awaited<ReturnType<typeof openDatabase>>;
let home: string;
let enqueued: { name: string; payload: unknown; id: string | undefined }[];

beforeAll(async () => {
  [fixture, postgres] = await Promise.all([openOffline(), freshPostgresDatabase()]);
  database = await openDatabase({ url: postgres.url, log: quiet });
  await fixture.writers.createView(view);
  const run = { id: 1, view, asOf: NOW - 1000, knowledge: NOW };
  await fixture.writes.stageRun(run);
  await fixture.writes.commitRuns(view, [{ run, availableAt: NOW - 1000 }]);
});
afterAll(async () => {
  await database?.close();
  await Promise.all([fixture?.close(), postgres?.close()]);
});
beforeEach(async () => {
  home = await freshHome();
  enqueued = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Of a moment: what is uploaded then, and dropped. */
const uploads = (now = NOW, bytes = 10_000) =>
  createSpines({
    store: createSpineStore({
      store: fixture.store,
      entities: () => [customer],
      limits: { rows: 100, bytes: 10_000 },
      log: quiet,
      tempDir: home,
    }),
    ledger: createSpineLedger(database.dataSource),
    limits: { bytes },
    days: 30,
    clock: () => now,
  });

const open = (definitions = registry) =>
  createTrainingSets({
    registry: definitions,
    offline: fixture.offline,
    builder: fixture.sets,
    spines: uploads(),
    history: { estimateAsOfs: async () => [], computeAsOfs: async () => [] },
    historyBudget: { rows: 0, seconds: 0 },
    ledger: createTrainingSetLedger(database.dataSource),
    definitions: createDefinitionLedger(database.dataSource),
    mask: new Mask(Buffer.alloc(32, 1), TABLES.personalColumns),
    clock: () => NOW,
    folder: join(home, 'training-sets'),
    jobs: { get: async () => null },
    mostOpen: 10,
    queue: {
      enqueue: async ({ name }, payload, { id } = {}) => {
        enqueued.push({ name, payload, id });
        return { id, name } as JobRecord;
      },
    },
  });

const spec: TrainingSetSpec = {
  spine: { customer_id: ['C1', null], event_timestamp: ['2026-04-01T00:00:00Z', '2026-04-01T00:00:00Z'] },
  label: null,
  asOf: NOW,
  includeEventTimes: false,
  format: 'CSV',
};
const ask = (more: Partial<TrainingSetSpec> = {}) => ({
  name: 'a set',
  features: refsOf(view),
  spec: { ...spec, ...more },
  callerKey: 'key',
});
const progress = () => {
  const reported: number[] = [];
  return {
    reported,
    report: async (fraction: number) => void reported.push(fraction),
    signal: new AbortController().signal,
  };
};

test('a training set is recorded with the job that builds it, and its file appears when that has run', async () => {
  const sets = open();
  const record = await sets.create(ask());
  expect(record).toMatchObject({
    name: 'a set',
    features: ['limits@1:dpd'],
    result: null,
    createdAt: NOW,
    request: spec,
  });
  expect(enqueued).toEqual([{ name: 'build_training_set', payload: { id: record.id }, id: record.jobId }]);
  await expect(sets.file(record.id)).rejects.toMatchObject({ code: 'CONFLICT' });

  const { reported, ...run } = progress();
  expect(await sets.run(record.id, run)).toMatchObject({ rowCount: 2 });
  expect(reported.at(-1)).toBe(1);
  const { path, name, format } = await sets.file(record.id);
  expect({ name, format }).toEqual({ name: 'a set', format: 'CSV' });
  expect(path).toBe(join(home, 'training-sets', `${record.id}.csv`));
  expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toEqual([
    '"customer_id","event_timestamp","limits__dpd"',
    '"C1","2026-04-01T00:00:00.000Z",7',
    ',"2026-04-01T00:00:00.000Z",',
  ]);
  expect((await sets.get(record.id))?.result).toMatchObject({
    rowCount: 2,
    manifest: { views: [{ view: 'limits@1' }] },
  });
  expect((await sets.list({ limit: 1 }))[0]?.id).toBe(record.id);
});

test('a build that is asked for again leaves the whole file as it is, and makes a missing one anew', async () => {
  const sets = open();
  const { id } = await sets.create(ask());
  await sets.run(id, progress());
  const { path } = await sets.file(id);
  const again = progress();
  expect(await sets.run(id, again)).toMatchObject({ rowCount: 2 });
  expect(again.reported).toEqual([]);
  const before = await readFile(path, 'utf8');
  await rm(path);
  await sets.run(id, progress());
  expect(await readFile(path, 'utf8')).toBe(before);
});

test('what is wrong is said before anything is recorded or enqueued', async () => {
  const sets = open();
  const count = async () => (await sets.list({ limit: 500 })).length;
  const before = await count();
  await expect(sets.create(ask({ spine: { customer_id: ['C1'] } }))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(sets.create(ask({ asOf: NOW + 1 }))).rejects.toThrow(/asOf 2026-04-01T00:00:00.001Z is in the future/);
  expect(await count()).toBe(before);
  expect(enqueued).toEqual([]);
});

test('a set asked for by a role that sees personal values masked is built masked', async () => {
  const sets = open();
  const { id } = await sets.create(ask({ masked: true, format: 'PARQUET' }));
  await sets.run(id, progress());
  expect((await sets.get(id))?.result?.manifest.masked).toBe(true);
});

test('an unknown set, and one whose definition is gone, are refused with the reason', async () => {
  const sets = open();
  await expect(sets.file('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const { id } = await sets.create(ask());
  const without = open({ ...registry, views: new Map() });
  await expect(without.run(id, progress())).rejects.toThrow(/'limits@1:dpd' has no definition any more/);
});

test('a set is rebuilt from what it was made from, and a rebuild that differs fails with the reason', async () => {
  const sets = open();
  const { id } = await sets.create(ask());
  await expect(sets.rebuild(id, { callerKey: 'key' })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('is not built yet'),
  });
  await sets.run(id, progress());
  const first = await sets.get(id);
  const again = await sets.rebuild(id, { format: 'PARQUET', callerKey: 'key' });
  expect(again).toMatchObject({ name: 'a set', features: ['limits@1:dpd'], result: null });
  expect(enqueued.at(-1)).toEqual({ name: 'build_training_set', payload: { id: again.id }, id: again.jobId });
  await sets.run(again.id, progress());
  const { manifest } = (await sets.get(again.id))?.result ?? {};
  expect(manifest).toMatchObject({
    rebuildOf: id,
    format: 'PARQUET',
    contentHash: first?.result?.manifest.contentHash,
    pins: { runs: { 'limits@1': '1' }, imports: {} },
  });

  const wrong = await sets.rebuild(id, { callerKey: 'key' });
  await fixture.store.run(
    'test',
    raw('ALTER TABLE state_limits_v1 UPDATE dpd = 8 WHERE 1 SETTINGS mutations_sync = 2'),
  );
  await expect(sets.run(wrong.id, progress())).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining(`the rebuild of training set '${id}' differs`),
  });
  await fixture.store.run(
    'test',
    raw('ALTER TABLE state_limits_v1 UPDATE dpd = 7 WHERE 1 SETTINGS mutations_sync = 2'),
  );

  const changed = open({ ...registry, views: new Map([[view.id, { ...view, hash: 'other' }]]) });
  await expect(changed.rebuild(id, { callerKey: 'key' })).rejects.toThrow(
    /was built from other definitions of limits@1/,
  );
  await expect(sets.rebuild('nothing', { callerKey: 'key' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an uploaded spine stays while a set needs it, a set of it is rebuilt to its hash, and one that nothing needs is dropped', async () => {
  const sets = open();
  const send = () =>
    uploads().upload({
      format: 'csv',
      body: Readable.from([Buffer.from('customer_id,event_timestamp\nC1,2026-04-01T00:00:00Z\n')]),
      caller: 'modeler',
    });
  const [used, failed, unused] = [await send(), await send(), await send()];
  expect(unused.expiresAt).toBe(NOW + 30 * DAY);
  const set = await sets.create(ask({ spine: { id: used.id } }));
  await sets.run(set.id, progress());
  const original = (await sets.get(set.id))?.result;
  const lost = await sets.create(ask({ spine: { id: failed.id } }));
  await database.dataSource.query(
    "INSERT INTO job (id, name, state, payload, progress, created_at) VALUES ($1, 'build_training_set', 'FAILED', '{}', 0, now())",
    [lost.jobId],
  );

  expect(await uploads(NOW + 29 * DAY).sweep()).toEqual({ dropped: 0 });
  await expect(
    uploads(NOW + 1, 1).upload({ format: 'csv', body: Readable.from([]), caller: 'modeler' }),
  ).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/^this key uploaded \d spines of \d+ bytes from which no training set is made$/),
  });
  expect(await uploads(NOW + 31 * DAY).sweep()).toEqual({ dropped: 2 });
  expect(await uploads(NOW + 31 * DAY).sweep()).toEqual({ dropped: 0 });
  const kept = await fixture.store.tuples<[string]>(
    'test',
    raw("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'uploaded_spine_')"),
  );
  expect(kept.flat()).toEqual([`uploaded_spine_${used.id.replaceAll('-', '')}`]);
  await expect(sets.create(ask({ spine: { id: unused.id } }))).rejects.toMatchObject({ code: 'NOT_FOUND' });

  const again = await sets.rebuild(set.id, { callerKey: 'key' });
  await sets.run(again.id, progress());
  const { manifest } = (await sets.get(again.id))?.result ?? { manifest: {} };
  expect(manifest).toMatchObject({ contentHash: original?.manifest.contentHash, pins: original?.manifest.pins });
  await fixture.store.run('test', raw(`ALTER TABLE ${kept[0]} UPDATE c0 = 'C2' WHERE 1 SETTINGS mutations_sync = 1`));
  const third = await sets.rebuild(set.id, { callerKey: 'key' });
  await expect(sets.run(third.id, progress())).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('are not those that the training set was made from'),
  });
});

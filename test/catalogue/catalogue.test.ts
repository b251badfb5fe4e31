import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.js';
import { catalog } from '../../src/catalogue/published.js';
import { createRegistryPlanner } from '../../src/catalogue/registry-plan.js';
import { input } from '../../src/core/definitions/define.js';
import type { OnDemandView, View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import type { Catalogue, RegistryPlanner } from '../../src/core/ports/catalogue.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import type { OfflineWriters } from '../../src/core/ports/offline-writer.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import type { DefinitionLedger } from '../../src/core/ports/serving.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { createOfflineReader } from '../../src/offline/reader.js';
import { createOfflineWriters } from '../../src/offline/writer.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { openClickHouse } from '../../src/warehouse/client.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { quietLog } from '../support/homes.js';
import { onDemandOf } from '../support/on-demand.js';
import { fixtureRegistry, withViews } from '../support/registries.js';
import { freshPostgresDatabase, startStores } from '../support/stores.js';
import { TABLES } from '../support/tables.js';

const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
const closers: (() => Promise<void>)[] = [];
let registry: Registry;
let offline: OfflineReader;
let writers: OfflineWriters;
let online: OnlineStore;
let ledger: DefinitionLedger;

beforeAll(async () => {
  registry = await fixtureRegistry();
  const stores = await startStores();
  const store = openClickHouse({
    url: stores.clickhouseUrl,
    database: new URL(stores.clickhouseUrl).pathname.slice(1),
    log: quietLog,
    metrics,
  });
  // A plan asks ClickHouse whether the queries can run over the source tables.
  await migrateClickHouse({
    tables: TABLES.all,
    clickhouse: store,
    directory: 'migrations/clickhouse',
    clock: () => 0,
    log: quietLog,
  });
  const common = { store, calendar: new BusinessCalendar('Asia/Shanghai'), log: quietLog };
  offline = createOfflineReader(common);
  writers = createOfflineWriters(common);
  const redis = await openRedis({ url: stores.redisUrl, log: quietLog, purpose: 'serving' });
  online = createOnlineStore({ client: redis.client, prefix: 'test', clock: () => 0, log: quietLog, metrics });
  closers.push(
    async () => redis.close(),
    async () => store.close(),
    () => stores.close(),
  );
});

beforeEach(async () => {
  const postgres = await freshPostgresDatabase();
  const database = await openDatabase({ url: postgres.url, log: quietLog });
  ledger = createDefinitionLedger(database.dataSource);
  closers.unshift(
    () => database.close(),
    () => postgres.close(),
  );
});

afterAll(async () => {
  for (const close of closers) await close();
});

function serve(of: Registry): { readonly catalogue: Catalogue; readonly planner: RegistryPlanner } {
  const catalogue = createCatalogue({ registry: of, ledger });
  const planner = createRegistryPlanner({
    registry: of,
    ledger,
    offline,
    writers,
    online,
    trainingSets: { pinning: async () => [] },
    costs: async (changes) => changes,
    now: () => 1_767_225_600_000,
    onChange: () => catalogue.refresh(),
  });
  return { catalogue, planner };
}

const changed = (id: string) => (view: View) => (view.id === id ? { ...view, hash: 'v2:another' } : view);
const gone = (id: string) => (view: View) => (view.id === id ? null : view);

describe('plan and apply', () => {
  it('shows additions, changes nothing, and serves nothing before it is applied', async () => {
    const { catalogue, planner } = serve(registry);
    const plan = await planner.plan();
    expect(plan.problems).toEqual([]);
    expect(plan.changes.map(({ action, kind, id }) => `${action} ${kind} ${id}`)).toEqual([
      'ADD view customer_profile@1',
      'ADD view customer_profile@2',
      'ADD view device_use@1',
      'ADD service decision@1',
      'ADD indicator customers_registered@1',
    ]);
    await catalogue.refresh();
    expect(catalogue.views()).toEqual([]);
    expect(() => catalogue.features({ features: ['customer_profile@1:segment'] })).toThrow(/not applied/);
    expect((await planner.plan()).changes).toHaveLength(5);
  });

  it('applies, creates the tables, serves at once, and has nothing to do the second time', async () => {
    const { catalogue, planner } = serve(registry);
    expect((await planner.apply()).changes).toHaveLength(5);
    expect(catalogue.views().map(({ id }) => id)).toEqual(['customer_profile@2', 'customer_profile@1', 'device_use@1']);
    const view = registry.views.get('device_use@1') as View;
    expect(await offline.viewStats(view, 0)).toEqual({ lastEventTime: null, keys: 0 });
    expect((await planner.apply()).changes).toEqual([]);
  });

  it('two processes that apply at once publish each definition once', async () => {
    const results = await Promise.all([serve(registry).planner.apply(), serve(registry).planner.apply()]);
    expect(results.map(({ changes }) => changes.length).sort()).toEqual([0, 5]);
  });

  it('calls a new version of a known name a bump', async () => {
    await serve(withViews(registry, gone('customer_profile@2'))).planner.apply();
    const { changes } = await serve(registry).planner.plan();
    expect(changes.map(({ action, id }) => `${action} ${id}`)).toEqual(['BUMP customer_profile@2']);
  });

  it('refuses a changed applied version in plan, apply and boot, with the words to bump it (rule 22)', async () => {
    await serve(registry).planner.apply();
    const { planner } = serve(withViews(registry, changed('customer_profile@2')));
    const words =
      /customer_profile@2 was applied and has changed.*write the change as customer_profile@3 in .*customer_profile\.v3\.view\.ts/;
    expect((await planner.plan()).problems).toEqual([expect.stringMatching(words)]);
    await expect(planner.apply()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringMatching(words) });
    await expect(planner.checkBoot()).rejects.toMatchObject({ message: expect.stringMatching(words) });
  });

  it('boots where nothing that is applied has changed', async () => {
    await serve(withViews(registry, gone('customer_profile@2'))).planner.apply();
    await expect(serve(registry).planner.checkBoot()).resolves.toBeNull();
  });

  it('names what a view whose file is gone would break, and refuses to boot without the file', async () => {
    await serve(registry).planner.apply();
    const { planner } = serve(withViews(registry, gone('customer_profile@1')));
    const { changes, problems } = await planner.plan();
    expect(changes).toMatchObject([{ action: 'RETIRE', id: 'customer_profile@1', breaks: ['service decision@1'] }]);
    expect(problems).toEqual([expect.stringContaining('service decision@1 pins it')]);
    await expect(planner.checkBoot()).rejects.toThrow(/customer_profile@1 is applied and its file is gone/);
  });

  it('refuses to retire a view that a service pins, naming it (rule 22)', async () => {
    const { planner } = serve(registry);
    await planner.apply();
    await expect(planner.retireView('customer_profile@1')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'feature view customer_profile@1 is pinned by service decision@1',
    });
  });

  it('retires a view: its online values go, other versions stay, and reading it says what to use', async () => {
    const { catalogue, planner } = serve(registry);
    await planner.apply();
    const [v1, v2] = ['customer_profile@1', 'customer_profile@2'].map((id) => registry.views.get(id) as View) as [
      View,
      View,
    ];
    const row = { key: ['C1'], eventTime: 1, availableAt: 1, sequence: 1, tombstone: false };
    await online.write(v1, [{ ...row, values: ['a', '1.000000', 'h', '2000-01-01', 1] }]);
    await online.write(v2, [{ ...row, values: ['a', '1.000000', 'h', '2000-01-01', 'Wuhan', 1] }]);
    await planner.retireView('customer_profile@2');
    const [[cells]] = (await online.read([{ entity: v1.entity, keys: [['C1']], views: [v1, v2] }])) as [[unknown[]]];
    expect(cells?.map((cell) => cell === null)).toEqual([false, true]);
    expect(() => catalogue.features({ features: ['customer_profile@2:city'] })).toThrow(
      expect.objectContaining({
        message: 'feature view customer_profile@2 is retired',
        hint: 'use customer_profile@1',
      }),
    );
    await expect(planner.retireView('customer_profile@2')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('retires a service whose file is gone, and then its views can follow', async () => {
    await serve(registry).planner.apply();
    const { catalogue, planner } = serve({ ...registry, services: new Map() });
    expect((await planner.apply()).changes).toMatchObject([{ action: 'RETIRE', kind: 'service', id: 'decision@1' }]);
    await planner.retireView('customer_profile@1');
    expect(catalogue.view('customer_profile', 1)).toBeNull();
  });
});

describe('references', () => {
  let catalogue: Catalogue;
  beforeEach(async () => {
    const served = serve(registry);
    await served.planner.apply();
    catalogue = served.catalogue;
  });

  it('refuses a reference without a version where values are read, with the words to write (rule 23)', () => {
    for (const [reference, instead] of [
      ['customer_profile:segment', "write 'customer_profile@2:segment'"],
      ['customer_profile', "write 'customer_profile@2'"],
    ] as const) {
      expect(() => catalogue.features({ features: [reference] })).toThrow(
        expect.objectContaining({ code: 'BAD_USER_INPUT', hint: instead }),
      );
    }
    expect(() => catalogue.features({ service: 'decision' })).toThrow(
      expect.objectContaining({ hint: "write 'decision@1'" }),
    );
  });

  it('takes a bare name for its newest version where views are named for an operation (rule 23)', () => {
    expect(catalogue.namedViews(['customer_profile', 'customer_profile@1']).map(({ id }) => id)).toEqual([
      'customer_profile@2',
      'customer_profile@1',
    ]);
    expect(() => catalogue.namedViews(['nothing'])).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('reads a whole view, one feature, or a service, in order and each feature once', () => {
    const names = (request: Parameters<Catalogue['features']>[0]) =>
      catalogue.features(request).map(({ reference }) => reference);
    expect(names({ features: ['device_use@1:hours', 'device_use@1'] })).toEqual([
      'device_use@1:hours',
      'device_use@1:sightings',
      'device_use@1:share_of_root',
      'device_use@1:last_seen',
      'device_use@1:seen_today',
    ]);
    expect(names({ service: 'decision@1' })).toEqual([
      'customer_profile@1:segment',
      'customer_profile@1:monthly_income',
      'device_use@1:sightings',
    ]);
  });

  it('resolves a request once, until what is applied is read again', async () => {
    const request = { features: ['device_use@1:hours', 'device_use@1'] };
    const first = catalogue.features(request);
    expect(catalogue.features({ service: null, ...request })).toBe(first);
    await catalogue.refresh();
    const second = catalogue.features(request);
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
  });

  it('wants exactly one of service and features', () => {
    for (const request of [{}, { service: 'decision@1', features: ['device_use@1'] }, { features: [] }]) {
      expect(() => catalogue.features(request)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
    }
  });

  it('says what there is when a view, a version or a feature is not', () => {
    expect(() => catalogue.features({ features: ['customer_profile@9:segment'] })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', hint: 'use customer_profile@2' }),
    );
    expect(() => catalogue.features({ features: ['device_use@1:colour'] })).toThrow(
      expect.objectContaining({ hint: 'it has sightings, share_of_root, last_seen, seen_today, hours' }),
    );
    expect(() => catalogue.features({ features: ["device_use@1:hours'; --"] })).toThrow(/not a reference/);
  });
});

describe('an on-demand view', () => {
  const withOnDemand = (change: Partial<OnDemandView> = {}): Registry => {
    const profile = registry.views.get('customer_profile@1') as View;
    const feature = profile.features[0] as View['features'][number];
    const spec = {
      entity: profile.entity,
      description: 'x',
      owner: 'x',
      request: {},
      features: { same: feature },
      inputs: { it: input(feature.type, `customer_profile@1:${feature.name}`) },
      compute: ({ it }: { readonly it: unknown }) => ({ same: it }),
    };
    const view = { ...onDemandOf('echo', spec, [profile]), ...change };
    return { ...registry, onDemandViews: new Map([[view.id, view]]) };
  };

  it('is planned, applied and read by reference like a stored one, and nothing of it can be materialized', async () => {
    const { catalogue, planner } = serve(withOnDemand());
    expect((await planner.plan()).changes.map(({ kind, id }) => `${kind} ${id}`)).toContain('on_demand echo@1');
    await catalogue.refresh();
    expect(() => catalogue.features({ features: ['echo@1'] })).toThrow('is not applied');
    await planner.apply();
    expect(catalogue.features({ features: ['echo@1:same'] })).toMatchObject([{ reference: 'echo@1:same', index: 0 }]);
    expect(() => catalogue.features({ features: ['echo:same'] })).toThrow("'echo:same' names no version");
    expect(catalogue.onDemandView('echo')?.id).toBe('echo@1');
    expect(() => catalogue.namedViews(['echo'])).toThrow('computed when they are asked for');
    await expect(planner.retireView('echo@1')).rejects.toThrow('nothing is stored of it');
  });

  it('may not change under its version, in plan, apply and boot', async () => {
    await serve(withOnDemand()).planner.apply();
    const { planner } = serve(withOnDemand({ hash: 'another' }));
    const words = /echo@1 was applied and has changed since .*write the change as echo@2/;
    expect((await planner.plan()).problems.join()).toMatch(words);
    await expect(planner.apply()).rejects.toThrow(words);
    await expect(planner.checkBoot()).rejects.toThrow(words);
  });

  it('pins what it computes from: that cannot be retired before it', async () => {
    const { planner } = serve(withOnDemand());
    await planner.apply();
    await expect(planner.retireView('customer_profile@1')).rejects.toThrow('echo@1');
  });
});

it('catalog.json names every definition and none of the machine it was made on', async () => {
  const text = JSON.stringify(catalog(registry));
  for (const id of ['customer_profile@1', 'customer_profile@2', 'device_use@1', 'decision@1', 'customers_registered']) {
    expect(text).toContain(id);
  }
  expect(text).not.toContain(process.cwd());
});

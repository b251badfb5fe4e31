import { EventEmitter, once } from 'node:events';
/** What a plan tells and what pruning drops, on real stores. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCatalogueBrowser } from '../../src/catalogue/browser.js';
import { createCatalogue } from '../../src/catalogue/catalogue.js';
import { createLearner } from '../../src/catalogue/learn.js';
import { createPlanCosts } from '../../src/catalogue/plan-costs.js';
import { createViewPruner } from '../../src/catalogue/prune.js';
import { createRegistryPlanner } from '../../src/catalogue/registry-plan.js';
import { scoreViewOf } from '../../src/core/compute/score-view.js';
import { raw, sql } from '../../src/core/definitions/define.js';
import type { Indicator, Model, OnDemandView, Service, View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { PlanChange } from '../../src/core/ports/catalogue.js';
import type { Leases } from '../../src/core/ports/leases.js';
import type { Materializer } from '../../src/core/ports/materialize.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import type { OfflineWriters } from '../../src/core/ports/offline-writer.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import type { DefinitionLedger } from '../../src/core/ports/serving.js';
import { planReport } from '../../src/indicators/try.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
import { createTrainingSetLedger } from '../../src/ledgers/training-set-ledger.js';
import { createMaterializer } from '../../src/materialize/materializer.js';
import { createOfflineReader } from '../../src/offline/reader.js';
import { createOfflineWriters } from '../../src/offline/writer.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { noArrivals, noWholeDays } from '../materialize/views.js';
import { quietLog } from '../support/homes.js';
import { indicatorOf } from '../support/indicators.js';
import { fixtureRegistry, withViews } from '../support/registries.js';
import { freshPostgresDatabase, freshRedis } from '../support/stores.js';
import { TABLES } from '../support/tables.js';
import { openSourceTables, type SourceTables } from '../support/views.js';
import { leasedWrites } from '../support/writes.js';

/** Noon of 10 February in Shanghai: the newest as-of that is due is its midnight. */
const NOW = Date.UTC(2026, 1, 10, 4);
const CUSTOMERS = 60;
const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
const clock = () => NOW;
const progress = { signal: new AbortController().signal, report: async () => undefined };

let database: Database;
let tables: SourceTables;
let redis: RedisConnection;
let registry: Registry;
let offline: OfflineReader;
let writers: OfflineWriters;
let online: OnlineStore;
let ledger: DefinitionLedger;
let leases: Leases;
let materializer: Materializer;
let sets: ReturnType<typeof createTrainingSetLedger>;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  tables = await openSourceTables();
  await tables.insert(
    'customers',
    Array.from({ length: CUSTOMERS }, (_, index) => ({
      customer_id: `C${100 + index}`,
      // A third each on the 1st, the 4th and the 7th of February, local time, known then.
      registered_at: `2026-02-0${1 + 3 * (index % 3)}T02:00:00.000Z`,
      ingested_at: `2026-02-0${1 + 3 * (index % 3)}T02:00:00.000Z`,
      segment: `segment ${index}`,
      monthly_income: 1_000 + index,
    })),
  );
  const common = { store: tables.clickhouse, calendar: tables.calendar, log: quietLog };
  offline = createOfflineReader(common);
  writers = createOfflineWriters(common);
  const server = await freshRedis();
  redis = await openRedis({ url: server.url, log: quietLog, purpose: 'serving' });
  online = createOnlineStore({ client: redis.client, prefix: 'test', clock, log: quietLog, metrics });
  registry = await withMore(await fixtureRegistry());
  const postgres = await freshPostgresDatabase();
  database = await openDatabase({ url: postgres.url, log: quietLog });
  closers.push(
    () => database.close(),
    () => postgres.close(),
    () => redis.close(),
    () => server.close(),
    () => tables.close(),
  );
  ledger = createDefinitionLedger(database.dataSource);
  leases = createLeases(database.dataSource);
  sets = createTrainingSetLedger(database.dataSource);
  materializer = createMaterializer({
    arrivals: noArrivals,
    completeness: noWholeDays,
    derived: [],
    offline,
    writers,
    online,
    ledger: createRunLedger(database.dataSource),
    leases,
    calendar: tables.calendar,
    clock,
    log: quietLog,
    metrics,
    scores: { rows: () => Promise.reject(new Error('nothing is scored')), record: async () => undefined } as never,
  });
});

beforeEach(async () => {
  await database.dataSource.query('TRUNCATE published_definition, published_table, training_set, materialization_run');
  for (const view of registry.views.values()) await leasedWrites(writers).dropView(view);
  await (redis.client as { flushall(): Promise<unknown> }).flushall();
});

afterAll(async () => {
  for (const close of closers) await close();
});

/** The fixture with a service of version 2, a feature on demand, a model and its scores. */
async function withMore(of: Registry): Promise<Registry> {
  const [v1, v2] = [1, 2].map((version) => of.views.get(`customer_profile@${version}`) as View) as [View, View];
  const identity = (kind: string, name: string) => ({
    name,
    version: 1,
    id: `${name}@1`,
    file: `features/${name}.v1.${kind}.ts`,
    hash: name,
    description: name,
    owner: 'test',
    tags: [],
  });
  const ref = (view: View, name: string) => {
    const index = view.features.findIndex((feature) => feature.name === name);
    return { view, feature: view.features[index] as View['features'][number], index, reference: `${view.id}:${name}` };
  };
  const reader = { ...identity('service', 'reader'), features: [ref(v2, 'city')] } as Service;
  const ratio = {
    ...identity('on_demand', 'ratio'),
    entity: v1.entity,
    features: [{ name: 'share', type: 'FLOAT64', description: 'A share' }],
    origin: {
      kind: 'on_demand',
      request: [],
      inputs: [{ name: 'income', ref: ref(v1, 'monthly_income') }],
      reads: {},
      compute: () => ({}),
    },
  } as unknown as OnDemandView;
  const model = {
    ...identity('model', 'risk'),
    entity: v1.entity,
    features: [ref(v1, 'household')],
    onnxPath: '',
    onnxHash: '',
    card: {},
    scale: { points: 600, odds: 1 / 19, pointsToDoubleOdds: 50 },
    bands: { A: 600, B: 0 },
  } as unknown as Model;
  const scores: View = { ...scoreViewOf(model as never), hash: 'scores' };
  return {
    ...of,
    views: new Map([...of.views, [scores.id, scores]]),
    onDemandViews: new Map([[ratio.id, ratio]]),
    services: new Map([...of.services, [reader.id, reader]]),
    models: new Map([[model.id, model]]),
  };
}

const gone =
  (...ids: string[]) =>
  (view: View) =>
    ids.includes(view.id) ? null : view;
const without = <T>(all: ReadonlyMap<string, T>, ...ids: string[]) =>
  new Map([...all].filter(([id]) => !ids.includes(id)));

/** The registry before version 2 of the profile was written. */
const earlier = (): Registry => ({
  ...withViews(registry, gone('customer_profile@2')),
  services: without(registry.services, 'reader@1'),
});

const customers = (name: string, numerator = 'count()'): Indicator =>
  indicatorOf(name, {
    domain: 'tests',
    description: 'Customers',
    owner: 'tests',
    unit: 'count',
    stock: false,
    finestGrain: 'DAY',
    from: ({ source }) => sql`SELECT toDate(registered_at) AS date FROM ${source('customers')}`,
    numerator,
    dimensions: {},
  });

function planner(of: Registry, budgetMs = 120_000) {
  return createRegistryPlanner({
    registry: of,
    ledger,
    trainingSets: sets,
    offline,
    planReport: (reported) => planReport(reported, offline, tables.calendar),
    writers,
    online,
    now: clock,
    onChange: async () => undefined,
    costs: createPlanCosts({
      materializer,
      offline,
      online,
      calendar: tables.calendar,
      now: clock,
      budgetMs,
    }),
  });
}

const pruner = () =>
  createViewPruner({
    ledger,
    trainingSets: sets,
    offline,
    writers,
    online,
    now: clock,
    leases,
  });

const change = (changes: readonly PlanChange[], id: string): PlanChange =>
  changes.find((each) => each.id === id) as PlanChange;
const touches = (one: PlanChange): string[] => one.touches.map(({ kind, id, effect }) => `${effect} ${kind} ${id}`);

const trainingSet = (name: string, ...features: string[]) =>
  sets.create({
    id: newUuid(NOW),
    name,
    jobId: newUuid(NOW),
    features,
    createdAt: NOW,
    request: { spine: {}, label: null, asOf: NOW, includeEventTimes: false, format: 'CSV' },
  });

const compute = async (...ids: string[]) => {
  const views = ids.map((id) => registry.views.get(id) as View);
  await materializer.materialize({ jobId: newUuid(NOW), views, now: NOW }, progress);
};

const online1 = async (id: string): Promise<unknown> => {
  const view = registry.views.get(id) as View;
  return (await online.read([{ entity: view.entity, keys: [['C100']], views: [view] }]))[0]?.[0]?.[0];
};

describe('a plan', () => {
  it('tells what each addition pins and whom it touches, on-demand views, scores and indicators too', async () => {
    const { changes, problems } = await planner(registry).plan();
    expect(problems).toEqual([]);
    const said = changes.map((one) => [`${one.action} ${one.kind} ${one.id}`, one.pins, touches(one)]);
    expect(said).toEqual([
      [
        'ADD view customer_profile@1',
        [],
        ['ADDED on_demand ratio@1', 'ADDED service decision@1', 'ADDED model risk@1'],
      ],
      ['ADD view customer_profile@2', [], ['ADDED service reader@1']],
      ['ADD view device_use@1', [], ['ADDED service decision@1']],
      ['ADD view risk_score@1', [], []],
      ['ADD on_demand ratio@1', ['customer_profile@1'], []],
      ['ADD service decision@1', ['customer_profile@1', 'device_use@1'], []],
      ['ADD service reader@1', ['customer_profile@2'], []],
      ['ADD model risk@1', ['customer_profile@1'], ['ADDED view risk_score@1']],
      ['ADD indicator customers_registered@1', [], []],
    ]);
    expect(changes.every(({ cost }) => cost === null)).toBe(true);
  });

  it('of a bump says who stays with the version before', async () => {
    await planner(earlier()).apply();
    const { changes } = await planner(registry).plan();
    expect(changes.map(({ action, id }) => `${action} ${id}`)).toEqual(['BUMP customer_profile@2', 'ADD reader@1']);
    expect(touches(change(changes, 'customer_profile@2'))).toEqual([
      'ADDED service reader@1',
      'STAYS model risk@1',
      'STAYS on_demand ratio@1',
      'STAYS service decision@1',
    ]);
  });

  it('counts the rows that a backfill then writes, and measures the keys and bytes that Redis then holds', async () => {
    const from = '2026-02-01';
    const { changes } = await planner(registry).plan({ costs: true, from });
    const { cost } = change(changes, 'customer_profile@1');
    // Known at 01:00 of each day from the 2nd on: 20 customers, 40 from the 5th, 60 from the 8th.
    expect(cost).toMatchObject({
      backfillFrom: from,
      backfillTo: '2026-02-10',
      backfillAsOfs: 10,
      backfillSeconds: null,
      onlineKeys: CUSTOMERS,
      sampledRows: CUSTOMERS,
      problem: null,
    });
    expect(cost?.onlineBytes).toBe(Math.round((cost?.bytesPerKey as number) * CUSTOMERS));
    expect(change(changes, 'risk_score@1').cost).toMatchObject({ onlineKeys: CUSTOMERS, problem: null });
    expect(change(changes, 'device_use@1').cost).toMatchObject({ backfillRows: 0, onlineKeys: 0, onlineBytes: 0 });
    expect(change(changes, 'decision@1').cost).toBeNull();
    expect(await (redis.client as { dbsize(): Promise<number> }).dbsize()).toBe(0);

    await planner(registry).apply();
    const view = registry.views.get('customer_profile@1') as View;
    await materializer.backfill({ jobId: newUuid(NOW), views: [view], from, to: '2026-02-10', now: NOW }, progress);
    const written = (await offline.viewHoldings(view))?.rows as number;
    expect(written).toBe(3 * 20 + 3 * 40 + 3 * CUSTOMERS);
    expect(Math.abs((cost?.backfillRows as number) - written) / written).toBeLessThan(0.2);
    const client = redis.client as {
      keys(pattern: string): Promise<string[]>;
      memory(...args: unknown[]): Promise<number>;
    };
    const keys = await client.keys('test:o1:customer:*');
    expect(keys).toHaveLength(CUSTOMERS);
    let held = 0;
    for (const key of keys) held += await client.memory('USAGE', key, 'SAMPLES', 0);
    expect((cost?.onlineBytes as number) / held).toBeGreaterThan(1);
    expect((cost?.onlineBytes as number) / held).toBeLessThan(1.4);
  });

  it('counts a new version from where the history of the one before begins', async () => {
    await planner(earlier()).apply();
    const before = registry.views.get('customer_profile@1') as View;
    const range = { from: '2026-02-06', to: '2026-02-07', now: NOW };
    await materializer.backfill({ jobId: newUuid(NOW), views: [before], ...range }, progress);
    const { changes } = await planner(registry).plan({ costs: true });
    expect(change(changes, 'customer_profile@2').cost).toMatchObject({
      backfillFrom: '2026-02-06',
      backfillAsOfs: 5,
      problem: null,
    });
  });

  it('names an indicator whose query cannot run, with the place where the engine knows it', async () => {
    const problems = async (numerator: string, options = {}) => {
      const indicator = customers('customers_ever', numerator);
      return (await planner({ ...registry, indicators: new Map([[indicator.id, indicator]]) }).plan(options)).problems;
    };
    expect(await problems('count()')).toEqual([]);
    const cannotRun = '^the query of indicators/customers_ever.indicator.ts cannot run: ';
    expect(await problems('countt()')).toEqual([expect.stringMatching(`${cannotRun}.*countt`)]);
    expect(await problems('countt()', { queries: false }), 'the engine is not asked').toEqual([]);
    expect(await problems('count(')).toEqual([expect.stringMatching(`${cannotRun}.*at line \\d+, column`)]);
  });

  it('says why something could not be measured, and tells the rest', async () => {
    const broken = withViews(registry, (view) =>
      view.id === 'customer_profile@2'
        ? { ...view, origin: { kind: 'query', tables: TABLES, query: () => raw('SELECT nonsense FROM nowhere') } }
        : view,
    );
    const { changes, problems } = await planner(broken).plan({ costs: true, from: '2026-02-09' });
    expect(problems).toEqual([
      'the query of features/customer/customer_profile.v2.view.ts cannot run: there is no such table, at `nowhere` (ClickHouse 60 UNKNOWN_TABLE)',
    ]);
    expect(change(changes, 'customer_profile@2').cost?.problem).toMatch(
      /^not measured: the query of customer_profile@2/,
    );
    expect(change(changes, 'customer_profile@1').cost).toMatchObject({ onlineKeys: CUSTOMERS, problem: null });

    let begun = 0;
    const counting = {
      ...offline,
      firstKnown: (view: View) => {
        begun++;
        return offline.firstKnown(view);
      },
    };
    const out = createPlanCosts({
      materializer,
      offline: counting,
      online,
      calendar: tables.calendar,
      now: clock,
      budgetMs: 0,
    });
    const late = await out((await planner(registry).plan()).changes, [], registry.views);
    expect(late).toHaveLength(changes.length);
    expect(change(late, 'customer_profile@1').cost?.problem).toMatch(/seconds that a plan has for its costs/);
    expect(begun).toBe(0);
  });
});

describe('destructive changes name who depends', () => {
  it('where a file is deleted', async () => {
    await planner(registry).apply();
    const of = withViews(registry, gone('customer_profile@1'));
    const { changes, problems } = await planner(of).plan();
    expect(touches(change(changes, 'customer_profile@1'))).toEqual([
      'BROKEN model risk@1',
      'BROKEN on_demand ratio@1',
      'BROKEN service decision@1',
    ]);
    const who = 'model risk@1, on-demand view ratio@1, service decision@1 pin it';
    expect(problems).toEqual([expect.stringContaining(`the file of view customer_profile@1 is gone, and ${who}`)]);
    await expect(planner(of).apply()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(who),
    });
    await expect(planner(of).checkBoot()).rejects.toMatchObject({ message: expect.stringContaining(who) });
  });

  it('where the file of an on-demand view is deleted under a service that lists it', async () => {
    const ratio = registry.onDemandViews.get('ratio@1') as OnDemandView;
    const [feature] = ratio.features;
    const lists = {
      ...registry.services.get('reader@1'),
      features: [{ view: ratio, feature, index: 0, reference: 'x' }],
    };
    const listing = { ...registry, services: new Map([['reader@1', lists as unknown as Service]]) };
    await planner(listing).apply();
    const { problems } = await planner({ ...listing, onDemandViews: new Map() }).plan();
    expect(problems).toEqual([
      expect.stringContaining('the file of on-demand view ratio@1 is gone, and service reader@1 pins it'),
    ]);
  });

  it('where the file of a model is deleted whose scores a service lists', async () => {
    const scores = registry.views.get('risk_score@1') as View;
    const listed = { view: scores, feature: scores.features[0], index: 0, reference: 'risk_score@1:probability' };
    const lists = { ...registry.services.get('reader@1'), features: [listed] } as unknown as Service;
    const listing = { ...registry, services: new Map([['reader@1', lists]]) };
    await planner(listing).apply();
    const of = { ...withViews(listing, gone('risk_score@1')), models: new Map() };
    const { changes, problems } = await planner(of).plan();
    expect(touches(change(changes, 'risk@1'))).toEqual(['RETIRED view risk_score@1']);
    expect(problems).toEqual([
      expect.stringMatching(
        /^the file of model risk@1 is gone, and with it view risk_score@1, and service reader@1 pins it/,
      ),
    ]);
  });

  it('where a definition changes under a version that others read', async () => {
    await planner(registry).apply();
    const changed = withViews(registry, (view) =>
      view.id === 'customer_profile@2' ? { ...view, hash: 'v2:new' } : view,
    );
    const { problems } = await planner(changed).plan();
    expect(problems).toEqual([expect.stringContaining('service reader@1 would read another meaning')]);
  });

  it('where a view is retired, and says what is no stored view', async () => {
    await planner(registry).apply();
    await expect(planner(registry).retireView('customer_profile@1')).rejects.toMatchObject({
      message: 'feature view customer_profile@1 is pinned by model risk@1, on-demand view ratio@1, service decision@1',
    });
    await expect(planner(registry).retireView('ratio@1')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('on-demand view: nothing is stored'),
    });
    await expect(planner(registry).retireView('nobody@1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('pruning', () => {
  /** Both versions computed, then version 2 retired with the service that read it. */
  const retired = async (): Promise<Registry> => {
    await planner(registry).apply();
    await compute('customer_profile@1', 'customer_profile@2');
    const left = { ...registry, services: without(registry.services, 'reader@1') };
    await planner(left).apply();
    await planner(left).retireView('customer_profile@2');
    return left;
  };

  it('drops what a retired version holds, and of other versions nothing', async () => {
    const left = await retired();
    expect(await online1('customer_profile@2')).toBeNull();
    expect((await planner(left).plan()).prunable).toMatchObject([
      { view: 'customer_profile@2', retiredAt: NOW, rows: CUSTOMERS, trainingSets: [] },
    ]);
    const view = registry.views.get('customer_profile@2') as View;
    // Written by a run that was under way at the retirement.
    await online.write(view, [
      {
        key: ['C100'],
        eventTime: NOW,
        availableAt: NOW,
        sequence: 9,
        tombstone: false,
        values: ['a', '1', 'h', null, 'x', 1],
      },
    ]);
    expect(await pruner().prune(view.id, { force: false }, progress)).toMatchObject({
      view: view.id,
      rows: CUSTOMERS,
      onlineFields: 1,
      trainingSets: [],
    });
    expect(await offline.viewHoldings(view)).toBeNull();
    expect(await online1('customer_profile@2')).toBeNull();
    expect(await online1('customer_profile@1')).not.toBeNull();
    expect((await offline.viewHoldings({ name: 'customer_profile', version: 1 }))?.rows).toBe(CUSTOMERS);
    expect((await planner(left).plan()).prunable).toEqual([]);
    await expect(pruner().check(view.id, { force: true })).rejects.toMatchObject({
      message: 'feature view customer_profile@2 is already pruned',
    });

    // As a run does that has waited for the prune to end.
    await writers.createView(view);
    expect((await planner(left).plan()).prunable).toMatchObject([{ view: view.id, rows: 0 }]);
    await pruner().prune(view.id, { force: false }, progress);
    expect((await planner(left).plan()).prunable).toEqual([]);
  });

  it('is refused while a training set pins the version, naming it, unless it is forced', async () => {
    const left = await retired();
    const { id } = await trainingSet('spring', 'customer_profile@2:city', 'device_use@1:sightings');
    await trainingSet('other', 'customer_profile@1:segment');
    await expect(pruner().prune('customer_profile@2', { force: false }, progress)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `feature view customer_profile@2 is pinned by training set 'spring' (${id})`,
      hint: expect.stringContaining('force: true'),
    });
    expect((await planner(left).plan()).prunable).toMatchObject([{ trainingSets: [id] }]);
    expect(await pruner().prune('customer_profile@2', { force: true }, progress)).toMatchObject({ trainingSets: [id] });
  });

  it('counts a set of on-demand features among those that pin what they are computed from', async () => {
    await planner(registry).apply();
    const { id } = await trainingSet('asked', 'ratio@1:share');
    const { changes } = await planner({
      ...withViews(registry, gone('customer_profile@1', 'risk_score@1')),
      onDemandViews: new Map(),
      models: new Map(),
      services: without(registry.services, 'decision@1'),
    }).apply();
    expect(touches(change(changes, 'customer_profile@1'))).toContain(`STAYS training_set ${id}`);
    await expect(pruner().check('customer_profile@1', { force: false })).rejects.toThrow("training set 'asked'");
  });

  it('is refused for a version in force, an on-demand view and what was never applied, each with the reason', async () => {
    await planner(registry).apply();
    for (const [id, words] of [
      ['customer_profile@2', /is in force and pinned by service reader@1: only a retired version is pruned/],
      ['risk_score@1', /is in force: only a retired version is pruned/],
      ['ratio@1', /on-demand view: nothing is stored of it/],
      ['customer_profile@9', /was never applied/],
    ] as const) {
      await expect(pruner().prune(id, { force: true }, progress)).rejects.toThrow(words);
    }
  });

  it('that was broken off is finished by the next', async () => {
    await retired();
    const stop = new AbortController();
    const broken = { signal: stop.signal, report: async () => stop.abort(new Error('killed')) };
    await expect(pruner().prune('customer_profile@2', { force: false }, broken)).rejects.toThrow('killed');
    await tables.clickhouse.run('test-drop', raw('DROP TABLE history_customer_profile_v2 SYNC'));
    expect(await pruner().prune('customer_profile@2', { force: false }, progress)).toMatchObject({ rows: 0 });
    expect(await offline.viewHoldings({ name: 'customer_profile', version: 2 })).toBeNull();
  });

  it('that was killed after any of its steps is finished by the next, and of other versions nothing is lost', async () => {
    const left = await retired();
    const view = registry.views.get('customer_profile@2') as View;
    const other = registry.views.get('customer_profile@1') as View;
    const kept = await tables.clickhouse.rows('test', raw('SELECT * FROM history_customer_profile_v1 ORDER BY ALL'));
    const cell = await online1(other.id);
    const killed = (): Promise<never> => Promise.reject(new Error('killed'));
    const parts = { ledger, trainingSets: sets, offline, writers, online, leases, now: clock };
    const drop =
      (...names: string[]) =>
      async () => {
        for (const name of names)
          await tables.clickhouse.run('test-drop', raw(`DROP TABLE ${name}_customer_profile_v2 SYNC`));
        return killed();
      };
    const deaths: [string, Partial<typeof parts>][] = [
      [
        'after the values online',
        { online: { ...online, deleteView: (of, more) => online.deleteView(of, more).then(killed) } },
      ],
      ['before any table', { writers: { ...writers, dropView: killed } }],
      ['after the state', { writers: { ...writers, dropView: drop('state') } }],
      ['after the history', { writers: { ...writers, dropView: drop('history') } }],
      ['after the commits', { writers: { ...writers, dropView: drop('commits') } }],
      ['after the tokens', { writers: { ...writers, dropView: drop('turns') } }],
      ['before it says so', { ledger: { ...ledger, prune: killed } }],
    ];
    for (const [step, change] of deaths) {
      await expect(
        createViewPruner({ ...parts, ...change }).prune(view.id, { force: false }, progress),
        step,
      ).rejects.toThrow('killed');
      // What is left of it is told by who asks what is to be pruned, until it is gone.
      expect(
        (await planner(left).plan()).prunable.map((one) => one.view),
        step,
      ).toEqual([view.id]);
    }
    expect(await pruner().prune(view.id, { force: false }, progress)).toMatchObject({ rows: 0 });
    expect(await offline.viewHoldings(view)).toBeNull();
    expect((await planner(left).plan()).prunable).toEqual([]);
    expect(await tables.clickhouse.rows('test', raw('SELECT * FROM history_customer_profile_v1 ORDER BY ALL'))).toEqual(
      kept,
    );
    expect(await online1(other.id)).toEqual(cell);
  });

  it('leaves words about a retired version: its lineage says that it is retired, and what it read', async () => {
    await retired();
    const catalogue = createCatalogue({ registry, ledger });
    const browser = createCatalogueBrowser({ registry, catalogue, derived: [] });
    await catalogue.refresh();
    const words = /^view customer_profile@2 is retired since 2026-02-10T04:00:00\.000Z: .*; it read customers/;
    for (const subject of [
      { kind: 'FEATURE_VIEW', id: 'customer_profile@2' },
      { kind: 'FEATURE', id: 'customer_profile@2:city' },
    ] as const) {
      expect(() => browser.lineage(subject)).toThrow(
        expect.objectContaining({ code: 'NOT_FOUND', message: expect.stringMatching(words) }),
      );
    }
    expect(() => browser.lineage({ kind: 'SERVICE', id: 'reader@1' })).toThrow('service reader@1 is retired');
    expect(browser.lineage({ kind: 'FEATURE_VIEW', id: 'customer_profile@1' }).upstream).not.toEqual([]);
    expect(() => browser.lineage({ kind: 'FEATURE_VIEW', id: 'nobody@1' })).toThrow('nothing applied is');
  });
});

it('a view retired by one process is said to be retired by another within two readings, and has its values until then', async () => {
  await planner({ ...registry, services: without(registry.services, 'reader@1') }).apply();
  await compute('customer_profile@2');
  const everyMs = 200;
  const [own, elsewhere] = [createCatalogue({ registry, ledger }), createCatalogue({ registry, ledger })];
  await own.refresh();
  await elsewhere.refresh();
  const readings: unknown[] = [];
  const answers = (): string => {
    try {
      return elsewhere.features({ features: ['customer_profile@2:city'] }).length === 1 ? 'served' : 'no';
    } catch (error) {
      return (error as Error).message;
    }
  };
  // The other process reads again when its time has come, whatever this one does.
  const retiring = createRegistryPlanner({
    registry,
    ledger,
    trainingSets: sets,
    offline,
    writers,
    online,
    now: clock,
    onChange: () => own.refresh(),
    costs: async (changes) => changes,
    othersFollow: async () => {
      // Retired here, still served there, and with the value that it had.
      expect(() => own.features({ features: ['customer_profile@2:city'] })).toThrow('is retired');
      readings.push(answers(), (await online1('customer_profile@2')) !== null);
      const following = elsewhere.follow(everyMs, quietLog);
      await expect.poll(answers, { timeout: 30_000, interval: 20 }).toBe('feature view customer_profile@2 is retired');
      following.close();
      readings.push((await online1('customer_profile@2')) !== null);
    },
  });
  await retiring.retireView('customer_profile@2');
  expect(readings).toEqual(['served', true, true]);
  expect(await online1('customer_profile@2')).toBeNull();
});

it('what is applied is not served by a reading that was begun before another that has ended', async () => {
  await planner(registry).apply();
  const held = new EventEmitter();
  let readings = 0;
  const catalogue = createCatalogue({
    registry,
    ledger: {
      ...ledger,
      all: async () => {
        readings += 1;
        if (readings > 1) return ledger.all();
        const applied = await ledger.all();
        const released = once(held, 'released');
        held.emit('read');
        await released;
        return applied;
      },
    },
  });
  const read = once(held, 'read');
  const early = catalogue.refresh();
  await read;
  await ledger.retire([{ kind: 'service', id: 'reader@1' }], NOW);
  await catalogue.refresh();
  held.emit('released');
  await early;
  expect(catalogue.service('reader', 1)).toBeNull();
});

it('an indicator is applied by version: a change is refused, the next version answers a bare name, the earlier one by its id', async () => {
  const saying = (...all: readonly (readonly [id: string, hash: string])[]): Registry => ({
    ...registry,
    indicators: new Map(all.map(([id, hash]) => [id, { ...customers(id), hash }])),
  });
  const first = saying(['ever@1', 'v2:one']);
  await planner(first).apply();
  const changed = await planner(saying(['ever@1', 'v2:other'])).plan();
  expect(changed.problems).toEqual([
    'indicator ever@1 was applied and has changed since (indicators/ever.indicator.ts, or something it imports): an applied version never changes. Put it back and write the change as ever@2 in indicators/ever.v2.indicator.ts',
  ]);
  const both = saying(['ever@1', 'v2:one'], ['ever@2', 'v2:two']);
  const catalogue = createCatalogue({ registry: both, ledger });
  await catalogue.refresh();
  expect(catalogue.namedIndicator('ever').id).toBe('ever@1');
  expect((await planner(both).apply()).changes).toMatchObject([{ action: 'BUMP', kind: 'indicator', id: 'ever@2' }]);
  await catalogue.refresh();
  expect(catalogue.namedIndicator('ever').id).toBe('ever@2');
  expect(catalogue.namedIndicator('ever@1').hash).toBe('v2:one');
  expect(() => catalogue.namedIndicator('evar')).toThrow("there is no indicator 'evar'");
  // What this process lacks is not answered by an earlier version.
  const behind = createCatalogue({ registry: first, ledger });
  await behind.refresh();
  expect(() => behind.namedIndicator('ever')).toThrow(
    'indicator ever@2 is applied, and its file is refused or missing here',
  );
  expect((await planner(saying(['ever@2', 'v2:two'])).apply()).changes).toMatchObject([
    { action: 'RETIRE', id: 'ever@1' },
  ]);
});

describe('a process that runs another text than was applied', () => {
  /** As a process has it that started while the file of customer_profile@2 was a draft. */
  const drafted = (): Registry => ({
    ...registry,
    views: new Map(
      [...registry.views].map(([id, view]) => [id, id === 'customer_profile@2' ? { ...view, hash: 'v2:draft' } : view]),
    ),
  });

  it('does not serve it, nor what reads it, says so, and serves the rest', async () => {
    await planner(registry).apply();
    const wanted: string[] = [];
    const catalogue = createCatalogue({
      registry: drafted(),
      ledger,
      learn: async (definitions) => void wanted.push(...definitions.map(({ id }) => id)),
    });
    await catalogue.refresh();
    expect(wanted).toEqual(['customer_profile@2']);
    expect(catalogue.views().map(({ id }) => id)).not.toContain('customer_profile@2');
    expect(catalogue.view('customer_profile', 1)).not.toBeNull();
    const words = { code: 'CONFLICT', message: expect.stringContaining('runs another text of it') };
    expect(() => catalogue.features({ features: ['customer_profile@2:city'] })).toThrow(expect.objectContaining(words));
    expect(() => catalogue.features({ service: 'reader@1' })).toThrow(expect.objectContaining(words));
    expect(catalogue.service('reader', 1)).toBeNull();
  });

  it('promotes no model that it could not serve, and leaves the champion', async () => {
    await planner(registry).apply();
    const [model] = registry.models.values() as Iterable<Model> as [Model];
    await ledger.publish(
      [2, 3].map((version) => ({
        kind: 'model' as const,
        name: model.name,
        version,
        id: `${model.name}@${version}`,
        hash: 'v2:applied',
        snapshot: {},
        appliedAt: NOW,
      })),
    );
    const draft = { ...model, version: 3, id: `${model.name}@3`, hash: 'v2:draft' };
    const here = { ...registry, models: new Map([...registry.models, [draft.id, draft]]) };
    for (const version of [2, 3]) {
      await expect(planner(here).promote(`${model.name}@${version}`)).rejects.toMatchObject({ code: 'CONFLICT' });
    }
    const champions = (await ledger.all()).filter(({ championSince }) => championSince !== null);
    expect(champions.map(({ id }) => id)).toEqual([model.id]);
  });

  it('says once what it cannot take up, and does not try it at every reading', async () => {
    const [said, tried]: [unknown[], string[][]] = [[], []];
    const learn = createLearner({
      grow: async (wanted) => {
        tried.push([...wanted.keys()]);
        return new Map([['view lost@1', new Error('its file is not here')]]);
      },
      log: { info: () => undefined, error: (fields) => said.push(fields) },
    });
    const wanted = (id: string) => ({ kind: 'view' as const, id, hash: 'v2:x' });
    const [lost, late] = [wanted('lost@1'), wanted('late@1')];
    await learn([lost]);
    await learn([lost]);
    await learn([lost, late]);
    expect(tried).toEqual([['view lost@1'], ['view lost@1', 'view late@1']]);
    expect(said).toEqual([expect.objectContaining({ definition: 'view lost@1' })]);
  });

  it('rests twenty times as long as a try took, so that what is lost does not keep a process busy', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      let tries = 0;
      const learn = createLearner({
        grow: async () => {
          tries++;
          vi.advanceTimersByTime(3_000);
          return new Map([['view lost@1', new Error('its file is not here')]]);
        },
        log: { info: () => undefined, error: () => undefined },
      });
      const lost = [{ kind: 'view' as const, id: 'lost@1', hash: 'v2:x' }];
      await learn(lost);
      vi.advanceTimersByTime(59_000);
      await learn(lost);
      expect(tries).toBe(1);
      vi.advanceTimersByTime(1_000);
      await learn(lost);
      expect(tries).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('serves what was applied by another scheme, which cannot be compared', async () => {
    await planner(registry).apply();
    const view = { ...(registry.views.get('customer_profile@2') as View), hash: 'v9:other' };
    const catalogue = createCatalogue({ registry: { ...registry, views: new Map([[view.id, view]]) }, ledger });
    await catalogue.refresh();
    expect(catalogue.view('customer_profile', 2)).not.toBeNull();
  });
});

it('shows a retirement while definitions are still being taken up', async () => {
  await planner(registry).apply();
  const learning = new EventEmitter();
  const [began, ended] = [once(learning, 'began'), once(learning, 'ended')];
  const catalogue = createCatalogue({
    registry: { ...registry, views: without(registry.views, 'customer_profile@1') },
    ledger,
    learn: async () => {
      learning.emit('began');
      await ended;
    },
  });
  const following = catalogue.follow(20, quietLog);
  await began;
  expect(catalogue.service('reader', 1)).not.toBeNull();
  await ledger.retire([{ kind: 'service', id: 'reader@1' }], NOW);
  await expect.poll(() => catalogue.service('reader', 1), { timeout: 30_000, interval: 20 }).toBeNull();
  following.close();
  learning.emit('ended');
});

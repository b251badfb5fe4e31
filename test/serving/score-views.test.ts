import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.js';
import { catalog } from '../../src/catalogue/published.js';
import { createRegistryPlanner } from '../../src/catalogue/registry-plan.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import type { OfflineWriters } from '../../src/core/ports/offline-writer.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import type { DefinitionLedger } from '../../src/core/ports/serving.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { loadRegistry } from '../../src/registry/load.js';
import { quietLog } from '../support/homes.js';
import { freshPostgresDatabase, freshRedis } from '../support/stores.js';
import { ROOT } from '../support/views.js';

const NOW = Date.UTC(2026, 5, 1);
const SCORES = 'uci_default_score@1';
const MODEL = 'uci_default@1';
const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
/** Tables are tested where the offline store is. */
const offline: Pick<OfflineReader, 'viewHoldings' | 'planQuery'> = {
  viewHoldings: async () => null,
  planQuery: async () => null,
};
const writers: Pick<OfflineWriters, 'createView'> = { createView: async () => undefined };
const closers: (() => Promise<void>)[] = [];
let registry: Registry;
let online: OnlineStore;
let ledger: DefinitionLedger;

beforeAll(async () => {
  const { views, models, ...rest } = await loadRegistry({ root: ROOT });
  // The one model and what it reads: tests of it do not move with the product's other definitions.
  const kept = [...views.values()].filter(({ id }) => id === SCORES || id === 'statement_history@1');
  registry = {
    ...rest,
    views: new Map(kept.map((view) => [view.id, view])),
    onDemandViews: new Map(),
    services: new Map(),
    models: new Map([...models].filter(([id]) => id === MODEL)),
    labels: new Map(),
    facts: new Map(),
    indicators: new Map(),
  };
  const redis = await freshRedis();
  const connection = await openRedis({ url: redis.url, log: quietLog, purpose: 'serving' });
  online = createOnlineStore({ client: connection.client, prefix: 't', clock: () => NOW, log: quietLog, metrics });
  closers.push(
    async () => connection.close(),
    () => redis.close(),
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

function serve(of: Registry) {
  const catalogue = createCatalogue({ registry: of, ledger });
  const planner = createRegistryPlanner({
    registry: of,
    ledger,
    offline,
    writers,
    online,
    now: () => NOW,
    trainingSets: { pinning: async () => [] },
    costs: async (changes) => changes,
    onChange: () => catalogue.refresh(),
  });
  return { catalogue, planner };
}

const without = (of: Registry, id: string): Registry => ({
  ...of,
  views: new Map([...of.views].filter(([each]) => each !== id)),
});

it('are published with their model, and read as any view is', async () => {
  const { catalogue, planner } = serve(registry);
  const { changes } = await planner.apply();
  expect(changes.map(({ action, kind, id }) => `${action} ${kind} ${id}`)).toEqual([
    'ADD view statement_history@1',
    `ADD view ${SCORES}`,
    `ADD model ${MODEL}`,
  ]);
  expect(catalogue.features({ features: [`${SCORES}:points`] })).toHaveLength(1);
  expect(catalogue.namedViews(['uci_default_score']).map(({ id }) => id)).toEqual([SCORES]);
  expect((catalog(registry).definitions as { id: string }[]).find(({ id }) => id === SCORES)).toMatchObject({
    kind: 'view',
    entity: 'customer',
    scoresOf: MODEL,
    file: 'models/uci_default/uci_default.v1.model.ts',
  });
});

it('are an addition where the model was applied before there were score views', async () => {
  await serve(without(registry, SCORES)).planner.apply();
  const { planner } = serve(registry);
  await expect(planner.checkBoot()).resolves.toBeNull();
  expect((await planner.apply()).changes.map(({ action, id }) => `${action} ${id}`)).toEqual([`ADD ${SCORES}`]);
});

it('cannot be retired while their model lives', async () => {
  const { planner } = serve(registry);
  await planner.apply();
  await expect(planner.retireView(SCORES)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: `feature view ${SCORES} holds the scores of model ${MODEL}, which is in force`,
    hint: expect.stringContaining('delete models/uci_default/uci_default.v1.model.ts'),
  });
});

it('go with the file of their model: the process boots, and apply retires both and clears the online values', async () => {
  await serve(registry).planner.apply();
  const view = registry.views.get(SCORES) as View;
  const row = { key: ['C1'], eventTime: NOW - 1, availableAt: NOW - 1, sequence: 1, tombstone: false };
  await online.write(view, [{ ...row, values: [0.1, 600, 'A'] }]);
  const { catalogue, planner } = serve({ ...without(registry, SCORES), models: new Map() });
  await expect(planner.checkBoot()).resolves.toBeNull();
  const { changes } = await planner.apply();
  expect(changes.map(({ action, kind, id }) => `${action} ${kind} ${id}`).sort()).toEqual([
    `RETIRE model ${MODEL}`,
    `RETIRE view ${SCORES}`,
  ]);
  expect(catalogue.view('uci_default_score')).toBeNull();
  expect(await online.read([{ entity: view.entity, keys: [['C1']], views: [view] }])).toEqual([[[null]]]);
});

it('say nothing of their own where the model itself was changed under its version', async () => {
  await serve(registry).planner.apply();
  const changed = <T extends { readonly id: string }>(all: ReadonlyMap<string, T>, id: string) =>
    new Map([...all].map(([key, each]) => [key, each.id === id ? { ...each, hash: 'v2:another' } : each]));
  const { planner } = serve({
    ...registry,
    views: changed(registry.views, SCORES),
    models: changed(registry.models, MODEL),
  });
  expect((await planner.plan()).problems).toEqual([expect.stringMatching(/^model uci_default@1 was applied and has/)]);
});

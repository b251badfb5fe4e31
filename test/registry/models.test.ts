import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inputsFirst } from '../../src/core/compute/view-kinds.js';
import type { Model } from '../../src/core/definitions/definitions.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { DAY, HOUR } from '../../src/core/helpers/time.js';
import { openRegistry } from '../../src/registry/grow.js';
import { contentHash } from '../../src/registry/hash.js';
import { loadRegistry } from '../../src/registry/load.js';
import { asProject } from '../support/projects.js';

let root: string;

const put = async (file: string, body: string): Promise<void> => {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body);
};
const define = (file: string, body: string): Promise<void> =>
  put(
    file,
    `import { defineEntity, defineFeatureView, defineFeatureService, defineModel, int32, sql } from 'riskgraph';\n${body}\n`,
  );

const putView = (name: string, delay = '2h'): Promise<void> =>
  define(
    `features/customer/${name}.v1.view.ts`,
    `import { customer } from '../entities.js';
export default defineFeatureView({
  entity: customer, description: 'Logins', owner: 'risk', schedule: { every: 'day', delay: '${delay}' },
  features: { logins: int32({ description: 'Logins so far' }) },
  query: ({ source }) => sql\`SELECT customer_id, toInt32(count()) AS logins FROM \${source('events')} GROUP BY customer_id\`,
});`,
  );

const putModel = async (name: string, inputs: readonly string[], change = ''): Promise<void> => {
  await define(
    `models/${name}/${name}.v1.model.ts`,
    `import { customer, pair } from '../../features/entities.js';
export const entities = [customer, pair];
export default defineModel({
  entity: customer, description: 'Who pays', owner: 'risk', onnx: 'weights.onnx', inputs: ${JSON.stringify(inputs)},
  tensors: { input: 'in', probability: 'out' }, missing: 'nan', scale: { points: 600, odds: 1 / 19, pointsToDoubleOdds: 50 }, ${change}
});`,
  );
  await put(`models/${name}/weights.onnx`, `weights of ${name}`);
  await put(`models/${name}/card.json`, '{}');
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'registry-'));
  await asProject(root);
  await define(
    'features/entities.ts',
    `export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
export const pair = defineEntity({ name: 'pair', joinKeys: ['customer_id', 'device_id'], description: 'Both' });`,
  );
  await putView('logins');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const NOTHING = { models: async () => undefined, tables: async () => [] };

/** Opens the registry; `refusals` are the reasons of what could not be added. */
async function opening(open: (models: readonly Model[]) => unknown) {
  const { registry, grow } = await openRegistry({ root });
  const refusals = async (wanted: readonly (readonly [string, string])[]): Promise<string[]> =>
    [...(await grow(new Map(wanted), { ...NOTHING, models: async (models) => void open(models) })).values()].map(
      (error) => (error as Error).message,
    );
  return { registry, refusals };
}

/** The hash that a process which starts now gives a view; this one imports nothing for it. */
const hashOfView = (id: string): Promise<string> =>
  contentHash(join(root, `features/customer/${id.replace('@', '.v')}.view.ts`), [
    JSON.stringify(['customer', ['customer_id']]),
  ]);

const problemsOf = async (): Promise<readonly string[]> => {
  const error = await loadRegistry({ root }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RiskgraphError);
  return (error as RiskgraphError).details?.problems as string[];
};

test('a model’s scores are a feature view of its entity, file, owner and version', async () => {
  await putModel('default_risk', ['logins@1:logins']);
  const { models, views } = await loadRegistry({ root });
  expect(views.get('default_risk_score@1')).toMatchObject({
    name: 'default_risk_score',
    version: 1,
    owner: 'risk',
    file: 'models/default_risk/default_risk.v1.model.ts',
    delayMs: 3 * HOUR,
    maxAgeMs: 2 * DAY,
    ttlMs: 400 * DAY,
    entity: { name: 'customer' },
    features: [
      { name: 'probability', type: 'FLOAT64' },
      { name: 'points', type: 'INT32' },
      { name: 'band', type: 'STRING' },
    ],
    origin: { kind: 'scores', model: models.get('default_risk@1') },
  });
});

test('a model whose name says that it is a score lends its name to the view', async () => {
  await putModel('b_score', ['logins@1']);
  expect([...(await loadRegistry({ root })).views.keys()]).toEqual(['logins@1', 'b_score@1']);
});

test('a registry takes up a version that came after its start, beside the views that it serves, and no other content', async () => {
  await putModel('risk', ['logins@1']);
  const opened: string[] = [];
  const { registry, refusals } = await opening((models) => opened.push(...models.map(({ id }) => id)));
  const [logins, first] = [registry.views.get('logins@1'), registry.models.get('risk@1')];
  await putModel('later', ['logins@1:logins']);
  const hash = (await loadRegistry({ root })).models.get('later@1')?.hash as string;
  // A file that nobody applied yet, and that cannot be read, is no reason to refuse.
  await put('models/broken/broken.v1.model.ts', 'export default {');
  expect(await refusals([['model later@1', 'another content']])).toEqual([
    'models/later/later.v1.model.ts is not here as model later@1 was applied',
  ]);
  expect(registry.models.has('later@1')).toBe(false);
  // One that is not here keeps none from being added.
  expect(
    await refusals([
      ['model absent@1', 'x'],
      ['model later@1', hash],
    ]),
  ).toEqual(['the file of model absent@1 is not here']);
  expect(opened).toEqual(['later@1']);
  expect(registry.models.get('later@1')?.features[0]?.view).toBe(logins);
  expect(registry.views.get('later_score@1')?.origin).toMatchObject({ model: { id: 'later@1' } });
  expect(registry.models.get('risk@1')).toBe(first);
});

test('a model that does not open is not added, and is tried again', async () => {
  let openings = 0;
  const { registry, refusals } = await opening(() => {
    openings += 1;
    if (openings === 1) throw new Error('no memory for it');
  });
  await putModel('large', ['logins@1']);
  const hash = (await loadRegistry({ root })).models.get('large@1')?.hash as string;
  expect(await refusals([['model large@1', hash]])).toEqual(['no memory for it']);
  expect([registry.models.has('large@1'), registry.views.has('large_score@1')]).toEqual([false, false]);
  expect(await refusals([['model large@1', hash]])).toEqual([]);
  expect(registry.models.has('large@1')).toBe(true);
});

test('what was applied is taken up as it was applied: a module that was imported before does not stand for its file', async () => {
  const views = (delay: string) => Promise.all(['boot', 'draft'].map((name) => putView(name, delay)));
  await putView('boot', '3h');
  const { registry, refusals } = await opening(() => undefined);
  await views('4h');
  await putView('other');
  // Another is taken up while the draft lies there: it is not read with it.
  expect(await refusals([['view other@1', await hashOfView('other@1')]])).toEqual([]);
  await views('5h');
  const [boot, draft] = [await hashOfView('boot@1'), await hashOfView('draft@1')];
  expect(
    await refusals([
      ['view boot@1', boot],
      ['view draft@1', draft],
    ]),
  ).toEqual([]);
  expect(registry.views.get('boot@1')?.schedule.delay).toBe('5h');
  expect(registry.views.get('draft@1')?.schedule.delay).toBe('5h');
});

test('what reads a view that is taken up anew reads that one, and so does what reads its readers', async () => {
  await putModel('a_blend', ['z_base_score@1:probability', 'logins@1']);
  await putModel('z_base', ['logins@1']);
  const { registry, refusals } = await opening(() => undefined);
  await putView('logins', '1h');
  expect(await refusals([['view logins@1', await hashOfView('logins@1')]])).toEqual([]);
  const logins = registry.views.get('logins@1');
  expect(logins?.schedule.delay).toBe('1h');
  const inputsOf = (id: string) => registry.models.get(id)?.features.map(({ view }) => view);
  expect(inputsOf('z_base@1')).toEqual([logins]);
  expect(inputsOf('a_blend@1')).toEqual([registry.views.get('z_base_score@1'), logins]);
  expect(registry.views.get('z_base_score@1')?.origin).toMatchObject({ model: registry.models.get('z_base@1') });
});

test('indicators are taken up as they were applied: no draft, and of two files that one', async () => {
  const putIndicator = (file: string, description: string) =>
    put(
      `indicators/${file}.indicator.ts`,
      `import { defineIndicator, sql } from 'riskgraph';
export default defineIndicator({
  domain: 'tests', description: '${description}', owner: 'risk', unit: 'count', stock: false, finestGrain: 'DAY',
  from: ({ source }) => sql\`SELECT toDate(registered_at) AS date FROM \${source('customers')}\`, numerator: 'count()', dimensions: {},
});`,
    );
  for (const name of ['one', 'two']) await putIndicator(name, 'first');
  const { registry, grow } = await openRegistry({ root });
  const wanted = async () =>
    new Map(
      [...(await loadRegistry({ root })).indicators.values()].map(
        ({ name, hash }) => [`indicator ${name}@1`, hash] as const,
      ),
    );
  const described = () => [...registry.indicators.values()].map(({ name, description }) => `${name} ${description}`);
  await putIndicator('one', 'second');
  await putIndicator('new', 'second');
  const applied = await wanted();
  await putIndicator('two', 'draft');
  // It comes before the one that was applied.
  await putIndicator('copies/one', 'copy');
  expect(await grow(applied, NOTHING)).toEqual(new Map());
  expect(described()).toEqual(['one second', 'two first', 'new second']);
  // Its file is no longer what was applied: what is served stays.
  const refused = await grow(new Map([['indicator two@1', 'v2:another']]), NOTHING);
  expect([...refused.values()].map((error) => (error as Error).message)).toEqual([
    'indicators/two.indicator.ts is not here as indicator two@1 was applied',
  ]);
  expect(described()).toEqual(['one second', 'two first', 'new second']);
});

test('a funnel, whose entries are made of its fact, is taken up once, and again when the fact is', async () => {
  const putSteps = (description: string) =>
    put(
      'indicators/facts/steps.fact.ts',
      `import { defineFact, sql } from 'riskgraph';
export default defineFact({
  description: '${description}', owner: 'growth', grain: 'one step', stock: false, finestGrain: 'DAY',
  from: ({ source }) => sql\`SELECT toDate(registered_at) AS date, registered_at AS at, 'A' AS step, customer_id AS person FROM \${source('customers')}\`,
  dimensions: {}, measures: { steps: { expression: 'count()', description: 'Steps taken', unit: 'count' } },
});`,
    );
  await putSteps('first');
  await put(
    'indicators/way.indicator.ts',
    `import { defineIndicator, funnelOf } from 'riskgraph';
export default defineIndicator({
  domain: 'tests', description: 'A way', owner: 'growth', unit: 'fraction', term: 'x', formula: 'x', direction: 'HIGHER_IS_BETTER', pitfalls: 'x',
  value: funnelOf('steps@1', ['A', 'B']),
});`,
  );
  const { registry, grow } = await openRegistry({ root });
  const described = () => registry.indicators.get('way@1')?.funnel?.rows;
  const before = described();
  await putView('other');
  expect(await grow(new Map([['view other@1', await hashOfView('other@1')]]), NOTHING)).toEqual(new Map());
  expect(described()).toBe(before);
  await putSteps('second');
  const { hash } = (await loadRegistry({ root })).facts.get('steps@1') ?? {};
  expect(await grow(new Map([['fact steps@1', hash as string]]), NOTHING)).toEqual(new Map());
  expect(described()).not.toBe(before);
  expect(described()).toBe(registry.facts.get('steps@1'));
});

test('a definition whose helper was imported with another text waits for a restart, and others do not', async () => {
  const using = (name: string) =>
    put(
      `features/customer/${name}.v1.view.ts`,
      `import { hours } from './hours.js';
import { defineFeatureView, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';
export default defineFeatureView({
  entity: customer, description: 'Logins', owner: 'risk', schedule: { every: 'day', delay: hours },
  features: { logins: int32({ description: 'Logins so far' }) },
  query: () => sql\`SELECT 1\`,
});
`,
    );
  await put('features/customer/hours.ts', "export const hours = '2h';\n");
  await using('first');
  const { registry, refusals } = await opening(() => undefined);
  await put('features/customer/hours.ts', "export const hours = '3h';\n");
  await using('second');
  await putView('third');
  const [second, third] = [await hashOfView('second@1'), await hashOfView('third@1')];
  expect(
    await refusals([
      ['view second@1', second],
      ['view third@1', third],
    ]),
  ).toEqual([expect.stringContaining('second.v1.view.ts: hours.ts changed after this process read it')]);
  expect([registry.views.has('second@1'), registry.views.has('third@1')]).toEqual([false, true]);
});

test('the hash of a score view is another for other weights', async () => {
  await putModel('b_score', ['logins@1']);
  const hash = async () => (await loadRegistry({ root })).views.get('b_score@1')?.hash;
  const first = await hash();
  await put('models/b_score/weights.onnx', 'other weights');
  expect(await hash()).not.toBe(first);
});

test('scores are what any feature is: an input of another model, a line of a service; they come after what they are made of', async () => {
  await putModel('a_blend', ['z_base_score@1:probability', 'logins@1']);
  await putModel('z_base', ['logins@1']);
  await define(
    'features/services/risk.v1.service.ts',
    "export default defineFeatureService({ description: 'x', owner: 'x', features: ['a_blend_score@1:band'] });",
  );
  const { views, services } = await loadRegistry({ root });
  const [blend, base, logins] = ['a_blend_score@1', 'z_base_score@1', 'logins@1'].map((id) => views.get(id));
  expect(services.get('risk@1')?.features[0]?.view).toBe(blend);
  expect(blend?.origin).toMatchObject({ kind: 'scores' });
  expect(inputsFirst([...views.values()].reverse())).toEqual([logins, base, blend]);
});

test('models that read each other’s scores are refused, with the circle', async () => {
  await putModel('one', ['two_score@1:points']);
  await putModel('two', ['logins@1', 'one_score@1:points']);
  expect((await problemsOf())[0]).toBe(
    'models/one/one.v1.model.ts: its inputs lead back to itself: one@1 reads the scores of two@1 reads the scores of one@1',
  );
});

test('an input that is readable later than the scores are is refused', async () => {
  await putView('slow', '4h');
  await putModel('b_score', ['slow@1', 'logins@1']);
  expect(await problemsOf()).toEqual([
    'models/b_score/b_score.v1.model.ts: input view slow@1 is readable 4h after its as-of, later than the scores made of it (3h)',
  ]);
});

test('a model may require inputs of its own and no others', async () => {
  await putModel('fits', ['logins@1'], "required: ['logins@1:logins'],");
  expect((await loadRegistry({ root })).models.get('fits@1')?.required).toEqual(['logins@1:logins']);
  await putModel('asks', ['logins@1'], "required: ['logins@1:sessions'],");
  expect(await problemsOf()).toEqual([
    'models/asks/asks.v1.model.ts: requires logins@1:sessions, which is no input of it',
  ]);
});

test('a model of an entity with several join keys is refused: a score has one entity_id', async () => {
  await putModel('b_score', ['logins@1'], 'entity: pair,');
  expect(await problemsOf()).toEqual([expect.stringContaining('a model scores an entity with one join key')]);
});

test('a view file of the name that the scores need is refused, naming it', async () => {
  await putView('b_score');
  await putModel('b_score', ['logins@1']);
  expect(await problemsOf()).toEqual([
    'models/b_score/b_score.v1.model.ts: its scores would be the view b_score@1, which features/customer/b_score.v1.view.ts defines already: rename one of them',
  ]);
});

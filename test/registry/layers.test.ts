/** A project's definitions, laid over the product's. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.js';
import { openRegistry } from '../../src/registry/grow.js';
import { loadRegistry } from '../../src/registry/load.js';
import { asProject } from '../support/projects.js';

let root: string;
let project: string;

const ENTITIES = `import { defineEntity } from 'riskgraph';
export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
`;
const view = (entity: string, from = '../entities.js') => `import { defineFeatureView, int32, sql } from 'riskgraph';
import { ${entity} } from '${from}';
export default defineFeatureView({
  entity: ${entity}, description: 'Logins', owner: 'risk', schedule: { every: 'day', delay: '2h' },
  features: { logins: int32({ description: 'Logins so far' }) },
  query: ({ source }) => sql\`SELECT customer_id AS \${sql\`\`}${entity}_id, toInt32(count()) AS logins FROM \${source('events')} GROUP BY 1\`,
});
`;
const JOB = `import { defineJob } from 'riskgraph';
export default defineJob({ description: 'x', payload: {}, concurrency: 1, run: async () => null });
`;
const config = (starter: unknown, tables: unknown = {}) => `import { defineProject } from 'riskgraph';
export default defineProject({ starter: ${JSON.stringify(starter)}, tables: ${JSON.stringify(tables)} });
`;

async function put(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'product-'));
  project = await mkdtemp(join(tmpdir(), 'project-'));
  await Promise.all([asProject(root), asProject(project)]);
  await put(root, {
    'features/entities.ts': ENTITIES,
    'features/customer/logins.v1.view.ts': view('customer'),
    'features/customer/other.v1.view.ts': view('customer'),
    'jobs/tidy.ts': JOB,
  });
});
afterEach(() => Promise.all([root, project].map((folder) => rm(folder, { recursive: true, force: true }))));

const ids = async () => {
  const { views, jobs } = await loadRegistry({ root, project });
  return [...views.keys(), ...jobs.keys()];
};

test('a project adds its definitions and entities to those of the product, whose files are named as its own', async () => {
  await put(project, {
    'features/entities.ts': `import { defineEntity } from 'riskgraph';
export const merchant = defineEntity({ name: 'merchant', joinKeys: ['merchant_id'], description: 'A shop' });
`,
    'features/merchant/sales.v1.view.ts': view('merchant'),
  });
  const { views, entities } = await loadRegistry({ root, project });
  expect([...views.values()].map(({ id, file }) => [id, file])).toEqual([
    ['logins@1', 'riskgraph/features/customer/logins.v1.view.ts'],
    ['other@1', 'riskgraph/features/customer/other.v1.view.ts'],
    ['sales@1', 'features/merchant/sales.v1.view.ts'],
  ]);
  expect([...entities.keys()]).toEqual(['customer', 'merchant']);
});

test.each([
  ['all', ['logins@1', 'other@1', 'tidy']],
  ['none', ['tidy']],
  [['logins'], ['logins@1', 'tidy']],
  [['other@1'], ['other@1', 'tidy']],
  [['features/customer/'], ['logins@1', 'other@1', 'tidy']],
])('a project that takes %j has those definitions, and the jobs of the platform', async (starter, expected) => {
  await put(project, { 'riskgraph.config.ts': config(starter) });
  expect(await ids()).toEqual(expected);
});

test('a name that project and product define is refused, naming both files, and the product’s is served', async () => {
  await put(project, {
    'features/entities.ts': ENTITIES,
    'features/customer/logins.v1.view.ts': view('customer', join(root, 'features/entities.js')),
    'features/customer/own.v1.view.ts': view('customer', join(root, 'features/entities.js')),
  });
  const { registry } = await openRegistry({ root, project });
  expect(registry.refused.map(({ file, reasons }) => [file, reasons])).toEqual([
    [
      'features/customer/logins.v1.view.ts',
      ['view logins@1 is also defined in riskgraph/features/customer/logins.v1.view.ts'],
    ],
    [
      'features/entities.ts',
      [
        "entity 'customer' has the name of one in riskgraph/features/entities.ts: import that one from 'riskgraph/entities', or take another name",
      ],
    ],
  ]);
  expect([...registry.views.keys()]).toEqual(['logins@1', 'other@1', 'own@1']);
});

test.each([
  ['export default {};', /^riskgraph\.config\.ts: its default export is not made by defineProject$/],
  [config(['login']), /^riskgraph\.config\.ts: `starter` lists 'login', which the product does not define$/],
  ['throw new Error("no");', /^riskgraph\.config\.ts: does not load: no$/],
  [
    config('all', { visits: { completeness: 'marked' } }),
    /^riskgraph\.config\.ts: `tables` names 'visits', which is no table of the product; one of your own says it in tables\/visits\.table\.ts$/,
  ],
  [
    config('all', { places: { completeness: 'arrival' } }),
    /^riskgraph\.config\.ts: tables\.places: completeness 'arrival' goes by the event time of rows/,
  ],
  [config(7), /^riskgraph\.config\.ts: `starter` is neither 'all' nor 'none' nor a list$/],
])('a config with a problem is named, and what was applied is served on: %s', async (text, problem) => {
  await put(project, { 'riskgraph.config.ts': text });
  const { registry } = await openRegistry({ root, project });
  expect(registry.refused.flatMap(({ file, reasons }) => reasons.map((reason) => `${file}: ${reason}`))).toEqual([
    expect.stringMatching(problem),
  ]);
});

test('a project says when days of the product’s tables are whole, and nothing else of them', async () => {
  await put(project, {
    'riskgraph.config.ts': config('all', {
      repayments: { completeness: 'marked', completeWithin: '6h', key: ['nothing'] },
      loans: { completeness: 'arrival' },
    }),
  });
  const { tables } = await loadRegistry({ root, project });
  const said = ['repayments', 'loans', 'events'].map((name) => {
    const { key, completeness, definedBy } = tables.get(name);
    return [key, completeness, definedBy];
  });
  expect(said).toEqual([
    [['repayment_id'], { by: 'marked', within: 6 * 3_600_000 }, null],
    [['loan_id'], { by: 'arrival', within: 24 * 3_600_000 }, null],
    [['event_id'], null, null],
  ]);
});

test('broken entities of a project leave the product’s definitions as they are', async () => {
  await put(project, { 'features/entities.ts': 'throw new Error("broken");' });
  const { registry } = await openRegistry({ root, project });
  expect([...registry.views.keys()]).toEqual(['logins@1', 'other@1']);
  expect(registry.refused.map(({ file }) => file)).toEqual(['features/entities.ts']);
});

test('a file that changes while it is read is refused: what was read has another hash than what runs', async () => {
  const file = 'features/customer/restless.v1.view.ts';
  const again = `import { appendFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(join(project, file))}, 'export const more = 1;\\n');
`;
  await put(project, { [file]: `${view('customer', join(root, 'features/entities.js'))}${again}` });
  const { registry } = await openRegistry({ root, project });
  expect(registry.refused.map((one) => [one.file, one.reasons])).toEqual([
    [file, ['changed while it was read: plan again, or restart the process that starts']],
  ]);
  expect([...registry.views.keys()]).toEqual(['logins@1', 'other@1']);
});

test('of a table that project and product define, the product’s counts, unless the rows are those of the project’s; the other file is named', async () => {
  const table = (column: string) => `import { defineTable, opt, text } from 'riskgraph';
export default defineTable({ description: 'A shop', key: ['shop_id'], columns: { shop_id: text('The shop'), ${column}: opt(text('x')) } });
`;
  await put(root, { 'tables/shops.table.ts': table('city') });
  await put(project, { 'tables/shops.table.ts': table('owner') });
  const { registry } = await openRegistry({ root, project });
  expect(registry.refused.map(({ file, reasons }) => [file, reasons])).toEqual([
    ['tables/shops.table.ts', ['table shops@1 is also defined in riskgraph/tables/shops.table.ts']],
  ]);
  expect(registry.tables.get('shops').columns.map(({ name }) => name)).toEqual(['shop_id', 'city']);
  const upgraded = await openRegistry({ root, project, madeTables: new Set(['shops']) });
  expect(upgraded.registry.refused.map(({ file, reasons }) => [file, reasons])).toEqual([
    ['riskgraph/tables/shops.table.ts', ['table shops@1 is also defined in tables/shops.table.ts']],
  ]);
  expect(upgraded.registry.tables.get('shops').columns.map(({ name }) => name)).toEqual(['shop_id', 'owner']);
});

test('a table that could not be compared at the start is compared again, and served once it fits', async () => {
  await put(project, {
    'tables/shops.table.ts': `import { defineTable, text } from 'riskgraph';
export default defineTable({ description: 'A shop', key: ['shop_id'], columns: { shop_id: text('The shop') } });
`,
  });
  const { registry, grow, refuseTable } = await openRegistry({ root, project });
  const { hash = '' } = registry.tables.get('shops').definedBy ?? {};
  refuseTable('shops', ['it cannot be read']);
  let problems: readonly string[] = ['it cannot be read yet'];
  const opening = {
    models: async () => undefined,
    tables: async () => [{ table: 'shops', missing: false, fresh: [], added: [], problems }],
  };
  const catalogue = createCatalogue({
    registry,
    ledger: { all: async () => [], tables: async () => [{ name: 'shops', hash, personal: [] }] },
    learn: async (wanted) =>
      void (await grow(new Map(wanted.map((one) => [`${one.kind} ${one.id}`, one.hash])), opening)),
  });
  await catalogue.refresh();
  expect(() => registry.tables.get('shops')).toThrow('the definition of the source table shops is refused');
  problems = [];
  await catalogue.refresh();
  expect(registry.tables.get('shops').name).toBe('shops');
  expect(registry.refused).toEqual([]);
});

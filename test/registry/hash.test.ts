/** Which definitions an edit of the platform changes, told on a copy of it. */
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PlannerOptions } from '../../src/catalogue/registry-plan.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { loadRegistry } from '../../src/registry/load.js';
import { quietLog } from '../support/homes.js';
import { freshPostgresDatabase } from '../support/stores.js';
import { ROOT } from '../support/views.js';

type Hashes = Readonly<Record<string, string>>;

let root: string;
let written: Hashes;

const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

const write = (file: string, text: string): Promise<void> => writeFile(join(root, file), text);
const append = async (file: string, text: string): Promise<void> => write(file, `${await read(file)}${text}`);

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await read(file);
  expect(text).toContain(from);
  await write(file, text.replaceAll(from, to));
}

/** Moves a file of the copy; who imports it is edited apart. */
async function move(from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await rename(join(root, from), join(root, to));
}

async function hashesOf(load: typeof loadRegistry, folder: string): Promise<Hashes> {
  const { views, onDemandViews, services, models, indicators } = await load({ root: folder });
  return Object.fromEntries(
    [...views, ...onDemandViews, ...services, ...models, ...indicators].map(([id, { hash }]) => [id, hash]),
  );
}

/** A module of the copy. */
const own = <Module>(file: string): Promise<Module> => import(join(root, file));
const ownLoader = async (): Promise<typeof loadRegistry> =>
  (await own<typeof import('../../src/registry/load.js')>('src/registry/load.ts')).loadRegistry;

/** Definitions of the copy whose hash is another than that of the repository's, as its own platform hashes them. */
async function changed(): Promise<readonly string[]> {
  const now = await hashesOf(await ownLoader(), root);
  expect(Object.keys(now)).toEqual(Object.keys(written));
  return Object.keys(now).filter((id) => now[id] !== written[id]);
}

const ownHash = async (file: string): Promise<string> =>
  (await own<typeof import('../../src/registry/hash.js')>('src/registry/hash.ts')).contentHash(join(root, file));

const PARTS = ['src', 'tables', 'features', 'indicators', 'models', 'package.json'];

// One folder for all: its modules are loaded once, and hashes are of what the files say now.
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'copy-'));
  await symlink(resolve('node_modules'), join(root, 'node_modules'));
  written = await hashesOf(loadRegistry, ROOT);
});
afterAll(() => rm(root, { recursive: true, force: true }));

beforeEach(async () => {
  for (const part of PARTS) {
    await rm(join(root, part), { recursive: true, force: true });
    // Another test plants files in the repository, and takes them away, while this one copies it.
    await cp(join(ROOT, part), join(root, part), { recursive: true, filter: (path) => !path.includes('__planted__') });
  }
});

const MONEY = 'src/core/helpers/money.ts';
const AFFORDABILITY = 'features/customer/application_affordability.v1.on_demand.ts';

test('the same files hash the same wherever they lie', async () => {
  expect(Object.keys(written).length).toBeGreaterThan(20);
  expect(await changed()).toEqual([]);
});

test.each([
  [MONEY, 'toDecimalPlaces(2)', 'toDecimalPlaces(3)', ['application_affordability@1']],
  ['src/core/helpers/geo.ts', 'latitude === 0 &&', 'latitude < 1 &&', ['application_place@1', 'application_place@2']],
  // Geography imports it; no definition does.
  [
    'src/core/helpers/datums.ts',
    'AXIS = 6_378_245',
    'AXIS = 6_378_246',
    ['application_place@1', 'application_place@2'],
  ],
  ['src/core/helpers/device-ids.ts', "'n/a', ", '', ['device_identity@1', 'device_profile@1', 'device_usage@1']],
  ['indicators/disbursed_loans.ts', 'disbursed_at', 'created_at', ['new_loan_amount@1', 'new_loans@1']],
])('an edit of %s changes who uses it', async (file, from, to, ids) => {
  await edit(file, from, to);
  expect(await changed()).toEqual(ids);
});

test('a plan fails for exactly the definitions that use a helper which is edited after they were applied', async () => {
  const postgres = await freshPostgresDatabase();
  const database = await openDatabase({ url: postgres.url, log: quietLog });
  try {
    const ledger = createDefinitionLedger(database.dataSource);
    const { publishable } = await own<typeof import('../../src/catalogue/published.js')>('src/catalogue/published.ts');
    const load = await ownLoader();
    await ledger.publish(publishable(await load({ root })).map((one) => ({ ...one, appliedAt: 0 })));
    const { createRegistryPlanner } = await own<typeof import('../../src/catalogue/registry-plan.js')>(
      'src/catalogue/registry-plan.ts',
    );
    const problems = async () => {
      const registry = await load({ root });
      // Nothing is retired, computed or served here.
      const unused = {} as Omit<PlannerOptions, 'registry' | 'ledger'>;
      return (await createRegistryPlanner({ ...unused, registry, ledger }).plan()).problems;
    };
    expect(await problems()).toEqual([]);
    await edit(MONEY, 'toDecimalPlaces(2)', 'toDecimalPlaces(3)');
    expect(await problems()).toEqual([
      expect.stringMatching(/^on-demand view application_affordability@1 was applied and has changed since/),
    ]);
  } finally {
    await database.close();
    await postgres.close();
  }
});

test('the vocabulary grows and moves, and comments are written, without a change', async () => {
  await append('src/core/definitions/sql.ts', 'export const two = sql`2`;\n');
  await append('src/core/definitions/define.ts', "export { two } from './sql.js';\n");
  await append('src/core/errors.ts', 'export const gone = 1;\n');
  await append('features/entities.ts', 'export const more = 1;\n');
  await append(MONEY, '// More about money.\n');
  await move('src/core/definitions/define-service.ts', 'src/core/definitions/services/define-service.ts');
  await edit('src/core/definitions/define.ts', './define-service.js', './services/define-service.js');
  expect(await changed()).toEqual([]);
});

test('a helper may move: its name, its place among the imports and what it imports by another path are no part of the hash', async () => {
  await move('src/core/helpers/geo.ts', 'src/geography/places.ts');
  await edit('src/geography/places.ts', './datums.js', '../core/helpers/datums.js');
  const lines = (await read('src/geography/places.ts')).split('\n');
  const [head = '', ...links] = lines.slice(0, 3);
  await write('src/geography/places.ts', [head, ...links.reverse(), ...lines.slice(3)].join('\n'));
  // Node reads the exports of package.json once a process.
  await write(
    'src/core/helpers/geo.ts',
    "export { distanceKm, h3Cell, positionOf } from '../../geography/places.js';\n",
  );
  expect(await changed()).toEqual([]);
});

test.each([
  ['the index of the package', 'riskgraph'],
  ['a relative path', '../../src/core/helpers/money.js'],
  ['a file of the definitions that gives it on', '../amounts.js'],
])('a helper that is imported through %s is inside for who uses it, and for no other', async (_, specifier) => {
  const given = (from: string) => `export { instalmentOf, ratio } from '${from}';\n`;
  await append('src/core/definitions/define.ts', given('../helpers/money.js'));
  await write('features/amounts.ts', `${given('riskgraph/money')}export const none = 0;\n`);
  await edit(AFFORDABILITY, "'riskgraph/money'", `'${specifier}'`);
  expect(await changed()).toEqual([]);
  await edit(MONEY, 'toDecimalPlaces(2)', 'toDecimalPlaces(3)');
  expect(await changed()).toEqual(['application_affordability@1']);
});

test.each([
  [
    'by name',
    (one: string, two: string) =>
      `import { RATE } from '../${one}.js';\nimport { RATE as other } from '../${two}.js';\nexport const both = [RATE, other];\n`,
  ],
  [
    'late',
    (one: string, two: string) =>
      `export const both = [(await import('../${one}.js')).RATE, (await import('../${two}.js')).RATE];\n`,
  ],
])('one helper in place of another that is imported %s is a change, though both are read', async (_, imports) => {
  await write('features/one.ts', 'export const RATE = 1;\n');
  await write('features/two.ts', 'export const RATE = 2;\n');
  const file = await read(AFFORDABILITY);
  const hashes: string[] = [];
  for (const text of [imports('one', 'two'), imports('two', 'one')]) {
    await write(AFFORDABILITY, text + file);
    hashes.push(await ownHash(AFFORDABILITY));
  }
  expect(hashes[0]).not.toBe(hashes[1]);
});

test('files that import each other have a hash, and an edit of either changes it', async () => {
  await write('features/egg.ts', "import { hen } from './hen.js';\nexport const egg = () => hen;\n");
  await write('features/hen.ts', "import { egg } from './egg.js';\nexport const hen = () => egg;\n");
  const used = "import { egg } from '../egg.js';\nexport const eggs = egg;\n";
  await write(AFFORDABILITY, `${used}${await read(AFFORDABILITY)}`);
  const first = await ownHash(AFFORDABILITY);
  expect(await ownHash(AFFORDABILITY)).toBe(first);
  await edit('features/hen.ts', '() => egg', '() => [egg]');
  expect(await ownHash(AFFORDABILITY)).not.toBe(first);
});

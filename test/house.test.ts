import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, expect, inject, test } from 'vitest';
import { startsProcesses, testProjects } from './support/test-projects.js';

// Below src, since the walls are told by path; removed whatever happens.
const planted = 'src/serving/__planted__';
const plantedDefinitions = 'features/__planted__';

const cruise = (...targets: string[]) => {
  const run = spawnSync(
    'node_modules/.bin/depcruise',
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...targets],
    { encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  return JSON.parse(run.stdout) as {
    summary: { error: number; totalCruised: number; violations: { rule: { name: string }; from: string }[] };
  };
};

afterEach(() => {
  for (const folder of [planted, plantedDefinitions]) rmSync(folder, { recursive: true, force: true });
});

test('a resolver-side service that imports a store breaks a wall, and the tool says which', () => {
  mkdirSync(planted, { recursive: true });
  writeFileSync(`${planted}/leak.ts`, "export { openRedis } from '../../online/redis.js';\n");
  const { summary } = cruise(planted);
  expect(summary.violations.map(({ rule }) => rule.name)).toContain('serving-imports-only-core');
});

test('two files that import no more than a type of each other are a circle, and the tool says so', () => {
  mkdirSync(planted, { recursive: true });
  writeFileSync(
    `${planted}/egg.ts`,
    "import type { Hen } from './hen.js';\n\nexport interface Egg {\n  readonly laidBy: Hen;\n}\n",
  );
  writeFileSync(
    `${planted}/hen.ts`,
    "import type { Egg } from './egg.js';\n\nexport interface Hen {\n  readonly lays: Egg;\n}\n",
  );
  const { summary } = cruise(planted);
  expect(summary.violations.map(({ rule }) => rule.name)).toContain('no-cycles');
});

test('a definition that imports a file of the platform breaks a wall; by the name of the package it may', () => {
  mkdirSync(plantedDefinitions, { recursive: true });
  const plant = (file: string, from: string) =>
    writeFileSync(`${plantedDefinitions}/${file}`, `export { sql } from '${from}';\n`);
  plant('by_path.ts', '../../src/core/definitions/define.js');
  plant('by_name.ts', 'riskgraph');
  const { summary } = cruise(plantedDefinitions);
  expect(summary.violations.map(({ rule, from }) => [rule.name, from])).toEqual([
    ['definitions-import-the-package-by-its-name', `${plantedDefinitions}/by_path.ts`],
  ]);
});

test('the check of the walls sees the whole house, and it stands', () => {
  const { summary } = cruise('src', 'synthetic', 'tables', 'features', 'labels', 'indicators', 'models', 'jobs');
  expect(summary.totalCruised).toBeGreaterThan(60);
  expect(summary.violations).toEqual([]);
});

/** What reads the clock, chance or the environment, in TypeScript and in SQL. */
const OUTSIDE =
  /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|(?<!new )\bDate\(\)|\bMath\.random\b|\bperformance\b|\bprocess\.(?:env|hrtime)|['"](?:node:)?(?:process|perf_hooks)['"]|\b(?:now|now64|today|yesterday|nowInBlock)\(/;

const readingOutside = (files: readonly { readonly path: string; readonly text: string }[]): string[] =>
  files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (OUTSIDE.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );

test('no definition and nothing of the core reads the clock, chance or the environment (rule 4)', () => {
  const folders = ['src/core', 'tables', 'features', 'labels', 'indicators', 'models'];
  const files = folders.map((folder) =>
    globSync(`${folder}/**/*.ts`).map((path) => ({ path, text: readFileSync(path, 'utf8') })),
  );
  expect(files.map(({ length }) => length > 0)).toEqual(folders.map(() => true));
  expect(readingOutside(files.flat())).toEqual([]);
});

test.each([
  'const at = Date.now();',
  'const clock = Date.now;',
  'const at = +new Date();',
  'const at = new Date;',
  'const at = Date();',
  'const at = performance.now();',
  'const some = Math.random();',
  "const zone = process.env['TZ'];",
  "import { env } from 'node:process';",
  'query: () => sql`SELECT 1 FROM events WHERE event_time > now() - 1`,',
  'query: () => sql`SELECT today() AS day`,',
])('the check of clocks finds %s', (line) => {
  expect(readingOutside([{ path: 'planted.ts', text: `const one = new Date(0);\n${line}\n` }])).toEqual([
    `planted.ts:2: ${line}`,
  ]);
});

test('every test file is of one project, and none of the pure ones can start a store', () => {
  const { pure, stores } = testProjects();
  expect([...pure, ...stores].sort()).toEqual(globSync('test/**/*.test.ts').sort());
  expect(pure).toContain('test/core/helpers/money.test.ts');
  expect(stores).toContain('test/graphql/roles.test.ts');
  // The stores are told to one project alone: a pure file that asks for them by another way finds none.
  expect(inject('storesAt')).toMatch(/^http:/);
});

test.each([
  ["import { fork } from 'node:child_process';", true],
  ["import {\n  freshRedis,\n} from '../../../test/support/stores.js';", true],
  ["export { startApi } from '../../../test/support/api.js';", true],
  ["const late = () => import('../../../test/support/command.js');", true],
  ["import type { Api } from '../../../test/support/api.js';", false],
  ["import { formatInstant } from '../../core/helpers/time.js';", false],
])('a file with %s starts a process: %s', (text, starts) => {
  mkdirSync(planted, { recursive: true });
  writeFileSync(`${planted}/imports.ts`, `/** A file. */\n${text}\n`);
  expect(startsProcesses(`${planted}/imports.ts`)).toBe(starts);
});

test('only the warehouse names the ClickHouse client, be it for a type: every statement goes through `openClickHouse`', () => {
  const files = [
    'src',
    'synthetic',
    'tables',
    'jobs',
    'features',
    'labels',
    'indicators',
    'models',
    'scripts',
    'bench',
    'examples',
    'training',
  ].flatMap((folder) => globSync(`${folder}/**/*.ts`));
  const naming = files.filter((path) => readFileSync(path, 'utf8').includes('@clickhouse/client'));
  expect(naming.length).toBeGreaterThan(0);
  expect(naming.filter((path) => !path.startsWith('src/warehouse/'))).toEqual([]);
});

/** A literal spread into another is not checked for excess properties: `f({ ...{ limit, lable } })` compiles. */
const SPREAD_LITERAL = /\.\.\.\s*\{/;

test('no object literal is spread into another, which would hide a misspelt option from the compiler', () => {
  const files = globSync(
    '{src,synthetic,tables,jobs,features,labels,indicators,models,scripts,bench,examples,training,test}/**/*.ts',
  );
  const spreading = files.filter((path) => SPREAD_LITERAL.test(readFileSync(path, 'utf8')));
  expect(files.length).toBeGreaterThan(500);
  expect(spreading).toEqual(['test/house.test.ts']);
});

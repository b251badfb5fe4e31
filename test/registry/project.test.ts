/** Definitions of a project outside this repository, which has the platform as a package. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { raw } from '../../src/core/definitions/sql.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { loadRegistry } from '../../src/registry/load.js';
import { asProject, MODULES } from '../support/projects.js';

const VIEW = 'features/customer/logins.v1.view.ts';
const FILES = {
  'features/entities.ts': `import { defineEntity } from 'riskgraph';
export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
`,
  [VIEW]: `import { defineFeatureView, int32, raw, type Sql, sql } from 'riskgraph';
import { distanceKm } from 'riskgraph/geo';
import { parseDuration } from 'riskgraph/time';
import { customer } from '../entities.js';

export const nested = (text: Sql): Sql => sql\`\${text} \${raw('x')}\`;
export const km: number = distanceKm({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 1 });
export const copy = parseDuration;
export const fails = (): number => parseDuration('soon');
export default defineFeatureView({
  entity: customer,
  description: 'Logins',
  owner: 'risk',
  schedule: { every: 'day', delay: '2h' },
  features: { logins: int32({ description: 'Logins so far' }) },
  query: ({ source }) => sql\`SELECT customer_id, toInt32(count()) AS logins FROM \${source('events')} GROUP BY customer_id\`,
});
`,
};

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'project-'));
  await asProject(root);
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('they load, and share each module with the platform', async () => {
  const { views } = await loadRegistry({ root });
  expect([...views.keys()]).toEqual(['logins@1']);
  const module = (await import(pathToFileURL(join(root, VIEW)).href)) as {
    nested(text: unknown): { render(): { query: string } };
    fails(): number;
  };
  expect(module.fails).toThrow(RiskgraphError);
  // SQL of another copy of the module would travel as a parameter.
  expect(module.nested(raw('y')).render().query).toBe('y x');
});

const urlOf = (path: string): string => JSON.stringify(pathToFileURL(path).href);

/** What the registry says of the project in a process that runs as the server does, and that a module is the platform's own. */
async function loaded(): Promise<unknown> {
  const script = `
    const { loadRegistry } = await import(${urlOf(resolve('src/registry/load.ts'))});
    const said = await loadRegistry({ root: ${JSON.stringify(root)} }).then(
      async ({ views }) => {
        const { copy } = await import(${urlOf(join(root, VIEW))});
        const { parseDuration } = await import(${urlOf(resolve('src/core/helpers/time.ts'))});
        return [...views.values()].map(({ id, hash }) => [id, hash, copy === parseDuration]);
      },
      (error) => error.message,
    );
    process.stdout.write(JSON.stringify(said));`;
  return evaluated(script);
}

/** What a program writes that runs as the server does. */
async function evaluated(script: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', './bin/typescript.js', '--input-type=module', '--eval', script],
    { cwd: resolve('.') },
  );
  return JSON.parse(stdout);
}

test('they load in a process of their own, with the content hash that they have everywhere', async () => {
  const { views } = await loadRegistry({ root });
  expect(await loaded()).toEqual([['logins@1', views.get('logins@1')?.hash, true]]);
});

test('a file that changed, or one that it imports, is read again as it is, beside what was read before', async () => {
  const helper = join(root, 'features/customer/helper.ts');
  const view = join(root, 'features/customer/helped.v1.view.ts');
  const text = (FILES[VIEW] as string).replace('count()', `count() + \${WINDOW}`);
  const write = (window: number) => `writeFileSync(${JSON.stringify(helper)}, 'export const WINDOW = ${window};\\n');`;
  await writeFile(view, `import { WINDOW } from './helper.js';\n${text}`);
  const script = `
    const { writeFileSync } = await import('node:fs');
    const { loadRegistry } = await import(${urlOf(resolve('src/registry/load.ts'))});
    const read = async () => {
      const view = (await loadRegistry({ root: ${JSON.stringify(root)} })).views.get('helped@1');
      return [view.hash, JSON.stringify(view.origin.query({ source: () => 'events' }).render())];
    };
    ${write(7)}
    const first = await read();
    ${write(30)}
    const second = await read();
    process.stdout.write(JSON.stringify([first[0] === second[0], first[1].includes('7'), second[1].includes('30')]));`;
  try {
    expect(await evaluated(script)).toEqual([false, true, true]);
  } finally {
    await Promise.all([helper, view].map((file) => rm(file)));
  }
});

test('a file that is written before what it imports, itself or by another, is read once that is there', async () => {
  const [helper, between, view] = ['later.ts', 'between.ts', 'early.v1.view.ts'].map((file) =>
    join(root, 'features/customer', file),
  ) as [string, string, string];
  const text = (FILES[VIEW] as string).replace('count()', `count() + \${WINDOW}`);
  await writeFile(between, "export { WINDOW } from './later.js';\n");
  await writeFile(view, `import { WINDOW } from './between.js';\n${text}`);
  const script = `
    const { writeFileSync } = await import('node:fs');
    const { loadRegistry } = await import(${urlOf(resolve('src/registry/load.ts'))});
    const read = () => loadRegistry({ root: ${JSON.stringify(root)} }).then(({ views }) => views.has('early@1'), () => 'refused');
    const first = await read();
    writeFileSync(${JSON.stringify(helper)}, 'export const WINDOW = 7;\\n');
    process.stdout.write(JSON.stringify([first, await read()]));`;
  try {
    expect(await evaluated(script)).toEqual(['refused', true]);
  } finally {
    await Promise.all([helper, between, view].map((file) => rm(file, { force: true })));
  }
});

test('a project that does not say that it is of modules is told so: it would get a second copy of the platform', async () => {
  await rm(join(root, 'package.json'));
  try {
    expect(await loaded()).toEqual(expect.stringMatching(/^features\/entities\.ts is .*lacks "type": "module"/));
  } finally {
    await writeFile(join(root, 'package.json'), MODULES);
  }
});

test('an editor knows the types of what they import', () => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, resolve('.'));
  const program = ts.createProgram([join(root, VIEW)], options);
  expect(ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText)).toEqual([]);
});

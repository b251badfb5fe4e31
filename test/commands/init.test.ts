/** A project that `riskgraph init` writes, on the package as npm packs it: nothing of the repository is beside it but its libraries. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckReport } from '../../src/checking/check.js';

const run = promisify(execFile);

let place: string;
let project: string;

/** Runs the command line of the package that the project has installed. */
async function riskgraph(cwd: string, ...args: readonly string[]): Promise<string> {
  const installed = join(project, 'node_modules/riskgraph');
  const flags = ['--import', join(installed, 'bin/typescript.js'), join(installed, 'src/cli.ts')];
  return (await run(process.execPath, [...flags, ...args], { cwd })).stdout;
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'packed-'));
  project = join(place, 'my-risk');
  await run('npm', ['pack', '--silent', '--pack-destination', place]);
  const [tarball] = (await readdir(place)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['xzf', tarball as string], { cwd: place });
  const { initProject } = await import('../../src/commands/init.js');
  await initProject(project, join(place, tarball as string));
  const modules = join(project, 'node_modules');
  await mkdir(modules);
  const libraries = (await readdir('node_modules')).filter((name) => !name.startsWith('.'));
  await Promise.all(libraries.map((name) => symlink(resolve('node_modules', name), join(modules, name))));
  await run('mv', [join(place, 'package'), join(modules, 'riskgraph')]);
});
afterAll(() => rm(place, { recursive: true, force: true }));

test('init writes a project that names the package, and no file twice', async () => {
  const { name, dependencies } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  expect([name, dependencies.riskgraph]).toEqual(['my-risk', expect.stringMatching(/^file:\.\.\/riskgraph-.*\.tgz$/)]);
  expect(await readFile(join(project, '.npmrc'), 'utf8')).toContain('ignore-scripts=true');
  await expect(riskgraph(place, 'init', 'my-risk')).rejects.toThrow(/is not empty/);
  await expect(riskgraph(place, 'init', 'My Risk')).rejects.toThrow(/'My Risk' is no name of a package/);
});

test('its definitions, laid over those of the packed product, pass the check', async () => {
  const report = JSON.parse(await riskgraph(project, 'check', '--json')) as CheckReport;
  expect(report.problems).toEqual([]);
  expect(report.notes).toEqual([]);
  expect(report.definitions).toBeGreaterThan(40);
});

test('a check finds that the names for the editor and the page of tables are out of date, and writes them where it is told to', async () => {
  // Of one definition of the product: the check before took all.
  const config = join(project, 'riskgraph.config.ts');
  const taken = (await readFile(config, 'utf8')).replace("starter: 'all'", "starter: ['repayment_history@1']");
  await writeFile(config, taken);
  const table = `import { defineTable, float, instant, opt, pii, text } from 'riskgraph';
export default defineTable({
  description: 'A shop in which loans are sold.',
  key: ['shop_id'],
  eventTime: 'opened_at',
  columns: {
    shop_id: text('The shop'),
    opened_at: instant('When it opened'),
    owner_phone: opt(pii(text('The phone of its owner'))),
    area: opt(float('Its area', { unit: 'm2' })),
  },
});
`;
  await writeFile(join(project, 'tables', 'shops.table.ts'), table);
  const { stdout } = await riskgraph(project, 'check', '--json').then(
    (output) => ({ stdout: output }),
    (failed: { readonly stdout: string }) => failed,
  );
  const stale = { message: 'differs from the definitions', hint: 'write it: riskgraph check --write' };
  expect((JSON.parse(stdout) as CheckReport).problems).toMatchObject([
    { ...stale, file: 'riskgraph.gen.d.ts' },
    { ...stale, file: 'tables.md' },
  ]);
  const written = JSON.parse(await riskgraph(project, 'check', '--write', '--json')) as CheckReport;
  expect([written.problems, written.notes]).toEqual([[], ['wrote riskgraph.gen.d.ts', 'wrote tables.md']]);
  const names = await readFile(join(project, 'riskgraph.gen.d.ts'), 'utf8');
  expect(names).toContain("'owner_phone': 'String';");
  expect(names).toContain("'repayment_history@1:");
  expect(names).not.toContain("'repayment_history@2:");
  const page = await readFile(join(project, 'tables.md'), 'utf8');
  expect(page.slice(page.indexOf('## '), page.indexOf('## applications'))).toBe(`## shops

A shop in which loans are sold. Event time: \`opened_at\`.

| Column | Type | Required | Meaning |
|---|---|:-:|---|
| **shop_id** | String | yes | The shop |
| opened_at | Instant | yes | When it opened |
| owner_phone | String |  | The phone of its owner; personal: masked |
| area | Float64 |  | Its area, in m2 |

Feature views that read it: none. Labels: none. Facts: none. Indicators: none.

`);
});

test('the TypeScript client packs, and installs in an empty folder without any other package', async () => {
  const app = join(place, 'app');
  await mkdir(app);
  await run('npm', ['pack', '--silent', '--ignore-scripts=false', '--pack-destination', app], {
    cwd: 'clients/typescript',
  });
  const [tarball] = (await readdir(app)).filter((name) => name.endsWith('.tgz'));
  await writeFile(join(app, 'package.json'), '{ "type": "module", "private": true }\n');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: app });
  expect((await readdir(join(app, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
    'riskgraph-client',
  ]);
  const program =
    "import { Riskgraph } from 'riskgraph-client'; console.log(typeof new Riskgraph({ key: 'k' }).online);";
  await writeFile(join(app, 'app.js'), program);
  expect((await run('node', ['app.js'], { cwd: app })).stdout).toBe('function\n');
  expect(await readdir(join(app, 'node_modules/riskgraph-client/dist'))).toContain('index.d.ts');
});

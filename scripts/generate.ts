/** Writes what is derived from the definitions and committed; `--check` fails where a file differs instead of writing it. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { indicatorsPage } from '../src/catalogue/indicators-page.js';
import { catalog, publishable } from '../src/catalogue/published.js';
import { tablesPage } from '../src/catalogue/tables-page.js';
import { GENERATED_FILES } from '../src/checking/generated-files.js';
import { buildSchema, emitSchema } from '../src/graphql/schema.js';
import { roleTable } from '../src/http/role-table.js';
import { loadRegistry } from '../src/registry/load.js';
import { metricTable } from '../src/telemetry/metrics.js';

const LOCK = 'definitions.lock.json';
const TEMPLATE = 'templates/project';

const registry = await loadRegistry({ root: process.cwd() });

const readme = async (): Promise<string> => {
  const text = await readFile('README.md', 'utf8');
  return text.replace(
    /(<!-- roles -->\n)[\s\S]*(<!-- \/roles -->)/,
    (_, open, close) => `${open}${roleTable(buildSchema(registry))}\n${close}`,
  );
};

const monitoring = async (): Promise<string> => {
  const text = await readFile('docs/monitoring.md', 'utf8');
  return text.replace(
    /(<!-- metrics -->\n)[\s\S]*(<!-- \/metrics -->)/,
    (_, open, close) => `${open}${metricTable()}\n${close}`,
  );
};

/**
 * The content hash of each definition ever published. What is in it never changes: a home that has applied `view@1` expects the same meaning of it
 * from every release, and would refuse one that edits the file, or a helper that the file computes with.
 */
async function lock(): Promise<string> {
  const locked = JSON.parse(await readFile(LOCK, 'utf8').catch(() => '{}')) as Record<string, string>;
  for (const { kind, id, hash } of publishable(registry)) {
    const name = `${kind} ${id}`;
    locked[name] ??= hash;
    if (locked[name] === hash) continue;
    process.stdout.write(
      `${id} changed under the same version: restore its file and the helpers that it imports, and put the change into the next version\n`,
    );
    process.exitCode = 1;
  }
  return `${JSON.stringify(Object.fromEntries(Object.entries(locked).sort()), null, 2)}\n`;
}

const template = await loadRegistry({ root: process.cwd(), project: resolve(TEMPLATE) });

const files: Readonly<Record<string, () => Promise<string>>> = {
  'schema.graphql': async () => emitSchema(registry),
  [LOCK]: lock,
  'catalog.json': async () => `${JSON.stringify(catalog(registry), null, 2)}\n`,
  'docs/tables.md': async () => tablesPage(registry),
  'docs/indicators.md': async () => indicatorsPage(registry),
  'README.md': readme,
  'docs/monitoring.md': monitoring,
  ...Object.fromEntries(GENERATED_FILES.map(({ file, text }) => [`${TEMPLATE}/${file}`, async () => text(template)])),
};

for (const [file, make] of Object.entries(files)) {
  const wanted = await make();
  const there = await readFile(file, 'utf8').catch(() => '');
  if (wanted === there) continue;
  if (process.argv.includes('--check')) {
    process.stdout.write(`${file} differs from what the definitions say: run \`npm run generate\` and commit it\n`);
    process.exitCode = 1;
  } else {
    await writeFile(file, wanted);
    process.stdout.write(`wrote ${file}\n`);
  }
}

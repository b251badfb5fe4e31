/** Writes what is derived from the definitions and committed; `--check` fails where a file differs instead of writing it. */
import { readFile, writeFile } from 'node:fs/promises';
import { catalog } from '../src/catalogue/published.js';
import { tablesPage } from '../src/catalogue/tables-page.js';
import { buildSchema, emitSchema } from '../src/graphql/schema.js';
import { roleTable } from '../src/http/role-table.js';
import { loadRegistry } from '../src/registry/load.js';
import { metricTable } from '../src/telemetry/metrics.js';

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

const files: Readonly<Record<string, () => Promise<string>>> = {
  'schema.graphql': async () => emitSchema(registry),
  'catalog.json': async () => `${JSON.stringify(catalog(registry), null, 2)}\n`,
  'docs/tables.md': async () => tablesPage(registry),
  'README.md': readme,
  'docs/monitoring.md': monitoring,
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

import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadRegistry } from '../../src/registry/load.js';
import { type ApiStores, closeApiStores, freshApiStores, keyOf } from '../support/api.js';
import { logisticOnnx } from '../support/tiny-onnx.js';
import { type DefinitionRoot, emptyRoot, shownFiles } from './definitions.js';
import { type Served, serve } from './served.js';

const PAGE = 'add-a-feature.md';
/** When the page's reader works: the newest due midnight is that of 20 March. */
const NOW = Date.parse('2025-03-20T03:00:00Z');
const MODEL = 'models/early_warning';

const page = await readFile(`docs/${PAGE}`, 'utf8');
let definitions: DefinitionRoot;
let stores: ApiStores;

beforeAll(async () => {
  [definitions, stores] = await Promise.all([emptyRoot(), freshApiStores()]);
  const { root } = definitions;
  await mkdir(join(root, MODEL), { recursive: true });
  await writeFile(join(root, MODEL, 'early_warning.onnx'), logisticOnnx([-0.5, 0.1, -0.004]));
  // The page's on-demand view reads a view that another page shows.
  for (const file of await shownFiles('concepts.md')) await definitions.put(file);
  await mkdir(join(root, 'bin'));
  const cli = `exec '${process.execPath}' '${resolve('bin/riskgraph.js')}' "$@"`;
  await writeFile(join(root, 'bin/npx'), `#!/bin/sh\n[ "$1" = riskgraph ] && shift || exit 2\n${cli}\n`, {
    mode: 0o755,
  });
});

afterAll(async () => {
  if (stores) await closeApiStores(stores);
  await definitions?.close();
});

/** What the page says, in order: files, restarts of the server, commands with what they print. */
const steps = [...page.matchAll(/^<!-- (restart) -->$|^```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, restart, language, text = '']) => ({ kind: restart ?? language, text }),
);

/** Runs a block of commands as the reader does, in the project's folder; gives all that was printed. */
const shell = (text: string, url: string): Promise<string> =>
  new Promise((done, failed) => {
    const { root } = definitions;
    const child = spawn('bash', ['--norc', '-e', '-c', text], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: `${join(root, 'bin')}:${process.env.PATH}`,
        RISKGRAPH_URL: url,
        RISKGRAPH_KEY: keyOf('admin'),
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (code) =>
      code === 0 ? done(output) : failed(new Error(`${text}\nended with ${code}:\n${output}`)),
    );
  });

/** Ids of jobs, sizes and hashes differ between runs and machines, and so does how often progress is told. */
const comparable = (output: string): string =>
  output
    .replace(/^\w+ \d+%\n/gm, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}/g, '…')
    .replace(/\b[\d.]+ (?:bytes|[KM]B)\b/g, '…')
    .replace(/[ \t]+$/gm, '')
    .trimEnd();

test('the page’s files compile, and its commands print what the page shows', async () => {
  const written: string[] = [];
  let served: Served | undefined;
  let printed = '';
  try {
    for (const { kind, text } of steps) {
      const path = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1];
      if (path) {
        await definitions.put({ path, text });
        written.push(join(definitions.root, path));
      } else if (kind === 'restart') {
        await served?.close();
        served = undefined;
        served = await serve(definitions.root, { stores, clock: () => NOW });
      } else if (kind === 'bash') {
        printed = await shell(text, served?.api.url ?? '');
      } else if (kind === 'json') {
        await writeFile(join(definitions.root, MODEL, 'card.json'), text);
      } else if (kind === 'text') {
        expect.soft(comparable(printed)).toBe(comparable(text));
      } else {
        throw new Error(`the page has a block that nothing checks: ${kind}\n${text}`);
      }
    }
  } finally {
    await served?.close();
  }
  expect(steps.filter(({ kind }) => kind === 'restart').length).toBeGreaterThan(1);
  expect(problemsOf(written)).toEqual([]);
}, 600_000);

/** What the compiler says of the files, with the project's own settings. */
function problemsOf(files: readonly string[]): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, dirname(resolve('tsconfig.json')));
  const program = ts.createProgram([...new Set(files)], options);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}

test('each kind of file that the registry scans for is on the page', async () => {
  const shown = (await shownFiles(PAGE)).map(({ path }) => path);
  for (const suffix of ['.view.ts', '.on_demand.ts', '.service.ts', '.model.ts', 'entities.ts']) {
    expect(
      shown.some((path) => path.endsWith(suffix)),
      suffix,
    ).toBe(true);
  }
  expect((await loadRegistry({ root: definitions.root })).entities.has('campaign')).toBe(true);
});

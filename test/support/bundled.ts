/**
 * Programs that tests start again and again, most of them to be killed: each is bundled once, since a process that
 * loads some hundred files through a compiler takes four times as long to boot. What it loads by its path, as migrations
 * are, Node takes as TypeScript without one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type OutputFile, type Plugin } from 'esbuild';

/** Inside node_modules, so that a bundle finds the libraries. */
const FOLDER = resolve('node_modules/.cache/riskgraph/programs');

const require = createRequire(import.meta.url);

/** A file of ours finds its neighbours from where it stands, not from where the bundle does; the package by its name is ours too. */
const ours: Plugin = {
  name: 'ours',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^riskgraph(?:\/|$)/ }, ({ path }) => ({ path: require.resolve(path) }));
    onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
    }));
  },
};

const made = new Map<string, Promise<string>>();

/** The path of a program's bundle, made once a process of the suite. */
export function bundled(script: URL): Promise<string> {
  const making = made.get(script.href) ?? bundle(fileURLToPath(script));
  made.set(script.href, making);
  return making;
}

async function bundle(path: string): Promise<string> {
  const outfile = join(FOLDER, `${relative('test', path).replaceAll('/', '-')}.mjs`);
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    logLevel: 'error',
    plugins: [ours],
  });
  // Renamed into place: another process may be loading what it bundled of the same program.
  const draft = `${outfile}.${process.pid}`;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(draft, (outputFiles[0] as OutputFile).contents);
  await rename(draft, outfile);
  return outfile;
}

/** Starts a program in a process of its own. */
export async function forkBundled(
  script: URL,
  args: readonly string[],
  execArgv: readonly string[] = [],
): Promise<ChildProcess> {
  return fork(await bundled(script), args, { execArgv: [...execArgv] });
}

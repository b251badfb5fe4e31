import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definitionHash } from '../core/compute/definition-hash.js';
import type { Import } from './syntax.js';
import { syntaxOf } from './syntax-cache.js';

/** The folder of the product, with definitions of its own. */
export const PACKAGE = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));

/**
 * The platform's own vocabulary: it may grow and move without changing what a definition says. An entity's join keys are covered apart
 * (`extra`), so that a file of entities may grow too.
 */
const isVocabulary = (path: string): boolean =>
  path.startsWith(`${PACKAGE}/src/core/definitions/`) ||
  path === `${PACKAGE}/src/core/errors.ts` ||
  path.endsWith('/features/entities.ts');

/** Whether a file comes with the process, and not with the definitions that import it. */
export const isPlatform = (path: string): boolean => path.startsWith(`${PACKAGE}/src/`);

/**
 * The content hash of a definition: of its code, and of every value that it imports from files of ours, the vocabulary apart. What changes a
 * value of a feature is inside: a helper counts by what its file says, whatever path, name of the package or file in between it is imported
 * by, and only for the definitions that import something of it. Where a file lies, and the order of imports, is no part of it. Packages are
 * not covered: their versions are the lock file's. `extra` parts (an entity's join keys, a model's weights) are.
 */
export const contentHash = async (file: string, extra: readonly string[] = []): Promise<string> =>
  definitionHash([await meaningOfAll(await realpath(file), []), ...extra]);

/** The platform that runs is the one that counts, wherever the project of a file has one installed, or none. */
const platform = createRequire(`${PACKAGE}/package.json`);

/** The file that a specifier means, where it is ours; null for a package. */
export async function fileOf(specifier: string, from: string): Promise<string | null> {
  if (specifier.startsWith('.')) return realpath(resolve(dirname(from), specifier.replace(/\.js$/, '.ts')));
  if (specifier !== 'riskgraph' && !specifier.startsWith('riskgraph/')) return null;
  return realpath(platform.resolve(specifier));
}

/** The meaning of one imported name: the file that it comes from, through all files that only re-export it. `open` are the files that lead here. */
async function meaningOf(
  { specifier, imported }: Pick<Import, 'specifier' | 'imported'>,
  from: string,
  open: readonly string[],
): Promise<string> {
  const path = await fileOf(specifier, from);
  if (path === null) return `${imported} of package ${specifier}`;
  if (imported === '*') return meaningOfAll(path, open);
  const { reexports } = await syntaxOf(path);
  const origin = reexports.find(({ exported }) => exported === imported);
  if (origin) return meaningOf(origin, path, open);
  // It is not known which file of an `export *` has the name: all count.
  if (reexports.some(({ exported }) => exported === '*')) return `${imported} of ${await meaningOfAll(path, open)}`;
  return `${imported} of ${isVocabulary(path) ? 'vocabulary' : await hashOf(path, open)}`;
}

/** The meaning of a module with all that it re-exports; for the vocabulary, which grows, only what it re-exports from elsewhere. */
async function meaningOfAll(path: string, open: readonly string[]): Promise<string> {
  if (open.includes(path)) return circle(path, open);
  const { reexports } = await syntaxOf(path);
  const given = reexports.map(
    async (reexport) => `${reexport.exported} = ${await meaningOf(reexport, path, [...open, path])}`,
  );
  const meanings = (await Promise.all(given)).sort();
  if (!isVocabulary(path)) return [await hashOf(path, open), ...meanings].join('\n');
  return ['vocabulary', ...meanings.filter((meaning) => !meaning.endsWith(' of vocabulary'))].join('\n');
}

/** A circle of files ends where it closes. */
const circle = (path: string, open: readonly string[]): string => `circle of ${open.length - open.indexOf(path)}`;

/** SHA-256, hex, of a module's code and of what each of its imports means. */
async function hashOf(path: string, open: readonly string[]): Promise<string> {
  if (open.includes(path)) return circle(path, open);
  const { code, imports } = await syntaxOf(path);
  const links = imports.map(async (one) => `${one.local} = ${await meaningOf(one, path, [...open, path])}`);
  const hash = createHash('sha256').update(code);
  for (const link of (await Promise.all(links)).sort()) hash.update('\0').update(link);
  return hash.digest('hex');
}

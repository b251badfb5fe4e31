/** The code that this process runs: Node keeps a module as it was first imported, whatever its file says later, and a content hash reads the file. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileOf, isPlatform } from './hash.js';
import type { Syntax } from './syntax.js';
import { syntaxOf } from './syntax-cache.js';

/** SHA-256 of the syntax of each file that was imported by its plain URL; of the whole process, as its modules are. */
const imported = new Map<string, string>();

/** Whether an import under a query takes the files that it imports along: the hooks of bin/typescript.js do that. */
const importsAgain = (): boolean => Symbol.for('riskgraph.importsAgain') in globalThis;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The files of definitions that a file links to. What is not there has no meaning: its import fails, and says so. */
async function linksOf({ imports, reexports }: Syntax, path: string): Promise<readonly string[]> {
  const specifiers = new Set([...imports, ...reexports].map(({ specifier }) => specifier));
  const files = await Promise.all([...specifiers].map((one) => fileOf(one, path).catch(() => null)));
  return files.filter((file) => file !== null).filter((file) => !isPlatform(file));
}

/** A definition file and all that it imports, with the SHA-256 of the syntax of each as it is on disk. */
async function graphOf(file: string): Promise<ReadonlyMap<string, string>> {
  const graph = new Map<string, string>();
  const open = new Set([await realpath(file)]);
  for (const path of open) {
    const syntax = await syntaxOf(path).catch(() => null);
    if (syntax === null) continue;
    graph.set(path, sha256(JSON.stringify(syntax)));
    for (const link of await linksOf(syntax, path)) open.add(link);
  }
  return graph;
}

const textOf = (graph: ReadonlyMap<string, string>): string => JSON.stringify([...graph].sort());

/** The code of a definition file and of all that it imports, as it is on disk. */
export const codeOnDisk = async (file: string): Promise<string> => sha256(textOf(await graphOf(file)));

const isChanged = ([path, digest]: readonly [string, string]): boolean => (imported.get(path) ?? digest) !== digest;

/**
 * The URL under which an import gives the code that is on disk: another one where this process imported another text of the file, or of what it
 * imports, before.
 */
export async function urlOf(file: string): Promise<string> {
  const graph = await graphOf(file);
  const own = await realpath(file);
  const changed = [...graph].filter(isChanged).filter(([path]) => path === own || importsAgain());
  const { href } = pathToFileURL(file);
  if (changed.length > 0) return `${href}?as=${sha256(textOf(graph)).slice(0, 16)}`;
  for (const [path, digest] of graph) if (!imported.has(path)) imported.set(path, digest);
  return href;
}

/** The files that a definition file imports and this process runs with another text than is on disk: without the hooks they stay as they were. */
export async function outdatedImports(file: string): Promise<readonly string[]> {
  if (importsAgain()) return [];
  const own = await realpath(file);
  return [...(await graphOf(file))].filter(isChanged).flatMap(([path]) => (path === own ? [] : [basename(path)]));
}

/** The code that this process runs: Node keeps a module as it was first imported, whatever its file says later, and a content hash reads the file. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { fileOf, isCovered } from './hash.js';
import type { Syntax } from './syntax.js';
import { syntaxOf } from './syntax-cache.js';

/** SHA-256 of the syntax of each imported file by path; of the whole process, as its modules are. */
const imported = new Map<string, string>();

const digestOf = (syntax: Syntax): string => createHash('sha256').update(JSON.stringify(syntax)).digest('hex');

/** The files of ours that a file links to. What is not there has no meaning: its import fails, and says so. */
async function linksOf({ imports, reexports }: Syntax, path: string): Promise<readonly string[]> {
  const specifiers = new Set([...imports, ...reexports].map(({ specifier }) => specifier));
  const files = await Promise.all([...specifiers].map((one) => fileOf(one, path).catch(() => null)));
  return files.filter((file) => file !== null).filter(isCovered);
}

/** Remembers what a definition file is about to be imported with, and all that it imports. Call it before the import. */
export async function rememberImport(file: string): Promise<void> {
  const open = [await realpath(file)];
  for (const path of open) {
    if (imported.has(path)) continue;
    const syntax = await syntaxOf(path).catch(() => null);
    if (syntax === null) continue;
    imported.set(path, digestOf(syntax));
    open.push(...(await linksOf(syntax, path)));
  }
}

/** The files, of a definition file and all that it imports, whose code is another now than this process runs. */
export async function changedSinceImport(file: string): Promise<readonly string[]> {
  const seen = new Set([await realpath(file)]);
  const changed: string[] = [];
  for (const path of seen) {
    const syntax = await syntaxOf(path);
    if (imported.get(path) !== digestOf(syntax)) changed.push(path);
    for (const link of await linksOf(syntax, path)) seen.add(link);
  }
  return changed;
}

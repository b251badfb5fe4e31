import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { syntaxOf } from './syntax.js';

/** The platform's own vocabulary: it may grow without changing what a definition says. */
const VOCABULARY =
  /\/src\/core\/(definitions\/[a-z-]+|ports\/[a-z-]+|helpers\/time|errors)\.ts$|\/features\/entities\.ts$/;

/**
 * SHA-256 (hex) over the definition file and, in path order, every file of ours that it imports, the vocabulary apart: a helper of src/core,
 * as geo.ts, is part of what the definition says. Packages are not: their versions are the lock file's. Extra parts (an entity's join keys, a
 * model's weights) are covered too.
 */
export async function contentHash(file: string, extra: readonly string[] = []): Promise<string> {
  const seen = new Map<string, string>();
  const pending = [resolve(file)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path) || VOCABULARY.test(path)) continue;
    const { tokens, imports } = await syntaxOf(path);
    seen.set(path, tokens);
    const folder = dirname(path);
    pending.push(...imports.map((specifier) => resolve(folder, specifier.replace(/\.js$/, '.ts'))));
  }
  const hash = createHash('sha256');
  for (const path of [...seen.keys()].sort()) hash.update(seen.get(path) as string).update('\0');
  for (const part of extra) hash.update(part).update('\0');
  return hash.digest('hex');
}

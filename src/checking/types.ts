import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Problem } from './problem.js';

const PACKAGE = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const CACHE = join(PACKAGE, 'node_modules/.cache/riskgraph');
const { version } = createRequire(import.meta.url)('typescript/package.json') as { readonly version: string };

interface Diagnostic {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

/**
 * The type errors of a project's files, by the options of its tsconfig.json, or of the platform's where it has none. Files in which the compiler found
 * nothing are not compiled again until one of all those that it read changes.
 */
export async function typeProblems(root: string, paths: readonly string[]): Promise<readonly Problem[]> {
  if (await isSound(root, paths)) return [];
  const { found, read } = await compile(root, paths);
  if (found.length === 0) await keepSound(root, paths, read);
  const base = await realpath(root);
  return found.map(({ file, ...place }) => ({
    file: file === null ? 'tsconfig.json' : relative(base, file),
    ...place,
    check: 'types',
    hint: null,
  }));
}

async function compile(
  root: string,
  files: readonly string[],
): Promise<{ readonly found: readonly Diagnostic[]; readonly read: readonly string[] }> {
  const thread = new Worker(new URL('./types-thread.js', import.meta.url), { execArgv: [] });
  try {
    thread.postMessage({ root, files, packageRoot: PACKAGE });
    const [answer] = (await once(thread, 'message')) as [Awaited<ReturnType<typeof compile>>];
    return answer;
  } finally {
    await thread.terminate();
  }
}

/** What decides, beside the files that are read, which files those are. */
const OPTIONS = ['tsconfig.json', 'package.json', 'package-lock.json'];

const placeOf = (root: string): string =>
  join(CACHE, `types-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.json`);

async function digestOf(root: string, paths: readonly string[], read: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([version, PACKAGE, paths]));
  for (const path of [...OPTIONS.map((file) => join(root, file)), ...read]) {
    const text = await readFile(path).catch(() => '');
    hash.update(`\0${path}\0${text.length}\0`).update(text);
  }
  return hash.digest('hex');
}

async function isSound(root: string, paths: readonly string[]): Promise<boolean> {
  try {
    const { read, digest } = JSON.parse(await readFile(placeOf(root), 'utf8')) as {
      readonly read: readonly string[];
      readonly digest: string;
    };
    return digest === (await digestOf(root, paths, read));
  } catch {
    return false;
  }
}

async function keepSound(root: string, paths: readonly string[], read: readonly string[]): Promise<void> {
  const place = placeOf(root);
  const draft = `${place}.${process.pid}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await writeFile(draft, JSON.stringify({ read, digest: await digestOf(root, paths, read) }));
    await rename(draft, place);
  } catch {
    // A folder that cannot be written, as in a container, costs the next check its time and nothing else.
  }
}

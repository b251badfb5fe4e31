/** Which test files need stores: told by what they import, so that no list has to be kept. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whoever starts a store, or a program that starts one, starts a process. */
const STARTS_PROCESSES = 'node:child_process';

/** Imports that load something: those of types alone are gone before a test runs. */
const IMPORT = /^(?:import|export) (?!type )(?:[^'"]*? from )?'([^']+)'|\bimport\('([^']+)'\)/gm;

const importsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(IMPORT)].map(([, name, late]) => (name ?? late) as string);

/** Whether a file, or one that it imports, however deep, can start a process; `seen` holds what was looked at. */
export function startsProcesses(path: string, seen = new Map<string, boolean>()): boolean {
  const known = seen.get(path);
  if (known !== undefined) return known;
  // The walls forbid circles of imports; one of test files must not go round for ever.
  seen.set(path, false);
  const starts = importsOf(path).some((name) => {
    if (!name.startsWith('.')) return name === STARTS_PROCESSES;
    const imported = join(dirname(path), name.replace(/\.js$/, '.ts'));
    return existsSync(imported) && startsProcesses(imported, seen);
  });
  seen.set(path, starts);
  return starts;
}

export interface TestProjects {
  /** Nothing but code: seconds, in two processes that all of them share. */
  readonly pure: readonly string[];
  /** Real stores and real processes. */
  readonly stores: readonly string[];
}

export function testProjects(): TestProjects {
  const pure: string[] = [];
  const stores: string[] = [];
  const seen = new Map<string, boolean>();
  for (const path of globSync('test/**/*.test.ts').sort()) (startsProcesses(path, seen) ? stores : pure).push(path);
  return { pure, stores };
}

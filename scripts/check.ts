/** Everything that is checked before a test runs; all checks run, so that one look shows all that is wrong. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

const contract = '../shared/tools/contract-check.mjs';
/** As many as run side by side; more would only wait for a core. */
const AT_ONCE = 2;

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** The longest first: the others pass beside it. */
const checks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  {
    name: 'walls of the house',
    command: [
      'depcruise',
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'synthetic',
      'tables',
      'features',
      'labels',
      'indicators',
      'models',
      'jobs',
      'migrations',
      'clients',
      'test',
    ],
  },
  { name: 'dead code', command: ['knip', '--no-progress'] },
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  {
    name: 'generated files in step',
    command: ['node', '--import', './bin/typescript.js', 'scripts/generate.ts', '--check'],
  },
  { name: 'a hash for each dependency', command: ['node', '--import', './bin/typescript.js', 'scripts/check-lock.ts'] },
  ...(existsSync(contract) ? [{ name: 'public contract', command: ['node', contract] } satisfies Check] : []),
];

/** Runs a check and says how it ended. @returns whether it found nothing */
const run = ({ name, command: [program, ...args] }: Check): Promise<boolean> =>
  new Promise((resolve) => {
    const started = Date.now();
    const path = program === 'node' ? process.execPath : `node_modules/.bin/${program}`;
    execFile(path, args, { encoding: 'utf8', maxBuffer: 64 << 20 }, (failure, stdout, stderr) => {
      process.stdout.write(`${failure ? 'FAIL' : 'ok  '} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
      // A program that did not start has written nothing.
      if (failure) process.stdout.write(`${stdout}${stderr || (stdout ? '' : failure.message)}\n`);
      resolve(!failure);
    });
  });

const left = [...checks];
const outcomes: boolean[] = [];
const runAll = async (): Promise<void> => {
  for (let check = left.shift(); check; check = left.shift()) outcomes.push(await run(check));
};
await Promise.all(Array.from({ length: AT_ONCE }, runAll));
if (!existsSync(contract)) process.stdout.write('skip public contract: its file is not beside this checkout\n');
process.exit(outcomes.every(Boolean) ? 0 : 1);

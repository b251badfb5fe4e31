/** Everything that is checked before a test runs; all checks run, so that one look shows all that is wrong. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const contract = '../shared/tools/contract-check.mjs';

const checks: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  {
    name: 'walls of the house',
    command: [
      'depcruise',
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'synthetic',
      'features',
      'indicators',
      'models',
      'jobs',
      'migrations',
      'test',
    ],
  },
  { name: 'dead code', command: ['knip', '--no-progress'] },
  { name: 'generated files in step', command: ['node', '--import', 'tsx', 'scripts/generate.ts', '--check'] },
  ...(existsSync(contract) ? [{ name: 'public contract', command: ['node', contract] }] : []),
];

let failed = 0;
for (const { name, command } of checks) {
  const started = Date.now();
  const [program, ...args] = command as [string, ...string[]];
  const run = spawnSync(program === 'node' ? process.execPath : `node_modules/.bin/${program}`, args, {
    encoding: 'utf8',
  });
  const ok = run.status === 0;
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  if (!ok) {
    failed += 1;
    process.stdout.write(`${run.stdout}${run.stderr}${run.error ?? ''}\n`);
  }
}
if (!existsSync(contract)) process.stdout.write('skip public contract: its file is not beside this checkout\n');
process.exit(failed === 0 ? 0 : 1);

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

/** Makes a Node as old as 20 of this one, for all that asks: it has no hooks by which TypeScript is loaded. */
const OLD =
  "data:text/javascript,import module from 'node:module'; delete module.registerHooks; module.syncBuiltinESMExports();";

interface Ended {
  readonly code: unknown;
  readonly out: string;
}

const run = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout) => resolve({ code: error?.code ?? 0, out: stdout.trim() }));
  });

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

it('a Node that cannot load TypeScript runs commands and scripts in the one that npm brings, and ends as they end', async () => {
  const [told, refused, script, newer] = await Promise.all([
    run('--import', OLD, 'bin/riskgraph.js', '--version'),
    run('--import', OLD, 'bin/riskgraph.js', 'nonsense'),
    run('--import', OLD, 'bin/run.js', 'scripts/check-lock.ts'),
    run('bin/riskgraph.js', '--version'),
  ]);
  expect(told).toEqual({ code: 0, out: version });
  expect(refused.code).toBe(1);
  expect(script.code).toBe(0);
  expect(newer).toEqual(told);
});

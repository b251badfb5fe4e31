/**
 * Node 20 is enough to begin with and cannot load TypeScript as we do: a program goes on in the Node that npm brings beside us. Where npm puts it
 * into `.bin`, a script runs on it from the start; npm 10 does not, since the package of another platform has a `node` too.
 */
import { spawn } from 'node:child_process';
import { createRequire, default as module } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const PASSED_ON = ['SIGTERM', 'SIGHUP'];
const isNewEnough = module.registerHooks !== undefined;

/** Runs this program in the newer Node where this one is too old, and ends as it ends. @returns whether it does so, and nothing is left to do here */
export function runsInNewerNode() {
  if (isNewEnough) return false;
  const node = newerNode();
  // What it calls as `node` is the newer one too.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env });
  for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches both of us: it ends, and then we do.
  process.on('SIGINT', () => undefined);
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    for (const each of [...PASSED_ON, 'SIGINT']) process.removeAllListeners(each);
  });
  return true;
}

function newerNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin/node');
  } catch {
    process.stderr.write(`riskgraph: Node ${process.version} is too old, and npm has brought no newer one (${name})\n`);
    process.stderr.write('  → install Node 22.15 or newer, or run `npm ci` without --omit=optional\n');
    process.exit(1);
  }
}

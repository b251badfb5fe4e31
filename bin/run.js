/** Runs a script of this repository, TypeScript or not, on a Node that can: `node bin/run.js <script> [arguments]`. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runsInNewerNode } from './newer-node.js';

if (!runsInNewerNode()) {
  process.argv.splice(1, 1);
  const script = resolve(process.argv[1] ?? '');
  process.argv[1] = script;
  if (script.endsWith('.ts')) await import('./typescript.js');
  await import(pathToFileURL(script).href);
}

#!/usr/bin/env node
import { runsInNewerNode } from './newer-node.js';

if (!runsInNewerNode()) {
  await import('./typescript.js');
  await import('../src/cli.ts');
}

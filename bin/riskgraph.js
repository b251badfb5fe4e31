#!/usr/bin/env node
import './typescript.js';

await import('../src/cli.ts');

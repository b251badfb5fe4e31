import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SyntaxThread } from '../../src/registry/syntax.js';
import { syntaxOf } from '../../src/registry/syntax-cache.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'riskgraph-syntax-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('comments, layout and imports of types are no part of what a file says', async () => {
  const one = await file(
    'one.ts',
    `import type { T } from './t.js';\nimport { a } from './a.js';\nexport * from './b.js';\nimport x from 'package';\nconst n = a + 1;\n`,
  );
  const other = await file(
    'other.ts',
    `/** Says why. */ import type { T } from './t.js'; import { a } from './a.js'; // here\nexport * from './b.js'; import x from 'package'; const n =\n  a + 1;`,
  );
  const [first, second] = await Promise.all([syntaxOf(one), syntaxOf(other)]);
  expect(first).toEqual(second);
  expect(first.imports).toEqual([
    { specifier: './a.js', imported: 'a', local: 'a' },
    { specifier: 'package', imported: 'default', local: 'x' },
  ]);
  expect(first.reexports).toEqual([{ specifier: './b.js', imported: '*', exported: '*' }]);
  expect(first.code).toBe('const n = a + 1 ;');
});

test('every way to take a value of another file is told, and so is every way to give it on', async () => {
  const path = await file(
    'links.ts',
    `import a, { b as c, type D } from './one.js';
import * as e from './two.js';
import './three.js';
import { type F } from './four.js';
import {
  g,
} from './five.js';
const h = await import('./six.js');
export { g as i, h as j };
export { k as l, type M } from './seven.js';
export * as n from './eight.js';
export type { O } from './nine.js';
`,
  );
  const { code, imports, reexports } = await syntaxOf(path);
  expect(imports.map(({ specifier, imported, local }) => `${local} = ${specifier} ${imported}`)).toEqual([
    'a = ./one.js default',
    'c = ./one.js b',
    'e = ./two.js *',
    ' = ./three.js ',
    'g = ./five.js g',
    '#1 = ./six.js *',
  ]);
  expect(reexports.map(({ specifier, imported, exported }) => `${exported} = ${specifier} ${imported}`)).toEqual([
    'i = ./five.js g',
    'l = ./seven.js k',
    'n = ./eight.js *',
  ]);
  expect(code).toBe('const h = await import ; export { g as i , h as j } ;');
});

test('a line that a comment breaks is the same line', async () => {
  const one = await file('short.ts', 'export const list = [f(1, 2), { a: [,] }];');
  const other = await file('long.ts', 'export const list = [\n  f(\n    1, // one\n    2,\n  ),\n  { a: [,], },\n];');
  expect(await syntaxOf(one)).toEqual(await syntaxOf(other));
});

test('files that are read at once each get their own syntax', async () => {
  const paths = await Promise.all([...'abcdefgh'].map((name) => file(`${name}.ts`, `export const ${name} = 1;`)));
  const read = await Promise.all(paths.map(syntaxOf));
  expect(read.map(({ code }) => /const (\w)/.exec(code)?.[1])).toEqual([...'abcdefgh']);
});

test('the compiler’s thread ends when there is nothing to read for a while, and starts again, also after a file that is missing', async () => {
  const thread = new SyntaxThread(1);
  const path = await file('last.ts', 'export {};');
  expect(thread.running).toBe(false);
  for (let time = 0; time < 2; time++) {
    expect(await thread.read(path)).toMatchObject({ imports: [] });
    await expect(thread.read(join(folder, 'missing.ts'))).rejects.toThrow('ENOENT');
    await vi.waitUntil(() => !thread.running, { timeout: 60_000 });
  }
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SyntaxThread, syntaxOf } from '../../src/registry/syntax.js';

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
  expect(first.imports).toEqual(['./a.js', './b.js']);
  expect(first.tokens).toContain('const n = a + 1 ;');
});

test('files that are read at once each get their own syntax', async () => {
  const paths = await Promise.all([...'abcdefgh'].map((name) => file(`${name}.ts`, `export const ${name} = 1;`)));
  const read = await Promise.all(paths.map(syntaxOf));
  expect(read.map(({ tokens }) => /const (\w)/.exec(tokens)?.[1])).toEqual([...'abcdefgh']);
});

test('the compiler’s thread ends when there is nothing to read for a while, and starts again, also behind a file that is missing', async () => {
  const thread = new SyntaxThread(1);
  const path = await file('last.ts', 'export {};');
  expect(thread.running).toBe(false);
  for (let time = 0; time < 2; time++) {
    expect(await thread.read(path)).toMatchObject({ imports: [] });
    await expect(thread.read(join(folder, 'missing.ts'))).rejects.toThrow('ENOENT');
    await vi.waitUntil(() => !thread.running, { timeout: 60_000 });
  }
});

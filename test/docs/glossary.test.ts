import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

interface Entry {
  readonly term: string;
  readonly meaning: string;
  readonly where: string;
}

const page = await readFile('docs/glossary.md', 'utf8');

/** The rows of the tables, without their headers. */
const entries = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Term '))
  .map((line): Entry => {
    const [, term = '', , meaning = '', where = ''] = line.split('|').map((cell) => cell.trim());
    return { term, meaning, where };
  });

test('every term has a meaning, and a place that exists', async () => {
  expect(entries.length).toBeGreaterThan(80);
  for (const { term, meaning, where } of entries) {
    expect(meaning, term).not.toBe('');
    const [, name, path = ''] = /^(?:`(\w+)` in )?`([\w./-]+)`$/.exec(where) ?? [];
    expect(existsSync(path), `${term} lives in ${where}`).toBe(true);
    if (name) expect(await readFile(path, 'utf8'), `${term} lives in ${where}`).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test('no code and no page uses the home-made words that the glossary replaces', async () => {
  const files: string[] = [];
  for (const pattern of [
    '{src,synthetic,features,indicators,models,jobs,scripts,bench}/**/*.ts',
    '*.md',
    '{docs,training}/*.md',
  ])
    for await (const path of glob(pattern)) files.push(path);
  expect(files.length).toBeGreaterThan(300);
  for (const path of files) {
    const [word] = /\b(mend(s|ed)?|whoever|in words)\b/i.exec(await readFile(path, 'utf8')) ?? [];
    expect(word, path).toBeUndefined();
  }
});

test('a term is explained once', () => {
  const terms = entries.map(({ term }) => term);
  expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
});

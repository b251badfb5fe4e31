import { existsSync } from 'node:fs';
import { glob, readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { tableAfter } from './support.js';

const page = await readFile('docs/architecture.md', 'utf8');

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string; readonly pathNot?: string };
  readonly to: { readonly path?: string; readonly pathNot?: string };
}

const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly forbidden: readonly Rule[];
};

const FENCED = /^```\n[\s\S]*?^```$/gm;

/** Alternatives of the first group of a pattern: `^(src/a|src/b)/` is src/a and src/b. */
const alternatives = (pattern = ''): string[] => (/\(([^)]*)\)/.exec(pattern)?.[1] ?? '').split('|');

const code = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Folders without `src/` and the slash at the end. */
const bare = (path: string): string => path.replace(/^src\//, '').replace(/\/$/, '');

test('every path that the page names exists', async () => {
  const [text, pictures] = [page.replace(FENCED, ''), (page.match(FENCED) ?? []).join('\n')];
  const paths = new Set([
    ...code(text).filter((span) =>
      /^[\w.@-]+\/[\w./<>@-]*$|^[\w.-]+\.(ts|js|cjs|json|graphql|md)$|^\.npmrc$/.test(span),
    ),
    ...(pictures.match(/\b(?:src|features|indicators|models|jobs)\/[\w/-]*/g) ?? []),
  ]);
  const libraries = new Set(tableAfter(page, 'owners').flatMap(([libraries = '']) => code(libraries)));
  const named = [...paths].filter((path) => !libraries.has(path));
  expect(named.length).toBeGreaterThan(120);
  for (const path of named) {
    const pattern = path.replaceAll(/<[^>]*>/g, '*');
    const matches = pattern === path ? existsSync(path) : !(await glob(pattern).next()).done;
    expect(matches, `the page names ${path}`).toBe(true);
  }
});

test('a name that the page quotes from a file is in that file', async () => {
  const quotes = [...page.matchAll(/`(\w+)`\s+in\s+`([\w./-]+)`/g)];
  expect(quotes.length).toBeGreaterThan(10);
  for (const [, name = '', path = ''] of quotes) {
    expect(await readFile(path, 'utf8'), `${path} has ${name}`).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test('its table of folders is the one of the walls', async () => {
  const rows = tableAfter(page, 'walls').map(([folder = '', imports = '']) => [
    bare(code(folder)[0] ?? ''),
    imports.split(',').map((name) => name.trim()),
  ]);
  const walls = forbidden.flatMap(({ name, from, to }) => {
    const [, folder] = /^\^src\/([a-z]+)\/$/.exec(from.path ?? '') ?? [];
    if (!folder || !name.startsWith(`${folder}-imports-only-`)) return [];
    const allowed = alternatives(to.pathNot)
      .map(bare)
      .filter((other) => other !== folder);
    return [[folder, allowed.length === 0 ? [''] : allowed] as const];
  });
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(walls));
  const folders = (await readdir('src', { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(rows.map(([folder]) => folder).sort()).toEqual(folders.map(({ name }) => name).sort());
});

test('its table of libraries names their owners', () => {
  const owners = tableAfter(page, 'owners').map(([libraries = '', folders = '']) => ({
    libraries: code(libraries),
    folders: code(folders).map(bare),
  }));
  const rules = forbidden.filter(({ name }) => /^only-.*-imports-/.test(name));
  expect(rules.length).toBeGreaterThan(5);
  for (const { name, from, to } of rules) {
    const guarded = alternatives(to.path);
    const row = owners.find(({ libraries }) => libraries.some((library) => guarded.includes(library)));
    expect(row?.folders, name).toEqual(alternatives(from.pathNot));
    expect(row?.libraries.length, name).toBeGreaterThan(0);
  }
  const known = rules.flatMap(({ to }) => alternatives(to.path));
  for (const { libraries } of owners) for (const library of libraries) expect(known).toContain(library);
});

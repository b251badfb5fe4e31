/** Every GraphQL operation that a page or the notebook shows is one that the API takes. */
import { glob, readFile } from 'node:fs/promises';
import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';

const NOTEBOOK = 'training/notebooks/first_model.ipynb';
const schema = buildSchema(await readFile('schema.graphql', 'utf8'));

interface Cell {
  readonly cell_type: 'code' | 'markdown';
  readonly source: string | readonly string[];
  readonly execution_count?: number | null;
  readonly outputs?: readonly { readonly output_type: string }[];
}

const { cells } = JSON.parse(await readFile(NOTEBOOK, 'utf8')) as { readonly cells: readonly Cell[] };
const sourceOf = ({ source }: Cell): string => (typeof source === 'string' ? source : source.join(''));

/** What a shell would put into a string counts as any text. */
const withoutShell = (text: string): string => text.replace(/'\$\([^)]*\)'/g, 'x');

/** Operations in fenced blocks, in the JSON of shell commands, and between backticks. */
const shownIn = (page: string): string[] => [
  ...[...page.matchAll(/^```graphql\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text),
  ...[...withoutShell(page).matchAll(/"query":\s*"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => JSON.parse(`"${text}"`)),
  ...[...page.matchAll(/`((?:query|mutation|subscription) [^`]*\})`/g)].map(([, text = '']) => text),
];

const pages: string[] = [];
for await (const path of glob(['README.md', 'CONTRIBUTING.md', 'docs/*.md', 'training/*.md', 'examples/*/*.md'])) {
  pages.push(path);
}

const operations = [
  ...(await Promise.all(pages.sort().map(async (path) => ({ path, texts: shownIn(await readFile(path, 'utf8')) })))),
  {
    path: NOTEBOOK,
    texts: cells
      .filter(({ cell_type: type }) => type === 'code')
      .flatMap((cell) => [...sourceOf(cell).matchAll(/ask\("""([\s\S]*?)"""/g)].map(([, text = '']) => text)),
  },
].flatMap(({ path, texts }) => texts.map((text) => ({ path, text: text.trim() })));

test.each(operations)('$path: $text', ({ text }) => {
  expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
});

test('operations are found in the README, in a page of docs and in the notebook', () => {
  const paths = operations.map(({ path }) => path);
  expect(paths.filter((path) => path === 'README.md').length).toBeGreaterThan(3);
  expect(paths.some((path) => path.startsWith('docs/'))).toBe(true);
  expect(paths.filter((path) => path === NOTEBOOK).length).toBeGreaterThan(5);
});

test('the notebook’s outputs are those of one run from top to bottom without an error', () => {
  const code = cells.filter(({ cell_type: type }) => type === 'code');
  expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
  expect(code.flatMap(({ outputs = [] }) => outputs.filter(({ output_type: type }) => type === 'error'))).toEqual([]);
  expect(code.filter(({ outputs = [] }) => outputs.length > 0).length).toBeGreaterThan(7);
});

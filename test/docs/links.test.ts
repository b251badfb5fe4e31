import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const pages: string[] = [];
for await (const path of glob(['*.md', 'docs/*.md', 'training/**/*.{md,ipynb}', 'examples/**/*.md'])) pages.push(path);

/** A heading as a link names it. */
const anchorsOf = (page: string): string[] =>
  [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

const links = (
  await Promise.all(
    pages.sort().map(async (page) => {
      const text = await readFile(page, 'utf8');
      return [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, file, anchor]) => ({
        page,
        target: file ? join(dirname(page), file) : page,
        anchor,
      }));
    }),
  )
).flat();

test('pages link to files and headings that are there', async () => {
  expect(links.length).toBeGreaterThan(20);
  for (const { page, target, anchor } of links) {
    expect(existsSync(target), `${page} links to ${target}`).toBe(true);
    if (anchor === undefined) continue;
    expect(anchorsOf(await readFile(target, 'utf8')), `${page} links to ${target}#${anchor}`).toContain(anchor);
  }
});

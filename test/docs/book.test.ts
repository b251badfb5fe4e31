import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { TARGETS } from '../../synthetic/measures/targets.js';
import { PORTFOLIO_TABLES } from '../../synthetic/portfolio.js';
import { tableAfter } from './support.js';

const page = await readFile('docs/book.md', 'utf8');

test('the page tells of every table that the book has, and of no other', () => {
  const named = tableAfter(page, 'counts').flatMap(([tables = '']) =>
    [...tables.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(named.sort()).toEqual([...PORTFOLIO_TABLES].sort());
});

test('the page’s table of measures has every measure with its target, and says where one is outside its range', () => {
  const lines = tableAfter(page, 'measures');
  expect(lines.map(([, title, target]) => [title, target])).toEqual(
    Object.values(TARGETS).map(({ title, target }) => [title, target]),
  );
  for (const [index, { title, low, high, unit }] of Object.values(TARGETS).entries()) {
    const measured = Number(lines[index]?.[4]?.replace(/ %.*| .*$/, '')) / (unit === 'percent' ? 100 : 1);
    expect(lines[index]?.[4]?.includes('outside'), title).toBe(!(measured >= low && measured <= high));
  }
});

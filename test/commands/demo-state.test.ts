import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DemoState } from '../../src/commands/demo-state.js';
import { freshHome } from '../support/homes.js';

const book = { seed: 1, endDate: '2026-11-22', customers: 300, timezone: 'Asia/Shanghai' };
const later = { ...book, endDate: '2026-11-23', customers: 5000 };
let home: string;
const open = (wanted = book) => DemoState.open(join(home, 'demo.json'), wanted);

beforeEach(async () => {
  home = await freshHome();
});
afterEach(() => rm(home, { recursive: true, force: true }));

test('a run on a later day goes on with the book that the first one began, after the steps that it finished', async () => {
  const first = await open();
  expect(first.found).toBe(false);
  await first.finish('book');
  const second = await open(later);
  expect(second.found).toBe(true);
  expect(second.book).toEqual(book);
  expect([second.has('book'), second.has('snapshots')]).toEqual([true, false]);
});

test('the book is written down before any step is done, for its owner alone', async () => {
  await open();
  expect((await open(later)).book).toEqual(book);
  expect((await stat(join(home, 'demo.json'))).mode & 0o777).toBe(0o600);
});

test('forgetting keeps the book and the people it shows, and does every step again', async () => {
  const state = await open();
  const examples = { steady: 'C1', late: 'C2', lateSince: '2026-11-10' };
  await state.finish('book');
  await state.show(examples);
  await state.forget();
  const again = await open(later);
  expect(again.has('book')).toBe(false);
  expect([again.book, again.examples]).toEqual([book, examples]);
});

test('a file that is no state is replaced', async () => {
  for (const text of ['{"book":', '[]', '']) {
    await writeFile(join(home, 'demo.json'), text);
    expect((await open()).found).toBe(false);
    expect(JSON.parse(await readFile(join(home, 'demo.json'), 'utf8'))).toMatchObject({ book, done: [] });
  }
});

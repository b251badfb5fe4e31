import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadSummary } from '../../src/commands/portfolio-loader.js';
import { PORTFOLIO_TABLES } from '../../synthetic/portfolio.js';
import { interruptedAt } from '../support/clock.js';
import { runToEnd, type Stack, startCommand } from '../support/command.js';
import { freshHome } from '../support/homes.js';

const BOOK = ['--customers', '300', '--end-date', '2026-06-30'];

let home: string;
let stack: Stack;

beforeAll(async () => {
  home = await freshHome();
  stack = await startCommand('start', { home });
});
afterAll(async () => {
  await stack?.stop();
  await rm(home, { recursive: true, force: true });
});

test('a load that was interrupted is finished by the next, and a third brings nothing new', async () => {
  const interrupted = await runToEnd(['portfolio', 'load', ...BOOK], { ...stack.env, ...interruptedAt(/load 50%/) });
  expect(interrupted.code).toBe(1);
  expect(interrupted.output).toContain('interrupted');

  const load = async (): Promise<LoadSummary> => {
    const { code, output } = await runToEnd(['portfolio', 'load', ...BOOK, '--json'], stack.env);
    expect(code, output).toBe(0);
    return JSON.parse(output) as LoadSummary;
  };
  const second = await load();
  expect(second.problems).toEqual([]);
  // A book of this size borrows, is late and is collected from: every table has rows.
  expect(Object.keys(second.tables).sort()).toEqual([...PORTFOLIO_TABLES].sort());
  const third = await load();
  expect(third.chunksSkipped).toBe(1);
  expect(Object.values(third.tables).filter(({ accepted }) => accepted > 0)).toEqual([]);

  // A record is not believed where the rows are not the server's: this one speaks of a book that it has never seen.
  const record = join(home, 'portfolio-load.json');
  const claim = (await readFile(record, 'utf8')).replace(/"seed":\d+/, '"seed":9');
  await writeFile(record, claim);
  const { output } = await runToEnd(['portfolio', 'load', ...BOOK, '--seed', '9', '--json'], stack.env);
  const { chunksSkipped, tables } = JSON.parse(output) as LoadSummary;
  expect(chunksSkipped).toBe(0);
  expect(tables.events?.accepted).toBeGreaterThan(1_000);
}, 400_000);

test('a book is written as files that name what they hold', async () => {
  const folder = join(home, 'book');
  const { code, output } = await runToEnd(['portfolio', 'write', ...BOOK, '--out', folder, '--json'], stack.env);
  expect(code, output).toBe(0);
  const files = JSON.parse(output) as { table: string; rows: number; path: string }[];
  expect(files.map(({ table }) => table)).toEqual(expect.arrayContaining([...PORTFOLIO_TABLES]));
}, 120_000);

test('measures outside their range end the command with 1, and are marked', async () => {
  // Three hundred customers cannot hold the ranges of fifty thousand.
  const { code, output } = await runToEnd(['portfolio', 'measure', ...BOOK], stack.env);
  expect(code).toBe(1);
  expect(output).toMatch(/OUTSIDE/);
  expect(output).toMatch(/approval, new credit +32 % +25 to 40 % +[\d.]+ %/);
}, 120_000);

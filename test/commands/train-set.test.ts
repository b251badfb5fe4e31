import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand } from '../support/command.js';

let asked = 0;
const server = createServer((_request, response) => {
  asked++;
  response.statusCode = 500;
  response.end();
});
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rg-train-set-'));
  await writeFile(join(folder, 'spine.sql'), 'SELECT 1');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const set = ['train-set', 'a_set', '--service', 'a@1', '--spine-sql'];

it.each<[string, (at: string) => readonly string[], RegExp, RegExp]>([
  [
    'spine SQL that is not there',
    (at) => [...set, `${at}/nope.sql`],
    /--spine-sql .*nope\.sql cannot be read: it does not exist/,
    /a file with a SELECT/,
  ],
  [
    'spine SQL that is a folder',
    (at) => [...set, at],
    /--spine-sql .* cannot be read: it is a folder/,
    /a file with a SELECT/,
  ],
  [
    'a spine to upload that is not there',
    (at) => ['train-set', 'a_set', '--service', 'a@1', '--spine', `${at}/nope.csv`],
    /--spine .*nope\.csv cannot be read: it does not exist/,
    /the path of a file/,
  ],
  [
    'an output in a folder that is not there',
    (at) => [...set, `${at}/spine.sql`, '--output', `${at}/none/set.parquet`],
    /--output .*set\.parquet cannot be written: its folder .*none: it does not exist/,
    /a folder that exists/,
  ],
  [
    'an output that is a folder',
    (at) => ['train-set', 'rebuild', 'some-id', '--output', at],
    /--output .* cannot be written: it is a folder/,
    /a folder that exists/,
  ],
])('%s is said with what to do, before the server is asked', async (_, words, what, todo) => {
  const command = runCommand([...words(folder)], {
    RISKGRAPH_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    RISKGRAPH_KEY: 'key',
  });
  expect(await command.exited).not.toBe(0);
  expect(command.output()).toMatch(what);
  expect(command.output()).toMatch(todo);
  expect(command.output()).not.toContain('ENOENT');
  expect(asked).toBe(0);
});

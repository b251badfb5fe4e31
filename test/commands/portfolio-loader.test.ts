import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Client } from '../../src/commands/client.js';
import { loadPortfolio } from '../../src/commands/portfolio-loader.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';

const PORTFOLIO = { seed: 1, endDate: '2026-06-30', customers: 20, calendar: new BusinessCalendar('Asia/Shanghai') };
const DONE = JSON.stringify({ accepted: 1, duplicates: 0, rejected: 0, quarantine: [] });

/** A server that answers so many imports, and ends with the next, which it still answers, after it refuses others. */
async function endingServer(imports: number) {
  const tables: string[] = [];
  const answered: string[] = [];
  const server = createServer((request, response) => {
    tables.push(request.url ?? '');
    const ending = tables.length === imports + 1;
    if (ending) server.close();
    const answer = (): void => {
      answered.push(request.url ?? '');
      response.setHeader('connection', 'close').end(DONE);
    };
    request.resume().on('end', () => void setTimeout(answer, ending ? 200 : 0));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new Client({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'k' });
  return { client, tables, answered, server };
}

/** Where the loads of this file alone keep their files. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loads-'));
  vi.stubEnv('TMPDIR', folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('a load whose server ends waits for the imports that have begun, begins no other, and leaves no file', async () => {
  const { client, tables, answered } = await endingServer(6);
  await expect(loadPortfolio(client, { portfolio: PORTFOLIO })).rejects.toMatchObject({
    message: expect.stringContaining('no server answers at'),
  });
  // What still reads a file fails on it once it is gone, and where no one listens that ends the process.
  expect(answered.toSorted()).toEqual(tables.toSorted());
  expect(tables.length).toBeLessThan(12);
  expect(await readdir(folder)).toEqual([]);
});

test('a load that is aborted begins no other import', async () => {
  const { client, tables, server } = await endingServer(1_000);
  const stop = new AbortController();
  const reason = new Error('the stack ends');
  const load = loadPortfolio(client, { portfolio: PORTFOLIO, signal: stop.signal }, () => stop.abort(reason));
  await expect(load).rejects.toBe(reason);
  expect(tables.length).toBeLessThan(3);
  server.close();
});

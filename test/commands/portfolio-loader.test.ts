import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
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

const folders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('riskgraph-portfolio-'));

test('a load whose server ends waits for the imports that have begun, begins no other, and leaves no file', async () => {
  const before = await folders();
  const { client, tables, answered } = await endingServer(6);
  await expect(loadPortfolio(client, { portfolio: PORTFOLIO })).rejects.toMatchObject({
    message: expect.stringContaining('no server answers at'),
  });
  // What still reads a file fails on it once it is gone, and where no one listens that ends the process.
  expect(answered.toSorted()).toEqual(tables.toSorted());
  expect(tables.length).toBeLessThan(12);
  expect(await folders()).toEqual(before);
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

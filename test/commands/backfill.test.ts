import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand } from '../support/command.js';

const JOB = { id: 'J1', name: 'backfill', state: 'COMPLETED', progress: 1, error: null, result: { views: [] } };

/** A server whose stores have too much to do to count anything. */
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    const answer = body.includes('backfillEstimate')
      ? { errors: [{ message: 'the rows could not be counted', extensions: { code: 'TIMEOUT' } }] }
      : { data: { backfill: JOB, job: JOB } };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

it('a backfill goes on without an estimate that cannot be told; asked for alone it is an error', async () => {
  const backfill = async (...more: readonly string[]) => {
    const command = runCommand(['backfill', 'a@1', '--from', '2026-01-01', '--to', '2026-01-02', ...more], {
      RISKGRAPH_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      RISKGRAPH_KEY: 'key',
    });
    return { code: await command.exited, output: command.output() };
  };
  const started = await backfill();
  expect(started.output).toContain('no estimate: the rows could not be counted');
  expect(started.output).toContain('backfill completed (job J1)');
  expect(started.code).toBe(0);
  expect((await backfill('--estimate')).code).not.toBe(0);
});

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningQueue } from '../../src/queue/queue.js';
import { type QueueFixture, queueFixture } from './fixture.js';
import { killJobs } from './worker-process.js';

let fixture: QueueFixture;
let queue: RunningQueue;
const children: ChildProcess[] = [];

beforeAll(async () => {
  fixture = await queueFixture();
  queue = fixture.queueOf(killJobs);
});
afterAll(async () => {
  await queue?.close();
  await fixture?.close();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const startWorker = async (): Promise<ChildProcess> => {
  const script = fileURLToPath(new URL('./worker-process.ts', import.meta.url));
  const child = fork(script, [fixture.postgresUrl, fixture.redisUrl], { execArgv: ['--import', 'tsx'] });
  children.push(child);
  await once(child, 'message');
  return child;
};

const jobOf = async (id: string) => {
  const job = await fixture.ledger.get(id);
  if (!job) throw new Error('the job is gone');
  return job;
};

describe('a worker that is killed', () => {
  it('has its job taken up by the next one, never going back in progress', async () => {
    const first = await startWorker();
    const { id } = await queue.enqueue('slow', {});
    await vi.waitFor(async () => expect((await jobOf(id)).progress).toBeGreaterThan(0.3), 20_000);
    first.kill('SIGKILL');
    const { progress } = await jobOf(id);
    const second = await startWorker();
    await vi.waitFor(async () => expect((await jobOf(id)).progress).toBeGreaterThan(progress), {
      timeout: 45_000,
      interval: 50,
    });
    await vi.waitFor(
      async () => expect(await jobOf(id)).toMatchObject({ state: 'COMPLETED', result: second.pid }),
      20_000,
    );
  });

  it('is missed by the health check, which is green again with the next one', async () => {
    const first = await startWorker();
    await vi.waitFor(async () => expect(await queue.workerHealth()).toMatchObject({ ok: true, workers: 1 }), 20_000);
    first.kill('SIGKILL');
    await vi.waitFor(
      async () =>
        expect(await queue.workerHealth()).toMatchObject({ ok: false, reason: expect.stringContaining('no worker') }),
      { timeout: 30_000, interval: 500 },
    );
    await startWorker();
    await vi.waitFor(async () => expect(await queue.workerHealth()).toMatchObject({ ok: true }), 20_000);
  });
});

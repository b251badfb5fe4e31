import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { JobRecord } from '../../src/core/ports/jobs.js';
import type { RunningQueue } from '../../src/queue/queue.js';
import { forkBundled } from '../support/bundled.js';
import { queueFixture } from './fixture.js';
import { jobsOf, requestsOf } from './jobs-of.js';
import { killSpecs } from './worker-process.js';

const LONG = { timeout: 120_000, interval: 50 };

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};

interface Scene {
  readonly queue: RunningQueue;
  /** A worker whose job stands still at a progress of `reach`, or goes to its end. */
  startWorker(reach?: number): Promise<ChildProcess>;
  jobOf(id: string): Promise<JobRecord>;
}

/** Stores and workers of a test's own: the tests run side by side, since each does little but wait until a dead worker is missed. */
async function inScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  const fixture = await queueFixture();
  const queue = fixture.queueOf(jobsOf(killSpecs));
  const children: ChildProcess[] = [];
  const startWorker = async (reach = 1): Promise<ChildProcess> => {
    const args = [fixture.postgresUrl, fixture.redisUrl, String(reach)];
    const child = await forkBundled(new URL('./worker-process.ts', import.meta.url), args);
    children.push(child);
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the worker ended with ${code} as it started`))),
    ]);
    return child;
  };
  const jobOf = async (id: string): Promise<JobRecord> => {
    const job = await fixture.ledger.get(id);
    if (!job) throw new Error('the job is gone');
    return job;
  };
  try {
    await body({ queue, startWorker, jobOf });
  } finally {
    for (const child of children) await kill(child);
    await queue.close();
    await fixture.close();
  }
}

describe('a worker that is killed', () => {
  it.concurrent('has its job taken up by the next one, never going back in progress', () =>
    inScene(async ({ queue, startWorker, jobOf }) => {
      const first = await startWorker(0.5);
      const { id } = await queue.enqueue(requestsOf(killSpecs).slow, {});
      await vi.waitFor(async () => expect((await jobOf(id)).progress).toBeGreaterThanOrEqual(0.5), LONG);
      await kill(first);
      const seen = [(await jobOf(id)).progress];
      expect(seen[0]).toBeLessThan(1);
      const second = await startWorker();
      await vi.waitFor(async () => {
        const job = await jobOf(id);
        seen.push(job.progress);
        expect(job).toMatchObject({ state: 'COMPLETED', result: second.pid });
      }, LONG);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
    }));

  it.concurrent('is missed by the health check, which is green again with the next one', () =>
    inScene(async ({ queue, startWorker }) => {
      const first = await startWorker();
      await vi.waitFor(async () => expect(await queue.workerHealth()).toMatchObject({ ok: true, workers: 1 }), LONG);
      await kill(first);
      await vi.waitFor(
        async () =>
          expect(await queue.workerHealth()).toMatchObject({ ok: false, reason: expect.stringContaining('no worker') }),
        LONG,
      );
      await startWorker();
      await vi.waitFor(async () => expect(await queue.workerHealth()).toMatchObject({ ok: true }), LONG);
    }));
});

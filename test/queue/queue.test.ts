import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/core/definitions/define.js';
import { badInput, RiskgraphError } from '../../src/core/errors.js';
import type { JobLedger, JobRecord } from '../../src/core/ports/jobs.js';
import type { RunningQueue } from '../../src/queue/queue.js';
import type { RunningWorker } from '../../src/queue/worker.js';
import { type QueueFixture, queueFixture } from './fixture.js';
import { catalogueOf, jobsOf, noServices, requestsOf } from './jobs-of.js';

let fixture: QueueFixture;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture?.close());
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  await fixture.redis.client.flushall();
});

const plain = { description: 'x', concurrency: 1, payload: z.object({}) };

const specs = {
  add: defineJob({
    description: 'Adds',
    concurrency: 1,
    payload: z.object({ a: z.number(), b: z.number() }),
    run: async (_context, { a, b }) => ({ sum: a + b }),
  }),
  held: defineJob({
    ...plain,
    run: async ({ jobId, report, signal }) => {
      try {
        while (reach(jobId) < 1) {
          signal.throwIfAborted();
          await report(reach(jobId));
          await sleep(20);
        }
      } finally {
        over.add(jobId);
      }
    },
  }),
  refused: defineJob({
    ...plain,
    run: async () => {
      throw badInput('the view is unknown', 'name another');
    },
  }),
  leaky: defineJob({
    ...plain,
    attempts: 1,
    run: async () => {
      throw new Error('connect ECONNREFUSED /secret/path password=hunter2');
    },
  }),
  flaky: defineJob({
    ...plain,
    attempts: 2,
    run: async ({ jobId }) => {
      tries.set(jobId, (tries.get(jobId) ?? 0) + 1);
      if (tries.get(jobId) === 1) throw new RiskgraphError({ code: 'STORE_UNAVAILABLE', message: 'away' });
      return 'second time';
    },
  }),
  when: defineJob({ ...plain, run: async ({ scheduledFor, now }) => ({ scheduledFor, late: now() - scheduledFor }) }),
};
const jobs = jobsOf(specs);
const { add, held, refused, leaky, flaky, when } = requestsOf(specs);

const tries = new Map<string, number>();
/** How far each held job may go; at 1 it ends. */
const reaches = new Map<string, number>();
const reach = (id: string): number => reaches.get(id) ?? 0.2;
/** Held jobs whose body has ended. */
const over = new Set<string>();

const latch = (): { readonly opened: Promise<void>; readonly open: () => void } => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

const LONG = { timeout: 120_000, interval: 50 };
const isActive = (id: string): Promise<void> =>
  vi.waitFor(async () => expect((await fixture.ledger.get(id))?.state).toBe('ACTIVE'), LONG);

const queueAndWorker = async (): Promise<{ queue: RunningQueue; worker: RunningWorker }> => {
  const queue = fixture.queueOf(jobs);
  open.push(queue);
  const worker = await queue.startWorker({ services: noServices });
  open.push(worker);
  return { queue, worker };
};

const ended = async (id: string): Promise<JobRecord> =>
  vi.waitFor(async () => {
    const job = await fixture.ledger.get(id);
    expect(job?.finishedAt).not.toBeNull();
    return job as JobRecord;
  }, LONG);

describe('the job queue', () => {
  it('records a job, runs it, and records its result', async () => {
    const { queue } = await queueAndWorker();
    const asked = await queue.enqueue(add, { a: 2, b: 3 });
    expect(asked).toMatchObject({ name: 'add', state: 'WAITING', progress: 0, payload: { a: 2, b: 3 }, error: null });
    const done = await ended(asked.id);
    expect(done).toMatchObject({ state: 'COMPLETED', progress: 1, result: { sum: 5 }, error: null });
    expect(done.startedAt).toBeGreaterThanOrEqual(done.createdAt);
    expect(await fixture.ledger.list({ name: 'add', limit: 1 })).toEqual([done]);
  });

  it('refuses an unknown job and a payload that does not fit, before anything is recorded', async () => {
    const queue = fixture.queueOf(jobs);
    open.push(queue);
    await expect(queue.enqueue({ name: 'nonsense', payload: z.object({}) }, {})).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    const another = { name: 'add', payload: z.object({ a: z.string() }) };
    await expect(queue.enqueue(another, { a: '2' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/a: .*b: /),
    });
    expect(await fixture.ledger.list({ state: 'WAITING', limit: 10 })).toEqual([]);
  });

  it('gives a job the services that it needs and no other, and starts no worker that lacks one', async () => {
    const looks = defineJob({
      ...plain,
      needs: ['catalogue'],
      run: async ({ services }) => ({
        given: Object.keys(services),
        views: (await services.catalogue.views()).length,
      }),
    });
    const queue = fixture.queueOf(jobsOf({ looks }));
    open.push(queue);
    await expect(queue.startWorker({ services: noServices })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining("jobs/looks.ts needs 'catalogue', which this process does not provide"),
    });
    const trainingSets = { run: async () => ({ rowCount: 0 }) };
    open.push(await queue.startWorker({ services: { catalogue: catalogueOf([]), trainingSets } }));
    const { id } = await queue.enqueue(requestsOf({ looks }).looks, {});
    expect(await ended(id)).toMatchObject({ state: 'COMPLETED', result: { given: ['catalogue'], views: 0 } });
  });

  it('uses the id that the caller chose', async () => {
    const { queue } = await queueAndWorker();
    const id = '01890000-0000-7000-8000-000000000001';
    await queue.enqueue(add, { a: 1, b: 1 }, { id });
    expect(await ended(id)).toMatchObject({ id, state: 'COMPLETED' });
  });

  it('shows growing progress to a watcher in another process, until the end', async () => {
    const { queue } = await queueAndWorker();
    const elsewhere = fixture.queueOf(jobs);
    open.push(elsewhere);
    const { id } = await queue.enqueue(held, {});
    const seen: JobRecord[] = [];
    for await (const job of elsewhere.watch(id, new AbortController().signal)) {
      seen.push(job);
      // The job goes on when the watcher has seen how far it came.
      if (job.progress >= reach(id)) reaches.set(id, job.progress + 0.25);
    }
    const progress = seen.map((job) => job.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect([...new Set(progress)]).toEqual([0, 0.2, 0.45, 0.7, 0.95, 1]);
    expect(seen.at(-1)).toMatchObject({ state: 'COMPLETED', progress: 1 });
  });

  it('ends a watch when the watcher goes, and refuses one of an unknown job', async () => {
    const queue = fixture.queueOf(jobs);
    open.push(queue);
    const { id } = await queue.enqueue(held, {});
    const stop = new AbortController();
    const seen: JobRecord[] = [];
    for await (const job of queue.watch(id, stop.signal)) {
      seen.push(job);
      setTimeout(() => stop.abort(), 100);
    }
    expect(seen).toHaveLength(1);
    await queue.cancel(id);
    await expect(queue.watch('nonsense', stop.signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('takes a cancelled job that waits out of the queue', async () => {
    const queue = fixture.queueOf(jobs);
    open.push(queue);
    const { id } = await queue.enqueue(add, { a: 1, b: 1 });
    expect(await queue.cancel(id)).toMatchObject({ state: 'CANCELLED' });
    const worker = await queue.startWorker({ services: noServices });
    open.push(worker);
    // One after the other, in order: whoever runs the later one would have run the first.
    await ended((await queue.enqueue(add, { a: 2, b: 2 })).id);
    expect(await fixture.ledger.get(id)).toMatchObject({ state: 'CANCELLED', startedAt: null, result: null });
  });

  it('stops a cancelled job that runs, from another process, and it stays cancelled', async () => {
    const { queue } = await queueAndWorker();
    const elsewhere = fixture.queueOf(jobs);
    open.push(elsewhere);
    const { id } = await queue.enqueue(held, {});
    await vi.waitFor(async () => expect((await fixture.ledger.get(id))?.progress).toBeGreaterThan(0.1), LONG);
    const cancelled = await elsewhere.cancel(id);
    expect(cancelled).toMatchObject({ state: 'CANCELLED' });
    await vi.waitFor(() => expect(over.has(id)).toBe(true), LONG);
    // The next one runs when the worker is done with the first in every respect.
    const after = await queue.enqueue(held, {});
    await isActive(after.id);
    expect(await fixture.ledger.get(id)).toEqual(cancelled);
    await queue.cancel(after.id);
  });

  it('leaves a job that has ended as it is when it is cancelled', async () => {
    const { queue } = await queueAndWorker();
    const { id } = await queue.enqueue(add, { a: 1, b: 1 });
    const done = await ended(id);
    expect(await queue.cancel(id)).toEqual(done);
  });

  it('tells what was wrong with a request and tries it once', async () => {
    const { queue } = await queueAndWorker();
    const { id } = await queue.enqueue(refused, {});
    expect(await ended(id)).toMatchObject({ state: 'FAILED', error: 'the view is unknown (name another)' });
  });

  it('hides internals in the error of a failed job', async () => {
    const { queue } = await queueAndWorker();
    const { id } = await queue.enqueue(leaky, {});
    const { error, state } = await ended(id);
    expect(state).toBe('FAILED');
    expect(error).toContain(id);
    expect(error).not.toMatch(/secret|hunter2|ECONN/);
  });

  it('tries a job again after a failure that may pass', async () => {
    const { queue } = await queueAndWorker();
    const { id } = await queue.enqueue(flaky, {});
    expect(await ended(id)).toMatchObject({ state: 'COMPLETED', result: 'second time', error: null });
  });

  it('runs a job for the time it was asked for, however late (rule 4)', async () => {
    let later = 0;
    const queue = fixture.queueOf(jobs, () => Date.now() + later);
    open.push(queue);
    const asked = await queue.enqueue(when, {});
    later = 3_600_000;
    open.push(await queue.startWorker({ services: noServices }));
    const { result } = (await ended(asked.id)) as { result: { scheduledFor: number; late: number } };
    expect(result.scheduledFor).toBe(asked.createdAt);
    expect(result.late).toBeGreaterThanOrEqual(3_600_000);
  });

  it('finishes the running job before a worker closes', async () => {
    const { queue, worker } = await queueAndWorker();
    const { id } = await queue.enqueue(held, {});
    await isActive(id);
    open.splice(open.indexOf(worker), 1);
    const closed = worker.close();
    reaches.set(id, 1);
    await closed;
    expect(await fixture.ledger.get(id)).toMatchObject({ state: 'COMPLETED', progress: 1 });
  });

  it('loses no job to FLUSHALL, neither one that waits nor one that runs', async () => {
    const { queue } = await queueAndWorker();
    const running = await queue.enqueue(held, {});
    const waiting = await queue.enqueue(held, {});
    await isActive(running.id);
    await fixture.redis.client.flushall();
    for (const { id } of [running, waiting]) reaches.set(id, 1);
    expect(await ended(running.id)).toMatchObject({ state: 'COMPLETED' });
    expect(await ended(waiting.id)).toMatchObject({ state: 'COMPLETED' });
  }, 300_000);

  it('takes no job for a cancelled one that is recorded and begins while the worker asks which are open', async () => {
    const [asked, answer] = [latch(), latch()];
    let slow = false;
    const ledger: JobLedger = {
      ...fixture.ledger,
      open: async () => {
        const jobsThen = await fixture.ledger.open();
        if (!slow) return jobsThen;
        slow = false;
        asked.open();
        await answer.opened;
        return jobsThen;
      },
    };
    const queue = fixture.queueOf(jobs, Date.now, ledger);
    open.push(queue);
    open.push(await queue.startWorker({ services: noServices }));
    slow = true;
    await asked.opened;
    const { id } = await queue.enqueue(held, {});
    await vi.waitFor(async () => expect((await fixture.ledger.get(id))?.progress).toBeGreaterThan(0.1), LONG);
    let rounds = 0;
    const count = vi.spyOn(ledger, 'open').mockImplementation(() => {
      rounds += 1;
      return fixture.ledger.open();
    });
    answer.open();
    await vi.waitFor(() => expect(rounds).toBeGreaterThan(0), LONG);
    count.mockRestore();
    expect(over.has(id)).toBe(false);
    reaches.set(id, 1);
    expect(await ended(id)).toMatchObject({ state: 'COMPLETED' });
  });

  it('hands over jobs that were recorded while the queue was lost', async () => {
    const job = await fixture.ledger.create({
      id: '01890000-0000-7000-8000-000000000002',
      name: 'add',
      payload: { a: 4, b: 4 },
      createdAt: Date.now() - 60_000,
    });
    await queueAndWorker();
    expect(await ended(job.id)).toMatchObject({ state: 'COMPLETED', result: { sum: 8 } });
  });

  it('fails a recorded job whose definition is gone, saying so', async () => {
    const job = await fixture.ledger.create({
      id: '01890000-0000-7000-8000-000000000003',
      name: 'gone',
      payload: {},
      createdAt: Date.now() - 60_000,
    });
    await queueAndWorker();
    expect(await ended(job.id)).toMatchObject({ state: 'FAILED', error: "there is no job 'gone' any more" });
  });
});

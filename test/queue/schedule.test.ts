import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/core/definitions/define.js';
import type { StoreClock } from '../../src/core/ports/process.js';
import { type QueueFixture, queueFixture } from './fixture.js';
import { jobsOf, noServices } from './jobs-of.js';

let fixture: QueueFixture;
const open: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture?.close());
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const scheduled = (name: string) =>
  jobsOf({
    [name]: defineJob({
      description: 'x',
      concurrency: 1,
      payload: z.object({ at: z.number() }),
      schedule: { every: 'hour', minute: 1 },
      scheduledPayload: (at) => ({ at }),
      run: async ({ scheduledFor }, { at }) => ({ scheduledFor, at }),
    }),
  });

const LONG = { timeout: 60_000, interval: 50 };

/** Starts a worker; gives what waits until it has looked for due jobs a whole round long. */
const start = async (
  name: string,
  clock: () => number,
  storeClock: StoreClock = async () => clock(),
): Promise<() => Promise<void>> => {
  // A round begins with a look at the clock.
  let looks = 0;
  const counting = () => {
    looks += 1;
    return clock();
  };
  const queue = fixture.queueOf(scheduled(name), counting, fixture.ledger, storeClock);
  open.push(queue);
  const worker = await queue.startWorker({ services: noServices });
  open.push(worker);
  return async () => {
    const before = looks;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 1), LONG);
  };
};

const HOUR = 3_600_000;
const tick = Date.UTC(2026, 2, 1, 10, 1);

describe('scheduled jobs', () => {
  it('run once a scheduled time, for that time, however many workers there are', async () => {
    let now = tick - 1;
    const clock = () => now;
    const rounds = [await start('once', clock), await start('once', clock)];
    for (const round of rounds) await round();
    expect(await fixture.ledger.list({ name: 'once', limit: 10 })).toEqual([]);
    now = tick;
    await vi.waitFor(async () => {
      const [job] = await fixture.ledger.list({ name: 'once', limit: 10 });
      expect(job).toMatchObject({ state: 'COMPLETED', createdAt: tick, result: { scheduledFor: tick, at: tick } });
    }, LONG);
    now += HOUR;
    await vi.waitFor(async () => {
      const runs = await fixture.ledger.list({ name: 'once', limit: 10 });
      expect(runs.map(({ createdAt, state }) => [createdAt, state])).toEqual([
        [tick + HOUR, 'COMPLETED'],
        [tick, 'COMPLETED'],
      ]);
    }, LONG);
  });

  it('that missed their time while no worker was up are caught up once, for the latest of them', async () => {
    await fixture.ledger.create({ id: '01', name: 'missed', payload: { at: 0 }, createdAt: tick - 5 * HOUR });
    await fixture.ledger.update('01', { state: 'COMPLETED' });
    await start('missed', () => tick + 1_800_000);
    await vi.waitFor(async () => {
      const runs = await fixture.ledger.list({ name: 'missed', limit: 10 });
      expect(runs.map(({ createdAt, state }) => [createdAt, state])).toEqual([
        [tick, 'COMPLETED'],
        [tick - 5 * HOUR, 'COMPLETED'],
      ]);
    }, LONG);
  });

  it('do not run for times before the very first start', async () => {
    const round = await start('fresh', () => tick + 1_800_000);
    await round();
    expect(await fixture.ledger.list({ name: 'fresh', limit: 10 })).toEqual([]);
  });

  it('are not made before their time by the clock of the stores, though the clock of the worker is ahead', async () => {
    let [now, stores] = [tick - 1, tick - 1];
    const round = await start(
      'ahead',
      () => now,
      async () => stores,
    );
    await round();
    now = tick + 5;
    await round();
    expect(await fixture.ledger.list({ name: 'ahead', limit: 10 })).toEqual([]);
    stores = tick;
    await vi.waitFor(async () => {
      const jobs = await fixture.ledger.list({ name: 'ahead', limit: 10 });
      expect(jobs).toMatchObject([{ state: 'COMPLETED', createdAt: tick }]);
    }, LONG);
  });

  it('of a time that has not come are refused, with what both clocks say', async () => {
    const queue = fixture.queueOf(
      scheduled('early'),
      () => tick + 2 * HOUR,
      fixture.ledger,
      async () => tick,
    );
    open.push(queue);
    const { id } = await queue.enqueue({ name: 'early', payload: z.object({ at: z.number() }) }, { at: 1 });
    open.push(await queue.startWorker({ services: noServices }));
    await vi.waitFor(async () => {
      expect(await fixture.ledger.get(id)).toMatchObject({
        state: 'FAILED',
        error: expect.stringContaining('the clock of the stores says 2026-03-01T10:01:00.000Z'),
      });
    }, LONG);
  });
});

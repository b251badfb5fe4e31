import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/core/define.js';
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
      ...{ description: 'x', concurrency: 1, payload: z.object({ at: z.number() }) },
      schedule: { every: 'hour', minute: 1 },
      scheduledPayload: (at) => ({ at }),
      run: async ({ scheduledFor }, { at }) => ({ scheduledFor, at }),
    }),
  });

const start = async (name: string, clock: () => number) => {
  const queue = fixture.queueOf(scheduled(name), clock);
  open.push(queue);
  const worker = await queue.startWorker({ services: noServices });
  open.push(worker);
};

const HOUR = 3_600_000;
const tick = Date.UTC(2026, 2, 1, 10, 1);

describe('scheduled jobs', () => {
  it('run once a scheduled time, for that time, however many workers there are', async () => {
    let now = tick - 2_000;
    const startedAt = Date.now();
    const clock = () => now + Date.now() - startedAt;
    await start('once', clock);
    await start('once', clock);
    await sleep(1_200);
    expect(await fixture.ledger.list({ name: 'once', limit: 10 })).toEqual([]);
    await vi.waitFor(async () => {
      const [job] = await fixture.ledger.list({ name: 'once', limit: 10 });
      expect(job).toMatchObject({ state: 'COMPLETED', createdAt: tick, result: { scheduledFor: tick, at: tick } });
    }, 10_000);
    now += HOUR;
    await vi.waitFor(async () => {
      const runs = await fixture.ledger.list({ name: 'once', limit: 10 });
      expect(runs.map(({ createdAt, state }) => [createdAt, state])).toEqual([
        [tick + HOUR, 'COMPLETED'],
        [tick, 'COMPLETED'],
      ]);
    }, 10_000);
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
    }, 10_000);
  });

  it('do not run for times before the very first start', async () => {
    await start('fresh', () => tick + 1_800_000);
    await sleep(2_500);
    expect(await fixture.ledger.list({ name: 'fresh', limit: 10 })).toEqual([]);
  });
});

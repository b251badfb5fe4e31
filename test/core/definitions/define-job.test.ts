/** What the compiler refuses of a job is said by @ts-expect-error: the type check of this file fails where it would let it through. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../../src/core/definitions/define.js';
import type { JobContext, JobServices } from '../../../src/core/ports/job-services.js';
import { type JobQueue, payloadOf } from '../../../src/core/ports/jobs.js';

const plain = { description: 'Counts.', concurrency: 1, payload: z.object({}) };

const countRows = {
  name: 'count_rows',
  payload: z.object({ table: z.string(), from: z.string().nullish() }),
  result: z.custom<{ readonly rows: number }>(),
};

test('a job has the services that it names, and no other', () => {
  const job = defineJob({
    ...plain,
    needs: ['catalogue'],
    run: async ({ services }) => {
      await services.catalogue.views();
      // @ts-expect-error it names no online store
      return services.online;
    },
  });
  expect(job.needs).toEqual(['catalogue']);
});

test('a job that names no service has none', () => {
  const job = defineJob({
    ...plain,
    run: async ({ services }) => {
      // @ts-expect-error it names none
      return services.catalogue;
    },
  });
  expect(job.needs).toBeUndefined();
});

test('a job may name only what there is', () => {
  // @ts-expect-error no service has that name
  const job = defineJob({ ...plain, needs: ['crystalBall'], run: async () => null });
  expect(job.needs).toEqual(['crystalBall']);
});

test('the process provides every service there is', () => {
  // @ts-expect-error what is missing here is missing in app.ts
  const services: JobServices = {};
  expect(services).toEqual({});
});

test('a job returns what its contract says', () => {
  const right = defineJob({
    ...countRows,
    ...plain,
    payload: countRows.payload,
    run: async (_, { table }) => ({ rows: table.length }),
  });
  // @ts-expect-error its rows are a text
  const wrong = defineJob({ ...countRows, description: 'Counts.', concurrency: 1, run: async () => ({ rows: '1' }) });
  expect([right.name, wrong.name]).toEqual(['count_rows', 'count_rows']);
});

test('a schedule starts a job with a payload of its own', () => {
  const schedule = { every: 'hour', minute: 1 } as const;
  const run = async (_: JobContext, { table }: z.output<typeof countRows.payload>) => ({ rows: table.length });
  const common = { ...countRows, description: 'Counts.', concurrency: 1, schedule, run };
  const right = defineJob({ ...common, scheduledPayload: () => ({ table: 'loans' }) });
  // @ts-expect-error the payload has no name
  const wrong = defineJob({ ...common, scheduledPayload: () => ({ name: 'loans' }) });
  expect([right.scheduledPayload?.(0), wrong.scheduledPayload?.(0)]).toEqual([{ table: 'loans' }, { name: 'loans' }]);
});

test('a caller enqueues a job by its contract, with its payload', () => {
  const enqueueAll = (queue: Pick<JobQueue, 'enqueue'>) => [
    queue.enqueue(countRows, { table: 'loans' }),
    // @ts-expect-error a name is no contract
    queue.enqueue('count_rows', { table: 'loans' }),
    // @ts-expect-error the payload has no table
    queue.enqueue(countRows, {}),
    // @ts-expect-error its table is a text
    queue.enqueue(countRows, { table: 1 }),
    // @ts-expect-error it has no field of that name
    queue.enqueue(countRows, { table: 'loans', since: '2026-01-01' }),
  ];
  expect(enqueueAll).toHaveLength(1);
});

test('the payload of a record is read by the contract of its job, and of no other', () => {
  const record = { name: 'count_rows', payload: { table: 'loans' } };
  expect(payloadOf(countRows, record)).toEqual({ table: 'loans' });
  expect(payloadOf(countRows, { ...record, name: 'count_keys' })).toBeNull();
  expect(payloadOf(countRows, { ...record, payload: { rows: 1 } })).toBeNull();
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { JobLedger } from '../../src/core/ports/jobs.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createJobLedger } from '../../src/ledgers/job-ledger.js';
import { silentLog } from '../online/definitions.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';

let postgres: FreshStore;
let database: Database;
let jobs: JobLedger;
beforeAll(async () => {
  postgres = await freshPostgresDatabase();
  database = await openDatabase({ url: postgres.url, log: silentLog });
  jobs = createJobLedger(database.dataSource);
});
afterAll(async () => {
  await database?.close();
  await postgres?.close();
});

const at = Date.UTC(2026, 0, 1);
const create = (name: string, createdAt = at, payload: unknown = {}) =>
  jobs.create({ id: newUuid(createdAt), name, payload, createdAt });

describe('the job ledger', () => {
  it('gives back what it was given, to the millisecond', async () => {
    const job = await create('kept', at + 7, { views: ['a@1'], 'with "quotes"': ["'"] });
    expect(job).toEqual({
      id: job.id,
      name: 'kept',
      owner: null,
      state: 'WAITING',
      progress: 0,
      result: null,
      error: null,
      payload: { views: ['a@1'], 'with "quotes"': ["'"] },
      createdAt: at + 7,
      startedAt: null,
      finishedAt: null,
    });
    const change = { state: 'ACTIVE', progress: 0.25, startedAt: at + 8 } as const;
    expect(await jobs.update(job.id, change)).toEqual({ ...job, ...change });
    expect(await jobs.get(job.id)).toEqual({ ...job, ...change });
    expect(await jobs.get('nothing')).toBeNull();
  });

  it('refuses a job more of an owner who has as many that have not ended, also where they are asked for at once', async () => {
    const ask = (owner: string, name = 'bounded') =>
      jobs.create({ id: newUuid(at), name, payload: {}, createdAt: at, owner, mostOpen: 2 });
    const asked = await Promise.allSettled([ask('one'), ask('one'), ask('one'), ask('one'), ask('other')]);
    const taken = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(taken.map(({ owner }) => owner)).toEqual(['one', 'one', 'other']);
    await expect(ask('one')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringContaining('bounded'),
    });
    await ask('one', 'another');
    await jobs.update(taken[0]?.id as string, { state: 'CANCELLED' });
    expect(await ask('one')).toMatchObject({ owner: 'one', state: 'WAITING' });
  });

  it.each([null, 'words', 7, [1, 2], { a: { b: null } }])('keeps the result %j as it is', async (result) => {
    const { id } = await create('result');
    await jobs.update(id, { state: 'COMPLETED', result });
    expect((await jobs.get(id))?.result).toEqual(result);
  });

  it('gives those of many ids that are there', async () => {
    const [one, other] = [await create('many'), await create('many')];
    const found = await jobs.getMany([other.id, 'nothing', one.id]);
    expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      [one, other].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    expect(await jobs.getMany([])).toEqual([]);
  });

  it('keeps the first of two jobs with one id', async () => {
    const first = await create('twice', at, { first: true });
    expect(await jobs.create({ ...first, payload: { second: true } })).toEqual(first);
  });

  it.each(['COMPLETED', 'FAILED', 'CANCELLED'] as const)('never changes a job that is %s', async (state) => {
    const { id } = await create('ended');
    const ended = await jobs.update(id, { state, finishedAt: at + 1 });
    expect(await jobs.update(id, { state: 'ACTIVE', progress: 1, result: 5, error: 'x', finishedAt: at + 9 })).toEqual(
      ended,
    );
  });

  it('lets one of a completion and a cancellation win, whole', async () => {
    for (let round = 0; round < 20; round++) {
      const { id } = await create('race');
      const [done, cancelled] = await Promise.all([
        jobs.update(id, { state: 'COMPLETED', result: { rows: 1 } }),
        jobs.update(id, { state: 'CANCELLED' }),
      ]);
      const last = await jobs.get(id);
      expect([done, cancelled]).toContainEqual(last);
      expect(last?.result).toEqual(last?.state === 'COMPLETED' ? { rows: 1 } : null);
    }
  });

  it('lists the newest first, page by page, by name and state', async () => {
    const all = [];
    for (let index = 0; index < 5; index++) all.unshift(await create('paged', at + index));
    const first = await jobs.list({ name: 'paged', limit: 2 });
    expect(first).toEqual(all.slice(0, 2));
    expect(await jobs.list({ name: 'paged', limit: 9, before: first[1]?.id as string })).toEqual(all.slice(2));
    const failed = await jobs.update(all[3]?.id as string, { state: 'FAILED' });
    expect(await jobs.list({ name: 'paged', state: 'FAILED', limit: 9 })).toEqual([failed]);
  });

  it('knows the jobs that wait or run, oldest first', async () => {
    const before = (await jobs.open()).length;
    const [a, b, c] = [await create('o', at + 10), await create('o', at + 11), await create('o', at + 12)];
    await jobs.update(b.id, { state: 'ACTIVE' });
    await jobs.update(c.id, { state: 'CANCELLED' });
    const open = (await jobs.open()).filter(({ name }) => name === 'o');
    expect(open.map(({ id }) => id)).toEqual([a.id, b.id]);
    expect(await jobs.open()).toHaveLength(before + 2);
  });

  it('says that a job is unknown', async () => {
    await expect(jobs.update('nothing', { progress: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunLedger, ViewTurn } from '../../src/core/ports/materialize.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createRunLedger, heartbeat } from '../../src/ledgers/run-ledger.js';
import { silentLog } from '../online/definitions.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';

let postgres: FreshStore;
const databases: Database[] = [];
let runs: RunLedger;
let elsewhere: RunLedger;
beforeAll(async () => {
  postgres = await freshPostgresDatabase();
  for (let process = 0; process < 2; process++) {
    databases.push(await openDatabase({ url: postgres.url, log: silentLog }));
  }
  [runs, elsewhere] = databases.map(({ dataSource }) => createRunLedger(dataSource)) as [RunLedger, RunLedger];
});
afterAll(async () => {
  for (const database of databases) await database.close();
  await postgres?.close();
});

const at = Date.UTC(2026, 0, 1);
const run = (change: object = {}) => ({
  jobId: 'job',
  viewId: 'v@1',
  asOf: at,
  knowledge: at + 7,
  kind: 'LIVE' as const,
  ...change,
});

describe('the run ledger', () => {
  it('gives the same job, view and as-of the same run, and others later ones higher numbers', async () => {
    const first = await runs.begin(run());
    expect(first).toEqual({
      ...run(),
      id: first.id,
      stage: 'STARTED',
      onlineStamp: null,
      historyStamp: null,
      counts: null,
      shardsDone: [],
    });
    await runs.update(first.id, { stage: 'STAGED', counts: { rows: 3, changed: 2, nullKeys: 1, shards: 4 } });
    await runs.update(first.id, { onlineStamp: at + 9, shardsDone: [0, 2] });
    const known = {
      stage: 'STAGED',
      counts: { rows: 3, changed: 2, nullKeys: 1, shards: 4 },
      onlineStamp: at + 9,
      shardsDone: [0, 2],
    };
    expect(await elsewhere.begin(run({ knowledge: at + 99 }))).toEqual({ ...first, ...known });
    for (const other of [{ jobId: 'other' }, { viewId: 'w@1' }, { asOf: at + 1 }]) {
      expect((await runs.begin(run(other))).id).toBeGreaterThan(first.id);
    }
    await runs.update(first.id, { stage: 'STARTED', counts: null, shardsDone: [] });
    expect(await runs.begin(run())).toMatchObject({ counts: null, shardsDone: [], onlineStamp: at + 9 });
  });

  it('knows the newest committed live as-of of each view, and what is unfinished', async () => {
    const begin = async (asOf: number, kind: 'LIVE' | 'BACKFILL', committed: boolean) => {
      const { id } = await runs.begin(run({ viewId: 'c@1', asOf, kind }));
      if (committed) await runs.update(id, { stage: 'COMMITTED' });
      return id;
    };
    await begin(at + 1, 'LIVE', true);
    await begin(at + 2, 'LIVE', true);
    const open = [await begin(at + 3, 'LIVE', false)];
    await begin(at + 4, 'BACKFILL', true);
    open.push(await begin(at + 5, 'BACKFILL', false));
    expect(await runs.committed(['c@1', 'never@1'])).toEqual(new Map([['c@1', at + 2]]));
    expect(await runs.committed([])).toEqual(new Map());
    expect((await runs.unfinished('c@1')).map(({ id }) => id)).toEqual(open);
  });

  it('refuses what is written for a turn at a view that is over, all of it, and takes it for the one that is not', async () => {
    const { id } = await runs.begin(run({ viewId: 't@1' }));
    const turns: number[] = [];
    for (const ledger of [runs, elsewhere]) {
      await ledger.withViewLock('t@1', async (_, number) => void turns.push(number));
    }
    const [over, now] = turns.map((number) => ({ viewId: 't@1', number })) as [ViewTurn, ViewTurn];
    expect(turns[1]).toBeGreaterThan(turns[0] as number);
    const late = runs.updateAll([{ id, change: { stage: 'COMMITTED' } }], over);
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('t@1') });
    expect(await runs.unfinished('t@1')).toMatchObject([{ id, stage: 'STARTED' }]);
    await elsewhere.update(id, { stage: 'COMMITTED' }, now);
    expect(await runs.unfinished('t@1')).toEqual([]);
  });

  it('knows which as-ofs of a range have a committed run, and what the newest of them took', async () => {
    const begin = async (asOf: number, counts: { rows: number; seconds?: number } | null) => {
      const { id } = await runs.begin(run({ viewId: 'd@1', asOf, kind: 'BACKFILL' }));
      if (counts === null) return;
      await runs.update(id, { stage: 'COMMITTED', counts: { changed: 0, nullKeys: 0, shards: 1, ...counts } });
    };
    expect(await runs.pace('d@1')).toBeNull();
    await begin(at, { rows: 5 });
    expect(await runs.pace('d@1')).toBeNull();
    await begin(at + 2, { rows: 100, seconds: 2.5 });
    await begin(at + 3, { rows: 50, seconds: 0.5 });
    await begin(at + 4, null);
    expect(await runs.done('d@1', { from: at + 1, to: at + 4 })).toEqual([at + 2, at + 3]);
    expect(await elsewhere.pace('d@1')).toEqual({ runs: 2, rows: 150, seconds: 3 });
  });

  it('lets one process at a time hold a view, and several hold several', async () => {
    const events: string[] = [];
    const hold = (ledger: RunLedger, viewId: string, name: string) =>
      ledger.withViewLock(viewId, async () => {
        events.push(`${name} in`);
        await sleep(100);
        events.push(`${name} out`);
      });
    await Promise.all([hold(runs, 'l@1', 'a'), hold(elsewhere, 'l@1', 'b'), hold(runs, 'l@1', 'c')]);
    expect(events.filter((_, index) => index % 2 === 0).map((event) => event.replace('in', 'out'))).toEqual(
      events.filter((_, index) => index % 2 === 1),
    );
    await runs.withViewLock('l@1', () => elsewhere.withViewLock('m@1', async () => events.push('both')));
    expect(events.at(-1)).toBe('both');
  });

  it('lets go of a view when the body fails, and when its process is gone', async () => {
    await expect(runs.withViewLock('f@1', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await elsewhere.withViewLock('f@1', async () => undefined);
    const killed = databases[0] as Database;
    const body = runs.withViewLock('f@1', async (lost) => {
      expect(lost.aborted).toBe(false);
      const [{ pid }] = await killed.dataSource.query(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      );
      await killed.dataSource.query('SELECT pg_terminate_backend($1)', [pid]);
      await elsewhere.withViewLock('f@1', async () => undefined);
      // The body is told, so that it does not go on beside the one that holds the view now.
      await vi.waitFor(
        () => expect(lost.reason).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('f@1') }),
        { timeout: 60_000 },
      );
    });
    await body;
  });

  it('tells a run that waits inside a lock and loses it of the loss, so that the job is tried again', async () => {
    const client = databases[1] as Database;
    await runs.withViewLock('inner@1', async () => {
      const both = elsewhere.withViewLock('outer@1', async (lost) => {
        const [{ pid }] = await client.dataSource.query(
          "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1::bigint",
          [createHash('sha256').update('materialize:outer@1').digest().readUInt32BE(4)],
        );
        setTimeout(() => client.dataSource.query('SELECT pg_terminate_backend($1)', [pid]), 50);
        await elsewhere.withViewLock('inner@1', async () => undefined, lost);
      });
      await expect(both).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('outer@1'),
      });
    });
  });

  it('leaves those who hold a view and the rest of the process their connections while many wait for it', async () => {
    const waiting: Promise<unknown>[] = [];
    await runs.withViewLock('crowd@1', async () => {
      for (let index = 0; index < 30; index++) waiting.push(runs.withViewLock('crowd@1', async () => undefined));
      await sleep(500);
      // Were their connections kept, there would be none for this until the view is let go, which comes after it.
      expect(await runs.unfinished('crowd@1')).toEqual([]);
    });
    await Promise.all(waiting);
  });

  it('says that a store is away where Postgres gives no lock, so that a job is tried again', async () => {
    const away = await openDatabase({ url: postgres.url, log: silentLog });
    await away.close();
    await expect(createRunLedger(away.dataSource).withViewLock('a@1', async () => undefined)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('a@1'),
      hint: expect.any(String),
    });
  });

  it('takes a late answer for no loss, and silence for one', async () => {
    const lost: string[] = [];
    const late = heartbeat(
      () => sleep(30),
      () => lost.push('late'),
      20,
    );
    const silent = heartbeat(
      () => new Promise(() => undefined),
      () => lost.push('silent'),
      20,
    );
    await sleep(15);
    // A process that does nothing else for longer than a beat and its answer take together.
    for (let round = 0; round < 5; round++) {
      await sleep(10);
      const until = performance.now() + 50;
      while (performance.now() < until);
    }
    await vi.waitFor(() => expect(lost).toContain('silent'), { timeout: 60_000 });
    clearInterval(late);
    clearInterval(silent);
    expect(new Set(lost)).toEqual(new Set(['silent']));
  });

  it('stops waiting for a view when the job is cancelled', async () => {
    const stop = new AbortController();
    await runs.withViewLock('s@1', async () => {
      setTimeout(() => stop.abort(), 50);
      await expect(elsewhere.withViewLock('s@1', async () => undefined, stop.signal)).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    });
  });
});

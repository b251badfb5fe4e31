import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Lease, type Leases, tableResource, viewResource } from '../../src/core/ports/leases.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
import { heartbeat } from '../../src/ledgers/session-lock.js';
import { silentLog } from '../online/definitions.js';
import { stallingProxy } from '../support/stalling-proxy.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';

let postgres: FreshStore;
const databases: Database[] = [];
let leases: Leases;
let elsewhere: Leases;
beforeAll(async () => {
  postgres = await freshPostgresDatabase();
  for (let process = 0; process < 2; process++) {
    databases.push(await openDatabase({ url: postgres.url, log: silentLog }));
  }
  [leases, elsewhere] = databases.map(({ dataSource }) => createLeases(dataSource)) as [Leases, Leases];
});
afterAll(async () => {
  for (const database of databases) await database.close();
  await postgres?.close();
});

const view = (id: string) => viewResource({ id });
const unaborted = new AbortController().signal;

/** Holds the lease of a view with nothing to end its waiting. */
const hold = <T>(
  of: Leases,
  id: string,
  body: (lease: Lease<'view'>) => Promise<T>,
  signal: AbortSignal = unaborted,
): Promise<T> => of.hold(view(id), signal, body);

describe('leases', () => {
  it('lets one process at a time hold a view, and several hold several', async () => {
    const events: string[] = [];
    const stay = (of: Leases, name: string) =>
      hold(of, 'l@1', async () => {
        events.push(`${name} in`);
        await sleep(100);
        events.push(`${name} out`);
      });
    await Promise.all([stay(leases, 'a'), stay(elsewhere, 'b'), stay(leases, 'c')]);
    expect(events.filter((_, index) => index % 2 === 0).map((event) => event.replace('in', 'out'))).toEqual(
      events.filter((_, index) => index % 2 === 1),
    );
    await hold(leases, 'l@1', () => hold(elsewhere, 'm@1', async () => events.push('both')));
    expect(events.at(-1)).toBe('both');
  });

  it('keeps a view and a table apart, in their locks, their tokens and what their errors say', async () => {
    const table = tableResource('both');
    const [{ message }, inside] = await hold(leases, 'both@1', (lease) =>
      elsewhere.hold(table, unaborted, async (other) => {
        const runs = createRunLedger((databases[0] as Database).dataSource);
        const { id } = await runs.begin({ jobId: 'job', viewId: 'both@1', asOf: 0, knowledge: 0, kind: 'LIVE' });
        // The later token is the table's, and the view's is still its newest.
        await runs.update(id, { stage: 'STAGED' }, lease);
        const cancelled = leases.hold(table, AbortSignal.abort(), async () => undefined);
        return [await cancelled.catch((error: Error) => error), other] as [Error, Lease<'table'>];
      }),
    );
    expect(inside.resource).toEqual({ kind: 'table', name: 'both' });
    expect(message).toBe('cancelled while another process held the lease of table both');
  });

  it('excludes a process of an earlier release from a table, and gives later tokens than it had', async () => {
    const { dataSource } = databases[0] as Database;
    const table = tableResource('customers');
    // What a release before the leases of tables does: it has one lock and one counter for views and tables.
    const lock = [createHash('sha256').update('materialize:customers').digest().readBigInt64BE().toString()];
    const token = Date.UTC(2100, 0, 1);
    await dataSource.query('INSERT INTO view_turn (view_id, turn) VALUES ($1, $2)', ['customers', token]);
    const session = dataSource.createQueryRunner();
    try {
      await session.query('SELECT pg_advisory_lock($1::bigint)', lock);
      await expect(elsewhere.hold(table, AbortSignal.abort(), async () => undefined)).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      await session.query('SELECT pg_advisory_unlock($1::bigint)', lock);
    } finally {
      await session.release();
    }
    expect(await elsewhere.hold(table, unaborted, async ({ fencingToken }) => fencingToken)).toBe(token + 1);
  });

  it('lets go of a view when the body fails, and when its process is gone', async () => {
    await expect(hold(leases, 'f@1', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await hold(elsewhere, 'f@1', async () => undefined);
    const killed = databases[0] as Database;
    const body = hold(leases, 'f@1', async ({ lost }) => {
      expect(lost.aborted).toBe(false);
      const [{ pid }] = await killed.dataSource.query(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      );
      await killed.dataSource.query('SELECT pg_terminate_backend($1)', [pid]);
      await hold(elsewhere, 'f@1', async () => undefined);
      // The body is told, so that it does not go on beside the one that holds the view now.
      await vi.waitFor(
        () => expect(lost.reason).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('f@1') }),
        { timeout: 60_000 },
      );
    });
    await body;
  });

  it('tells a run that waits inside a lease and loses it of the loss, so that the job is tried again', async () => {
    const client = databases[1] as Database;
    await hold(leases, 'inner@1', async () => {
      const both = hold(elsewhere, 'outer@1', async ({ lost }) => {
        const [{ pid }] = await client.dataSource.query(
          "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1::bigint",
          [createHash('sha256').update('materialize:outer@1').digest().readUInt32BE(4)],
        );
        setTimeout(() => client.dataSource.query('SELECT pg_terminate_backend($1)', [pid]), 50);
        await hold(elsewhere, 'inner@1', async () => undefined, lost);
      });
      await expect(both).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('outer@1'),
      });
    });
  });

  it('leaves those who hold a view and the rest of the process their connections while many wait for it', async () => {
    const waiting: Promise<unknown>[] = [];
    await hold(leases, 'crowd@1', async () => {
      for (let index = 0; index < 30; index++) waiting.push(hold(leases, 'crowd@1', async () => undefined));
      await sleep(500);
      // Were their connections kept, there would be none for this until the view is let go, which comes after it.
      expect(await createRunLedger((databases[0] as Database).dataSource).unfinished('crowd@1')).toEqual([]);
    });
    await Promise.all(waiting);
  });

  it('says that a store is away where Postgres gives no lease, so that a job is tried again', async () => {
    const away = await openDatabase({ url: postgres.url, log: silentLog });
    await away.close();
    await expect(hold(createLeases(away.dataSource), 'a@1', async () => undefined)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('a@1'),
      hint: expect.any(String),
    });
  });

  it('expires where its holder is silent: the next goes on, and the silent one is told when it wakes', async () => {
    const { dataSource } = databases[0] as Database;
    // A holder that is stopped beats no more; Postgres is the one who ends its session.
    const silent = createLeases(dataSource, { expiresMs: 300, beatMs: 600_000 });
    const beating = createLeases(dataSource, { expiresMs: 1_000, beatMs: 100 });
    await hold(silent, 'silent@1', async ({ lost, fencingToken }) => {
      const next = await hold(elsewhere, 'silent@1', async (lease) => lease.fencingToken);
      expect(next).toBeGreaterThan(fencingToken);
      await vi.waitFor(() => expect(lost.reason).toMatchObject({ code: 'STORE_UNAVAILABLE' }), { timeout: 60_000 });
    });
    // Those that work keep theirs for longer than they may be silent, and the pool gets its connections back without an end.
    await hold(beating, 'beating@1', async ({ lost }) => {
      await sleep(1_500);
      expect(lost.aborted).toBe(false);
    });
    const limits: { limit: string }[] = await dataSource.query(
      "SELECT current_setting('idle_session_timeout') AS limit",
    );
    expect(limits).toEqual([{ limit: '0' }]);
  });

  it('ends for a holder whom Postgres does not answer any more, and waits for no answer of it', async () => {
    const proxy = await stallingProxy(postgres.url);
    const { dataSource, close } = await openDatabase({ url: proxy.url, log: silentLog });
    const cutOff = createLeases(dataSource, { expiresMs: 600_000, beatMs: 20 });
    await hold(cutOff, 'cut@1', async ({ lost }) => {
      proxy.stall();
      await vi.waitFor(() => expect(lost.reason).toMatchObject({ code: 'STORE_UNAVAILABLE' }), { timeout: 60_000 });
      // With its connection goes the lock, long before it expires.
      proxy.resume();
      await hold(elsewhere, 'cut@1', async () => undefined);
    });
    await close();
    await proxy.close();
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
    await hold(leases, 's@1', async () => {
      setTimeout(() => stop.abort(), 50);
      await expect(hold(elsewhere, 's@1', async () => undefined, stop.signal)).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lease, viewResource } from '../../src/core/ports/leases.js';
import type { RunLedger } from '../../src/core/ports/materialize.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { createRunLedger } from '../../src/ledgers/run-ledger.js';
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

const { signal } = new AbortController();
/** A lease of the view that has no later holder. */
const leaseOf = (id: string, database = databases[0] as Database): Promise<Lease<'view'>> =>
  createLeases(database.dataSource).hold(viewResource({ id }), signal, async (lease) => lease);
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
    await runs.update(
      first.id,
      { stage: 'STAGED', counts: { rows: 3, changed: 2, nullKeys: 1, shards: 4 } },
      await leaseOf('v@1'),
    );
    await runs.update(first.id, { onlineStamp: at + 9, shardsDone: [0, 2] }, await leaseOf('v@1'));
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
    await runs.update(first.id, { stage: 'STARTED', counts: null, shardsDone: [] }, await leaseOf('v@1'));
    expect(await runs.begin(run())).toMatchObject({ counts: null, shardsDone: [], onlineStamp: at + 9 });
  });

  it('knows the newest committed live as-of of each view, and what is unfinished', async () => {
    const begin = async (asOf: number, kind: 'LIVE' | 'BACKFILL', committed: boolean) => {
      const { id } = await runs.begin(run({ viewId: 'c@1', asOf, kind }));
      if (committed) await runs.update(id, { stage: 'COMMITTED' }, await leaseOf('c@1'));
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

  it('refuses what is written for a lease that has a later holder, all of it, and takes it for the later one', async () => {
    const { id } = await runs.begin(run({ viewId: 't@1' }));
    const over = await leaseOf('t@1');
    const now = await leaseOf('t@1', databases[1]);
    expect(now.fencingToken).toBeGreaterThan(over.fencingToken);
    const late = runs.updateAll([{ id, change: { stage: 'COMMITTED' } }], over);
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('t@1') });
    expect(await runs.unfinished('t@1')).toMatchObject([{ id, stage: 'STARTED' }]);
    await elsewhere.update(id, { stage: 'COMMITTED' }, now);
    expect(await runs.unfinished('t@1')).toEqual([]);
  });

  it('finds runs that are stamped after an instant, by whichever stamp, and forgets them for the holder alone', async () => {
    const stamped = async (jobId: string, change: object) => {
      const { id } = await runs.begin(run({ jobId, viewId: 'e@1' }));
      await runs.update(id, change, await leaseOf('e@1'));
      return id;
    };
    const online = await stamped('online', { stage: 'STAGED', onlineStamp: at + 9 });
    const history = await stamped('history', { stage: 'COMMITTED', historyStamp: at + 9 });
    await stamped('now', { stage: 'COMMITTED', onlineStamp: at + 8, historyStamp: at + 8 });
    const found = await elsewhere.stampedAfter(['e@1', 'other@1'], at + 8);
    expect(found.map(({ id }) => id)).toEqual([online, history]);
    const earlier = await leaseOf('e@1');
    const lease = await leaseOf('e@1');
    await expect(runs.forget([online], earlier)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await runs.forget([online, history], lease);
    expect(await runs.stampedAfter(['e@1'], at)).toMatchObject([{ jobId: 'now' }]);
  });

  it('knows which as-ofs of a range have a committed run, and what the newest of them took', async () => {
    const begin = async (asOf: number, counts: { rows: number; seconds?: number } | null, knowledge = asOf) => {
      const { id } = await runs.begin(
        run({ jobId: `job of ${knowledge}`, viewId: 'd@1', asOf, knowledge, kind: 'BACKFILL' }),
      );
      if (counts === null) return;
      await runs.update(
        id,
        { stage: 'COMMITTED', counts: { changed: 0, nullKeys: 0, shards: 1, ...counts } },
        await leaseOf('d@1'),
      );
    };
    expect(await runs.pace('d@1')).toBeNull();
    await begin(at, { rows: 5 });
    expect(await runs.pace('d@1')).toBeNull();
    await begin(at + 2, { rows: 100, seconds: 2.5 });
    await begin(at + 3, { rows: 50, seconds: 0.5 });
    await begin(at + 4, null);
    await begin(at + 3, { rows: 0 }, at + 9);
    expect(await runs.done('d@1', { from: at + 1, to: at + 4 })).toEqual([
      { asOf: at + 2, knowledge: at + 2 },
      { asOf: at + 3, knowledge: at + 9 },
    ]);
    expect(await elsewhere.pace('d@1')).toEqual({ runs: 2, rows: 150, seconds: 3 });
  });
});

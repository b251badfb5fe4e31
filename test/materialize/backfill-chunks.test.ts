import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mask } from '../../src/core/compute/masking.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { raw } from '../../src/core/definitions/sql.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { JobRecord } from '../../src/core/ports/jobs.js';
import type { Leases } from '../../src/core/ports/leases.js';
import type { RunLedger } from '../../src/core/ports/materialize.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { createTrainingSetLedger } from '../../src/ledgers/training-set-ledger.js';
import { createTrainingSets } from '../../src/serving/training-sets.js';
import { offlineOn, refsOf } from '../offline/support.js';
import { silentLog } from '../online/definitions.js';
import { freshHome } from '../support/homes.js';
import { TABLES } from '../support/tables.js';
import { changedWriters } from '../support/writes.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { openSourceRows, paidView, type SourceRows } from './sources.js';
import { HOUR, MIDNIGHT, TIMEZONE } from './views.js';

const DAY = 24 * HOUR;
let fixture: MaterializeFixture;
let sources: SourceRows;

const pay = (id: string, customer: string, at: number, more: object = {}) => ({
  repayment_id: id,
  customer_id: customer,
  loan_id: 'L',
  paid_at: at,
  principal_paid: 100,
  interest_paid: 0,
  method: 'SELF',
  ingested_at: at,
  ...more,
});

beforeAll(async () => {
  fixture = await materializeFixture();
  sources = await openSourceRows(fixture.clickhouse);
  // A fee that is said once is kept by later as-ofs, over the borders of chunks; C1 ends, C3 begins and is known late.
  await sources.add('repayments', [
    pay('R1', 'C1', MIDNIGHT - 9 * DAY),
    pay('R2', 'C2', MIDNIGHT - 9 * DAY, { fee_paid: 7 }),
    pay('R3', 'C2', MIDNIGHT - 4 * DAY),
    pay('R4', 'C1', MIDNIGHT - 3 * DAY, { method: 'WAIVER' }),
    pay('R5', 'C3', MIDNIGHT - 2 * DAY, { ingested_at: MIDNIGHT - DAY }),
  ]);
});
afterAll(() => fixture?.close());

const backfill = (
  view: View,
  change: Parameters<MaterializeFixture['materializer']>[0],
  from = '2026-02-20',
  to = '2026-03-01',
) =>
  fixture.materializer(change).backfill(
    {
      jobId: newUuid(Date.now()),
      views: [view],
      from,
      to,
      now: fixture.clock.now,
    },
    unwatched(),
  );

/** History and state but for the numbers of runs, and what is online. */
async function outcome(view: View) {
  const { name } = view;
  const [history, state] = await Promise.all([
    fixture.clickhouse.rows('test', raw(`SELECT * EXCEPT _sequence FROM history_${name}_v1 ORDER BY ALL`)),
    fixture.clickhouse.rows(
      'test',
      raw(`SELECT * EXCEPT (_sequence, _ord, _fills) FROM state_${name}_v1 FINAL ORDER BY ALL`),
    ),
  ]);
  const { offline, online } = await fixture.newest(view);
  expect(online).toEqual(offline);
  return { history, state, keys: offline.map(({ key, tombstone, values }) => ({ key, tombstone, values })) };
}

it('a chunk is staged while the one before it is committed, and many chunks leave what one leaves', async () => {
  const whole = paidView('chunks_whole');
  await backfill(whole, { asOfsACommit: 64 });

  const view = paidView('chunks_some');
  let staged = 0;
  const waiting: (() => void)[] = [];
  const writers = changedWriters(fixture.writers, (writer) => ({
    async stageRuns(runs, computed) {
      staged++;
      for (const go of waiting.splice(0)) go();
      return writer.stageRuns(runs, computed);
    },
    async commitRuns(runs) {
      // Were the next chunk staged only after this, the first commit would wait here for ever.
      if (staged < 2) await new Promise<void>((resolve) => waiting.push(resolve));
      return writer.commitRuns(runs);
    },
  }));
  const result = await backfill(view, { writers, asOfsACommit: 3 });
  expect(result).toMatchObject({ views: [{ asOfs: 10 }] });
  expect(staged).toBe(4);
  expect(await outcome(view)).toEqual(await outcome(whole));
});

it('a count of what lies before the first data that takes too long leaves nothing out', async () => {
  const view = paidView('chunks_slow');
  const offline: OfflineReader = {
    ...fixture.offline,
    estimateRows: () => Promise.reject(new RiskgraphError({ code: 'TIMEOUT', message: 'too slow' })),
  };
  const counted = await backfill(paidView('chunks_quick'), {}, '2026-02-10');
  expect(counted).toMatchObject({ views: [{ asOfs: 20, empty: 10 }] });
  expect(await backfill(view, { offline }, '2026-02-10')).toMatchObject({ views: [{ asOfs: 20, empty: 0 }] });
});

it('where a chunk fails, or the commit of the one before it, what is repeated leaves what a calm run leaves', async () => {
  const calm = paidView('chunks_calm');
  await backfill(calm, { asOfsACommit: 3 });
  const expected = await outcome(calm);
  for (const step of ['stageRuns', 'commitRuns'] as const) {
    const view = paidView(`chunks_${step.toLowerCase()}`);
    let calls = 0;
    const writers = changedWriters(fixture.writers, (writer) => {
      const failing = (...args: never[]): Promise<never> => {
        const work = writer[step] as unknown as (...given: never[]) => Promise<never>;
        return ++calls === 3 ? Promise.reject(new Error('broken')) : work(...args);
      };
      return { [step]: failing };
    });
    await expect(backfill(view, { writers, asOfsACommit: 3 })).rejects.toThrow('broken');
    await backfill(view, { asOfsACommit: 3 });
    expect(await outcome(view), step).toEqual(expected);
  }
});

it('a run that an earlier release left staged is computed again: what differs is known from now on, not from its scheduled time', async () => {
  const view = paidView('chunks_earlier');
  await backfill(view, {});
  await sources.add('repayments', [pay('R9', 'C9', MIDNIGHT - 5 * DAY)]);
  const jobId = newUuid(Date.now());
  const stopped = new AbortController();
  const ledger: RunLedger = {
    ...fixture.ledger,
    async updateAll(changes, lease) {
      const untold = changes.map(({ id, change }) => {
        const { restated, ...counts } = change.counts ?? {};
        return { id, change: { ...change, ...(change.counts && { counts: counts as typeof change.counts }) } };
      });
      await fixture.ledger.updateAll(untold, lease);
      stopped.abort(new Error('stopped'));
    },
  };
  const request = { jobId, views: [view], from: '2026-02-20', to: '2026-03-01', now: fixture.clock.now } as const;
  const stopping = { ...unwatched(), signal: stopped.signal };
  await expect(fixture.materializer({ ledger }).backfill(request, stopping)).rejects.toThrow('stopped');
  await fixture.materializer().backfill(request, unwatched());
  const known = await fixture.clickhouse.rows(
    'test',
    raw(`SELECT toInt32(uniq(_event_time)) AS days, toUnixTimestamp64Milli(min(_available_at)) AS since
      FROM history_${view.name}_v1 WHERE customer_id = 'C9'`),
  );
  expect(known).toEqual([{ days: 6, since: String(fixture.clock.now) }]);
});

describe('a training set that computes the history that its rows lack', () => {
  const DAYS = ['2026-02-21', '2026-02-24', '2026-02-28'];
  const spine = {
    customer_id: ['C1', 'C2', 'C2', 'C3', 'C9'],
    event_timestamp: [...DAYS, DAYS[2], DAYS[1]].map((day) => `${day}T12:00:00+08:00`),
  };
  const asOfs = DAYS.map((day) => Date.parse(`${day}T00:00:00+08:00`));
  let database: Awaited<ReturnType<typeof openDatabase>>;
  let folder: string;
  beforeAll(async () => {
    folder = await freshHome();
    database = await openDatabase({ url: fixture.urls.postgres, log: silentLog });
  });
  afterAll(async () => {
    await database?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (
    view: View,
    change: Parameters<MaterializeFixture['materializer']>[0] = {},
    historyBudget = { rows: 20, seconds: 3 },
  ) =>
    createTrainingSets({
      registry: {
        tables: TABLES,
        entities: new Map([[view.entity.name, view.entity]]),
        views: new Map([[view.id, view]]),
        onDemandViews: new Map(),
        services: new Map(),
        facts: new Map(),
        indicators: new Map(),
        models: new Map(),
        labels: new Map(),
        jobs: new Map(),
        refused: [],
      },
      offline: fixture.offline,
      builder: offlineOn(fixture.clickhouse, new BusinessCalendar(TIMEZONE)).sets,
      spines: { get: () => Promise.reject(new Error('no spine was uploaded')) },
      history: fixture.materializer({ asOfsACommit: 1, ...change }),
      historyBudget,
      mostUncovered: 0,
      ledger: createTrainingSetLedger(database.dataSource),
      definitions: createDefinitionLedger(database.dataSource),
      mask: new Mask(Buffer.alloc(32, 1), TABLES.personalColumns),
      clock: () => fixture.clock.now,
      folder,
      jobs: { get: async () => null },
      mostOpen: 10,
      queue: { enqueue: async ({ name }, _payload, { id } = {}) => ({ id, name }) as JobRecord },
    });
  const ask = (view: View, history: 'STORED' | 'COMPUTE' = 'COMPUTE') => ({
    name: view.name,
    features: refsOf(view),
    callerKey: 'key',
    spec: { spine, label: null, asOf: fixture.clock.now, includeEventTimes: true, history, format: 'CSV' as const },
  });
  const made = async (view: View, id: string) => {
    const { manifest, coverage } = (await open(view).get(id))?.result ?? {};
    return { hash: manifest?.contentHash, coverage: coverage?.map((each) => ({ ...each, view: '' })) };
  };
  const computed = async ({ id }: View) =>
    (await fixture.ledger.done(id, { from: MIDNIGHT - 30 * DAY, to: MIDNIGHT })).map(({ asOf }) => asOf);
  const fresh = async (name: string): Promise<View> => {
    const view = paidView(name);
    await fixture.writers.createView(view);
    return view;
  };

  it('is the set of a backfill of those days, within a budget, and goes on where a killed job was', async () => {
    const filled = await fresh('chunks_filled');
    let rows = 0;
    for (const day of DAYS) rows += (await backfill(filled, {}, day, day)).views[0]?.rows ?? 0;
    const stored = await open(filled).create(ask(filled, 'STORED'));
    await open(filled).run(stored.id, unwatched());

    const view = await fresh('chunks_lacking');
    const told = await open(view).estimate(ask(view));
    expect(told).toMatchObject({
      missingAsOfs: [{ view: view.id, asOfs: 3 }],
      rowsToCompute: rows,
      secondsToCompute: 3,
    });
    const { id } = await open(view).create(ask(view));
    for (const budget of [
      { rows: rows - 1, seconds: 3 },
      { rows, seconds: 2 },
    ]) {
      await expect(open(view, {}, budget).run(id, unwatched())).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `the history that the rows lack takes about ${rows} rows and 3 s to compute, and one set may compute ${budget.rows} rows and ${budget.seconds} s (RISKGRAPH_HISTORY_ROWS, RISKGRAPH_HISTORY_SECONDS): chunks_lacking@1: 3 as-ofs from 2026-02-20T16:00:00.000Z to 2026-02-27T16:00:00.000Z`,
        hint: expect.stringContaining('npx riskgraph backfill'),
      });
    }
    expect(await computed(view)).toEqual([]);

    let commits = 0;
    const killed = changedWriters(fixture.writers, (writer) => ({
      commitRuns: (runs) => (++commits === 2 ? Promise.reject(new Error('killed')) : writer.commitRuns(runs)),
    }));
    await expect(open(view, { writers: killed }).run(id, unwatched())).rejects.toThrow('killed');
    expect(await computed(view)).toEqual(asOfs.slice(0, 1));
    const reported: number[] = [];
    await open(view).run(id, { ...unwatched(), report: async (fraction) => void reported.push(fraction) });
    expect(reported).toEqual(reported.toSorted((a, b) => a - b));
    expect(reported.at(-1)).toBe(1);
    expect(await computed(view)).toEqual(asOfs);
    expect(await made(view, id)).toEqual(await made(filled, stored.id));
    expect(await outcome(view)).toEqual(await outcome(filled));
    const again = await open(view).rebuild(id, { callerKey: 'key' });
    await open(view, {}, { rows: 0, seconds: 0 }).run(again.id, unwatched());
  });

  it('waits for a run that holds the view, and leaves as it is what that one has computed', async () => {
    const view = await fresh('chunks_held');
    const { id } = await open(view).create(ask(view));
    const order: string[] = [];
    const leases: Leases = {
      ...fixture.leases,
      hold: async (resource, signal, body) => {
        if (resource.kind === 'view' && resource.name === view.id) {
          order.push('asked');
          await backfill(view, {}, DAYS[0], DAYS[0]);
          order.push('other');
        }
        return fixture.leases.hold(resource, signal, body);
      },
    };
    const staged: number[] = [];
    const writers = changedWriters(fixture.writers, (writer) => ({
      stageRuns: (runs, ready) => {
        staged.push(...runs.map(({ asOf }) => asOf));
        return writer.stageRuns(runs, ready);
      },
    }));
    await open(view, { leases, writers }).run(id, unwatched());
    expect(order).toEqual(['asked', 'other']);
    expect(staged).toEqual(asOfs.slice(1));
    expect(await computed(view)).toEqual(asOfs);
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import { raw } from '../../src/core/definitions/sql.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { RunLedger } from '../../src/core/ports/materialize.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import { changedWriters } from '../support/writes.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { openSourceRows, paidView, type SourceRows } from './sources.js';
import { HOUR, MIDNIGHT } from './views.js';

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
  from: '2026-02-20' | '2026-02-10' = '2026-02-20',
) =>
  fixture.materializer(change).backfill(
    {
      jobId: newUuid(Date.now()),
      views: [view],
      from,
      to: '2026-03-01',
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

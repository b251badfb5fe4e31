/** Postgres put back from a backup while ClickHouse goes on: what the runs since then have written is there, and what comes after is added to it. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import { raw } from '../../src/core/definitions/sql.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { changedWriters } from '../support/writes.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { openSourceRows, paidView, type SourceRows } from './sources.js';
import { HOUR, MIDNIGHT } from './views.js';

const DAY = 24 * HOUR;
let fixture: MaterializeFixture;
let sources: SourceRows;
let postgres: pg.Client;

beforeAll(async () => {
  fixture = await materializeFixture();
  sources = await openSourceRows(fixture.clickhouse);
  postgres = new pg.Client({ connectionString: fixture.urls.postgres });
  await postgres.connect();
});
afterAll(async () => {
  await postgres?.end();
  await fixture?.close();
});
beforeEach(async () => {
  await fixture.clickhouse.run('test', raw('TRUNCATE TABLE repayments'));
  fixture.clock.now = MIDNIGHT + 2 * HOUR;
});

const pay = (id: string, at: number) =>
  sources.add('repayments', [
    {
      repayment_id: id,
      customer_id: 'C1',
      loan_id: 'L1',
      paid_at: at,
      principal_paid: 100,
      interest_paid: 0,
      method: 'SELF',
      ingested_at: at,
    },
  ]);

const run = (view: View) =>
  fixture
    .materializer()
    .materialize({ jobId: newUuid(Date.now()), views: [view], now: fixture.clock.now }, unwatched());

const backUp = async () => {
  const saved = await postgres.query('SELECT * FROM view_turn');
  const runs = await postgres.query('SELECT coalesce(max(id), 0) AS last FROM materialization_run');
  return { turns: saved.rows as { view_id: string; turn: string }[], last: Number(runs.rows[0].last) };
};

const putBack = async ({ turns, last }: Awaited<ReturnType<typeof backUp>>) => {
  await postgres.query('DELETE FROM materialization_run WHERE id > $1', [last]);
  await postgres.query(
    "SELECT setval(pg_get_serial_sequence('materialization_run', 'id'), $1, $2)",
    last > 0 ? [last, true] : [1, false],
  );
  await postgres.query('TRUNCATE view_turn');
  for (const { view_id, turn } of turns) await postgres.query('INSERT INTO view_turn VALUES ($1, $2)', [view_id, turn]);
};

async function outcome({ name, ...view }: View) {
  const history = raw(`SELECT * EXCEPT (_sequence, _available_at) FROM history_${name}_v1 ORDER BY ALL`);
  const { offline, online } = await fixture.newest({ name, ...view });
  expect(online).toEqual(offline);
  return {
    history: await fixture.clickhouse.rows('test', history),
    newest: offline.map(({ key, eventTime, values }) => ({ key, eventTime, values })),
  };
}

const LAST = 3;
/** A run a day; after that of `LAST - 1` Postgres is put back to what it was after that of `backup`. */
async function days(view: View, backup?: number): Promise<void> {
  let saved = await backUp();
  for (let day = 0; day <= LAST; day++) {
    fixture.clock.now = MIDNIGHT + day * DAY + 2 * HOUR;
    await run(view);
    if (day === backup) saved = await backUp();
    if (day === LAST - 1 && backup !== undefined) await putBack(saved);
  }
}

it('a Postgres of a backup, older by a run or than all of them, loses no row of the runs that come after', async () => {
  for (let day = -1; day <= LAST; day++) await pay(`R${day}`, MIDNIGHT + day * DAY - HOUR);
  const [calm, older, first] = ['calm', 'older', 'first'].map((name) => paidView(name)) as [View, View, View];
  await fixture.writers.createView(first);
  await days(first, -1);
  await days(older, 0);
  await days(calm);
  const expected = await outcome(calm);
  expect(expected.history).toHaveLength(LAST + 1);
  expect(await outcome(older)).toEqual(expected);
  expect(await outcome(first)).toEqual(expected);
});

it('a run is not taken for one whose stage was left by a run that Postgres has lost', async () => {
  const view = paidView('stages');
  await pay('R1', MIDNIGHT - 9 * DAY);
  await pay('R2', MIDNIGHT - HOUR);
  fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
  const backup = await backUp();
  type Change = Parameters<MaterializeFixture['materializer']>[0];
  const backfill = (from: string, to: string, change: Change = {}) => {
    const range = { from, to, now: fixture.clock.now };
    return fixture.materializer(change).backfill({ jobId: newUuid(0), views: [view], ...range }, unwatched());
  };
  const writers = changedWriters(fixture.writers, () => ({ commitRuns: () => Promise.reject(new Error('killed')) }));
  await expect(backfill('2026-02-24', '2026-02-27', { writers, asOfsACommit: 2 })).rejects.toThrow('killed');
  await putBack(backup);
  await backfill('2026-02-28', '2026-03-02');
  const { history } = await outcome(view);
  expect(history.map((row) => Number((row as { paid: unknown }).paid))).toEqual([100, 200, 200]);
});

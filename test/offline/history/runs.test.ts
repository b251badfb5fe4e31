import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  array,
  boolean,
  date,
  decimal,
  defineEntity,
  float32,
  float64,
  int32,
  int64,
  raw,
  sql,
  string,
  timestamp,
} from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import type { Sql } from '../../../src/core/definitions/sql.js';
import { formatInstant } from '../../../src/core/helpers/time.js';
import type { Run } from '../../../src/core/ports/offline.js';
import { collect, type OfflineFixture, openOffline, refsOf, viewOf } from '../support.js';

const DAY = Date.UTC(2026, 4, 1, 16);
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
const ALL = { index: 0, of: 1 };

let fixture: OfflineFixture;
/** What the query of the next run gives. */
let rows: Sql;

beforeAll(async () => {
  fixture = await openOffline();
});
afterAll(() => fixture.close());

let views = 0;
const freshView = async (more: Partial<Parameters<typeof viewOf>[2]> = {}): Promise<View> => {
  const view = viewOf(`limits${++views}`, 1, {
    entity: customer,
    features: { amount: int32({ description: 'x' }), note: string({ description: 'x' }) },
    query: () => rows,
    ...more,
  });
  await fixture.writers.createView(view);
  return view;
};

beforeEach(() => {
  rows = values(['C1', 1, 'a'], ['C2', 2, 'b']);
});

const values = (...given: (readonly [string | null, number | null, string | null])[]): Sql =>
  raw(
    `SELECT * FROM values('customer_id Nullable(String), amount Nullable(Int64), note Nullable(String)', ${given
      .map(
        (row) =>
          `(${row.map((value) => (value === null ? 'NULL' : typeof value === 'string' ? `'${value}'` : value)).join(', ')})`,
      )
      .join(', ')})`,
  );

const runOf = (view: View, id: number, asOf = DAY): Run => ({ id, view, asOf, knowledge: asOf + view.delayMs });

const history = (view: View): Promise<Record<string, unknown>[]> =>
  fixture.store.rows('test', raw(`SELECT * FROM history_${view.name}_v${view.version} ORDER BY ALL`));

async function publish(view: View, id: number, asOf = DAY, availableAt = asOf + view.delayMs) {
  const run = runOf(view, id, asOf);
  const counts = await fixture.writes.stageRun(run);
  await fixture.writes.commitRuns(view, [{ run, availableAt }]);
  await fixture.writes.dropStages(run.view, [run]);
  return counts;
}

test('rows with a NULL key are counted and left out', async () => {
  const view = await freshView();
  rows = values(['C1', 1, 'a'], [null, 2, 'b'], [null, null, null]);
  expect(await publish(view, 1)).toMatchObject({ rows: 1, changed: 1, nullKeys: 2 });
  expect((await history(view)).map((row) => row.customer_id)).toEqual(['C1']);
});

test('a query that gives a key twice fails, naming the key and what to do, and stages nothing', async () => {
  const view = await freshView();
  rows = values(['C1', 1, 'a'], ['C2', 1, 'a'], ['C2', 1, 'a']);
  await expect(fixture.writes.stageRun(runOf(view, 1))).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('gives key (C2) 2 times'),
    hint: expect.stringContaining('customer_id'),
  });
  await expect(fixture.writes.commitRuns(view, [{ run: runOf(view, 1), availableAt: DAY * 2 }])).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

test('a number that does not fit its type, and a column that is not there, fail with the reason', async () => {
  const view = await freshView();
  rows = values(['C1', 2 ** 31, 'a']);
  await expect(fixture.writes.stageRun(runOf(view, 1))).rejects.toThrow(
    /failed: a value cannot be converted to the type, at `accurateCast`, `amount`, `Int32`/,
  );
  rows = raw("SELECT 'C1' AS customer_id, 1 AS amount");
  await expect(fixture.writes.stageRun(runOf(view, 1))).rejects.toThrow(
    /of limits\d+@1 as of 2026-05-01T16:00:00.000Z failed.*note/,
  );
});

test('computing an as-of again adds only what differs, and computing it twice adds nothing (rule 16)', async () => {
  const view = await freshView();
  expect(await publish(view, 1)).toMatchObject({ rows: 2, changed: 2, nullKeys: 0 });
  const once = await history(view);
  expect(await publish(view, 2, DAY, DAY + view.delayMs + 5)).toMatchObject({ rows: 2, changed: 0, nullKeys: 0 });
  expect(await history(view)).toEqual(once);

  rows = values(['C1', 1, 'a'], ['C2', 2, null], ['C3', null, null]);
  expect(await publish(view, 3, DAY, DAY + view.delayMs + 9)).toMatchObject({ rows: 3, changed: 2, nullKeys: 0 });
  const at = DAY + view.delayMs + 9;
  const keys = [['C1'], ['C2'], ['C3']];
  expect((await fixture.offline.rowsAt(view, at, keys)).map((row) => [row?.sequence, row?.values])).toEqual([
    [1, [1, 'a']],
    [3, [2, null]],
    [3, [null, null]],
  ]);
  expect((await fixture.offline.rowsAt(view, at - 1, keys)).map((row) => row?.values ?? null)).toEqual([
    [1, 'a'],
    [2, 'b'],
    null,
  ]);
});

test('a run says whether another has made its as-of history, also one that gave no row (rule 27)', async () => {
  const view = await freshView();
  rows = raw(`SELECT * FROM (${values(['C1', 1, 'a']).render().query}) WHERE false`);
  expect(await publish(view, 1, DAY)).toMatchObject({ rows: 0, restated: false });
  rows = values(['C1', 1, 'a']);
  expect(await publish(view, 2, DAY, DAY + view.delayMs + 9)).toMatchObject({ rows: 1, changed: 1, restated: true });
  const run = runOf(view, 3, DAY + 1);
  expect(await fixture.writes.stageRun(run)).toMatchObject({ changed: 1, restated: false });
  await fixture.writes.commitRuns(view, [{ run, availableAt: run.knowledge }]);
  // Its own rows are not those of another.
  expect(await fixture.writes.stageRun(run)).toMatchObject({ changed: 1, restated: false });
});

test('a key that a recomputed as-of no longer has ends in a tombstone', async () => {
  const view = await freshView();
  await publish(view, 1);
  rows = values(['C1', 1, 'a']);
  expect(await publish(view, 2, DAY, DAY + view.delayMs + 1)).toMatchObject({ rows: 1, changed: 1, nullKeys: 0 });
  expect(await publish(view, 3, DAY, DAY + view.delayMs + 2)).toMatchObject({ rows: 1, changed: 0, nullKeys: 0 });
  const [first, second] = await fixture.offline.rowsAt(view, DAY * 2, [['C1'], ['C2']]);
  expect(first).toMatchObject({ tombstone: false, values: [1, 'a'] });
  expect(second).toMatchObject({ tombstone: true, values: [], sequence: 2 });
});

test('rows where the tombstone column is true end validity (rule 8)', async () => {
  const view = await freshView({ tombstone: 'gone', query: () => sql`SELECT *, amount = 2 AS gone FROM (${rows})` });
  await publish(view, 1);
  expect((await collect(fixture.offline.newestRows(view, DAY * 2, ALL))).map(({ tombstone }) => tombstone)).toEqual([
    false,
    true,
  ]);
});

test('a run is committed once, however often it is asked for', async () => {
  const view = await freshView();
  const run = runOf(view, 7);
  await fixture.writes.stageRun(run);
  const stamped = [{ run, availableAt: DAY + view.delayMs }];
  await fixture.writes.commitRuns(view, stamped);
  const once = await history(view);
  await fixture.writes.commitRuns(view, stamped);
  await fixture.writes.dropStages(run.view, [run]);
  await fixture.writes.commitRuns(view, stamped);
  expect(await history(view)).toEqual(once);
  expect(once).toHaveLength(2);
});

test('a run cannot be stamped as available before it happened', async () => {
  const view = await freshView();
  const run = runOf(view, 1);
  await fixture.writes.stageRun(run);
  await expect(fixture.writes.commitRuns(view, [{ run, availableAt: DAY - 1 }])).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  });
});

test('an array is padded to its length, and a longer one is refused', async () => {
  const list = array(int32({ description: 'x' }), { description: 'x', length: 4, pad: -1 });
  const named = array(string({ description: 'x' }), { description: 'x', length: 2 });
  const free = array(float64({ description: 'x' }), { description: 'x' });
  const view = await freshView({ features: { list, named, free } });
  rows = raw("SELECT 'C1' AS customer_id, [5, 6] AS list, ['x'] AS named, [1.5, NULL] AS free");
  await publish(view, 1);
  expect((await fixture.offline.rowsAt(view, DAY * 2, [['C1']]))[0]?.values).toEqual([
    [5, 6, -1, -1],
    ['x', null],
    [1.5, null],
  ]);
  rows = raw("SELECT 'C1' AS customer_id, [1, 2, 3, 4, 5] AS list, [] AS named, [] AS free");
  await expect(fixture.writes.stageRun(runOf(view, 2, DAY + 1))).rejects.toThrow(/list has more than its 4 elements/);
});

test('every type reads the same from the stage, row by row, as a stream and in a join', async () => {
  const x = { description: 'x' };
  const view = await freshView({
    features: {
      s: string(x),
      b: boolean(x),
      i: int32(x),
      l: int64(x),
      f: float32(x),
      d: float64(x),
      m: decimal(x),
      day: date(x),
      at: timestamp(x),
      ml: array(decimal(x), x),
      tl: array(timestamp(x), x),
      bl: array(boolean(x), x),
      nan: float64(x),
      zero: float64(x),
    },
  });
  rows =
    raw(`SELECT 'ü"1' AS customer_id, 'a\\'\\n' AS s, 1 AS b, -7 AS i, toInt64('9007199254740993') AS l, toFloat32(0.1) AS f, 0.1 AS d,
    toDecimal64('-12345678901234.50', 2) AS m, toDate32('1955-02-03') AS day, toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC') AS at,
    [toDecimal64('1.10', 2), NULL] AS ml, [toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')] AS tl, [true, false] AS bl, nan AS nan, -0. AS zero`);
  const expected = [
    "a'\n",
    true,
    -7,
    '9007199254740993',
    Math.fround(0.1),
    0.1,
    '-12345678901234.5',
    '1955-02-03',
    '2026-01-02T03:04:05.678Z',
    ['1.1', null],
    ['2026-01-02T03:04:05.678Z'],
    [true, false],
    null,
    0,
  ];
  const run = runOf(view, 1);
  await fixture.writes.stageRun(run);
  const availableAt = DAY + view.delayMs;
  const staged = await collect(fixture.offline.readStage(run, availableAt, ALL));
  expect(staged).toEqual([
    { key: ['ü"1'], eventTime: DAY, availableAt, sequence: 1, tombstone: false, values: expected },
  ]);
  await fixture.writes.commitRuns(view, [{ run, availableAt }]);
  expect(await collect(fixture.offline.newestRows(view, availableAt, ALL))).toEqual(staged);
  expect(await fixture.offline.rowsAt(view, availableAt, [['ü"1'], ['u']])).toEqual([staged[0], null]);
  const table = await fixture.offline.historicalFeatures({
    features: refsOf(view),
    spine: { customer_id: ['ü"1'], event_timestamp: [formatInstant(availableAt)] },
    includeEventTimes: false,
    includeStatuses: false,
  });
  expect(table.rows).toEqual([['ü"1', formatInstant(availableAt), ...expected]]);
});

/** As a worker of the release before shared stages left it: no table says of which run it is. */
async function agedStage(view: View, run: number, suffix: '' | '__computed' | '__next', amount = 1): Promise<void> {
  const name = raw(`stage_${view.name}_v${view.version}_r${run}${suffix}`);
  await fixture.store.run(
    'test',
    sql`CREATE TABLE ${name} (customer_id String, _tombstone UInt8, amount Nullable(Int32), note Nullable(String))
      ENGINE = MergeTree ORDER BY customer_id`,
  );
  await fixture.store.run('test', sql`INSERT INTO ${name} SELECT 'C1', 0, ${amount}, 'aged'`);
}

test('a stage that an earlier release left is read, committed and dropped like any other', async () => {
  const view = await freshView();
  await agedStage(view, 21, '', 7);
  const run = runOf(view, 21);
  expect(await collect(fixture.offline.readStage(run, DAY, ALL))).toMatchObject([
    { key: ['C1'], values: [7, 'aged'], sequence: 21 },
  ]);
  await fixture.writes.commitRuns(view, stampsOf([run]));
  expect(await history(view)).toMatchObject([{ customer_id: 'C1', amount: 7, _sequence: 21 }]);
  await fixture.writes.dropStages(view, [run]);
  expect(await stagesOf(view)).toEqual([]);
});

test('what an earlier release left of a run that is computed again gives way to it', async () => {
  const view = await freshView();
  for (const suffix of ['', '__computed', '__next'] as const) await agedStage(view, 22, suffix);
  expect(await publish(view, 22)).toMatchObject({ rows: 2, changed: 2, nullKeys: 0 });
  expect((await history(view)).map((row) => row.note)).toEqual(['a', 'b']);
  expect(await stagesOf(view)).toEqual([]);
});

test('a stage is read shard by shard in key order, every row once', async () => {
  const view = await freshView();
  rows = raw(
    "SELECT concat('K', toString(number)) AS customer_id, toInt32(number) AS amount, 'x' AS note FROM numbers(5000)",
  );
  const run = runOf(view, 1);
  await fixture.writes.stageRun(run);
  const shards = [];
  for (const index of [0, 1, 2, 3]) shards.push(await collect(fixture.offline.readStage(run, DAY, { index, of: 4 })));
  for (const shard of shards) {
    expect(shard.length).toBeGreaterThan(1000);
    const keys = shard.map(({ key }) => key[0] as string);
    expect(keys).toEqual([...keys].sort());
  }
  expect(new Set(shards.flat().map(({ key }) => key[0])).size).toBe(5000);
});

test('a staged row of a filled feature carries the value that was known before (rule 8)', async () => {
  const filled = int32({ description: 'x', fill: 'last_known' });
  const view = await freshView({ features: { amount: filled, note: string({ description: 'x' }) } });
  await publish(view, 1);
  rows = values(['C1', null, 'c'], ['C2', 9, null]);
  const run = runOf(view, 2, DAY + 86_400_000);
  await fixture.writes.stageRun(run);
  const staged = await collect(fixture.offline.readStage(run, run.asOf + view.delayMs, ALL));
  expect(staged.map(({ values: each }) => each)).toEqual([
    [1, 'c'],
    [9, null],
  ]);
  await fixture.writes.commitRuns(view, [{ run, availableAt: run.asOf + view.delayMs }]);
  expect(await collect(fixture.offline.newestRows(view, run.asOf + view.delayMs, ALL))).toEqual(staged);
});

test('how fresh a view is counts keys and the newest event in force', async () => {
  const view = await freshView();
  expect(await fixture.offline.viewStats(view, DAY * 2)).toEqual({ lastEventTime: null, keys: 0 });
  await publish(view, 1);
  expect(await fixture.offline.viewStats(view, DAY * 2)).toEqual({ lastEventTime: DAY, keys: 2 });
  expect(await fixture.offline.viewStats(view, DAY)).toEqual({ lastEventTime: null, keys: 0 });
});

test('dropping a version leaves other versions and stages of others alone', async () => {
  const view = await freshView();
  const next = { ...view, version: 11, id: `${view.name}@11` };
  await fixture.writers.createView(next);
  await publish(view, 1);
  await fixture.writes.stageRun(runOf(next, 2));
  await fixture.writes.stageRun(runOf(view, 3, DAY + 1));
  await fixture.writes.dropView(view);
  const tables = await fixture.store.rows<{ name: string }>(
    'test',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND position(name, ${`${view.name}_v`}) > 0 ORDER BY name`,
  );
  expect(tables.map(({ name }) => name)).toEqual(
    ['commits', 'history', 'stage', 'state', 'turns'].map(
      (kind) => `${kind}_${view.name}_v11${kind === 'stage' ? '_r2' : ''}`,
    ),
  );
});

test('a value that is filled in later makes the row in force newer than it was without it', async () => {
  const filled = int32({ description: 'x', fill: 'last_known' });
  const view = await freshView({ features: { amount: filled, note: string({ description: 'x' }) } });
  const day = 86_400_000;
  rows = values(['C1', null, 'now']);
  await publish(view, 1, DAY);
  const before = await fixture.offline.rowsAt(view, DAY * 2, [['C1']]);
  rows = values(['C1', 5, 'then']);
  await publish(view, 2, DAY - day, DAY + day);
  const after = await fixture.offline.rowsAt(view, DAY * 2, [['C1']]);
  expect(before[0]).toMatchObject({
    eventTime: DAY,
    availableAt: DAY + view.delayMs,
    sequence: 1,
    values: [null, 'now'],
  });
  expect(after[0]).toMatchObject({ eventTime: DAY, availableAt: DAY + day, sequence: 1, values: [5, 'now'] });
});

const STEP = 86_400_000;

/** Runs of four days, of which the second has history that the query no longer gives. */
async function fourDays(): Promise<{ view: View; runs: readonly Run[] }> {
  const view = await freshView({
    query: ({ asOf }) =>
      sql`SELECT * FROM (${rows}) WHERE ${asOf.instant} != ${raw(`fromUnixTimestamp64Milli(${DAY + 3 * STEP}, 'UTC')`)}`,
  });
  rows = values(['C1', 1, 'a'], ['C2', 2, 'b']);
  await publish(view, 1, DAY + STEP);
  rows = values(['C1', 1, 'a'], ['C3', 3, 'c'], [null, 4, 'd']);
  const runs = [0, 1, 2, 3].map((day) => runOf(view, 11 + day * 2, DAY + day * STEP));
  return { view, runs };
}

const newHistory = async (view: View) => (await history(view)).map(({ _sequence, ...row }) => row);
const stagesOf = (view: View) =>
  fixture.store.rows(
    'test',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${`stage_${view.name}_v`})`,
  );
const stampsOf = (runs: readonly Run[]) => runs.map((run) => ({ run, availableAt: run.knowledge }));

test('runs of several days staged at once leave what they leave one by one, a day without a row too', async () => {
  const single = await fourDays();
  const counts = [];
  for (const run of single.runs) counts.push(await fixture.writes.stageRun(run));
  await fixture.writes.commitRuns(single.view, stampsOf(single.runs));

  const { view, runs } = await fourDays();
  const told: number[] = [];
  const together = await fixture.writes.stageRuns(runs, async (done) => void told.push(done));
  expect(together).toEqual(counts);
  expect(together).toEqual([
    { rows: 2, changed: 2, nullKeys: 1, restated: false, endsChecked: true },
    { rows: 2, changed: 2, nullKeys: 1, restated: true, endsChecked: true },
    { rows: 2, changed: 2, nullKeys: 1, restated: false, endsChecked: true },
    { rows: 0, changed: 0, nullKeys: 0, restated: false, endsChecked: true },
  ]);
  expect(told).toEqual([1, 2, 3, 4]);
  expect(await collect(fixture.offline.readStage(runs[1] as Run, DAY, ALL))).toMatchObject([
    { key: ['C2'], tombstone: true, sequence: 13 },
    { key: ['C3'], values: [3, 'c'] },
  ]);
  await fixture.writes.commitRuns(view, stampsOf(runs.slice(0, 2)));
  await fixture.writes.commitRuns(view, stampsOf(runs));
  expect(await newHistory(view)).toEqual(await newHistory(single.view));
  await fixture.writes.dropStages(view, runs.slice(1));
  expect(await stagesOf(view)).toHaveLength(1);
  await fixture.writes.dropStages(view, runs);
  expect(await stagesOf(view)).toEqual([]);
});

test.each(['a query that fails', 'a key given twice', 'a progress that throws'])(
  'of runs staged at once %s leaves none, and an earlier attempt as it was',
  async (fault) => {
    const { view, runs } = await fourDays();
    await fixture.writes.stageRuns(runs);
    const stop = async (done: number) => {
      if (fault === 'a progress that throws' && done === 2) throw new Error('cancelled');
    };
    if (fault === 'a query that fails') rows = raw("SELECT 'C1' AS customer_id");
    if (fault === 'a key given twice') rows = values(['C1', 1, 'a'], ['C1', 1, 'a']);
    await expect(fixture.writes.stageRuns(runs, stop)).rejects.toThrow(
      fault === 'a key given twice' ? /as of 2026-05-01T16:00:00.000Z gives key \(C1\) 2 times/ : /failed|cancelled/,
    );
    expect(await stagesOf(view)).toHaveLength(1);
    await fixture.writes.commitRuns(view, stampsOf(runs));
    expect(await history(view)).toHaveLength(8);
  },
);

test('a run computed again by itself is committed as it then was', async () => {
  const { view, runs } = await fourDays();
  await fixture.writes.stageRuns(runs);
  rows = values(['C9', 9, 'z']);
  const [first] = runs as readonly [Run];
  await fixture.writes.stageRun(first);
  await fixture.writes.commitRuns(view, stampsOf(runs));
  const days = (await history(view)).filter(({ _sequence }) => _sequence === first.id);
  expect(days.map((row) => row.customer_id)).toEqual(['C9']);
  await fixture.writes.dropStages(view, runs);
  expect(await stagesOf(view)).toEqual([]);
});

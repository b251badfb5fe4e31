/** No row that an import accepts stops a job for others: over the most that the tables take, views compute all but the entities at fault. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decimal, defineEntity, int32, raw, type Sql, sql } from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import { instantSql, instantText } from '../../../src/core/definitions/sql.js';
import { addDays, HOUR } from '../../../src/core/helpers/time.js';
import type { Run, StageCounts } from '../../../src/core/ports/offline.js';
import { statementsOf } from '../../../src/indicators/try.js';
import { entitiesOf, type KeyGroup, keysOf, rangesOf } from '../../../src/offline/history/aside.js';
import { keysAtFault, type Suspects } from '../../../src/offline/history/keys-at-fault.js';
import { loadRegistry } from '../../../src/registry/load.js';
import { Problem, parserOf } from '../../../src/sources/values.js';
import { insertRows } from '../../support/insert-rows.js';
import { TABLES } from '../../support/tables.js';
import { type GeneratedRow, generateSources, insertColumns } from '../generated-sources.js';
import { openMigrated } from '../migrated.js';
import { collect, type OfflineFixture, offlineOn, viewOf } from '../support.js';

const { views, facts, indicators } = await loadRegistry({ root: resolve('.') });
const DAY = '2026-03-10';
const ROWS = 200;

let fixture: OfflineFixture;
let rows: readonly GeneratedRow[];
let asOf: number;

beforeAll(async () => {
  fixture = await openMigrated();
  asOf = fixture.calendar.startOfDay(DAY);
});
afterAll(() => fixture?.close());

const compute = async (view: View): Promise<StageCounts> => {
  await fixture.writers.createView(view);
  return fixture.writes.stageRun({ id: 1, view, asOf, knowledge: asOf + view.delayMs });
};

const quarantined = () =>
  fixture.store.rows<{ table: string; import_id: string; reason: string }>(
    'test',
    sql`SELECT table, import_id, reason FROM source_quarantine ORDER BY import_id, table, reason`,
  );

describe('over extreme values', () => {
  beforeAll(async () => {
    const { store, calendar } = fixture;
    const tables = TABLES.all;
    const generated = generateSources({
      seed: 20_260_310,
      around: asOf,
      tables,
      keysPerTable: ROWS,
      calendar,
      extremes: 0.0012,
      spread: 6,
    });
    // Months open with the loans of one day, which few rows are about by chance.
    const loanDays = generated.filter(({ table }) => table.name === 'loan_snapshots');
    const monthEnds = loanDays.map((row) => ({ ...row, values: { ...row.values, as_of: '2026-02-28' } }));
    rows = [...generated, ...monthEnds];
    for (const table of tables) {
      const columns = insertColumns(table);
      const own = rows.filter((row) => row.table === table);
      const values = own.map((row) => columns.map((name) => row.values[name]));
      await store.insert('test', { table: table.name, columns }, values);
    }
  });

  test('that an import takes', () => {
    const refused = rows.flatMap(({ table, values }) =>
      table.columns
        .filter((column) => {
          const value = values[column.name];
          return value !== null && parserOf(column, table)(timed(value)) instanceof Problem;
        })
        .map((column) => `${table.name}.${column.name} ${values[column.name]}`),
    );
    expect(refused).toEqual([]);
  });

  const queried = [...views.values()].filter(({ origin }) => origin.kind === 'query');
  test.each(queried.map((view) => [view.id, view] as const))('%s computes', async (_, view) => {
    const { rows: stored, setAside = [] } = await compute(view);
    expect(stored).toBeGreaterThan(0);
    expect((await quarantined()).filter(({ import_id: by }) => by === view.id)).toHaveLength(setAside.length);
  });

  test.each([...facts.values(), ...indicators.values()].map((reported) => [reported.id, reported] as const))(
    '%s computes',
    async (_, reported) => {
      const { store, calendar } = fixture;
      const window = { from: addDays(DAY, -400), to: DAY };
      const knowledge = calendar.startOfDay(addDays(DAY, 100));
      for (const select of statementsOf(reported, calendar, { window, knowledge, grain: 'MONTH' })) {
        expect((await store.rows('test', select)).length).toBeGreaterThan(0);
      }
    },
  );
});

/** ClickHouse's form of an instant as a file would have it. */
const timed = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}$/.test(value) ? `${value}Z` : value;

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });
let made = 0;

/** What each customer has paid, which an INT32 holds, beside what is paid for the loan. */
const paidView = (paid: Sql = sql`toInt32(sum(principal_paid))`): View =>
  viewOf(`paid_${++made}`, 1, {
    entity: customer,
    sources: ['loan_events', 'repayments'],
    features: { paid: int32({ description: 'Principal paid' }), of_loan: decimal({ description: 'Of the loan' }) },
    query: ({ source }) => sql`
      SELECT customer_id, ${paid} AS paid, toDecimal128(max(of_loan), 2) AS of_loan
      FROM (SELECT *, toInt32(sum(principal_paid) OVER (PARTITION BY loan_id)) AS of_loan FROM ${source('repayments')}) AS r
      LEFT JOIN (SELECT DISTINCT loan_id FROM ${source('loan_events')}) AS e ON r.loan_id = e.loan_id
      GROUP BY customer_id`,
  });

let seq = 1_000;
const pay = (id: string, amount: string, more: Readonly<Record<string, unknown>> = {}) => ({
  repayment_id: `R-${id}`,
  customer_id: id,
  loan_id: `L-${id}`,
  paid_at: new Date(asOf - 48 * HOUR).toISOString(),
  principal_paid: amount,
  interest_paid: '0',
  ingested_at: new Date(asOf - 24 * HOUR).toISOString(),
  deleted: 0,
  ...more,
});
const load = (payments: readonly Readonly<Record<string, unknown>>[]) =>
  insertRows(
    fixture.store,
    'repayments',
    payments.map((payment) => ({ ...payment, seq: ++seq, row_hash: String(seq) })),
  );
/** Newer versions, known at the time of the run. */
const correct = (id: string, amount: string, more = {}) =>
  load([pay(id, amount, { ingested_at: new Date(asOf).toISOString(), ...more })]);

describe('an entity with whose rows a query cannot compute', () => {
  const FINE = Array.from({ length: 20 }, (_, index) => `C${index}`);
  beforeEach(async () => {
    for (const table of ['repayments', 'source_quarantine'])
      await fixture.store.run('test', raw(`TRUNCATE TABLE ${table}`));
    await load(FINE.map((id) => pay(id, '100')));
  });

  const kept = async (view: View): Promise<readonly string[]> => {
    const run = { id: 1, view, asOf, knowledge: asOf + view.delayMs };
    const stored = await collect(fixture.offline.readStage(run, asOf + view.delayMs, { index: 0, of: 1 }));
    return stored.map(({ key, values }) => `${key} ${values.join(' ')}`).sort();
  };
  const rowsOfFine = FINE.map((id) => `${id} 100 100`).sort();

  test('is set aside and named with the table to correct; the others have their rows', async () => {
    await load([pay('BIG', '3000000000'), pay('BIGGER', '999999999999.99')]);
    const view = paidView();
    expect(await compute(view)).toMatchObject({ rows: 20, changed: 20, nullKeys: 0, setAside: expect.any(Array) });
    const { setAside } = await compute(view);
    expect([...(setAside ?? [])].sort()).toEqual([['BIG'], ['BIGGER']]);
    expect(await kept(view)).toEqual(rowsOfFine);
    expect(await quarantined()).toEqual(
      ['BIG', 'BIGGER'].map((id) => ({
        table: 'repayments',
        import_id: view.id,
        reason: `customer_id ${id} is set aside from ${view.id} until the values here are corrected by another import, or deleted: a number is too large for the type, at \`toInt32\`, \`principal_paid\`, \`loan_id\` (ClickHouse 407 DECIMAL_OVERFLOW)`,
      })),
    );
  });

  test('has its row again once it is corrected, or ends where it is deleted', async () => {
    await load([pay('BIG', '3000000000'), pay('GONE', '3000000000')]);
    const view = paidView();
    expect((await compute(view)).setAside).toHaveLength(2);
    await correct('BIG', '30');
    await correct('GONE', '0', { deleted: 1 });
    expect(await compute(view)).not.toHaveProperty('setAside');
    expect(await kept(view)).toEqual([...rowsOfFine, 'BIG 30 30', 'GONE '].sort());
  });

  test('ends where it is deleted, though the query cannot compute with what was deleted', async () => {
    await load([pay('BIG', '3000000000'), pay('GONE', '3000000000'), pay('LEFT', '50')]);
    const view = viewOf(`paid_${++made}`, 1, {
      entity: customer,
      sources: ['repayments'],
      features: { paid: int32({ description: 'The largest payment' }) },
      query: ({ source }) => sql`SELECT customer_id, max(p) AS paid
        FROM (SELECT DISTINCT customer_id, toInt32(principal_paid) AS p FROM ${source('repayments')}) GROUP BY customer_id`,
    });
    await correct('GONE', '0', { deleted: 1 });
    await correct('LEFT', '0', { deleted: 1 });
    expect(await compute(view)).toMatchObject({ setAside: [['BIG']] });
    expect(await kept(view)).toEqual([...FINE.map((id) => `${id} 100`), 'GONE ', 'LEFT '].sort());
  });

  test('is the only one that is set aside, however often the expression of the query has run', async () => {
    await load([pay('BIG', '3000000000'), pay('BIGGER', '2500000000')]);
    const view = viewOf(`paid_${++made}`, 1, {
      entity: customer,
      sources: ['repayments'],
      features: { paid: int32({ description: 'Principal paid' }) },
      query: ({ source }) => sql`SELECT customer_id, toInt32(sum(principal_paid)) + 1 - toInt32(count()) * 2 AS paid
        FROM ${source('repayments')} GROUP BY customer_id`,
    });
    await fixture.writers.createView(view);
    for (const id of [1, 2]) {
      const day = asOf + id * 24 * HOUR;
      const { setAside = [], rows } = await fixture.writes.stageRun({ id, view, asOf: day, knowledge: day });
      expect([rows, ...setAside.flat().sort()]).toEqual([20, 'BIG', 'BIGGER']);
    }
  });

  test('is not sought any longer once the job is cancelled', async () => {
    await load([pay('BIG', '3000000000')]);
    const view = paidView();
    await fixture.writers.createView(view);
    const cancelled = AbortSignal.abort(new Error('the job is cancelled'));
    const run = { id: 1, view, asOf, knowledge: asOf };
    await expect(fixture.writes.stageRun(run, { signal: cancelled })).rejects.toThrow('the job is cancelled');
  });

  test('keeps the row that its as-of had', async () => {
    await load([pay('BIG', '7')]);
    const view = paidView();
    await compute(view);
    const run = { id: 1, view, asOf, knowledge: asOf + view.delayMs };
    await fixture.writes.commitRuns(view, [{ run, availableAt: run.knowledge }]);
    await correct('BIG', '3000000000');
    await correct('C0', '0', { deleted: 1 });
    expect(await fixture.writes.stageRun({ ...run, id: 2 })).toMatchObject({ rows: 19, setAside: [['BIG']] });
    const changed = await collect(
      fixture.offline.readStage({ ...run, id: 2 }, run.knowledge + HOUR, { index: 0, of: 1 }),
    );
    expect(changed.map(({ key, tombstone }) => [...key, tombstone])).toEqual([['C0', true]]);
  });

  /** What each customer has paid in four days: who has not is absent, and ends. */
  const recentView = () =>
    viewOf(`recent_${++made}`, 1, {
      entity: customer,
      sources: ['repayments'],
      absent: 'ends',
      features: { paid: int32({ description: 'Principal paid' }) },
      query: ({ source, asOf: at }) => sql`SELECT customer_id, toInt32(sum(principal_paid)) AS paid
        FROM ${source('repayments')} WHERE paid_at > ${at.minusDays(4)} GROUP BY customer_id`,
    });
  const dayOf = (number: number) => asOf + number * 24 * HOUR;
  const runOf = (view: View, day: number) => ({ id: day + 1, view, asOf: dayOf(day), knowledge: dayOf(day) });
  const tombstonesOf = (view: View) =>
    fixture.store.rows<{ day: number; keys: string[] }>(
      'test',
      sql`SELECT toInt32(dateDiff('day', ${instantSql(asOf)}, _event_time)) AS day, arraySort(groupArray(customer_id)) AS keys
        FROM ${raw(`history_${view.name}_v1`)} WHERE _tombstone = 1 GROUP BY day ORDER BY day`,
    );

  test.each(['day by day', 'at once'] as const)(
    'ends with the first day that is sure that it left the window, where absent keys end: days computed %s',
    async (how) => {
      const view = recentView();
      await fixture.writers.createView(view);
      // K cannot be computed on day 1, L on day 2; with day 2 all but L have left the window.
      const known = (number: number) => ({ ingested_at: new Date(dayOf(number) - HOUR).toISOString() });
      await load([pay('K', '7'), pay('L', '7'), pay('K', '3000000000', known(1))]);
      await load([pay('L', '3000000000', { ...known(2), paid_at: new Date(dayOf(0)).toISOString() })]);
      await load([pay('L', '8', { ...known(3), paid_at: new Date(dayOf(-2)).toISOString() })]);
      const runs = [0, 1, 2, 3].map((day) => runOf(view, day));
      const stamped = ({ setAside = [] }: StageCounts, index: number) => {
        const run = runs[index] as (typeof runs)[number];
        return { run, availableAt: run.knowledge, setAside };
      };
      if (how === 'at once') {
        await fixture.writes.commitRuns(view, (await fixture.writes.stageRuns(runs)).map(stamped));
      } else {
        for (const [index, run] of runs.entries()) {
          await fixture.writes.commitRuns(view, [stamped(await fixture.writes.stageRun(run), index)]);
        }
      }
      const said = async (at: number) =>
        (await fixture.offline.rowsAt(view, at, [['K'], ['L'], ['C1']])).map(
          (row) => row && (row.values[0] ?? 'ended'),
        );
      expect(await Promise.all(runs.map(({ asOf: at }) => said(at)))).toEqual([
        [7, 7, 100],
        [7, 7, 100],
        ['ended', 7, 'ended'],
        ['ended', 'ended', 'ended'],
      ]);
      expect(
        await fixture.store.rows(
          'test',
          sql`SELECT customer_id AS key, toInt32(count()) AS ends FROM ${raw(`history_${view.name}_v1`)}
            WHERE _tombstone = 1 AND customer_id IN ('C1', 'K', 'L') GROUP BY key ORDER BY key`,
        ),
      ).toEqual(['C1', 'K', 'L'].map((key) => ({ key, ends: 1 })));
    },
  );

  test.each(['day by day', 'at once'] as const)(
    'is set aside with a range of others where it takes too long to look for it: none of them is written or ends; days computed %s',
    async (how) => {
      const { writes } = offlineOn(fixture.store, fixture.calendar, { singlesSeconds: 0 });
      const view = recentView();
      await fixture.writers.createView(view);
      const MANY = 3_000;
      const known = (number: number) => ({
        ingested_at: new Date(dayOf(number) - HOUR).toISOString(),
        paid_at: new Date(dayOf(-1)).toISOString(),
      });
      await load(Array.from({ length: MANY }, (_, index) => pay(`M${index}`, '7', known(0))));
      await load([pay('M5', '3000000000', known(1))]);
      await load([pay('M5', '8', known(2))]);
      const runs = [0, 1, 2].map((day) => runOf(view, day));
      const stamped = (counts: StageCounts, index: number) => {
        const run = runs[index] as Run;
        const { setAsideRanges = [] } = counts;
        return { run, availableAt: run.knowledge, setAsideRanges };
      };
      const counts: StageCounts[] = [];
      if (how === 'at once') {
        counts.push(...(await writes.stageRuns(runs)));
        await writes.commitRuns(view, counts.map(stamped));
      } else {
        for (const [index, run] of runs.entries()) {
          counts.push(await writes.stageRun(run));
          await writes.commitRuns(view, [stamped(counts[index] as StageCounts, index)]);
        }
      }
      const all = MANY + FINE.length;
      const [range] = counts[1]?.setAsideRanges ?? [];
      expect(counts).toMatchObject([
        { rows: all },
        { rows: all - (range?.entities ?? 0), setAsideRanges: [expect.anything()] },
        { rows: MANY },
      ]);
      expect(counts[2]).not.toHaveProperty('setAsideRanges');
      // Those that have left the window end with the day that is sure of it, in the range or not.
      expect(await tombstonesOf(view)).toEqual([{ day: 2, keys: [...FINE].sort() }]);
      const rowsOn = async (day: number) =>
        (await fixture.offline.rowsAt(view, dayOf(day), [['M5'], ['M6']])).map((row) => row?.values[0]);
      expect([await rowsOn(1), await rowsOn(2)]).toEqual([
        [7, 7],
        [8, 7],
      ]);
      expect(await quarantined()).toEqual([
        {
          table: 'repayments',
          import_id: view.id,
          reason: expect.stringMatching(
            `^one or more of ${range?.entities} entities, those with cityHash64\\(customer_id\\) from ${range?.from} to ${range?.to}, cannot be computed: all of them are set aside from ${view.id} until`,
          ),
        },
      ]);
    },
  );

  test('is open at a commit with thousands of others: those that are sure end', async () => {
    const view = recentView();
    await fixture.writers.createView(view);
    for (const day of [0, 3]) {
      const run = runOf(view, day);
      await fixture.writes.stageRuns([run]);
      const others = Array.from({ length: 5_000 }, (_, index) => [`O'${index}`]);
      await fixture.writes.commitRuns(view, [{ run, availableAt: run.knowledge, setAside: [['C1'], ...others] }]);
    }
    expect(await tombstonesOf(view)).toEqual([{ day: 3, keys: FINE.filter((id) => id !== 'C1').sort() }]);
  });

  test('ends, where absent keys end, though the run that knows it was left in the history by another job', async () => {
    const view = recentView();
    await fixture.writers.createView(view);
    const [first, left, own] = [0, 3, 4].map((day) => runOf(view, day)) as [Run, Run, Run];
    await fixture.writes.stageRuns([first]);
    await fixture.writes.commitRuns(view, [{ run: first, availableAt: first.knowledge }]);
    const columns = ['sequence', 'event_time', 'available_at', 'in_state'] as const;
    const at = instantText(left.asOf);
    await fixture.store.insert('test', { table: `commits_${view.name}_v1`, columns }, [[left.id, at, at, 0]]);
    await fixture.writes.stageRuns([own]);
    await fixture.writes.commitRuns(view, [{ run: own, availableAt: own.knowledge }]);
    expect(await tombstonesOf(view)).toEqual([{ day: 3, keys: [...FINE].sort() }]);
  });

  test.each(['day by day', 'at once'] as const)(
    'or whose row is deleted, ends once: later days neither say it again nor run the query twice; days computed %s',
    async (how) => {
      let undeleted = 0;
      const { writes } = offlineOn(
        {
          ...fixture.store,
          run(label, ...more) {
            if (label === 'ends-stage') undeleted++;
            return fixture.store.run(label, ...more);
          },
        },
        fixture.calendar,
      );
      const view = viewOf(`paid_${++made}`, 1, {
        entity: customer,
        sources: ['repayments'],
        features: { paid: int32({ description: 'Principal paid' }) },
        query: ({ source, asOf: at }) => sql`SELECT customer_id, toInt32(sum(principal_paid)) AS paid
          FROM ${source('repayments')} WHERE paid_at > ${at.minusDays(4)} GROUP BY customer_id`,
      });
      await fixture.writers.createView(view);
      await load(['GONE', 'BACK', 'LEFT'].map((id) => pay(id, '7')));
      // A deletion need not say whose the row was. LEFT has left the window by then.
      const deleted = (id: string, day: number) =>
        load([pay(id, '0', { customer_id: '', deleted: 1, ingested_at: new Date(dayOf(day)).toISOString() })]);
      await deleted('GONE', 1);
      await deleted('BACK', 1);
      await load([
        pay('BACK', '8', { ingested_at: new Date(dayOf(2)).toISOString(), paid_at: new Date(dayOf(1)).toISOString() }),
      ]);
      await deleted('LEFT', 3);
      await deleted('BACK', 4);
      const runs = [0, 1, 2, 3, 4, 5].map((day) => runOf(view, day));
      const stamp = (run: Run) => ({ run, availableAt: run.knowledge });
      if (how === 'at once') {
        await writes.stageRuns(runs);
        await writes.commitRuns(view, runs.map(stamp));
      } else {
        for (const [index, run] of runs.entries()) {
          await writes.stageRun(run, { endsChecked: runs[index - 1]?.asOf ?? null });
          await writes.commitRuns(view, [stamp(run)]);
        }
      }
      expect(await tombstonesOf(view)).toEqual([
        { day: 1, keys: ['BACK', 'GONE'] },
        { day: 4, keys: ['BACK'] },
      ]);
      const [row] = await fixture.offline.rowsAt(view, dayOf(5), [['LEFT']]);
      expect(row?.values).toEqual([7]);
      // Of day 1, of day 3 because of LEFT, and of day 4.
      expect(undeleted).toBe(3);
    },
  );

  test('may be one of several that fail only together', async () => {
    await load(['X', 'Y'].map((id) => pay(id, '2000000000', { loan_id: 'SHARED' })));
    const view = paidView();
    expect(await compute(view)).toMatchObject({ rows: 21, setAside: [[expect.stringMatching(/^[XY]$/)]] });
  });

  test('is none where the query fails for most, or without any row: its author reads why', async () => {
    const most = paidView(sql`toInt32(toString(count()) || 'x')`);
    await expect(compute(most)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /fails with the source rows of too many entities: a text is not written as the type that it is converted to, at `toInt32`/,
      ),
      hint: expect.stringContaining(most.file.replace('.v1.', '.v2.')),
    });
    const always = paidView(sql`toInt32('ten') + count()`);
    await expect(compute(always)).rejects.toThrow(
      /the query of paid_\d+@1 as of .* failed: a text is not written as the type that it is converted to, at `Int32`/,
    );
    expect(await quarantined()).toEqual([]);
  });

  test('is none where the query of a view that was applied cannot run at all: the view is named, and its next version', async () => {
    const nested = paidView(sql`toInt32(sum(sum(principal_paid)))`);
    await expect(compute(nested)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/^the query of paid_\d+@1 as of .* failed: .*ILLEGAL_AGGREGATION/),
      hint: `write one that runs as the next version, ${nested.file.replace('.v1.', '.v2.')}, and apply it: an applied version never changes`,
    });
  });
});

describe('the keys at fault', () => {
  interface Asked {
    readonly suspected?: Sql;
    readonly ranges?: Suspects['ranges'];
    /** How many faulty numbers together make the query fail. */
    readonly together?: number;
    readonly singlesSeconds?: number;
  }
  /** A query over the numbers from 0 that fails with some of them. */
  const search = async (
    size: number,
    faulty: Sql,
    { suspected = sql`0`, ranges = [], together = 1, singlesSeconds }: Asked = {},
  ) => {
    const { store } = fixture;
    const hashed = (condition: Sql) =>
      sql`SELECT number, cityHash64(toString(number)) AS h FROM numbers(${size}) WHERE ${condition}`;
    let tries = 0;
    const keyed = async (number: Sql, hash: Sql) => {
      const select = sql`SELECT toString(number) AS n, toString(h) AS hash FROM (${hashed(number)}) WHERE ${hash} ORDER BY h`;
      return (await store.rows<{ n: string; hash: string }>('test', select)).map(({ n, hash }) => ({ key: [n], hash }));
    };
    const { found, unfound } = await keysAtFault(
      {
        async computes(group: KeyGroup) {
          tries++;
          return (await keyed(faulty, group(raw('h')))).length < together;
        },
        keys: ({ from, to }) => keyed(sql`1`, raw(`h BETWEEN ${from} AND ${to}`)),
        countKeys: async () => size,
        singlesSeconds,
      },
      { keys: await keyed(suspected, sql`1`), ranges },
    );
    const single = keysOf(found).map(({ key }) => Number(key[0]));
    return { tries, unfound, found: single.sort((one, other) => one - other), ranges: rangesOf(found) };
  };

  test('are found among many in few tries', async () => {
    const { found, tries } = await search(100_000, sql`number IN (5, 77777)`);
    expect(found).toEqual([5, 77777]);
    expect(tries).toBeLessThan(50);
  });

  test('may be many, as long as they are no more than half, or as few as three', async () => {
    const many = await search(102, sql`number < 51`);
    expect(many).toMatchObject({ unfound: null, found: Array.from({ length: 51 }, (_, index) => index) });
    expect(await search(1, sql`1`)).toMatchObject({ unfound: null, found: [0] });
    expect(await search(20, sql`number < 11`)).toMatchObject({ unfound: 'TOO_MANY' });
  });

  test('are found beside those that an earlier search found, of which some are corrected', async () => {
    const { found, tries } = await search(1_000, sql`number IN (5, 77, 777)`, {
      suspected: sql`number IN (5, 6, 77)`,
    });
    expect(found).toEqual([5, 77, 777]);
    expect(tries).toBeLessThan(25);
  });

  test('are whole ranges where single ones take too long: small ones, taken back once they compute', async () => {
    const slow = { singlesSeconds: 0 };
    const { ranges, tries, unfound, found } = await search(100_000, sql`number IN (5, 77777)`, slow);
    expect([unfound, found, ranges.length]).toEqual([null, [], 2]);
    for (const { entities } of ranges) expect(entities).toBeLessThan(600);
    expect(tries).toBeLessThan(50);
    const known = ranges.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) }));
    const next = await search(100_000, sql`number = 77777`, { ranges: known });
    expect(next).toMatchObject({ unfound: null, found: [], ranges: [expect.anything()] });
    expect(ranges).toContainEqual(next.ranges[0]);
    expect(next.tries).toBeLessThan(10);
    expect(await search(100_000, sql`number % 100 = 0`, slow)).toMatchObject({ unfound: 'TOO_MANY' });
  });

  test('are found in ranges too where two of them fail only together, and those set aside before stay so', async () => {
    const { ranges, unfound, found } = await search(20_000, sql`number IN (5, 19777)`, {
      together: 2,
      singlesSeconds: 0,
      suspected: sql`number = 7`,
    });
    expect([unfound, found, ranges.length]).toEqual([null, [7], 1]);
    expect(entitiesOf(ranges)).toBeLessThan(600);
  });
});

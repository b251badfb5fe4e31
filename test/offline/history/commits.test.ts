import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineEntity, int32, raw } from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import { sql } from '../../../src/core/definitions/sql.js';
import { viewResource } from '../../../src/core/ports/leases.js';
import type { Run } from '../../../src/core/ports/offline.js';
import type { StampedRun } from '../../../src/core/ports/offline-writer.js';
import { commitRuns } from '../../../src/offline/history/commit.js';
import { rebuildState } from '../../../src/offline/history/state.js';
import { fencedView, viewTables } from '../../../src/offline/history/tables.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import { keyRanges } from '../../../src/warehouse/key-ranges.js';
import { leaseOf } from '../../support/leases.js';
import { type OracleRow, rowInForce } from '../oracle.js';
import { type OfflineFixture, openOffline, viewOf } from '../support.js';

const BASE = Date.UTC(2026, 2, 1);
const KEYS = ['A', 'B', 'C', 'D', 'E', 'F'];
const thing = defineEntity({ name: 'thing', joinKeys: ['id'], description: 'x' });

interface Computed {
  readonly id: string;
  readonly plain: number | null;
  readonly kept: number | null;
  readonly gone: boolean;
}

let fixture: OfflineFixture;
let computed: readonly Computed[] = [];
let views = 0;

beforeAll(async () => {
  fixture = await openOffline();
});
afterAll(() => fixture.close());

/** With a filled feature and without: their states are made by different SQL. */
async function freshView(filled: boolean): Promise<View> {
  const view = viewOf(`thing${++views}`, 1, {
    entity: thing,
    tombstone: 'gone',
    features: {
      plain: int32({ description: 'x' }),
      kept: int32({ description: 'x', ...(filled && { fill: 'last_known' }) }),
    },
    query: () =>
      computed.length === 0
        ? raw("SELECT '' AS id, 0 AS plain, 0 AS kept, false AS gone WHERE 0")
        : raw(
            `SELECT * FROM values('id String, plain Nullable(Int32), kept Nullable(Int32), gone Bool', ${computed
              .map(({ id, plain, kept, gone }) => `('${id}', ${plain}, ${kept}, ${gone})`)
              .join(', ')})`,
          ),
  });
  await fixture.writers.createView(view);
  return view;
}

interface Planned {
  readonly asOf: number;
  readonly delay: number;
  readonly rows: readonly Computed[];
}

const planned: fc.Arbitrary<Planned> = fc.record({
  asOf: fc.integer({ min: 0, max: 6 }),
  delay: fc.integer({ min: 0, max: 9 }),
  rows: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom(...KEYS),
      plain: fc.option(fc.integer({ min: 0, max: 9 })),
      kept: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 1 }),
      gone: fc.integer({ min: 0, max: 4 }).map((drawn) => drawn === 0),
    }),
    { selector: ({ id }) => id },
  ),
});

const IN_ORDER: Planned[][] = [0, 3].map((asOf) => [
  { asOf, delay: 1, rows: [{ id: 'A', plain: asOf, kept: asOf || null, gone: false }] },
]);

const stamped = (view: View, id: number, { asOf, delay }: Planned) => {
  const run: Run = { id, view, asOf: BASE + asOf, knowledge: BASE + asOf };
  return { run, availableAt: BASE + asOf + delay };
};

/** As the holder of a lease has it: of the newest, where a test names none. */
const fenced = (view: View, fencingToken = Date.now()) => fencedView(view, leaseOf(viewResource(view), fencingToken));

/** Brings a view back to before its first commit. Its stages stay: to make them anew takes more statements than a case. */
async function uncommitted(view: View): Promise<void> {
  const { history, state, commits } = viewTables(view);
  for (const table of [history, state, commits]) await fixture.store.run('test', sql`TRUNCATE TABLE ${table}`);
}

const stateOf = (view: View) =>
  fixture.store.rows('test', raw(`SELECT * FROM state_${view.name}_v1 FINAL ORDER BY ALL`));

async function historyOf(view: View): Promise<OracleRow[]> {
  const rows = await fixture.store.rows<{
    id: string;
    e: string;
    a: string;
    s: number;
    t: number;
    plain: number;
    kept: number;
  }>(
    'test',
    raw(
      `SELECT id, toUnixTimestamp64Milli(_event_time) AS e, toUnixTimestamp64Milli(_available_at) AS a, _sequence AS s, _tombstone AS t, plain, kept FROM history_${view.name}_v1 ORDER BY ALL`,
    ),
  );
  return rows.map(({ id, e, a, s, t, plain, kept }) => ({
    key: [id],
    event: Number(e),
    available: Number(a),
    sequence: s,
    tombstone: t === 1,
    values: { plain, kept },
  }));
}

async function expectOracle(view: View, filled: boolean): Promise<void> {
  const history = await historyOf(view);
  const judge = { ttl: null, maxAge: null, lastKnown: filled ? ['kept'] : [] };
  for (let t = BASE; t < BASE + 16; t += 3) {
    const expected = KEYS.map((key) => {
      const row = rowInForce(history, judge, [key], t);
      return row && [row.sequence, row.tombstone ? [] : [row.values.plain, row.values.kept]];
    });
    const found = await fixture.offline.rowsAt(
      view,
      t,
      KEYS.map((key) => [key]),
    );
    expect(found.map((row) => row && [row.sequence, row.values])).toEqual(expected);
  }
}

test.each([false, true])(
  'runs committed in any order and grouping leave the state that a rebuild gives (filled: %s)',
  async (filled) => {
    let appended = 0;
    const counting: ClickHouse = {
      ...fixture.store,
      run: (label, statement, options) => {
        if (label === 'state-append') appended++;
        return fixture.store.run(label, statement, options);
      },
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(planned, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 }),
        fc.boolean(),
        async (groups, ordered) => {
          const view = await freshView(filled);
          const flat = groups.flat();
          // In the order of publication the state only grows; in any other it is made anew.
          if (ordered) flat.sort((a, b) => a.asOf + a.delay - b.asOf - b.delay);
          let id = 0;
          for (const group of groups) {
            const runs = [];
            for (const plan of flat.splice(0, group.length)) {
              const each = stamped(view, ++id, plan);
              computed = plan.rows;
              await fixture.writes.stageRun(each.run);
              runs.push(each);
            }
            await commitRuns(counting, fenced(view), runs);
          }
          const grown = await stateOf(view);
          await expectOracle(view, filled);
          await rebuildState(fixture.store, fenced(view));
          expect(grown).toEqual(await stateOf(view));
          await fixture.writes.dropView(view);
        },
      ),
      // The first in the order of publication, so that the state surely grows; what is drawn may never let it.
      { numRuns: 8, endOnFailure: true, examples: [[IN_ORDER, true]] },
    );
    expect(appended).toBeGreaterThanOrEqual(IN_ORDER.length);
  },
  600_000,
);

/** Fails at its n-th statement that changes something, before or after doing it. */
function breaking(store: ClickHouse, n: number, when: 'before' | 'after'): ClickHouse {
  let count = 0;
  const through = async (body: () => Promise<void>): Promise<void> => {
    count++;
    if (count === n && when === 'before') throw new Error('broken off');
    await body();
    if (count === n && when === 'after') throw new Error('broken off');
  };
  return {
    ...store,
    run: (label, statement, options) => through(() => store.run(label, statement, options)),
    insert: (label, into, rows, options) => through(() => store.insert(label, into, rows, options)),
  };
}

test.each(['grows', 'is rebuilt'] as const)(
  'a commit broken off anywhere, then repeated, equals one that was not (the state %s)',
  async (kind) => {
    const first: Planned = {
      asOf: 3,
      delay: 3,
      rows: [
        { id: 'A', plain: 1, kept: null, gone: false },
        { id: 'B', plain: 2, kept: 2, gone: false },
      ],
    };
    const late: Planned = {
      asOf: 1,
      delay: 2,
      rows: [
        { id: 'A', plain: 8, kept: 5, gone: false },
        { id: 'C', plain: 3, kept: 3, gone: false },
      ],
    };
    const next: Planned = {
      asOf: 5,
      delay: 3,
      rows: [
        { id: 'A', plain: null, kept: null, gone: false },
        { id: 'B', plain: 2, kept: 2, gone: true },
      ],
    };
    const plans = kind === 'grows' ? [first, next] : [first, late];
    const view = await freshView(true);
    const runs = plans.map((plan, index) => stamped(view, index + 1, plan));
    for (const [index, { run }] of runs.entries()) {
      computed = plans[index]?.rows ?? [];
      await fixture.writes.stageRun(run);
    }
    const last = runs.slice(1);
    await fixture.writes.commitRuns(view, runs.slice(0, 1));
    await fixture.writes.commitRuns(view, last);
    const expected = { state: await stateOf(view), history: await historyOf(view) };

    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n++) {
        await uncommitted(view);
        await fixture.writes.commitRuns(view, runs.slice(0, 1));
        const outcome = await commitRuns(breaking(fixture.store, n, when), fenced(view), last).catch(
          (error: Error) => error.message,
        );
        if (outcome === undefined) {
          expect(n).toBeGreaterThan(3);
          break;
        }
        expect(outcome).toBe('broken off');
        await fixture.writes.commitRuns(view, last);
        expect({ state: await stateOf(view), history: await historyOf(view) }).toEqual(expected);
      }
    }
  },
  600_000,
);

/** Lets another come in between: before the n-th statement, whatever it is. */
function overtaken(
  store: ClickHouse,
  n: number,
  meanwhile: () => Promise<void>,
): ClickHouse & { readonly passed: () => number } {
  let count = 0;
  const next = async (): Promise<void> => {
    if (++count === n) await meanwhile();
  };
  return {
    ...store,
    passed: () => count,
    run: async (label, statement, options) => {
      await next();
      await store.run(label, statement, options);
    },
    insert: async (label, into, rows, options) => {
      await next();
      await store.insert(label, into, rows, options);
    },
    rows: async <Row>(label: string, select: Parameters<ClickHouse['rows']>[1], options?: object) => {
      await next();
      return store.rows<Row>(label, select, options);
    },
  };
}

test.each(['grows', 'is rebuilt'] as const)(
  'a commit that another has overtaken at any of its statements is refused and adds nothing after it (the state %s)',
  async (kind) => {
    const row = (id: string, plain: number, gone = false) => ({ id, plain, kept: plain, gone });
    const first: Planned = { asOf: 3, delay: 3, rows: [row('A', 1), row('B', 2), row('D', 4)] };
    const own: Planned =
      kind === 'grows'
        ? { asOf: 5, delay: 3, rows: [row('A', 5), row('B', 6, true)] }
        : { asOf: 1, delay: 2, rows: [row('A', 8), row('C', 3)] };
    const others: Planned = { asOf: 7, delay: 3, rows: [row('A', 9), row('C', 9)] };
    const raws = (view: View) => fixture.store.rows('test', raw(`SELECT * FROM history_${view.name}_v1 ORDER BY ALL`));
    const view = await freshView(false);
    const holder = (fencingToken: number) => fixture.writers.writer(view, leaseOf(viewResource(view), fencingToken));
    const runs = [first, own, others].map((plan, index) => stamped(view, index + 1, plan));
    const staging = await holder(1);
    for (const [index, plan] of [first, own, others].entries()) {
      computed = plan.rows;
      await staging.stageRun((runs[index] as StampedRun).run);
    }
    let refusals = 0;
    for (let n = 1; ; n++) {
      await uncommitted(view);
      const token = 2 * n;
      await (await holder(token)).commitRuns(runs.slice(0, 1));
      let before: unknown;
      const store = overtaken(fixture.store, n, async () => {
        const later = await holder(token + 1);
        await later.commitRuns(runs.slice(1, 2));
        await later.commitRuns(runs.slice(2));
        before = { state: await stateOf(view), history: await raws(view) };
      });
      const outcome = await commitRuns(store, fenced(view, token), runs.slice(1, 2)).catch((error: Error) => error);
      if (store.passed() < n) {
        expect(outcome).toBeUndefined();
        break;
      }
      if (outcome) {
        expect(outcome).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(view.id) });
        refusals++;
      }
      expect({ state: await stateOf(view), history: await raws(view) }).toEqual(before);
      await rebuildState(fixture.store, fenced(view));
      expect({ state: await stateOf(view), history: await raws(view) }).toEqual(before);
    }
    expect(refusals).toBeGreaterThan(4);
  },
  600_000,
);

test('a writer is given when what was being written to the history before is there', async () => {
  const view = await freshView(false);
  const history = `history_${view.name}_v1`;
  const count = async (from: string) =>
    Number((await fixture.store.rows<{ n: string }>('test', raw(`SELECT count() AS n FROM ${from}`)))[0]?.n);
  const writing = `system.processes WHERE current_database = currentDatabase() AND startsWith(query, 'INSERT INTO \`${history}\`')`;
  // A machine that stands still for a while sees such a statement only when it is over: then there is another.
  let rows = 0;
  for (let under = false; !under; ) {
    rows += 4;
    let ended = false;
    // Half a second a row, of a process that is gone: nobody waits for it but the next.
    const slow = fixture.store
      .run(
        'test',
        raw(
          `INSERT INTO \`${history}\` SELECT concat('K', toString(${rows} + number + sleepEachRow(0.5))), toDateTime64(1, 3, 'UTC'), toDateTime64(1, 3, 'UTC'), 1, 0, 1, 1 FROM numbers(4) SETTINGS max_block_size = 1`,
        ),
      )
      .finally(() => {
        ended = true;
      });
    while (!ended && !under) under = (await count(writing)) > 0;
    if (!under) await slow;
    else {
      await fixture.writers.writer(view, leaseOf(viewResource(view), 1));
      expect(await count(history)).toBe(rows);
      await slow;
    }
  }
});

test('rows that a run left in the history alone are in the state after the next commit', async () => {
  const view = await freshView(false);
  const plans: Planned[] = [
    { asOf: 1, delay: 1, rows: [{ id: 'A', plain: 1, kept: 1, gone: false }] },
    { asOf: 2, delay: 1, rows: [{ id: 'B', plain: 2, kept: 2, gone: false }] },
  ];
  const runs = plans.map((plan, index) => stamped(view, index + 1, plan));
  for (const [index, { run }] of runs.entries()) {
    computed = plans[index]?.rows ?? [];
    await fixture.writes.stageRun(run);
  }
  await expect(commitRuns(breaking(fixture.store, 3, 'before'), fenced(view), runs.slice(0, 1))).rejects.toThrow(
    'broken off',
  );
  await fixture.writes.commitRuns(view, runs.slice(1));
  expect((await fixture.offline.rowsAt(view, BASE + 10, [['A'], ['B']])).map((row) => row?.sequence)).toEqual([1, 2]);
});

test('a state is rebuilt range by range of keys with the same result', async () => {
  const view = await freshView(false);
  await fixture.store.run(
    'test',
    raw(`INSERT INTO history_${view.name}_v1 SELECT concat('K', toString(number % 1000)), toDateTime64(1772323200 + intDiv(number, 1000), 3, 'UTC'),
      toDateTime64(1772323205 + intDiv(number, 1000), 3, 'UTC'), 1, 0, number, number FROM numbers(5000)`),
  );
  const ranges = await keyRanges(fixture.store, { table: raw(`history_${view.name}_v1`), key: raw('id'), rows: 900 });
  expect(ranges.length).toBeGreaterThanOrEqual(5);
  let covered = 0;
  for (const range of ranges) {
    const [found] = await fixture.store.rows<{ n: string }>(
      'test',
      sql`SELECT count() AS n FROM ${raw(`history_${view.name}_v1`)} WHERE ${range(raw('id'))}`,
    );
    expect(Number(found?.n)).toBeLessThan(1500);
    covered += Number(found?.n);
  }
  expect(covered).toBe(5000);
});

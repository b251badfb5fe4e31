/** Sets of many buckets: rules hold across them, a killed worker's work is taken up, and a set can be made again from the same rows. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { int32, raw } from '../../../src/core/definitions/define.js';
import type { FeatureValue, StalePolicy } from '../../../src/core/definitions/types.js';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import type { TrainingSetPins, TrainingSetRequest } from '../../../src/core/ports/training-sets.js';
import { readRanges, writeRanges } from '../../../src/offline/training/pins.js';
import { type ClickHouse, openClickHouse } from '../../../src/warehouse/client.js';
import { migrateClickHouse } from '../../../src/warehouse/migrate.js';
import { createUserSql } from '../../../src/warehouse/user-sql.js';
import { forkBundled } from '../../support/bundled.js';
import { freshClickHouseDatabase } from '../../support/stores.js';
import { TABLES } from '../../support/tables.js';
import { type OfflinePorts, offlineOn, quiet, refsOf, unmeasured, viewOf } from '../support.js';
import type { BuildPlan } from './process.js';
import {
  AS_OF,
  at,
  behaviour,
  behaviour2,
  customer,
  DAY,
  fillViews,
  setRequest,
  spineRows,
  T0,
  VIEWS,
} from './views.js';

// A set is a hundred statements and more, each of which waits its turn on a loaded machine.
vi.setConfig({ testTimeout: 600_000 });

const ROWS_A_STEP = 150;
const calendar = new BusinessCalendar('Asia/Shanghai');
let server: Awaited<ReturnType<typeof freshClickHouseDatabase>>;
let store: ClickHouse;
let ports: OfflinePorts;
let folder: string;
const children: ChildProcess[] = [];

const on = (each: ClickHouse, rowsAStep = ROWS_A_STEP): OfflinePorts =>
  offlineOn(each, calendar, { userSql: createUserSql(store), rowsAStep });

beforeAll(async () => {
  server = await freshClickHouseDatabase();
  store = openClickHouse({ ...server, log: quiet, metrics: unmeasured });
  const directory = resolve('migrations/clickhouse');
  await migrateClickHouse({ tables: TABLES.all, clickhouse: store, directory, clock: () => AS_OF, log: quiet });
  ports = on(store);
  await fillViews(store, ports);
  await Promise.all(Array.from({ length: 30 }, (_, index) => label(`C${index}`, index % 2, 1)));
  folder = await mkdtemp(join(tmpdir(), 'training-buckets-'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await store?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

const label = (id: string, value: number, seq: number): Promise<void> => {
  const [observed, known] = [at(1.25), at(95)].map((text) => text.replace('T', ' ').slice(0, -1)) as [string, string];
  const columns = [
    'entity',
    'entity_id',
    'name',
    'observed_at',
    'window_from',
    'window_to',
    'known_at',
    'value',
  ] as const;
  const into = {
    table: 'labels',
    columns: [...columns, 'ingested_at', 'deleted', 'seq', 'row_hash'] as [string, ...string[]],
  };
  return store.insert('test', into, [
    ['customer', id, 'bad', observed, observed, known, known, value, known, 0, seq, String(seq)],
  ]);
};

let sets = 0;
async function build(more: Partial<TrainingSetRequest> = {}, from = ports) {
  const id = `0198-${++sets}`;
  const request = setRequest({ id, path: join(folder, id), ...more });
  const result = await from.sets.build(request);
  const lines = request.format === 'CSV' ? (await readFile(request.path, 'utf8')).trimEnd().split('\n') : [];
  return { request, result, lines, hash: result.manifest.contentHash };
}

/** The set that others are compared with, while the views are as they were filled. */
let calmly: ReturnType<typeof build> | undefined;
const calmSet = () => {
  calmly ??= build();
  return calmly;
};

const tablesLeft = () =>
  store.rows<{ name: string }>(
    'test',
    raw("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'training_')"),
  );

/** Counts the statements of each label. */
function counting(): { readonly store: ClickHouse; readonly seen: Map<string, number> } {
  const seen = new Map<string, number>();
  return {
    seen,
    store: {
      ...store,
      run: (label, statement, options) => {
        seen.set(label, (seen.get(label) ?? 0) + 1);
        return store.run(label, statement, options);
      },
    },
  };
}

const cell = (value: FeatureValue): string =>
  value === null ? '' : typeof value === 'string' ? `"${value}"` : JSON.stringify(value);

test.each<StalePolicy>(['RETURN', 'NULL'])(
  'over many buckets rows keep their order, duplicates and statuses: a set is what historicalFeatures answers (stale: %s)',
  async (stalePolicy) => {
    const spine = spineRows(300);
    const twice = Object.fromEntries(
      Object.entries(spine).map(([name, values]) => [name, [...values, ...values.slice(0, 50)]]),
    );
    const { store: counted, seen } = counting();
    const { lines } = await build({ spine: twice, stalePolicy }, on(counted));
    const table = await ports.offline.historicalFeatures({
      features: VIEWS.flatMap((view) => refsOf(view)),
      spine: twice,
      includeEventTimes: true,
      includeStatuses: true,
      stalePolicy,
      asOf: AS_OF,
    });
    expect(lines[0]).toBe(table.columns.map(({ name }) => `"${name}"`).join(','));
    expect(lines.slice(1)).toEqual(table.rows.map((row) => row.map(cell).join(',')));
    expect(lines).toHaveLength(351);
    const statuses = new Set(lines.slice(1).flatMap((line) => line.match(/"(PRESENT|NULL|STALE|NOT_FOUND)"/g) ?? []));
    expect([...statuses].sort()).toEqual(['"NOT_FOUND"', '"NULL"', '"PRESENT"', '"STALE"']);
    expect(seen.get('training-set-rows')).toBeGreaterThanOrEqual(3);
    expect(seen.get('training-set-join')).toBeGreaterThanOrEqual(8);
  },
);

test('two versions of a view stand side by side, each under its own name', async () => {
  const spine = { customer_id: ['C1'], event_timestamp: [at(2.5)] };
  const features = [...refsOf(behaviour, ['dpd']), ...refsOf(behaviour2)];
  const { lines } = await build({ features, spine, includeEventTimes: false, includeStatuses: false });
  expect(lines).toEqual([
    '"customer_id","event_timestamp","behaviour_v1__dpd","behaviour_v2__dpd"',
    `"C1","${at(2.5)}",13,1300`,
  ]);
});

test('the number of buckets changes neither rows nor hash, and every format holds them', async () => {
  const many = await calmSet();
  const one = await build({}, on(store, 1_000_000));
  expect(many.lines).toEqual(one.lines);
  expect(many.hash).toBe(one.hash);

  const parquet = await build({ format: 'PARQUET' });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet.request.path), compressors });
  expect(rows.map(({ weight }) => weight)).toEqual(spineRows(300).weight);
  const arrow = await build({ format: 'ARROW' });
  await store.run('test', raw('CREATE TABLE again (weight Int32, behaviour_v1__dpd Nullable(Int32)) ENGINE = Memory'));
  await readBack(await readFile(arrow.request.path), 'again', 'Arrow');
  await readBack(await readFile(parquet.request.path), 'again', 'Parquet');
  const [found] = await store.rows<{ rows: string; sum: string }>(
    'test',
    raw('SELECT count() AS rows, sum(weight) AS sum FROM again'),
  );
  const sum = spineRows(300).weight.reduce((total, weight) => total + weight, 0);
  expect(found).toEqual({ rows: '600', sum: String(2 * sum) });
  expect([parquet.hash, arrow.hash]).toEqual([many.hash, many.hash]);
});

/** Has ClickHouse read a file that it wrote. */
async function readBack(file: Buffer, table: string, format: string): Promise<void> {
  const url = new URL(server.url);
  const headers = { authorization: `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}` };
  const query = `INSERT INTO ${table} FORMAT ${format}`;
  const search = new URLSearchParams({
    database: server.database,
    query,
    input_format_skip_unknown_fields: '1',
    input_format_arrow_skip_columns_with_unsupported_types_in_schema_inference: '1',
  });
  const answer = await fetch(`${url.origin}/?${search}`, { method: 'POST', headers, body: new Uint8Array(file) });
  expect(await answer.text()).toBe('');
  expect(answer.ok).toBe(true);
}

describe('a worker killed with SIGKILL', () => {
  const dying = async (plan: Pick<BuildPlan, 'id' | 'path' | 'label' | 'after' | 'within'>): Promise<void> => {
    const { url, database } = server;
    const argument = JSON.stringify({ ...plan, url, database, rowsAStep: ROWS_A_STEP } satisfies BuildPlan);
    const child = await forkBundled(new URL('./process.ts', import.meta.url), [argument]);
    children.push(child);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  };

  test('leaves its finished steps to the next, which makes the same file', async () => {
    const calm = await calmSet();

    const id = '0198-killed';
    const path = join(folder, id);
    await dying({ id, path, label: 'training-spine-create', after: 1, within: false });
    await dying({ id, path, label: 'training-set-join', after: 2, within: false });
    await dying({ id, path, label: 'training-set-join', after: 1, within: true });
    await dying({ id, path, label: 'training-set-rows', after: 2, within: false });

    const last = counting();
    const { result, lines } = await build({ id, path }, on(last.store));
    expect(lines).toEqual(calm.lines);
    expect(result).toEqual({ ...calm.result, manifest: { ...calm.result.manifest, trainingSet: id } });
    expect(last.seen.get('training-set-join')).toBeUndefined();
    expect(last.seen.get('training-spine-create')).toBeUndefined();
    // Of two buckets the first had its step, the second died before.
    expect(last.seen.get('training-set-rows')).toBe(1);
    expect(await tablesLeft()).toEqual([]);
  });
});

const running = () =>
  store.rows<{ query: string }>(
    'test',
    // Other files have slow queries of their own, in databases of their own.
    raw(
      "SELECT query FROM system.processes WHERE current_database = currentDatabase() AND query LIKE '%sleepEachRow%' AND query NOT LIKE '%system.processes%'",
    ),
  );

/** Its first join takes seconds, and it goes no further before it is let. */
function slowly() {
  let ended = false;
  let letOn: () => void = () => undefined;
  const further = new Promise<void>((resolve) => {
    letOn = resolve;
  });
  const slow: ClickHouse = {
    ...store,
    run: async (label, statement, options) => {
      if (label !== 'training-set-join') return store.run(label, statement, options);
      const slowed = { ...statement, render: () => sleepy(statement.render()) } as typeof statement;
      await store.run(label, slowed, options).finally(() => {
        ended = true;
      });
      await further;
    },
  };
  /** Where the machine stood still for so long that nobody saw the join, it waits after it; a build that ends before is told. */
  const atIt = async (outcome: Promise<unknown>): Promise<void> => {
    let over: readonly [unknown] | undefined;
    void outcome.then((told) => {
      over = [told];
    });
    while (!ended && (await running()).length === 0) expect(over).toBeUndefined();
  };
  return { store: slow, atIt, letOn: () => letOn() };
}

test('a worker that lost its set to another while it could not be heard leaves it alone', async () => {
  const shared = { id: '0198-shared', path: join(folder, '0198-shared'), spine: spineRows(90) };
  const slow = slowly();
  const lost = build(shared, on(slow.store)).then(
    () => 'built',
    (error: Error) => error,
  );
  await slow.atIt(lost);
  const { lines } = await build(shared);
  slow.letOn();
  expect(await lost).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('another worker') });
  expect(lines).toEqual((await build({ spine: shared.spine })).lines);
  expect(await tablesLeft()).toEqual([]);
});

test('a cancel stops a statement that is running, and leaves neither file nor tables', async () => {
  const controller = new AbortController();
  const spine = spineRows(90);
  const before = await readdir(folder);
  const slow = slowly();
  const building = build({ spine, signal: controller.signal }, on(slow.store, 10_000));
  const ended = building.then(
    () => 'built',
    (error: Error) => error.message,
  );
  await slow.atIt(ended);
  controller.abort(new Error('cancelled'));
  slow.letOn();
  expect(await ended).toBe('cancelled');
  expect(await running()).toEqual([]);
  expect(await tablesLeft()).toEqual([]);
  expect(await readdir(folder)).toEqual(before);
});

const sleepy = (rendered: { query: string; params: Readonly<Record<string, unknown>> }) => ({
  ...rendered,
  query: `${rendered.query} WHERE NOT ignore(sleepEachRow(0.03))`,
});

describe('a set that is made again from its pins', () => {
  const spine = {
    sql: "SELECT entity_id AS customer_id, 'D1' AS device_id, observed_at + INTERVAL 7 DAY AS event_timestamp FROM labels ORDER BY entity_id",
  };

  test('has the same hash after late and restated rows, a backfill of the past and a new version', async () => {
    const features = VIEWS.flatMap((view) => refsOf(view));
    const first = await build({ spine, features });
    const pins = first.result.manifest.pins as TrainingSetPins;
    expect(await build({ spine, features, pins })).toMatchObject({ hash: first.hash, lines: first.lines });

    await label('C77', 1, 2);
    await label('C3', 1, 2);
    const run = { id: 900, view: behaviour, asOf: T0 + 5 * DAY, knowledge: T0 + 5 * DAY + 7_200_000 };
    await store.run(
      'test',
      raw(
        `INSERT INTO facts SELECT addDays(at, 1), customer_id, 77, 78, 0 FROM facts WHERE at = toDateTime64(${(T0 + 4 * DAY) / 1000}, 3, 'UTC')`,
      ),
    );
    await ports.writes.stageRun(run);
    await ports.writes.commitRuns(behaviour, [{ run, availableAt: run.knowledge }]);
    await ports.writers.createView(
      viewOf('behaviour', 3, { entity: customer, features: { dpd: int32() }, query: () => raw('') }),
    );

    const again = await build({ spine, features, pins });
    expect(again.lines).toEqual(first.lines);
    expect(again.hash).toBe(first.hash);
    const fresh = await build({ spine, features });
    expect(fresh.hash).not.toBe(first.hash);
    expect(fresh.result.rowCount).toBe(31);
    expect(fresh.lines.join()).toContain(',77,');
  });

  test('has the labels that were known then, though one was restated', async () => {
    const observed = {
      sql: "SELECT entity_id AS customer_id, observed_at AS event_timestamp FROM labels WHERE entity_id IN ('C4', 'C5') ORDER BY entity_id",
    };
    const asked = { spine: observed, features: refsOf(behaviour), label: 'bad' };
    const first = await build(asked);
    expect(first.lines.map((line) => line.split(',').at(-1))).toEqual(['"bad"', '0', '1']);
    await label('C4', 1, 5);
    const pins = first.result.manifest.pins as TrainingSetPins;
    const again = await build({ ...asked, pins });
    expect(again).toMatchObject({ hash: first.hash, lines: first.lines });
    expect((await build(asked)).lines.map((line) => line.split(',').at(-1))).toEqual(['"bad"', '1', '1']);
  });

  test('reads one state throughout, though a backfill is committed while it is built', async () => {
    const features = refsOf(behaviour);
    const calm = await build({ features });
    const { store: counted, seen } = counting();
    const joins = () => seen.get('training-set-join') ?? 0;
    let joinedBefore: number | undefined;
    const onProgress = async (fraction: number): Promise<void> => {
      if (joinedBefore !== undefined || fraction <= 0.2) return;
      joinedBefore = joins();
      const run = { id: 901, view: behaviour, asOf: T0 + 6 * DAY, knowledge: T0 + 6 * DAY + 7_200_000 };
      await store.run(
        'test',
        raw(
          `INSERT INTO facts SELECT addDays(at, 2), customer_id, 88, 89, 0 FROM facts WHERE at = toDateTime64(${(T0 + 4 * DAY) / 1000}, 3, 'UTC')`,
        ),
      );
      await ports.writes.stageRun(run);
      await ports.writes.commitRuns(behaviour, [{ run, availableAt: run.knowledge }]);
    };
    const disturbed = await build({ features, onProgress }, on(counted));
    // Of the joins that read the view, some come after the commit.
    expect(joinedBefore).toBeGreaterThan(0);
    expect(joins()).toBeGreaterThan(joinedBefore as number);
    expect(disturbed.lines).toEqual(calm.lines);
    expect((await build({ features })).hash).not.toBe(calm.hash);
  });

  test('leaves out the rows of an import that is under way, for the others come under its sequence', async () => {
    const imported = (seq: number): Promise<void> => {
      const columns = ['table', 'import_id', 'seq', 'at', 'history', 'accepted', 'duplicates', 'rejected'] as const;
      const row = ['labels', String(seq), seq, '2026-04-01 00:00:00', 1, 1, 0, 0];
      return store.insert('test', { table: 'source_imports', columns: [...columns] }, [row]);
    };
    const features = refsOf(behaviour);
    await imported(2);
    const whole = await build({ spine, features });
    await label('C78', 1, 5);
    const during = await build({ spine, features });
    await label('C79', 1, 5);
    await imported(5);
    const pins = during.result.manifest.pins as TrainingSetPins;
    expect(pins.imports).toEqual({ labels: '2' });
    expect([during.hash, (await build({ spine, features, pins })).hash]).toEqual([whole.hash, whole.hash]);
    expect((await build({ spine, features })).result.rowCount).toBe(Number(whole.result.rowCount) + 2);
  });

  test('sees loan-days up to the newest derivation that has ended, and nothing of a first import under way', async () => {
    const features = refsOf(behaviour);
    const text = `${spine.sql.replace(' ORDER BY', ' WHERE entity_id NOT IN (SELECT customer_id FROM loan_snapshots UNION ALL SELECT customer_id FROM customers) ORDER BY')}`;
    const pinned = async () => (await build({ spine: { sql: text }, features })).result.manifest.pins;
    expect(await pinned()).toMatchObject({ imports: { loan_snapshots: '0', customers: '0' } });
    const run = [7, '2026-01-01', 'Asia/Shanghai', '2026-01-02 00:00:00', 0, 0, 0];
    const columns = ['seq', 'through', 'timezone', 'at', 'loans', 'rows', 'changed'] as const;
    await store.insert('test', { table: 'loan_snapshot_runs', columns: [...columns] }, [run]);
    await store.run(
      'test',
      raw("INSERT INTO customers (customer_id, ingested_at, seq) VALUES ('C3', '2026-01-02 00:00:00', 9)"),
    );
    expect(await pinned()).toMatchObject({ imports: { loan_snapshots: '7', customers: '9' } });
    await store.insert('test', { table: 'source_turns', columns: ['table', 'turn'] }, [['customers', 1]]);
    expect(await pinned()).toMatchObject({ imports: { loan_snapshots: '7', customers: '0' } });
  });

  test('is refused where the history of a view has lost its runs', async () => {
    const pins: TrainingSetPins = { runs: { [behaviour.id]: '1-6,5000' }, imports: {} };
    await expect(build({ features: refsOf(behaviour), pins })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('behaviour@1 no longer holds 1 of the runs'),
    });
    expect(await tablesLeft()).toEqual([]);
  });

  test.each([[[]], [[1]], [[3, 1, 2, 9, 7, 8, 20]]])('runs %j are written and read as ranges', (numbers) => {
    expect(readRanges(writeRanges(numbers))).toEqual([...numbers].sort((a, b) => a - b));
  });
});

describe('what would leak or be empty is said with its rows', () => {
  const spine = (days: readonly number[]) => ({
    customer_id: days.map((_, index) => `C${index}`),
    event_timestamp: days.map(at),
  });
  const features = refsOf(behaviour, ['dpd']);

  test('rows after the as-of are refused, given or selected', async () => {
    const late = spine([1, 101, 102]);
    const words = /2 rows of the spine lie after the as-of .*: row 1 at .*, row 2 at /;
    await expect(ports.sets.check(setRequest({ id: 'x', path: 'x', features, spine: late }))).rejects.toThrow(words);
    const text = `SELECT concat('C', toString(value)) AS customer_id, observed_at + INTERVAL 150 DAY AS event_timestamp FROM labels`;
    await expect(build({ features, spine: { sql: text } })).rejects.toThrow(
      /rows of the spine lie after the as-of .*: row 0 at .* and \d+ more/,
    );
    expect(await tablesLeft()).toEqual([]);
  });

  test('rows that see no value for the delay are counted by view, and refused where that is all of them', async () => {
    const { result } = await build({ features, spine: spine([0.05, -3, 2]) });
    expect(result.manifest.warnings).toEqual([
      expect.objectContaining({ view: 'behaviour@1', rows: 2, delayed: 1, readableFrom: at(2 / 24) }),
    ]);
    await expect(build({ features, spine: spine([0.05, -3]) })).rejects.toThrow(
      /delay 2h\): no row of the spine may see behaviour@1:dpd, 1 of 2 only for the delay: row 0 at /,
    );
    expect((await build({ features, spine: spine([2, 3]) })).result.manifest.warnings).toEqual([]);
  });

  test('a column of the spine that says the label in every row is refused', async () => {
    const text = (column: string) =>
      `SELECT entity_id AS customer_id, observed_at AS event_timestamp, ${column} AS hint FROM labels WHERE name = 'bad' ORDER BY entity_id`;
    await expect(build({ features, label: 'bad', spine: { sql: text('toInt32(value)') } })).rejects.toThrow(
      /the spine's column 'hint' equals the label in all \d+ rows that have one: row 0 at /,
    );
    const fair = await build({
      features,
      label: 'bad',
      spine: { sql: text("if(entity_id IN ('C3', 'C4'), 7, toInt32(value))") },
    });
    expect(fair.result.columns.map(({ name }) => name)).toContain('hint');
  });

  test('scores of a model that learns from labels are labels too', async () => {
    const leaking = { ...behaviour, sources: ['labels'] };
    const model = { features: refsOf(leaking, ['dpd']) } as never;
    const scores = { ...behaviour2, origin: { kind: 'scores' as const, model } };
    await expect(build({ features: refsOf(scores) })).rejects.toThrow("the feature 'behaviour@2:dpd' reads labels");
  });
});

/** Two workers at one set, and the rows of a spine that are kept for whoever makes the set again. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { raw, string } from '../../../src/core/definitions/define.js';
import type { TrainingSetPins, TrainingSetRequest } from '../../../src/core/ports/training-sets.js';
import { columnBytes, joinSettings } from '../../../src/offline/training/weights.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import { migrateClickHouse } from '../../../src/warehouse/migrate.js';
import { createUserSql } from '../../../src/warehouse/user-sql.js';
import { TABLES } from '../../support/tables.js';
import { type OfflineFixture, offlineOn, openOffline, quiet, refsOf, viewOf } from '../support.js';
import { AS_OF, at, behaviour, customer, fillViews, setRequest, spineRows, T0 } from './views.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let fixture: OfflineFixture;
let folder: string;

const on = (store: ClickHouse, bytesAJoin?: number) =>
  offlineOn(store, fixture.calendar, {
    userSql: createUserSql(fixture.store),
    ...(bytesAJoin === undefined ? { rowsAStep: 20 } : { bytesAJoin }),
  });

beforeAll(async () => {
  fixture = await openOffline();
  const { store } = fixture;
  const directory = resolve('migrations/clickhouse');
  await migrateClickHouse({ tables: TABLES.all, clickhouse: store, directory, clock: () => AS_OF, log: quiet });
  await fillViews(store, on(store));
  folder = await mkdtemp(join(tmpdir(), 'training-holders-'));
});
afterAll(async () => {
  await fixture?.close();
  await rm(folder, { recursive: true, force: true });
});

let sets = 0;
async function build(more: Partial<TrainingSetRequest> = {}, from = on(fixture.store)) {
  const id = `0199-${++sets}`;
  const asked = { features: refsOf(behaviour), spine: spineRows(30), includeStatuses: false };
  const request = setRequest({ id, path: join(folder, id), ...asked, ...more });
  const result = await from.sets.build(request);
  const lines = (await readFile(request.path, 'utf8')).trimEnd().split('\n');
  return { result, lines, hash: result.manifest.contentHash, pins: result.manifest.pins as TrainingSetPins };
}

const tables = async (prefix: string): Promise<readonly string[]> => {
  const names = raw('SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name');
  const found = await fixture.store.rows<{ name: string }>('test', names);
  return found.flatMap(({ name }) => (name.startsWith(prefix) ? [name] : []));
};

function signal() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

/** A store that waits before its n-th statement of a label until it is let go on. */
function paused(label: string, nth = 1) {
  const here = signal();
  const go = signal();
  let seen = 0;
  const pass = async (name: string): Promise<void> => {
    if (name !== label || ++seen !== nth) return;
    here.resolve();
    await go.promise;
  };
  const { store } = fixture;
  const held: ClickHouse = {
    ...store,
    async run(name, statement, options) {
      await pass(name);
      // As a process that was stopped within the call: it sends what it was about to.
      return store.run(name, statement, name === label ? { settings: options?.settings ?? {} } : options);
    },
    async insert(name, ...rest) {
      await pass(name);
      return store.insert(name, ...rest);
    },
    async *bytes(name, ...rest) {
      await pass(name);
      yield* store.bytes(name, ...rest);
    },
  };
  return { store: held, reached: here.promise, resume: go.resolve };
}

const outcome = (building: Promise<unknown>): Promise<unknown> =>
  building.then(
    () => 'built',
    (error: Error) => error,
  );

test.each([
  ['its spine', 'training-spine-fill', 1, false],
  ['a join', 'training-set-join', 2, false],
  ['a bucket', 'training-set-rows', 2, false],
  ['the record that a step is done', 'training-set-checkpoint', 5, false],
  ['a bucket, cancelled meanwhile,', 'training-set-rows', 2, true],
] as const)(
  'a worker that is paused before it writes %s and wakes while another has the set adds nothing and takes nothing',
  async (_, label, nth, aborts) => {
    const calm = await build();
    const id = `0199-late${++sets}`;
    const path = join(folder, id);
    const controller = new AbortController();
    const late = paused(label, nth);
    const first = outcome(build({ id, path, signal: controller.signal }, on(late.store)));
    await late.reached;
    const next = paused('training-set-export');
    const second = build({ id, path }, on(next.store));
    await next.reached;
    if (aborts) controller.abort(new Error('cancelled'));
    late.resume();
    expect(await first).toMatchObject(aborts ? { message: 'cancelled' } : { code: 'STORE_UNAVAILABLE' });
    next.resume();
    const { lines, hash, result } = await second;
    expect(lines).toEqual(calm.lines);
    expect(hash).toBe(calm.hash);
    expect(result.columns).toEqual(calm.result.columns);
    expect(await tables('training_')).toEqual([]);
  },
);

test('a worker that wakes when its set is done leaves the file and nothing else', async () => {
  const id = `0199-late${++sets}`;
  const path = join(folder, id);
  const late = paused('training-set-export');
  const first = outcome(build({ id, path }, on(late.store)));
  await late.reached;
  const { lines } = await build({ id, path });
  late.resume();
  expect(await first).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toEqual(lines);
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  expect(await tables('training_')).toEqual([]);
});

test('a worker that takes a set up while another ends it leaves it as it is, and is told why', async () => {
  const id = `0199-late${++sets}`;
  const path = join(folder, id);
  const ending = paused('training-set-export');
  const first = build({ id, path }, on(ending.store));
  await ending.reached;
  const late = paused('training-set-checkpoint');
  const second = outcome(build({ id, path }, on(late.store)));
  await late.reached;
  ending.resume();
  const { lines } = await first;
  late.resume();
  expect(await second).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toEqual(lines);
  expect(await tables('training_')).toEqual([]);
});

describe('a set of spine SQL that never gives the same rows twice', () => {
  const spine = {
    sql: "SELECT concat('C', toString(number)) AS customer_id, observed AS event_timestamp, rand() AS noise FROM (SELECT arrayJoin(range(20)) AS number, toDateTime64('2026-01-13 00:00:00', 3, 'UTC') AS observed)",
  };

  /** The guard refuses rand(), which stands for what differs by the order of rows. */
  const free = () => offlineOn(fixture.store, fixture.calendar);

  test('is the same when it is made again, and again from that', async () => {
    const first = await build({ spine }, free());
    const again = await build({ spine, pins: first.pins }, free());
    expect(again).toMatchObject({ hash: first.hash, lines: first.lines, pins: first.pins });
    expect(await tables('training_')).toEqual([]);
    expect(await tables('kept_spine_')).toEqual([first.pins.spine?.table]);
    expect((await build({ spine, pins: again.pins }, free())).hash).toBe(first.hash);
    expect((await build({ spine }, free())).hash).not.toBe(first.hash);
  });

  test('is the same when it is made again though the guard would refuse its SQL now', async () => {
    const first = await build({ spine }, free());
    await expect(build({ spine })).rejects.toMatchObject({ message: "the function 'rand' is not allowed" });
    expect(await build({ spine, pins: first.pins })).toMatchObject({ hash: first.hash, lines: first.lines });
  });

  test('is refused where the kept rows were changed', async () => {
    const { pins } = await build({ spine }, free());
    const { table } = pins.spine as { table: string };
    await fixture.store.run('test', raw(`ALTER TABLE ${table} DELETE WHERE rid = 3 SETTINGS mutations_sync = 2`));
    await expect(build({ spine, pins }, free())).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('are not those that the training set was made from'),
    });
    expect(await tables('training_')).toEqual([]);
  });

  test('keeps no rows where it was not made', async () => {
    const before = await tables('kept_spine_');
    const onProgress = async (): Promise<void> => Promise.reject(new Error('no'));
    await expect(build({ spine, onProgress }, free())).rejects.toThrow('no');
    expect(await tables('kept_spine_')).toEqual(before);
  });
});

test('long texts are joined few at a time, and are no matter where they are not asked for', async () => {
  const x = { description: 'x' };
  const letters = viewOf('letters', 1, {
    entity: customer,
    features: { text: string(x), word: string(x) },
    query: () =>
      raw(
        `SELECT concat('C', toString(number)) AS customer_id, repeat('x', 100000) AS text, 'w' AS word FROM numbers(200)`,
      ),
  });
  const { writers, writes } = on(fixture.store);
  await writers.createView(letters);
  const run = { id: 1, view: letters, asOf: T0, knowledge: T0 };
  await writes.stageRun(run);
  await writes.commitRuns(letters, [{ run, availableAt: T0 }]);
  const joins = async (names: string[]): Promise<number> => {
    let seen = 0;
    const { store } = fixture;
    const counting: ClickHouse = {
      ...store,
      run: (label, statement, options) => {
        if (label === 'training-set-join') seen += 1;
        return store.run(label, statement, options);
      },
    };
    const keys = Array.from({ length: 200 }, (_, index) => `C${index}`);
    const spine = { customer_id: keys, event_timestamp: keys.map(() => at(1)) };
    await build({ features: refsOf(letters, names), spine, includeEventTimes: false }, on(counting, 8_000_000));
    return seen;
  };
  const bytes = await columnBytes(fixture.store, { table: 'state_letters_v1', columns: ['text'] }, {});
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(110_000);
  expect(await joins(['word'])).toBe(1);
  // 200 rows of the spine and 200 of the state, each of 100 kB.
  expect(await joins(['word', 'text'])).toBe(6);
});

test.each([
  [10, '65409'],
  [1_000_000, '64'],
  [1_000_000_000, '16'],
])('rows of %i bytes are joined in blocks of %s', (bytes, rows) => {
  expect(joinSettings(bytes)).toMatchObject({ max_block_size: rows, max_joined_block_size_rows: rows });
});

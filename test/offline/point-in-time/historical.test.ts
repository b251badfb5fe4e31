import { afterAll, beforeAll, expect, test } from 'vitest';
import { Mask } from '../../../src/core/compute/masking.js';
import { defineEntity, float64, int32, raw, string } from '../../../src/core/definitions/define.js';
import type { FeatureRef, View } from '../../../src/core/definitions/definitions.js';
import type { HistoricalRequest } from '../../../src/core/ports/offline.js';
import { TABLES } from '../../support/tables.js';
import { type OfflineFixture, openOffline, refsOf, viewOf } from '../support.js';

const DAY = Date.UTC(2026, 4, 1);
const HOUR = 3_600_000;
const device = defineEntity({ name: 'device', joinKeys: ['device_id'], description: 'x' });

let fixture: OfflineFixture;
let first: View;
let second: View;

beforeAll(async () => {
  fixture = await openOffline();
  const features = {
    count: int32({ description: 'How many', unit: 'people' }),
    owner: string({ description: 'Who', tags: ['pii'] }),
  };
  const query = () => raw("SELECT 'D1' AS device_id, 7 AS count, 'Zhang' AS owner");
  first = viewOf('profile', 1, { entity: device, features, query, maxAge: '1d', ttl: '3d' });
  second = viewOf('profile', 2, {
    entity: device,
    features: { ...features, share: float64({ description: 'x' }) },
    query: () => raw("SELECT 'D1' AS device_id, 9 AS count, 'Li' AS owner, 0.5 AS share"),
  });
  for (const view of [first, second]) {
    await fixture.writers.createView(view);
    const run = { id: view.version, view, asOf: DAY, knowledge: DAY };
    await fixture.writes.stageRun(run);
    await fixture.writes.commitRuns(view, [{ run, availableAt: DAY + HOUR }]);
  }
});
afterAll(() => fixture.close());

const ask = (spine: HistoricalRequest['spine'], more: Partial<HistoricalRequest> & { features?: FeatureRef[] } = {}) =>
  fixture.offline.historicalFeatures({
    features: refsOf(first, ['count']),
    spine,
    includeEventTimes: false,
    includeStatuses: false,
    ...more,
  });

const FRESH = '2026-05-01T02:00:00Z';

test('output rows are the input rows in their order, with duplicates and columns passed through (rule 5)', async () => {
  const table = await ask({
    note: ['a', null, 'c', 'a'],
    event_timestamp: [FRESH, FRESH, '2026-05-01T10:00:00+08:00', FRESH],
    device_id: ['D2', 'D1', 'D1', 'D2'],
    weight: [1, 2.5, null, 1],
    flag: [true, false, null, true],
    list: [['x'], null, [], ['x']],
  });
  expect(table.columns.map(({ name, type }) => [name, type])).toEqual([
    ['note', 'STRING'],
    ['event_timestamp', 'TIMESTAMP'],
    ['device_id', 'STRING'],
    ['weight', 'FLOAT64'],
    ['flag', 'BOOLEAN'],
    ['list', 'ARRAY<STRING>'],
    ['profile__count', 'INT32'],
  ]);
  const at = '2026-05-01T02:00:00.000Z';
  expect(table.rows).toEqual([
    ['a', at, 'D2', 1, true, ['x'], null],
    [null, at, 'D1', 2.5, false, null, 7],
    ['c', at, 'D1', null, null, [], 7],
    ['a', at, 'D2', 1, true, ['x'], null],
  ]);
});

test('two versions of a view meet in one table under names that tell them apart (rule 10)', async () => {
  const table = await ask(
    { device_id: ['D1'], event_timestamp: [FRESH] },
    {
      features: [...refsOf(second, ['share', 'count']), ...refsOf(first, ['count'])],
      includeStatuses: true,
      includeEventTimes: true,
    },
  );
  expect(table.columns.map(({ name }) => name).slice(2)).toEqual(
    ['profile_v2__share', 'profile_v2__count', 'profile_v1__count'].flatMap((name) => [
      name,
      `${name}__status`,
      `${name}__event_time`,
    ]),
  );
  const time = '2026-05-01T00:00:00.000Z';
  expect(table.rows[0]?.slice(2)).toEqual([0.5, 'PRESENT', time, 9, 'PRESENT', time, 7, 'PRESENT', time]);
});

test('a stale value comes with its status, or as null where the caller wants it so (rule 7)', async () => {
  const spine = {
    device_id: ['D1', 'D1', 'D1'],
    event_timestamp: ['2026-05-02T00:00:00Z', '2026-05-02T00:00:00.001Z', '2026-05-04T00:00:00.001Z'],
  };
  const cells = async (stalePolicy: 'RETURN' | 'NULL') =>
    (await ask(spine, { includeStatuses: true, stalePolicy })).rows.map((row) => row.slice(2));
  expect(await cells('RETURN')).toEqual([
    [7, 'PRESENT'],
    [7, 'STALE'],
    [null, 'NOT_FOUND'],
  ]);
  expect(await cells('NULL')).toEqual([
    [7, 'PRESENT'],
    [null, 'STALE'],
    [null, 'NOT_FOUND'],
  ]);
});

test('a bound on knowledge hides what became available later', async () => {
  const spine = { device_id: ['D1'], event_timestamp: [FRESH] };
  expect((await ask(spine, { asOf: DAY + HOUR })).rows[0]?.[2]).toBe(7);
  expect((await ask(spine, { asOf: DAY + HOUR - 1 })).rows[0]?.[2]).toBe(null);
});

test('a NULL key matches nothing (rule 9)', async () => {
  const table = await ask({ device_id: [null], event_timestamp: [FRESH] }, { includeStatuses: true });
  expect(table.rows[0]?.slice(2)).toEqual([null, 'NOT_FOUND']);
});

test('personal features come out masked, keys as they were brought, and are joined by their true value (rule 33)', async () => {
  const mask = new Mask(Buffer.alloc(32, 7), TABLES.personalColumns);
  const table = await ask({ device_id: ['D1'], event_timestamp: [FRESH] }, { features: refsOf(first), mask });
  expect(table.rows[0]).toEqual(['D1', '2026-05-01T02:00:00.000Z', 7, mask.text('Zhang')]);
  expect(table.columns.map(({ masked }) => masked)).toEqual([false, false, false, true]);
});

test('no rows in, no rows out', async () => {
  expect((await ask({ device_id: [], event_timestamp: [] })).rows).toEqual([]);
});

test.each<[string, HistoricalRequest['spine'], RegExp]>([
  ['without a join key', { event_timestamp: [FRESH] }, /no column 'device_id'/],
  ['without event_timestamp', { device_id: ['D1'] }, /no column 'event_timestamp'/],
  [
    'with an instant that has no zone',
    { device_id: ['D1', 'D1'], event_timestamp: [FRESH, '2026-05-01T02:00:00'] },
    /event_timestamp\[1\] .*has no time zone/,
  ],
  [
    'with an instant that is none',
    { device_id: ['D1'], event_timestamp: [null] },
    /event_timestamp\[0\] is not an instant/,
  ],
  [
    'of ragged columns',
    { device_id: ['D1', 'D2'], event_timestamp: [FRESH] },
    /'device_id' has 2 values, 'event_timestamp' has 1/,
  ],
  ['with a number for an id', { device_id: [42], event_timestamp: [FRESH] }, /device_id\[0\] is not a string/],
  [
    'with a column that is no list',
    { device_id: 'D1' as unknown as string[], event_timestamp: [FRESH] },
    /'device_id' is not a list/,
  ],
  [
    'that mixes kinds in a column',
    { device_id: ['D1', 'D2'], event_timestamp: [FRESH, FRESH], x: [1, 'a'] },
    /'x' mixes INT32 and STRING/,
  ],
  [
    'with an object',
    { device_id: ['D1'], event_timestamp: [FRESH], x: [{ a: 1 }] },
    /x\[0\] is not a string, number, boolean or null/,
  ],
  [
    'with a column without a name',
    { device_id: ['D1'], event_timestamp: [FRESH], '': [1] },
    /"" cannot name a column of the spine/,
  ],
  [
    'with a control character in a name',
    { device_id: ['D1'], event_timestamp: [FRESH], 'a\u0000b': [1] },
    /"a\\u0000b" cannot name a column/,
  ],
  [
    'with a column named as a feature',
    { device_id: ['D1'], event_timestamp: [FRESH], profile__count: [1] },
    /'profile__count' would be there twice/,
  ],
  [
    'of more than 10,000 rows',
    { device_id: Array(10_001).fill('D1'), event_timestamp: Array(10_001).fill(FRESH) },
    /10001 rows, at most 10000/,
  ],
])('a spine %s is refused with the reason', async (_, spine, words) => {
  await expect(ask(spine)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(words) });
});

test('more values than an answer may hold are refused with the reason', async () => {
  const features = Array.from({ length: 26 }, (_, index) =>
    viewOf(`v${index}`, 1, { entity: device, features: { x: int32() }, query: () => raw('') }),
  ).flatMap((view) => refsOf(view));
  const spine = { device_id: Array(10_000).fill('D1'), event_timestamp: Array(10_000).fill(FRESH) };
  await expect(ask(spine, { features })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: '10000 rows × 26 features are more than 250000 values',
  });
  await expect(ask(spine, { features: [] })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});

test('a feature asked for twice is refused', async () => {
  const [ref] = refsOf(first, ['count']);
  await expect(
    ask({ device_id: ['D1'], event_timestamp: [FRESH] }, { features: [ref as FeatureRef, ref as FeatureRef] }),
  ).rejects.toThrow(/'profile__count' would be there twice/);
});

test('a request leaves no table behind', async () => {
  await ask({ device_id: ['D1'], event_timestamp: [FRESH] });
  expect(
    await fixture.store.rows(
      'test',
      raw("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'spine_')"),
    ),
  ).toEqual([]);
});

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Mask } from '../../../src/core/compute/masking.js';
import {
  array,
  date,
  decimal,
  defineEntity,
  defineLabel,
  dpdReaches,
  float32,
  int32,
  int64,
  monthEnds,
  raw,
  string,
  timestamp,
} from '../../../src/core/definitions/define.js';
import type { Label, View } from '../../../src/core/definitions/definitions.js';
import { formatInstant } from '../../../src/core/helpers/time.js';
import type { TrainingSetPins, TrainingSetRequest } from '../../../src/core/ports/training-sets.js';
import { profileColumns } from '../../../src/offline/training/profile.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import { createUserSql } from '../../../src/warehouse/user-sql.js';
import { TABLES } from '../../support/tables.js';
import { openMigrated } from '../migrated.js';
import { MASK, type OfflineFixture, type OfflinePorts, offlineOn, refsOf, viewOf } from '../support.js';

const DAY = 86_400_000;
const T0 = Date.UTC(2026, 0, 10);
const AS_OF = T0 + 100 * DAY;
const at = (days: number): string => formatInstant(T0 + days * DAY);

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const device = defineEntity({ name: 'device', joinKeys: ['device_id'], description: 'x' });
const ENTITIES = new Map([customer, device].map((entity) => [entity.name, entity]));

let fixture: OfflineFixture;
let ports: OfflinePorts;
let folder: string;
let limits: View;
let profile: View;

beforeAll(async () => {
  fixture = await openMigrated();
  const { store, calendar } = fixture;
  ports = offlineOn(store, calendar, { userSql: createUserSql(store) });
  const x = { description: 'x' };
  limits = viewOf('limits', 1, {
    entity: customer,
    ttl: '30d',
    features: {
      dpd: int32(x),
      big: int64(x),
      ratio: float32(x),
      amount: decimal(x),
      since: date(x),
      seen: timestamp(x),
      name: string({ ...x, tags: ['pii'] }),
      months: array(int32(x), { ...x, length: 3, pad: 0 }),
    },
    query: () =>
      raw(`SELECT concat('C', toString(number)) AS customer_id, if(number = 2, NULL, number) AS dpd, 9007199254740993 AS big,
      toFloat32(0.1) AS ratio, toDecimal64('12.50', 2) AS amount, toDate('2026-01-05') AS since,
      toDateTime64('2026-01-05 01:02:03.004', 3, 'UTC') AS seen, concat('n', toString(number)) AS name, [number] AS months FROM numbers(4)`),
  });
  profile = viewOf('profile', 1, {
    entity: device,
    features: { score: int32(x) },
    query: () => raw("SELECT concat('D', toString(number)) AS device_id, number * 10 AS score FROM numbers(4)"),
  });
  for (const [index, view] of [limits, profile].entries()) {
    await ports.writers.createView(view);
    const run = { id: index + 1, view, asOf: T0, knowledge: T0 };
    await ports.writes.stageRun(run);
    await ports.writes.commitRuns(view, [{ run, availableAt: T0 + 1 }]);
  }
  await label('bad_90', 'C0', 1, { value: 1 });
  await label('bad_90', 'C1', 1, { value: 0 });
  await label('bad_90', 'C2', 1, { value: 1, known: 101 });
  await label('bad_90', 'C3', 5, { value: 0 });
  await label('bad_90', 'C3', 9, { value: 1 });
  await label('early', 'C1', 1, { value: 1, from: 0.5 });
  await label('late', 'C1', 1, { value: 1, ingested: 101 });
  await label('stolen', 'D1', 1, { value: 1, from: 0.5, entity: 'device' });
  await label('ours', 'D1', 1, { value: 1, entity: 'device' });
  await label('ours', 'C1', 1, { value: 1 });
});
afterAll(() => fixture.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training-set-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const calendarDay = (days: number): string => fixture.calendar.dateOf(T0 + days * DAY);

const dateTime = (days: number): string => at(days).replace('T', ' ').slice(0, -1);

interface Said {
  readonly value: number;
  readonly known?: number;
  readonly from?: number;
  readonly ingested?: number;
  readonly entity?: string;
  readonly outcome?: string | null;
  readonly seq?: number;
}

const label = (name: string, id: string, observed: number, more: Said): Promise<void> =>
  labels(name, [{ id, observed, ...more }]);

const labels = (
  name: string,
  rows: readonly (Said & { readonly id: string; readonly observed: number })[],
): Promise<void> =>
  fixture.store.insert(
    'test',
    {
      table: 'labels',
      columns: [
        'entity',
        'entity_id',
        'name',
        'observed_at',
        'window_from',
        'window_to',
        'known_at',
        'value',
        'outcome',
        'ingested_at',
        'deleted',
        'seq',
        'row_hash',
      ],
    },
    rows.map(({ id, observed, ...more }) => [
      ...[more.entity ?? 'customer', id, name, dateTime(observed), dateTime(more.from ?? observed)],
      ...[dateTime(observed + 90), dateTime(more.known ?? 95), more.value, more.outcome ?? null],
      ...[dateTime(more.ingested ?? 96), 0, more.seq ?? 1, '1'],
    ]),
  );

let sets = 0;
const requestOf = (more: Partial<TrainingSetRequest>): TrainingSetRequest => {
  const id = `0197-${++sets}`;
  return {
    id,
    features: refsOf(limits, ['dpd']),
    label: null,
    entities: ENTITIES,
    asOf: AS_OF,
    includeEventTimes: false,
    format: 'CSV',
    path: join(folder, id),
    signal: new AbortController().signal,
    onProgress: async () => undefined,
    spine: {
      customer_id: ['C1', 'C3', null, 'C2', 'C9', 'C1'],
      event_timestamp: [at(1), at(1), at(1), at(1), at(1), at(-1)],
    },
    ...more,
  };
};

const build = async (more: Partial<TrainingSetRequest> = {}) => {
  const request = requestOf(more);
  const result = await ports.sets.build(request);
  return { request, result, lines: (await readFile(request.path, 'utf8')).trimEnd().split('\n') };
};

test('a CSV holds the spine in its order with the features as known then, NULL as an empty cell', async () => {
  const { lines, result } = await build({ includeEventTimes: true });
  expect(lines).toEqual([
    '"customer_id","event_timestamp","limits__dpd","limits__dpd__event_time"',
    `"C1","${at(1)}",1,"${at(0)}"`,
    `"C3","${at(1)}",3,"${at(0)}"`,
    `,"${at(1)}",,`,
    `"C2","${at(1)}",,"${at(0)}"`,
    `"C9","${at(1)}",,`,
    `"C1","${at(-1)}",,`,
  ]);
  expect(result.rowCount).toBe(6);
});

test('Parquet, CSV and Arrow hold the same rows under the same content hash', async () => {
  const features = [...refsOf(limits), ...refsOf(profile)];
  const spine = {
    device_id: ['D2', 'D1'],
    customer_id: ['C1', 'C2'],
    event_timestamp: [at(1), at(2)],
    weight: [0.5, null],
    // As it is also in a CSV: what a spreadsheet would make of it is none of a model's business.
    group: ['=1+1', 'b'],
  };
  const parquet = await build({ features, spine, format: 'PARQUET' });
  const csv = await build({ features, spine });
  const arrow = await build({ features, spine, format: 'ARROW' });
  const hashes = [parquet, csv, arrow].map(({ result }) => result.manifest.contentHash);
  expect(new Set(hashes).size).toBe(1);
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);

  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet.request.path), compressors });
  expect(rows).toEqual([
    {
      device_id: 'D2',
      customer_id: 'C1',
      event_timestamp: new Date(at(1)),
      weight: 0.5,
      group: '=1+1',
      limits__dpd: 1,
      limits__big: 9007199254740993n,
      limits__ratio: Math.fround(0.1),
      limits__amount: 12.5,
      limits__since: new Date('2026-01-05'),
      limits__seen: new Date('2026-01-05T01:02:03.004Z'),
      limits__name: 'n1',
      limits__months: [1, 0, 0],
      profile__score: 20,
    },
    expect.objectContaining({
      customer_id: 'C2',
      weight: null,
      limits__dpd: null,
      limits__months: [2, 0, 0],
      profile__score: 10,
    }),
  ]);
  expect(csv.lines[1]).toBe(
    `"D2","C1","${at(1)}",0.5,"=1+1",1,9007199254740993,${Math.fround(0.1)},12.5,"2026-01-05","2026-01-05T01:02:03.004Z","n1","[1,0,0]",20`,
  );
  const bytes = await readFile(arrow.request.path);
  expect(bytes.subarray(0, 6).toString()).toBe('ARROW1');
  expect(bytes.subarray(-6).toString()).toBe('ARROW1');
});

test('a set equals the same request of historicalFeatures, over many ranges of keys', async () => {
  const view = viewOf('large', 1, {
    entity: customer,
    features: { v: int32({ description: 'x' }) },
    query: () => raw('SELECT 1'),
  });
  await ports.writers.createView(view);
  await fixture.store.run(
    'test',
    raw(`INSERT INTO state_large_v1 (customer_id, _eff, _ord, _event_time, _available_at, _sequence, _tombstone, v)
      SELECT concat('K', toString(number % 400000)), ${T0} + intDiv(number, 400000), ${T0} + intDiv(number, 400000), toDateTime64(${T0 / 1000}, 3, 'UTC'),
        toDateTime64(${T0 / 1000}, 3, 'UTC'), 1, 0, toInt32(number) FROM numbers(1200000)`),
  );
  const spine = {
    customer_id: Array.from({ length: 6000 }, (_, index) => (index % 50 === 0 ? null : `K${(index * 7919) % 410_000}`)),
    event_timestamp: Array.from({ length: 6000 }, (_, index) => formatInstant(T0 + (index % 5) - 1)),
  };
  const fractions: number[] = [];
  const { lines } = await build({
    features: refsOf(view),
    spine,
    onProgress: async (fraction) => void fractions.push(fraction),
  });
  const table = await ports.offline.historicalFeatures({
    features: refsOf(view),
    spine,
    includeEventTimes: false,
    includeStatuses: false,
  });
  const cell = (value: unknown) => (typeof value === 'string' ? `"${value}"` : value === null ? '' : String(value));
  expect(lines.slice(1)).toEqual(table.rows.map((row) => row.map(cell).join(',')));
  expect(table.rows.filter(([, , value]) => value !== null).length).toBeGreaterThan(3000);
  expect(fractions.length).toBeGreaterThan(5);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
});

test('spine SQL reads the tables as known at the as-of, keeps its order and passes columns through', async () => {
  const sql =
    "SELECT entity_id AS customer_id, observed_at AS event_timestamp, value AS was, name FROM labels WHERE name IN ('bad_90', 'late') ORDER BY entity_id DESC, observed_at -- all";
  const { lines, result } = await build({ spine: { sql } });
  expect(lines.slice(1)).toEqual([
    `"C3","${at(5)}",0,"bad_90",3`,
    `"C3","${at(9)}",1,"bad_90",3`,
    `"C2","${at(1)}",1,"bad_90",`,
    `"C1","${at(1)}",0,"bad_90",1`,
    `"C0","${at(1)}",1,"bad_90",0`,
  ]);
  expect(result.manifest.spine).toMatchObject({ sql, rows: 5, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const later = await build({ spine: { sql }, asOf: AS_OF + 2 * DAY });
  expect(later.lines).toHaveLength(7);
});

test.each<[string, string, RegExp]>([
  ['without the join key', 'SELECT observed_at AS event_timestamp FROM labels', /gives no column 'customer_id'/],
  ['without event_timestamp', 'SELECT entity_id AS customer_id FROM labels', /gives no column 'event_timestamp'/],
  [
    'with a day for an instant',
    'SELECT entity_id AS customer_id, toDate(observed_at) AS event_timestamp FROM labels',
    /'event_timestamp' of the spine SQL is a DATE/,
  ],
  [
    'with a number for an id',
    'SELECT 1 AS customer_id, observed_at AS event_timestamp FROM labels',
    /'customer_id' of the spine SQL is a INT32/,
  ],
  [
    'with NULL instants',
    'SELECT entity_id AS customer_id, nullIf(observed_at, observed_at) AS event_timestamp FROM labels',
    /rows of the spine SQL have no event_timestamp/,
  ],
  [
    'that gives no rows',
    'SELECT entity_id AS customer_id, observed_at AS event_timestamp FROM labels WHERE 0',
    /the spine has no rows/,
  ],
  [
    'that reads another table',
    'SELECT customer_id, _event_time AS event_timestamp FROM history_limits_v1',
    /'history_limits_v1' is not allowed/,
  ],
  ['that changes something', 'DROP TABLE labels', /not a SELECT/],
  [
    'of a map',
    'SELECT entity_id AS customer_id, observed_at AS event_timestamp, map(1, 2) AS m FROM labels',
    /'m' of the spine SQL is a Map/,
  ],
  [
    'with text that is no number in a row',
    'SELECT entity_id AS customer_id, observed_at AS event_timestamp, toInt32(entity_id) AS n FROM labels',
    /the spine SQL fails on a row: a text is not written as the type that it is converted to, at `toInt32`/,
  ],
  [
    'that takes a text without a zone for an instant',
    "SELECT entity_id AS customer_id, toDateTime64('2026-01-05 00:00:00', 3) AS event_timestamp FROM labels",
    /toDateTime64 meets a value that has no time zone/,
  ],
  [
    'that rounds a number on its way to a decimal',
    'SELECT entity_id AS customer_id, observed_at AS event_timestamp, toDecimal64(value / 3 + 0.125, 2) AS n FROM labels',
    /toDecimal64 meets a value that is not a decimal number of at most 2 decimals/,
  ],
  [
    'that makes NULL of what it cannot read',
    'SELECT entity_id AS customer_id, observed_at AS event_timestamp, toInt32OrNull(entity_id) AS n FROM labels',
    /the function 'toInt32OrNull' may lose a value without a word/,
  ],
  [
    'with numbers that no column can hold',
    'SELECT entity_id AS customer_id, observed_at AS event_timestamp, toUInt64(value) + toUInt64(18446744073709551614) AS n FROM labels',
    /the spine SQL fails on a row: a value cannot be converted to the type/,
  ],
])('spine SQL %s is refused with the reason', async (_, sql, words) => {
  await expect(build({ spine: { sql } })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringMatching(words),
  });
});

test('a label joins where it was observed, else where its window opens next, and is NULL until mature (rule 11)', async () => {
  const { lines } = await build({
    label: 'bad_90',
    spine: {
      customer_id: ['C0', 'C1', 'C2', 'C3', 'C3', 'C3', 'C3', 'C9', null],
      event_timestamp: [1, 1, 1, 4, 5, 5.5, 9.5, 1, 1].map(at),
    },
  });
  expect(lines[0]).toBe('"customer_id","event_timestamp","limits__dpd","bad_90"');
  expect(lines.slice(1).map((line) => line.split(',').at(-1))).toEqual(['1', '0', '', '0', '0', '1', '', '', '']);
  const mature = await build({
    label: 'bad_90',
    asOf: AS_OF + 2 * DAY,
    spine: { customer_id: ['C2'], event_timestamp: [at(1)] },
  });
  expect(mature.lines[1]?.split(',').at(-1)).toBe('1');
});

test.each<[string, Partial<TrainingSetRequest>, RegExp]>([
  [
    'whose window opens before the observation point',
    { label: 'early' },
    /1 windows of the label 'early' open before their observation point: customer C1 observed at [-0-9T:.]+Z/,
  ],
  [
    'whose window opens too early for a personal key, which no error names,',
    { label: 'stolen', features: [], spine: { device_id: ['D1'], event_timestamp: [at(1)] } },
    /^1 windows of the label 'stolen' open before their observation point: device observed at [-0-9T:.]+Z$/,
  ],
  ['that nobody knew at the as-of', { label: 'late' }, /no label 'late' was known at/],
  [
    'about an entity the spine has no key of',
    { label: 'bad_90', features: [], spine: { device_id: ['D1'], event_timestamp: [at(1)] } },
    /is about customer, of which the spine has no key/,
  ],
  [
    'about two entities of the spine',
    { label: 'ours', spine: { customer_id: ['C1'], device_id: ['D1'], event_timestamp: [at(1)] } },
    /about both customer and device/,
  ],
  [
    'with the name of a column',
    { label: 'bad_90', spine: { customer_id: ['C1'], bad_90: [1], event_timestamp: [at(1)] } },
    /has a column 'bad_90'/,
  ],
])('a label %s is refused with the reason', async (_, more, words) => {
  const features = more.features ? refsOf(profile) : refsOf(limits, ['dpd']);
  await expect(build({ ...more, features })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringMatching(words),
  });
});

test('a feature made of labels is refused (rule 11)', async () => {
  const leaking = { ...limits, sources: ['statements', 'labels'] };
  const request = requestOf({ features: refsOf(leaking, ['dpd']) });
  await expect(ports.sets.check(request)).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: "the feature 'limits@1:dpd' reads labels, which hold what is to be predicted",
  });
});

test('what would be refused is said before anything is built', async () => {
  await ports.sets.check(requestOf({ label: 'bad_90' }));
  await expect(ports.sets.check(requestOf({ spine: { customer_id: ['C1'] } }))).rejects.toThrow(
    /no column 'event_timestamp'/,
  );
  await expect(ports.sets.check(requestOf({ spine: { sql: 'SELECT 1' } }))).rejects.toThrow(
    /gives no column 'customer_id'/,
  );
  await expect(ports.sets.check(requestOf({ spine: { customer_id: [], event_timestamp: [] } }))).rejects.toThrow(
    /no rows/,
  );
  await expect(ports.sets.check(requestOf({ features: [] }))).rejects.toThrow(/no feature is asked for/);
});

test('building a set again gives the same manifest and file, also over what a killed attempt left', async () => {
  const first = await build({ label: 'bad_90' });
  await fixture.store.run(
    'test',
    raw(`CREATE TABLE training_${first.request.id.replace('-', '')}_spine (x Int8) ENGINE = Memory`),
  );
  const again = await build({ label: 'bad_90', id: first.request.id });
  expect(again.result).toEqual(first.result);
  expect(again.lines).toEqual(first.lines);
  expect(
    await fixture.store.rows(
      'test',
      raw("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'training_')"),
    ),
  ).toEqual([]);
});

test('other rows give other hashes', async () => {
  const { result } = await build();
  const other = await build({ spine: { customer_id: ['C1', 'C1'], event_timestamp: [at(1), at(1)] } });
  const once = await build({ spine: { customer_id: ['C1'], event_timestamp: [at(1)] } });
  const hashes = [result, other.result, once.result].map(({ manifest }) => (manifest.spine as { hash: string }).hash);
  expect(new Set(hashes).size).toBe(3);
});

test('the manifest pins versions with their hashes, the as-of and the counts', async () => {
  const { result, request } = await build({ label: 'bad_90' });
  expect(result.manifest).toMatchObject({
    trainingSet: request.id,
    asOf: formatInstant(AS_OF),
    features: [{ column: 'limits__dpd', reference: 'limits@1:dpd' }],
    views: [{ view: 'limits@1', hash: 'hash of limits@1' }],
    label: { name: 'bad_90', entity: 'customer' },
    rowCount: 6,
  });
  const { rows } = result.manifest.label as { rows: Readonly<Record<string, number>> };
  expect(Object.values(rows).reduce((sum, each) => sum + each)).toBe(6);
  expect(Object.keys(rows)).toEqual(['decided', 'immature', 'indeterminate', 'excluded', 'unmatched']);
});

test('the manifest names the definition of a label, and counts the rows that have no outcome by why', async () => {
  await label('mine@1', 'C0', 1, { value: 1 });
  await label('mine@1', 'C1', 1, { value: 0, known: 101 });
  for (const [id, outcome] of [
    ['C2', 'EXCLUDED'],
    ['C3', 'INDETERMINATE'],
  ] as const) {
    await label('mine@1', id, 1, { value: 0, outcome });
  }
  const definition = { version: 1, hash: 'hash of mine@1', longestWindow: 30 * 86_400_000 };
  const spine = {
    customer_id: ['C0', 'C1', 'C2', 'C3', 'C4', 'C5'],
    // A window that opens on day 99 is not over on day 100, and the job has written no row of it.
    event_timestamp: [at(1), at(1), at(1), at(1), at(1), at(99)],
  };
  const { result } = await build({ spine, label: 'mine@1', labelDefinition: definition });
  expect(result.manifest.label).toEqual({
    name: 'mine@1',
    entity: 'customer',
    version: 1,
    hash: 'hash of mine@1',
    rows: { decided: 1, immature: 2, indeterminate: 1, excluded: 1, unmatched: 1 },
  });
});

const labelOf = (name: string, more: Partial<Label> = {}): Label => ({
  ...defineLabel({
    entity: customer,
    description: 'x',
    owner: 'test',
    observation: monthEnds(),
    window: { days: 90 },
    outcome: dpdReaches(30, { on: 'any' }),
  }),
  name,
  version: 1,
  id: `${name}@1`,
  file: `labels/${name}.label.ts`,
  hash: `hash of ${name}`,
  tags: [],
  tables: TABLES,
  sources: [],
  ...more,
});

test('the observations of a label are a spine: sampled by stratum, split by time, the same for every role and for ever', async () => {
  const observations = Array.from({ length: 200 }, (_, index) => ({
    id: `S${index}`,
    observed: index % 4,
    value: index % 10 === 0 ? 1 : 0,
    outcome: index % 50 === 7 ? 'EXCLUDED' : index % 50 === 8 ? 'INDETERMINATE' : null,
  }));
  await labels('drawn@1', observations);
  const strata = (good: number) => ({
    bad: { when: 'value = 1', rate: 1 },
    good: { when: 'value = 0', rate: good },
  });
  const split = { validation: calendarDay(1), outOfTime: calendarDay(3) };
  const spineOf = (good: number) => ({ fromLabel: labelOf('drawn', { sampling: { strata: strata(good) }, split }) });
  const rowsOf = ({ lines }: Awaited<ReturnType<typeof build>>) =>
    lines.slice(1).map((line) => JSON.parse(`[${line.replace(/,(?=,|$)/g, ',null')}]`));
  const drawn = await build({ spine: spineOf(0.25), label: 'drawn@1' });
  expect(drawn.lines[0]).toBe('"customer_id","event_timestamp","split","sample_weight","limits__dpd","drawn"');
  const rows = rowsOf(drawn);
  const byId = new Map(observations.map((one) => [one.id, one]));
  for (const [id, time, part, weight, , value] of rows) {
    const { observed, value: own, outcome } = byId.get(id) as (typeof observations)[number];
    expect([id, outcome]).toEqual([id, null]);
    expect([id, time, value, weight]).toEqual([id, at(observed), own, own === 1 ? 1 : 4]);
    expect([id, part]).toEqual([id, ['train', 'validation', 'validation', 'out_of_time'][observed]]);
  }
  const ids = rows.map(([id]) => id as string);
  expect(ids.filter((id) => byId.get(id)?.value === 1)).toHaveLength(20);
  // Which rows are in never changes: a set of next year has these.
  const goods = ids.filter((id) => byId.get(id)?.value === 0);
  expect(goods.slice(0, 8)).toEqual(['S128', 'S132', 'S16', 'S164', 'S176', 'S192', 'S4', 'S56']);
  expect(drawn.result.manifest.spine).toMatchObject({
    label: 'drawn@1',
    labelHash: 'hash of drawn',
    split,
    strata: [
      { stratum: 'bad', rate: 1, observations: 20, rows: 20 },
      { stratum: 'excluded', rate: 0, observations: 4, rows: 0 },
      { stratum: 'good', rate: 0.25, observations: 172, rows: goods.length },
      { stratum: 'indeterminate', rate: 0, observations: 4, rows: 0 },
    ],
  });

  const more = rowsOf(await build({ spine: spineOf(0.5) })).map(([id]) => id as string);
  expect(more).toEqual(expect.arrayContaining(ids));
  expect(more.length).toBeGreaterThan(ids.length);
  const mask = new Mask(Buffer.alloc(32, 3), new Set(['customer_id']));
  // The rows of each month end are in the order of their masks: that of the customers would say whose each is.
  const masks = rows.map(([id, time]) => [time, mask.text(id)].join());
  const masked = rowsOf(await build({ spine: spineOf(0.25), mask })).map(([id, time]) => [time, id].join());
  expect(masked).toEqual(masks.sort());
  const whole = await build({ spine: { fromLabel: labelOf('drawn') } });
  expect(whole.result.rowCount).toBe(192);
  expect(whole.lines[0]).toBe('"customer_id","event_timestamp","limits__dpd"');

  // A correction that comes later is in no set that was made before.
  await labels('drawn@1', [{ id: 'S1', observed: 1, value: 1, seq: 2 }]);
  const pins = drawn.result.manifest.pins as TrainingSetPins;
  const again = await build({ spine: spineOf(0.25), label: 'drawn@1', pins });
  expect(again.lines).toEqual(drawn.lines);
  expect(again.result.manifest.spine).toEqual(drawn.result.manifest.spine);
});

test('a personal id is sampled by its mask, so that which rows are in tells no guess from an id', async () => {
  const ids = Array.from({ length: 120 }, (_, index) => `P${index}`);
  await labels(
    'seen@1',
    ids.map((id) => ({ id, observed: 1, value: 0, entity: 'device' })),
  );
  const sampling = { strata: { good: { when: 'value = 0', rate: 0.25 } } };
  const spine = { fromLabel: labelOf('seen', { entity: device, sampling }) };
  const features = refsOf(profile);
  const idsOf = ({ lines }: Awaited<ReturnType<typeof build>>) =>
    lines.slice(1).map((line) => line.split('"')[1] ?? '');
  const clear = idsOf(await build({ features, spine }));
  const takenBy = async (shown: (id: string) => string) => {
    const texts = ids.map((id) => `'seen|${shown(id)}|${T0 + DAY}'`).join();
    const rows = await fixture.store.rows<{ at: string }>(
      'test',
      raw(`SELECT n - 1 AS at FROM (SELECT arrayJoin(arrayEnumerate([${texts}] AS texts)) AS n, texts[n] AS text)
        WHERE bitShiftRight(sipHash64(text), 11) < toUInt64(0.25 * 9007199254740992) ORDER BY n`),
    );
    return rows.map(({ at: index }) => ids[Number(index)] as string);
  };
  expect(clear).toEqual((await takenBy((id) => MASK.text(id))).toSorted());
  expect(clear).not.toEqual((await takenBy((id) => id)).toSorted());
  expect(idsOf(await build({ features, spine, mask: MASK }))).toEqual(clear.map((id) => MASK.text(id)).toSorted());
});

test('spine SQL over masked tables is answered in the order of the masks, and in none of the personal keys', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `M${String(index).padStart(2, '0')}`);
  await labels(
    'sorted',
    ids.map((id) => ({ id, observed: 1, value: 0, entity: 'device' })),
  );
  const columns = ['customer_id', 'device_id', 'seen_at', 'ingested_at', 'deleted', 'seq', 'row_hash'];
  const sightings = ids.map((id) => ['CM', id, dateTime(1), dateTime(1), 0, 1, '1']);
  await fixture.store.insert('test', { table: 'device_sightings', columns: columns as [string] }, sightings);
  const seen = "SELECT device_id, seen_at AS event_timestamp FROM device_sightings WHERE customer_id = 'CM'";
  for (const sql of [
    seen,
    `${seen} ORDER BY event_timestamp`,
    `SELECT arrayJoin(ids) AS device_id, at AS event_timestamp
      FROM (SELECT groupArray(device_id) AS ids, max(event_timestamp) AS at FROM (${seen}))`,
    "SELECT entity_id AS device_id, observed_at AS event_timestamp FROM labels WHERE name = 'sorted'",
  ]) {
    const { lines } = await build({ features: refsOf(profile), spine: { sql }, mask: MASK });
    expect(lines.slice(1).map((line) => line.split('"')[1])).toEqual(ids.map((id) => MASK.text(id)).toSorted());
  }
});

test('a stratum takes the indeterminate only where its condition names outcome', async () => {
  await labels('open@1', [
    { id: 'I1', observed: 1, value: 0 },
    { id: 'I2', observed: 1, value: 0, outcome: 'INDETERMINATE' },
    { id: 'I3', observed: 1, value: 0, outcome: 'EXCLUDED' },
  ]);
  const taken = async (when: string): Promise<readonly string[]> => {
    const spine = { fromLabel: labelOf('open', { sampling: { strata: { some: { when, rate: 1 } } } }) };
    return (await build({ spine })).lines.slice(1).map((line) => line.split('"')[1] ?? '');
  };
  const day = `observed_on >= '${calendarDay(0)}'`;
  expect(await taken(day)).toEqual(['I1']);
  expect(await taken(`value = 0 OR ${day}`)).toEqual(['I1']);
  expect(await taken(`outcome IN ('', 'INDETERMINATE') AND ${day}`)).toEqual(['I1', 'I2']);
});

test('a label spine without rows, or with too many, says what to do about its label', async () => {
  await labels('few@1', [
    { id: 'F1', observed: 1, value: 0 },
    { id: 'F2', observed: 1, value: 0, outcome: 'EXCLUDED' },
  ]);
  await expect(build({ spine: { fromLabel: labelOf('none') } })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: `the spine has no rows: no outcome of none@1 is known by ${new Date(AS_OF).toISOString()}`,
    hint: 'run compute-labels, or give a later asOf',
  });
  const sampling = { strata: { good: { when: 'value = 0', rate: 0 } } };
  await expect(build({ spine: { fromLabel: labelOf('few', { sampling }) } })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringMatching(/the sampling of few@1 takes none of .*Z: excluded 1 at rate 0, good 1 at rate 0$/),
    hint: expect.stringContaining('raise a rate'),
  });
  const { sets } = offlineOn(fixture.store, fixture.calendar, { spineLimits: { rows: 100, bytes: 1e9 } });
  await expect(sets.build(requestOf({ spine: { fromLabel: labelOf('drawn') } }))).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: 'the spine has more than 100 rows',
    hint: expect.stringMatching(/^lower a rate in the next version of the label, or add a stratum on observed_on/),
  });
});

test('a label of loans gives features of their customers, and says which key it does not bring', async () => {
  const loans = [
    ['LN1', 'C1'],
    ['LN2', 'C3'],
    ['LN3', null],
  ] as const;
  await fixture.store.insert(
    'test',
    {
      table: 'loans',
      columns: ['loan_id', 'customer_id', 'product', 'disbursed_at', 'ingested_at', 'deleted', 'seq', 'row_hash'],
    },
    loans.flatMap(([id, owner]) => (owner === null ? [] : [[id, owner, 'CASH', dateTime(1), dateTime(1), 0, 1, '1']])),
  );
  await labels(
    'ever@1',
    [1, 2].flatMap((observed) => loans.map(([id], index) => ({ id, observed, value: index % 2, entity: 'loan' }))),
  );
  const loan = defineEntity({ name: 'loan', joinKeys: ['loan_id'], description: 'x' });
  const entities = new Map([...ENTITIES, ['loan', loan]]);
  const spine = { fromLabel: labelOf('ever', { entity: loan }) };
  const { lines } = await build({ spine, label: 'ever@1', entities });
  expect(lines).toEqual([
    '"loan_id","customer_id","event_timestamp","limits__dpd","ever"',
    `"LN1","C1","${at(1)}",1,0`,
    `"LN2","C3","${at(1)}",3,1`,
    `"LN3",,"${at(1)}",,0`,
    `"LN1","C1","${at(2)}",1,0`,
    `"LN2","C3","${at(2)}",3,1`,
    `"LN3",,"${at(2)}",,0`,
  ]);
  await expect(build({ spine, features: refsOf(profile), entities })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: "the label 'ever@1' is about loan, and the features need device_id",
  });
});

test('a cancelled build ends and leaves neither file nor tables', async () => {
  const controller = new AbortController();
  const onProgress = async (fraction: number) => {
    if (fraction >= 0.7) controller.abort(new Error('cancelled'));
  };
  await expect(build({ signal: controller.signal, onProgress })).rejects.toThrow('cancelled');
  expect(await readdir(folder)).toEqual([]);
  expect(
    await fixture.store.rows(
      'test',
      raw("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'training_')"),
    ),
  ).toEqual([]);
});

test('personal features and tables are masked where asked, and still join; what a spine brings comes out as brought', async () => {
  const mask = new Mask(Buffer.alloc(32, 3), TABLES.personalColumns);
  const spine = { device_id: ['D1'], customer_id: ['C1'], event_timestamp: [at(1)] };
  const features = [...refsOf(limits, ['name']), ...refsOf(profile)];
  const inline = await build({ features, spine, mask });
  expect(inline.lines[1]).toBe(`"D1","C1","${at(1)}","${mask.text('n1')}",10`);
  expect(JSON.stringify(inline)).not.toContain(mask.text('D1'));
  expect(JSON.stringify(inline.result)).not.toContain('"n1"');
  expect(inline.result.manifest.features).toEqual([
    { column: 'limits__name', reference: 'limits@1:name', masked: true },
    ...refsOf(profile).map(({ reference }) => ({ column: reference.replace('@1:', '__'), reference })),
  ]);

  await fixture.store.insert(
    'test',
    {
      table: 'device_sightings',
      columns: ['customer_id', 'device_id', 'seen_at', 'ingested_at', 'deleted', 'seq', 'row_hash'],
    },
    [['C1', 'D1', dateTime(1), dateTime(1), 0, 1, '1']],
  );
  const sql = 'SELECT customer_id, device_id, seen_at AS event_timestamp FROM device_sightings';
  const masked = await build({ features, spine: { sql }, mask });
  expect(masked.lines[1]).toBe(`"C1","${mask.text('D1')}","${at(1)}","${mask.text('n1')}",10`);
  expect((await build({ features, spine: { sql } })).lines[1]).toBe(`"C1","D1","${at(1)}","n1",10`);

  const ofLabels =
    "SELECT entity_id AS device_id, 'C1' AS customer_id, observed_at AS event_timestamp FROM labels WHERE name = 'ours' AND entity = 'device'";
  const labelled = await build({ features: refsOf(profile), spine: { sql: ofLabels }, mask });
  expect(labelled.lines[1]).toBe(`"${mask.text('D1')}","C1","${at(1)}",10`);

  // A null mask has the status of a null (rule 33).
  const personal = refsOf(limits, ['dpd']).map((ref) => ({ ...ref, feature: { ...ref.feature, tags: ['pii'] } }));
  const asked = { features: personal, spine: { customer_id: ['C1'], event_timestamp: [at(1)] }, includeStatuses: true };
  const statusOf = async (more: object) => (await build({ ...asked, ...more })).lines[1]?.split(',').slice(2);
  expect(await statusOf({})).toEqual([expect.stringMatching(/^\d+$/), '"PRESENT"']);
  expect(await statusOf({ mask })).toEqual(['', '"NULL"']);
});

test('columns are profiled: NULLs, distinct values, range, mean and information value', async () => {
  const { result } = await build({
    features: refsOf(limits),
    label: 'bad_90',
    asOf: AS_OF + 2 * DAY,
    spine: {
      customer_id: ['C0', 'C1', 'C2', 'C3'],
      event_timestamp: [at(1), at(1), at(1), at(5)],
      segment: ['a', 'b', 'a', 'b'],
    },
  });
  const profiles = Object.fromEntries(result.columns.map(({ name, ...rest }) => [name, rest]));
  // One row a bin: C0 bad, C1 good, C3 good and NULL (C2) bad, each cell + 0.5.
  const four = (2 * Math.log(3)) / 2;
  expect(profiles.limits__dpd).toEqual({
    type: 'INT32',
    nullRate: 0.25,
    distinct: 3,
    min: 0,
    max: 3,
    mean: 4 / 3,
    informationValue: expect.closeTo(four, 12),
  });
  expect(profiles.segment).toMatchObject({
    distinct: 2,
    min: 'a',
    max: 'b',
    informationValue: expect.closeTo((4 / 3) * Math.log(5), 12),
  });
  expect(profiles.customer_id).toMatchObject({ distinct: 4, informationValue: null });
  expect(profiles.limits__big).toMatchObject({
    min: '9007199254740993',
    max: '9007199254740993',
    informationValue: expect.closeTo(0, 12),
  });
  expect(profiles.limits__amount).toMatchObject({ min: '12.5', mean: 12.5 });
  expect(profiles.limits__ratio).toMatchObject({ min: Math.fround(0.1) });
  expect(profiles.limits__since).toMatchObject({ min: '2026-01-05', mean: null });
  expect(profiles.limits__seen).toMatchObject({ max: '2026-01-05T01:02:03.004Z' });
  expect(profiles.limits__months).toMatchObject({
    type: 'ARRAY<INT32>',
    distinct: null,
    min: null,
    informationValue: null,
  });
  expect(profiles.bad_90).toMatchObject({ mean: 0.5, informationValue: null });
});

test.each([
  [1_000, 1],
  // Twenty columns of so many distinct texts at once are more than a query may hold.
  [2_000_000, 4],
  [2_000_001, 1],
])('twenty columns of %i rows are profiled in %i queries', async (rows, queries) => {
  let asked = 0;
  const store: ClickHouse = {
    ...fixture.store,
    rows: (label, select, options) => {
      if (label === 'training-set-profile') asked += 1;
      return fixture.store.rows(label, select, options);
    },
  };
  const columns = Array.from({ length: 20 }, (_, index) => ({
    name: `c${index}`,
    type: 'INT32' as const,
    value: raw(`toNullable(toInt32(number % ${index + 1}))`),
    explains: true,
  }));
  const profiles = await profileColumns(store, {
    from: raw('numbers(1000)'),
    rows,
    columns,
    label: null,
    options: {},
  });
  expect(asked).toBe(queries);
  expect(profiles.map(({ name, distinct }) => [name, distinct])).toEqual(
    columns.map(({ name }, index) => [name, index + 1]),
  );
});

test('rows of long texts are brought together few at a time', async () => {
  const { store, calendar } = fixture;
  const letters = viewOf('letters', 1, {
    entity: customer,
    features: { text: string({ description: 'x' }) },
    query: () =>
      raw(`SELECT concat('C', toString(number)) AS customer_id, repeat('x', 100000) AS text FROM numbers(4)`),
  });
  await ports.writers.createView(letters);
  const run = { id: 1, view: letters, asOf: T0, knowledge: T0 };
  await ports.writes.stageRun(run);
  await ports.writes.commitRuns(letters, [{ run, availableAt: T0 }]);
  let buckets = 0;
  const counting: ClickHouse = {
    ...store,
    run: (label, statement, options) => {
      if (label === 'training-set-rows') buckets += 1;
      return store.run(label, statement, options);
    },
  };
  const rows = 3_000;
  const request = requestOf({
    features: refsOf(letters),
    format: 'PARQUET',
    spine: {
      customer_id: Array.from({ length: rows }, (_, row) => `C${row % 4}`),
      event_timestamp: Array.from({ length: rows }, () => at(1)),
    },
  });
  const userSql = createUserSql(store);
  const result = await offlineOn(counting, calendar, { userSql }).sets.build(request);
  expect(result).toMatchObject({ rowCount: rows });
  expect(result.columns.at(-1)).toMatchObject({ nullRate: 0, distinct: 1 });
  // 300 MB of texts, and a fifth as much again for what a hash takes beside them.
  expect(buckets).toBe(2);
});

test.each([
  ['rows', { rows: 2, bytes: 1e9 }, 'has more than 2 rows'],
  ['bytes', { rows: 3, bytes: 100 }, 'are larger than 100 bytes'],
])('spine SQL that gives more %s than it may is refused, and leaves no table', async (_what, spineLimits, refusal) => {
  const { store, calendar } = fixture;
  const bounded = offlineOn(store, calendar, { userSql: createUserSql(store), spineLimits });
  const sql = `SELECT concat('C', toString(arrayJoin(range(3)))) AS customer_id, toDateTime64('${dateTime(1)}', 3, 'UTC') AS event_timestamp`;
  await expect(bounded.sets.build(requestOf({ spine: { sql } }))).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining(refusal),
  });
  expect(
    await store.rows(
      'test',
      raw(`SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%_0197${sets}_%'`),
    ),
  ).toEqual([]);
  const enough = offlineOn(store, calendar, { userSql: createUserSql(store), spineLimits: { rows: 3, bytes: 1e9 } });
  expect(await enough.sets.build(requestOf({ spine: { sql } }))).toMatchObject({ rowCount: 3 });
});

test('coverage counts the rows of each view by status, and a view without an as-of in force at too many instants fails the set before it is joined', async () => {
  const aged = viewOf('aged', 1, {
    entity: customer,
    ttl: '20d',
    maxAge: '5d',
    features: { v: int32({ description: 'x' }), w: int32({ description: 'x' }) },
    query: () =>
      raw(
        "SELECT concat('C', toString(number)) AS customer_id, if(number = 2, NULL, number) AS v, v AS w FROM numbers(4)",
      ),
  });
  await ports.writers.createView(aged);
  const run = { id: 1, view: aged, asOf: T0, knowledge: T0 };
  await ports.writes.stageRun(run);
  await ports.writes.commitRuns(aged, [{ run, availableAt: T0 + 1 }]);
  const features = [...refsOf(aged), ...refsOf(profile)];
  const rows: [string, number][] = [
    ['C1', 1],
    ['C3', 5],
    ['C2', 1],
    ['C1', 6],
    ['C9', 6],
    ['C9', 1],
    ['C1', 21],
    ['C1', -1],
  ];
  const spine = {
    customer_id: rows.map(([id]) => id),
    device_id: rows.map(() => 'D1'),
    event_timestamp: rows.map(([, day]) => at(day)),
  };
  const { result } = await build({ features, spine });
  expect(result.coverage).toEqual([
    { view: 'aged@1', present: 2, null: 1, stale: 1, notFound: 2, notComputed: 2, error: 0 },
    { view: 'profile@1', present: 7, null: 0, stale: 0, notFound: 0, notComputed: 1, error: 0 },
  ]);
  const { path: _path, onProgress: _report, format: _format, ...asked } = requestOf({ features, spine });
  const estimate = await ports.sets.estimate(asked);
  expect(estimate).toMatchObject({ rows: 8, coverage: result.coverage });
  // By the schedule a decision reads the midnight that is two hours ago: of five days, none of which was computed.
  expect(estimate.missing.map(({ view, asOfs }) => [view.id, asOfs.map(formatInstant)])).toEqual(
    ['aged@1', 'profile@1'].map((id) => [
      id,
      [-2, 0, 4, 5, 20].map((day) => formatInstant(T0 + day * DAY + 16 * 3_600_000)),
    ]),
  );
  const left = raw(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'training_')",
  );
  expect(await fixture.store.rows('test', left)).toEqual([]);
  // At the instants of four rows of eight: two without an as-of, two with one past its maxAge, whatever their keys.
  await build({ features, spine, mostUncovered: 0.5 });
  await expect(build({ features, spine, mostUncovered: 0.2 })).rejects.toMatchObject({
    code: 'CONFLICT',
    message:
      'at the instants of more than 20 % of the rows a view had no as-of in force, or only one past its maxAge: aged@1 of 8 rows: notComputed 2, stale 2',
    hint: expect.stringContaining('allowStale'),
  });
  // A key without a row fails nothing.
  const unknown = { customer_id: ['C8', 'C9'], event_timestamp: [at(1), at(2)] };
  const { result: none } = await build({ features: refsOf(aged), spine: unknown, mostUncovered: 0 });
  expect(none.coverage).toEqual([
    { view: 'aged@1', present: 0, null: 0, stale: 0, notFound: 2, notComputed: 0, error: 0 },
  ]);
});

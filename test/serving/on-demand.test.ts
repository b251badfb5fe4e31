/** One function, three ways to its values: a request over Redis, a historical table and a training set over ClickHouse. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  array,
  boolean,
  date,
  decimal,
  defineEntity,
  defineOnDemandView,
  float32,
  float64,
  input,
  int32,
  int64,
  sql,
  string,
  timestamp,
} from '../../src/core/define.js';
import type { AnyFeatureRef, OnDemandView, View } from '../../src/core/definitions.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { Mask } from '../../src/core/masking.js';
import type { OfflineStore, OnlineStore, TrainingSetRequest, TrainingSetResult } from '../../src/core/ports.js';
import { DAY, formatInstant } from '../../src/core/time.js';
import type { FeatureValue } from '../../src/core/types.js';
import { createOfflineStore } from '../../src/offline/store.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { migrateClickHouse } from '../../src/sources/migrate.js';
import { createSqlGuard } from '../../src/sources/sql-guard.js';
import { type OfflineFixture, openOffline, quiet, refsOf, viewOf } from '../offline/support.js';
import { noMetrics } from '../online/definitions.js';
import { onDemandOf, onDemandRefs } from '../support/on-demand.js';
import { type FreshStore, freshRedis } from '../support/stores.js';

const NOW = Date.UTC(2026, 5, 30);
const said = { description: 'x' };
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const mask = new Mask(Buffer.alloc(32, 7));

/** Fresh customers F…, stale ones S…, nothing of any other; every third value is missing. */
const query = (days: number, letter: string) => sql`
  SELECT concat(${letter}, toString(number)) AS customer_id, if(number % 3 = 1, NULL, toDecimal128(number * 1234.567891 + ${days}, 6)) AS income,
    if(number % 3 = 2, NULL, sin(number) * 1e-7 / 3) AS ratio, toFloat32(number / 7) AS small, 9007199254740993 + number AS big,
    number % 2 = 0 AS flag, if(number % 3 = 1, NULL, toDate('1990-02-28') + number) AS born, concat('it''s "', toString(number), '" 你') AS name,
    toDateTime64('2026-05-05 01:02:03.004', 3, 'UTC') + number AS seen, [toInt32(number), NULL] AS months
  FROM numbers(9)`;

const FEATURES = {
  income: decimal(said),
  ratio: float64(said),
  small: float32(said),
  big: int64(said),
  flag: boolean(said),
  born: date({ ...said, tags: ['pii'] }),
  name: string(said),
  seen: timestamp(said),
  months: array(int32(said), { ...said, length: 3, pad: 0 }),
};

const exact = Decimal.clone({ precision: 40 });

let fixture: OfflineFixture;
let offline: OfflineStore;
let redis: FreshStore;
let connection: Awaited<ReturnType<typeof openRedis>>;
let online: OnlineStore;
let folder: string;
let profile: View;
let afford: OnDemandView;
let echo: OnDemandView;
let place: OnDemandView;

beforeAll(async () => {
  [fixture, redis] = await Promise.all([openOffline(), freshRedis()]);
  const { store, calendar } = fixture;
  const { clickhouse } = store;
  await migrateClickHouse({
    client: clickhouse,
    directory: resolve('migrations/clickhouse'),
    clock: () => NOW,
    log: quiet,
  });
  const guard = createSqlGuard(clickhouse);
  // Few rows a step: several buckets even of a small set.
  offline = createOfflineStore({ store, calendar, guard, log: quiet, rowsAStep: 25 });
  connection = await openRedis({ url: redis.url, log: quiet, purpose: 'serving' });
  online = createOnlineStore({
    client: connection.client,
    prefix: 'test',
    clock: () => NOW,
    log: quiet,
    metrics: noMetrics,
  });
  folder = await mkdtemp(join(tmpdir(), 'on-demand-'));

  const spec = { entity: customer, features: FEATURES, maxAge: '2d', ttl: '30d' };
  const runs: [View, number][] = [
    [viewOf('profile', 1, { ...spec, query: () => query(0, 'S') }), NOW - 5 * DAY],
    [viewOf('profile', 1, { ...spec, query: () => query(1, 'F') }), NOW - DAY],
  ];
  [profile] = runs[1] as [View, number];
  await offline.createView(profile);
  for (const [index, [view, asOf]] of runs.entries()) {
    const run = { id: index + 1, view, asOf, knowledge: asOf };
    await offline.stageRun(run);
    await offline.commitRuns(view, [{ run, availableAt: asOf }]);
  }
  for await (const rows of offline.newestRows(profile, NOW, { index: 0, of: 1 })) await online.write(profile, rows);

  const everything = Object.fromEntries(
    Object.entries(FEATURES).map(([name, { type }]) => [`its_${name}`, input(type, `profile@1:${name}`)]),
  );
  afford = onDemandOf(
    'afford',
    defineOnDemandView({
      ...{ entity: customer, ...said, owner: 'x' },
      request: { amount: decimal(said), factor: float64(said) },
      inputs: { income: input('DECIMAL', 'profile@1:income'), ratio: input('FLOAT64', 'profile@1:ratio') },
      features: {
        share: float64(said),
        narrow: float32(said),
        rest: decimal(said),
        weighted: float64(said),
        whole: int64(said),
        cents: array(int32(said), { ...said, length: 2, pad: -1 }),
      },
      compute: ({ amount, factor, income, ratio }) => {
        const share = amount === null || income === null ? null : new exact(amount).div(income);
        return {
          share: share === null ? null : share.toNumber(),
          narrow: share === null ? null : share.toNumber(),
          rest: amount === null ? null : new exact(income ?? 0).minus(amount).toDecimalPlaces(6).toFixed(),
          // Infinity and NaN come of this, too.
          weighted: factor === null ? null : (ratio ?? 0) / factor,
          whole: amount === null ? null : new exact(amount).times(1e6).floor().toFixed(),
          cents: factor === null ? [] : [Math.round(Math.max(-1e9, Math.min(1e9, factor)))],
        };
      },
    }),
    [profile],
  );
  const inputs = {
    when: date(said),
    moment: timestamp(said),
    yes: boolean(said),
    word: string({ ...said, tags: ['pii'] }),
    count: int64(said),
    list: array(string(said), said),
  };
  echo = onDemandOf(
    'echo',
    {
      ...{ kind: 'on_demand', entity: customer, ...said, owner: 'x', request: inputs, inputs: everything },
      features: {
        seen: string({ ...said, tags: ['pii'] }),
        when: date(said),
        moment: timestamp(said),
        yes: boolean(said),
        count: int64(said),
        list: array(string(said), said),
      },
      compute: (given: Readonly<Record<string, FeatureValue>>) => ({
        ...{ when: given.when, moment: given.moment, yes: given.yes, count: given.count, list: given.list ?? [] },
        seen: JSON.stringify(given),
      }),
    } as unknown as Parameters<typeof onDemandOf>[1],
    [profile],
  );
  place = onDemandOf(
    'place',
    defineOnDemandView({
      ...{ entity: customer, ...said, owner: 'x' },
      request: { latitude: float64({ ...said, tags: ['pii'] }), channel: string(said) },
      inputs: {},
      features: { south: boolean({ ...said, tags: ['pii'] }), at: string({ ...said, tags: ['pii'] }) },
      compute: ({ latitude, channel }) => ({
        south: latitude === null ? null : latitude < 0,
        at: `${latitude} by ${channel}`,
      }),
    }),
    [],
  );
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await connection.close();
  await redis.close();
  await fixture.close();
});

interface Asked {
  readonly features: readonly AnyFeatureRef[];
  readonly ids: readonly (string | null)[];
  readonly request: Readonly<Record<string, readonly unknown[]>>;
  readonly stalePolicy?: 'RETURN' | 'NULL';
}

/** A row: value, status and event time of each feature. */
type Row = readonly (readonly [FeatureValue, string, string | null])[];

async function readOnline({ features, ids, request, stalePolicy = 'RETURN' }: Asked): Promise<Row[]> {
  const { columns, views } = await createOnlineFeatures({ online }).read({
    ...{ features, entities: { customer_id: ids }, request, stalePolicy, now: NOW },
  });
  expect(columns.map(({ name }) => name)).toEqual(features.map(({ reference }) => reference));
  return ids.map((_, row) =>
    columns.map(({ values, statuses, view }) => {
      const time = views.find((one) => one.view === view)?.eventTimes[row] ?? null;
      return [values[row] ?? null, statuses[row] as string, time === null ? null : formatInstant(time)] as const;
    }),
  );
}

const spineOf = ({ ids, request }: Asked) => ({
  customer_id: ids,
  event_timestamp: ids.map(() => formatInstant(NOW)),
  ...request,
});

async function readHistory(asked: Asked): Promise<Row[]> {
  const { features, stalePolicy = 'RETURN' } = asked;
  const spine = spineOf(asked);
  const table = await offline.historicalFeatures({
    features,
    spine,
    includeEventTimes: true,
    includeStatuses: true,
    stalePolicy,
  });
  const before = Object.keys(spine).length;
  expect(table.columns.slice(before).map(({ name }) => name)).toEqual(
    features.flatMap(({ view, feature }) =>
      ['', '__status', '__event_time'].map((end) => `${view.name}__${feature.name}${end}`),
    ),
  );
  return table.rows.map((row) =>
    features.map((_, index) => row.slice(before + index * 3, before + index * 3 + 3) as unknown as Row[number]),
  );
}

let sets = 0;
async function build(
  asked: Pick<Asked, 'features' | 'stalePolicy'> & Pick<TrainingSetRequest, 'spine'> & Partial<TrainingSetRequest>,
): Promise<TrainingSetResult & { readonly path: string }> {
  const id = `s${++sets}`;
  const path = join(folder, `${id}.parquet`);
  const result = await offline.buildTrainingSet({
    ...{ id, path, label: null, entities: new Map(), asOf: NOW + DAY, includeEventTimes: true, includeStatuses: true },
    ...{ format: 'PARQUET', onProgress: async () => undefined, signal: new AbortController().signal },
    ...asked,
  });
  return { ...result, path };
}

const objectsOf = async (path: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });

/** A value of a file as on the wire. */
function wire(value: unknown, type: string): FeatureValue {
  if (Array.isArray(value)) return value.map((item) => wire(item, type.slice(6, -1)) as string | null);
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return type === 'DATE' ? value.toISOString().slice(0, 10) : value.toISOString();
  if (typeof value === 'bigint') return value.toString();
  return value as FeatureValue;
}

async function readSet(asked: Asked): Promise<Row[]> {
  const { features, stalePolicy = 'RETURN' } = asked;
  const { path } = await build({ features, spine: spineOf(asked), stalePolicy });
  return (await objectsOf(path)).map((row) =>
    features.map(({ view, feature }) => {
      const name = `${view.name}__${feature.name}`;
      // The reader of the file gives a decimal as a double: its six places are exact in these.
      const value = feature.type === 'DECIMAL' ? decimalOf(row[name]) : wire(row[name], feature.type);
      return [
        value,
        row[`${name}__status`] as string,
        wire(row[`${name}__event_time`], 'TIMESTAMP') as string | null,
      ] as const;
    }),
  );
}

const decimalOf = (value: unknown): FeatureValue =>
  value === null || value === undefined ? null : new exact(Number(value).toFixed(6)).toFixed();

const idOf = fc.oneof(
  fc.integer({ min: 0, max: 8 }).map((n) => `F${n}`),
  fc.integer({ min: 0, max: 8 }).map((n) => `S${n}`),
  fc.constantFrom('nobody', null),
);
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const instantOf = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
});
const ROW = fc.record({
  id: idOf,
  amount: orNull(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((n) => (n / 1_000).toFixed(3))),
  factor: orNull(fc.double({ noNaN: true, noDefaultInfinity: true })),
  when: orNull(instantOf.map((one) => one.toISOString().slice(0, 10))),
  moment: orNull(instantOf.map((one) => one.toISOString())),
  yes: orNull(fc.boolean()),
  word: orNull(fc.string({ unit: 'binary', maxLength: 8 })),
  count: orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
  list: orNull(fc.array(orNull(fc.string({ maxLength: 3 })), { maxLength: 4 })),
});

const rowsOf = (seed: number, count: number) => fc.sample(ROW, { seed, numRuns: count });
const column = <K extends string>(rows: readonly Record<K, unknown>[], name: K) => rows.map((row) => row[name]);

/** Statuses and values as they should be, told by the definition of a status and not by the code that makes one. */
describe('the same function', () => {
  const all = (): readonly AnyFeatureRef[] => [...onDemandRefs(afford), ...onDemandRefs(echo)];
  const ask = (seed: number, count: number): Asked => {
    const rows = rowsOf(seed, count);
    const names = ['amount', 'factor', 'when', 'moment', 'yes', 'word', 'count', 'list'] as const;
    const request = Object.fromEntries(names.map((name) => [name, column(rows, name)]));
    return { features: all(), ids: rows.map(({ id }) => id), request };
  };

  it.each(['RETURN', 'NULL'] as const)(
    'answers a request as it fills a historical table, and a training set (%s)',
    async (stalePolicy) => {
      const asked = { ...ask(stalePolicy === 'NULL' ? 11 : 5, 60), stalePolicy };
      const online = await readOnline(asked);
      expect(await readHistory(asked)).toEqual(online);
      expect(await readSet(asked)).toEqual(online);
      const statuses = new Set(online.flat().map(([, status]) => status));
      expect([...statuses].sort()).toEqual(['NULL', 'PRESENT', 'STALE']);
    },
  );

  it('sees what is stored and null for what is not: nobody, and what is stale where stale is asked to be NULL', async () => {
    const asked = { features: onDemandRefs(echo, ['seen']), ids: ['F3', 'S3', 'nobody', null] };
    const nothing = { when: null, moment: null, yes: null, word: null, count: null, list: [] };
    const request = Object.fromEntries(Object.keys(nothing).map((name) => [name, asked.ids.map(() => null)]));
    const seen = (rows: Row[]) => rows.map(([cell]) => [JSON.parse(cell?.[0] as string), cell?.[1], cell?.[2]]);
    const its = (days: number) => ({
      ...{ its_income: days === 1 ? '3704.703673' : '3703.703673', its_ratio: (Math.sin(3) * 1e-7) / 3 },
      ...{ its_small: Math.fround(3 / 7), its_big: '9007199254740996', its_flag: false, its_born: '1990-03-03' },
      ...{ its_name: 'it\'s "3" 你', its_seen: '2026-05-05T01:02:06.004Z', its_months: [3, null, 0] },
    });
    const none = Object.fromEntries(Object.keys(its(0)).map((name) => [name, null]));
    const fresh = [{ ...its(1), ...nothing }, 'PRESENT', formatInstant(NOW - DAY)];
    const stale = (shown: object) => [{ ...shown, ...nothing }, 'STALE', formatInstant(NOW - 5 * DAY)];
    const absent = [{ ...none, ...nothing }, 'PRESENT', null];
    const returned = await readOnline({ ...asked, request });
    expect(seen(returned)).toEqual([fresh, stale(its(0)), absent, absent]);
    const nulled = { ...asked, request, stalePolicy: 'NULL' as const };
    expect(seen(await readOnline(nulled))).toEqual([fresh, stale(none), absent, absent]);
    expect(seen(await readHistory(nulled))).toEqual([fresh, stale(none), absent, absent]);
  });

  it('leaves out what is only computed from, and keeps the order asked', async () => {
    const features = [
      ...onDemandRefs(afford, ['rest']),
      ...refsOf(profile, ['income']),
      ...onDemandRefs(afford, ['share']),
    ];
    const asked = { features, ids: ['F3'], request: { amount: ['1000'], factor: [null] } };
    const at = formatInstant(NOW - DAY);
    const expected = [
      [
        ['2704.703673', 'PRESENT', at],
        ['3704.703673', 'PRESENT', at],
        [new exact('1000').div('3704.703673').toNumber(), 'PRESENT', at],
      ],
    ];
    expect(await readOnline(asked)).toEqual(expected);
    expect(await readHistory(asked)).toEqual(expected);
    const { views } = await createOnlineFeatures({ online }).read({
      ...{ features: onDemandRefs(afford, ['rest']), entities: { customer_id: ['F3'] }, request: asked.request },
      ...{ stalePolicy: 'RETURN', now: NOW },
    });
    expect(views.map(({ view }) => view)).toEqual(['afford@1']);
  });

  it('computes from the request alone where nothing is stored, and needs no store for it', async () => {
    const asked = {
      features: onDemandRefs(place),
      ids: ['a', null],
      request: { latitude: [-1.5, null], channel: ['H5', 'APP'] },
    };
    const expected = [
      [
        [true, 'PRESENT', null],
        ['-1.5 by H5', 'PRESENT', null],
      ],
      [
        [null, 'NULL', null],
        ['null by APP', 'PRESENT', null],
      ],
    ];
    expect(await readOnline(asked)).toEqual(expected);
    expect(await readHistory(asked)).toEqual(expected);
    expect(await readSet(asked)).toEqual(expected);
  });

  it('is ERROR, never a guess, where the store did not answer for an input', async () => {
    const failing: OnlineStore = {
      ...online,
      read: async (groups) => groups.map(({ keys, views }) => keys.map(() => views.map(() => 'ERROR' as const))),
    };
    const { columns } = await createOnlineFeatures({ online: failing }).read({
      ...{ features: onDemandRefs(afford, ['share', 'rest']), entities: { customer_id: ['F3'] } },
      ...{ request: { amount: ['1'], factor: [1] }, stalePolicy: 'RETURN', now: NOW },
    });
    expect(columns.map(({ values, statuses }) => [values[0], statuses[0]])).toEqual([
      [null, 'ERROR'],
      [null, 'ERROR'],
    ]);
  });
});

const refusal = async (body: Promise<unknown>): Promise<RiskgraphError> => {
  const error = await body.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(RiskgraphError);
  return error as RiskgraphError;
};

describe('a spine', () => {
  const spine = { customer_id: ['F3'], event_timestamp: [formatInstant(NOW)] };

  it.each([
    [{}, /the spine lacks amount DECIMAL \(for afford@1\); factor FLOAT64 \(for afford@1\)/],
    [{ amount: ['1'], factor: ['1'] }, /factor\[0\] is not taken: FLOAT64/],
    [{ amount: ['much'], factor: [1] }, /amount\[0\] is not taken: DECIMAL/],
  ])('of rows that lack or mistake an input %j is refused by both, naming it', async (more, words) => {
    const features = onDemandRefs(afford);
    const given = { ...spine, ...more } as Record<string, readonly unknown[]>;
    const historical = offline.historicalFeatures({
      features,
      spine: given,
      includeEventTimes: false,
      includeStatuses: false,
    });
    const set = offline.checkTrainingSet({ features, spine: given, label: null, entities: new Map(), asOf: NOW + DAY });
    for (const { code, message } of [await refusal(historical), await refusal(set)]) {
      expect(code).toBe('BAD_USER_INPUT');
      expect(message).toMatch(words);
    }
  });

  const select = (amount: string, factor: string) => ({
    sql: `SELECT concat('F', toString(number)) AS customer_id, toDateTime64('2026-06-30 00:00:00', 3, 'UTC') AS event_timestamp, ${amount} AS amount, ${factor} AS factor FROM (SELECT arrayJoin(range(20)) AS number)`,
  });

  it('of SQL gives its columns as inputs, widened where nothing is lost, the same as inline', async () => {
    const features = onDemandRefs(afford);
    const { path, manifest, rowCount } = await build({
      features,
      spine: select('toDecimal64(number / 8, 3)', 'toFloat32(number) / 7'),
    });
    const ids = Array.from({ length: 20 }, (_, number) => `F${number}`);
    const request = { amount: ids.map((_, n) => (n / 8).toFixed(3)), factor: ids.map((_, n) => n / 7) };
    const inline = await build({ features, spine: { ...spineOf({ features, ids, request }) } });
    const computed = (rows: Record<string, unknown>[]) =>
      rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name.startsWith('afford__'))));
    expect(rowCount).toBe(20);
    const [fromSql, fromRows] = [await objectsOf(path), await objectsOf(inline.path)];
    expect(computed(fromSql)).toEqual(computed(fromRows));
    expect(fromSql.filter((row) => row.afford__share !== null).length).toBeGreaterThan(3);
    expect(manifest.views).toEqual([
      { view: 'profile@1', hash: 'hash of profile@1' },
      { view: 'afford@1', hash: 'hash of afford@1', kind: 'on_demand' },
    ]);
    expect(manifest.features).toContainEqual({ column: 'afford__share', reference: 'afford@1:share' });
  });

  it.each([
    ['toFloat64(number)', 'toFloat64(1)', "the spine's column amount is FLOAT64, and afford@1 wants DECIMAL"],
    ["'12'", 'toFloat64(1)', "the spine's column amount is STRING, and afford@1 wants DECIMAL"],
    ['toInt64(1)', 'toInt64(1)', "the spine's column factor is INT64, and afford@1 wants FLOAT64"],
  ])(
    'of SQL that gives amount as %s and factor as %s is refused, with what is wanted and what it is',
    async (amount, factor, words) => {
      const request = {
        features: onDemandRefs(afford),
        spine: select(amount, factor),
        label: null,
        entities: new Map(),
        asOf: NOW + DAY,
      };
      const { code, message } = await refusal(offline.checkTrainingSet(request));
      expect([code, message]).toEqual(['BAD_USER_INPUT', words]);
    },
  );

  it('is computed from true values for a role that sees them masked, and masked then', async () => {
    const features = [...onDemandRefs(place), ...onDemandRefs(echo, ['seen'])];
    const others = { when: [null], moment: [null], yes: [null], word: ['Anna'], count: [null], list: [null] };
    const given = { ...spine, latitude: [-1.5], channel: ['H5'], ...others };
    const historical = await offline.historicalFeatures({
      features,
      spine: given,
      includeEventTimes: false,
      includeStatuses: false,
      mask,
    });
    const shown = Object.fromEntries(historical.columns.map(({ name }, index) => [name, historical.rows[0]?.[index]]));
    expect(shown).toMatchObject({
      latitude: null,
      channel: 'H5',
      word: mask.text('Anna'),
      place__south: null,
      place__at: mask.text('-1.5 by H5'),
    });
    const { path } = await build({ features, spine: given, mask });
    const [row] = await objectsOf(path);
    expect(row).toMatchObject({
      ...{ place__at: mask.text('-1.5 by H5'), echo__seen: shown.echo__seen },
      word: mask.text('Anna'),
    });
    expect(row?.place__south ?? null).toBeNull();
  });

  it('of SQL, which such a role sees masked, is refused where a personal input is wanted', async () => {
    const text = `SELECT 'F3' AS customer_id, toDateTime64('2026-06-30 00:00:00', 3, 'UTC') AS event_timestamp, toFloat64(1) AS latitude, 'H5' AS channel`;
    const request = {
      features: onDemandRefs(place),
      spine: { sql: text },
      label: null,
      entities: new Map(),
      asOf: NOW + DAY,
    };
    await offline.checkTrainingSet(request);
    const { code, message } = await refusal(offline.checkTrainingSet({ ...request, mask }));
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toBe(
      'latitude FLOAT64 (for place@1) is personal, and spine SQL sees personal values masked for this role',
    );
  });

  it('writes a CSV with the values of the Parquet file, to the last digit', async () => {
    const asked = {
      features: onDemandRefs(afford, ['weighted']),
      ids: ['F3', 'F6'],
      request: { amount: [null, null], factor: [3.3, -7.1e-9] },
    };
    const id = `s${++sets}`;
    const path = join(folder, `${id}.csv`);
    await build({
      ...asked,
      spine: spineOf(asked),
      id,
      path,
      format: 'CSV',
      includeEventTimes: false,
      includeStatuses: false,
    });
    const [, ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
    const online = await readOnline(asked);
    expect(lines.map((line) => Number(line.split(',').at(-1)))).toEqual(online.map(([cell]) => cell?.[0]));
  });
});

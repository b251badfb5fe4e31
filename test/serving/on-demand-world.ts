/** Stored and on-demand views on real stores, and the three ways to their values: a request, a historical table and a training set. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decimal } from 'decimal.js';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import { Mask } from '../../src/core/compute/masking.js';
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
} from '../../src/core/definitions/define.js';
import type { AnyFeatureRef, View } from '../../src/core/definitions/definitions.js';
import { type FeatureValue, isArrayType } from '../../src/core/definitions/types.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { DAY, formatInstant } from '../../src/core/helpers/time.js';
import type { TrainingSetRequest, TrainingSetResult } from '../../src/core/ports/training-sets.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { createUserSql } from '../../src/warehouse/user-sql.js';
import { openMigrated } from '../offline/migrated.js';
import { offlineOn, quiet, viewOf } from '../offline/support.js';
import { noMetrics } from '../online/definitions.js';
import { onDemandOf } from '../support/on-demand.js';
import { freshRedis } from '../support/stores.js';
import { TABLES } from '../support/tables.js';

export const NOW = Date.UTC(2026, 5, 30);
const said = { description: 'x' };
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
export const mask = new Mask(Buffer.alloc(32, 7), TABLES.personalColumns);

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

export const exact = Decimal.clone({ precision: 40 });

export interface Asked {
  readonly features: readonly AnyFeatureRef[];
  readonly ids: readonly (string | null)[];
  readonly request: Readonly<Record<string, readonly unknown[]>>;
  readonly stalePolicy?: 'RETURN' | 'NULL';
}

/** A row: value, status and event time of each feature. */
export type Row = readonly (readonly [FeatureValue, string, string | null])[];

export const spineOf = ({ ids, request }: Asked) => ({
  customer_id: ids,
  event_timestamp: ids.map(() => formatInstant(NOW)),
  ...request,
});

export const objectsOf = async (path: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });

/** A value of a file as on the wire. */
function wire(value: unknown, type: string): FeatureValue {
  if (Array.isArray(value)) return value.map((item) => wire(item, type.slice(6, -1)) as string | null);
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return type === 'DATE' ? value.toISOString().slice(0, 10) : value.toISOString();
  if (typeof value === 'bigint') return value.toString();
  return value as FeatureValue;
}

const decimalOf = (value: unknown): FeatureValue =>
  value === null || value === undefined ? null : new exact(Number(value).toFixed(6)).toFixed();

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld() {
  const [fixture, redis] = await Promise.all([openMigrated(), freshRedis()]);
  const { store, calendar } = fixture;
  const userSql = createUserSql(store);
  // Few rows a step: several buckets even of a small set.
  const { offline, writers, writes, sets } = offlineOn(store, calendar, { userSql, rowsAStep: 25 });
  const connection = await openRedis({ url: redis.url, log: quiet, purpose: 'serving' });
  const online = createOnlineStore({
    client: connection.client,
    prefix: 'test',
    clock: () => NOW,
    log: quiet,
    metrics: noMetrics,
  });
  const folder = await mkdtemp(join(tmpdir(), 'on-demand-'));

  const spec = { entity: customer, features: FEATURES, maxAge: '2d', ttl: '30d' };
  const runs: [View, number][] = [
    [viewOf('profile', 1, { ...spec, query: () => query(0, 'S') }), NOW - 5 * DAY],
    [viewOf('profile', 1, { ...spec, query: () => query(1, 'F') }), NOW - DAY],
  ];
  const [profile] = runs[1] as [View, number];
  await writers.createView(profile);
  for (const [index, [view, asOf]] of runs.entries()) {
    const run = { id: index + 1, view, asOf, knowledge: asOf };
    await writes.stageRun(run);
    await writes.commitRuns(view, [{ run, availableAt: asOf }]);
  }
  for await (const rows of offline.newestRows(profile, NOW, { index: 0, of: 1 })) await online.write(profile, rows);

  const everything = Object.fromEntries(
    Object.entries(FEATURES).map(([name, { type }]) => [`its_${name}`, input(type, `profile@1:${name}`)]),
  );
  const afford = onDemandOf(
    'afford',
    defineOnDemandView({
      entity: customer,
      ...said,
      owner: 'x',
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
  const echo = onDemandOf(
    'echo',
    {
      kind: 'on_demand',
      entity: customer,
      ...said,
      owner: 'x',
      request: inputs,
      inputs: everything,
      features: {
        seen: string({ ...said, tags: ['pii'] }),
        when: date(said),
        moment: timestamp(said),
        yes: boolean(said),
        count: int64(said),
        list: array(string(said), said),
      },
      compute: (given: Readonly<Record<string, FeatureValue>>) => ({
        when: given.when,
        moment: given.moment,
        yes: given.yes,
        count: given.count,
        list: given.list ?? [],
        seen: JSON.stringify(given),
      }),
    } as unknown as Parameters<typeof onDemandOf>[1],
    [profile],
  );
  const place = onDemandOf(
    'place',
    defineOnDemandView({
      entity: customer,
      ...said,
      owner: 'x',
      request: { latitude: float64({ ...said, unit: 'degrees', tags: ['pii'] }), channel: string(said) },
      inputs: {},
      features: { south: boolean({ ...said, tags: ['pii'] }), at: string({ ...said, tags: ['pii'] }) },
      compute: ({ latitude, channel }) => ({
        south: latitude === null ? null : latitude < 0,
        at: `${latitude} by ${channel}`,
      }),
    }),
    [],
  );

  async function readOnline({ features, ids, request, stalePolicy = 'RETURN' }: Asked): Promise<Row[]> {
    const { columns, views } = await createOnlineFeatures({ online }).read({
      features,
      entities: { customer_id: ids },
      request,
      stalePolicy,
      now: NOW,
    });
    expect(columns.map(({ name }) => name)).toEqual(features.map(({ reference }) => reference));
    return ids.map((_, row) =>
      columns.map(({ values, statuses, view }) => {
        const time = views.find((one) => one.view === view)?.eventTimes[row] ?? null;
        return [values[row] ?? null, statuses[row] as string, time === null ? null : formatInstant(time)] as const;
      }),
    );
  }

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

  let built = 0;
  async function build(
    asked: Pick<Asked, 'features' | 'stalePolicy'> & Pick<TrainingSetRequest, 'spine'> & Partial<TrainingSetRequest>,
  ): Promise<TrainingSetResult & { readonly path: string }> {
    const id = `s${++built}`;
    const path = join(folder, `${id}.parquet`);
    const result = await sets.build({
      id,
      path,
      label: null,
      entities: new Map(),
      asOf: NOW + DAY,
      includeEventTimes: true,
      includeStatuses: true,
      format: 'PARQUET',
      onProgress: async () => undefined,
      signal: new AbortController().signal,
      ...asked,
    });
    return { ...result, path };
  }

  async function readSet(asked: Asked): Promise<Row[]> {
    const { features, stalePolicy = 'RETURN' } = asked;
    const { path } = await build({ features, spine: spineOf(asked), stalePolicy });
    return (await objectsOf(path)).map((row) =>
      features.map(({ view, feature }) => {
        const name = `${view.name}__${feature.name}`;
        // The reader of the file gives a decimal as a double: its six places are exact in these.
        const value = feature.type === 'DECIMAL' ? decimalOf(row[name]) : wire(row[name], feature.type);
        const status = row[`${name}__status`] as string;
        // Files know no null list: where the status says that there is no value, an empty one stands for it.
        const isNoList =
          isArrayType(feature.type) && (status === 'NULL' || (status === 'STALE' && stalePolicy === 'NULL'));
        return [
          isNoList ? null : value,
          status,
          wire(row[`${name}__event_time`], 'TIMESTAMP') as string | null,
        ] as const;
      }),
    );
  }

  return {
    offline,
    sets,
    online,
    folder,
    profile,
    afford,
    echo,
    place,
    readOnline,
    readHistory,
    readSet,
    build,
    async close(): Promise<void> {
      await rm(folder, { recursive: true, force: true });
      await connection.close();
      await redis.close();
      await fixture.close();
    },
  };
}

/** What a request is refused with. */
export const refusal = async (body: Promise<unknown>): Promise<RiskgraphError> => {
  const error = await body.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(RiskgraphError);
  return error as RiskgraphError;
};

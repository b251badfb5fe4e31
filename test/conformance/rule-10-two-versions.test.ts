import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import { defineEntity, int32, raw, string } from '../../src/core/definitions/define.js';
import type { FeatureRef, View } from '../../src/core/definitions/definitions.js';
import { formatInstant, type Instant } from '../../src/core/helpers/time.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { resolveReferences } from '../../src/registry/references.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { load } from '../offline/schedules.js';
import { type OfflineFixture, openOffline, viewOf } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { freshHome } from '../support/homes.js';
import { freshRedis } from '../support/stores.js';
import { type Case, defineRule, shared } from './conformance.js';
import { day } from './history.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
const amount = int32({ description: 'An amount' });
const note = string({ description: 'Text' });
const query = () => raw('SELECT 1');

/** Three versions that lived side by side: the second renamed nothing but gave up `note`, the third grows old. */
const VERSIONS: readonly View[] = [
  viewOf('limits', 1, { entity: customer, features: { amount, note }, query }),
  viewOf('limits', 2, { entity: customer, features: { amount, share: int32({ description: 'A share' }) }, query }),
  viewOf('limits', 3, { entity: customer, features: { amount }, query, maxAge: '1d', ttl: '3d' }),
  viewOf('other', 1, { entity: customer, features: { amount }, query }),
];
const views: ReadonlyMap<string, View> = new Map(VERSIONS.map((view) => [view.id, view]));

interface Row {
  readonly view: string;
  readonly at: Instant;
  readonly known?: Instant;
  /** Without values the row is a tombstone. */
  readonly values?: Readonly<Record<string, number | string | null>>;
}

interface VersionsCase extends Case {
  readonly rows: readonly Row[];
  /** References as a service lists them. */
  readonly asked: readonly string[];
  readonly t: readonly Instant[];
  /** Names of the features' columns. */
  readonly columns: readonly string[];
  /** `value STATUS` of each feature at each instant. */
  readonly answers: readonly (readonly string[])[];
}

const both: readonly Row[] = [
  { view: 'limits@1', at: day(1), values: { amount: 1, note: 'old' } },
  { view: 'limits@2', at: day(1), values: { amount: 2, share: 50 } },
];

const CASES: readonly VersionsCase[] = [
  {
    name: 'two versions answer side by side, each with its own value of the same feature',
    rows: both,
    asked: ['limits@1:amount', 'limits@2:amount'],
    t: [day(2)],
    columns: ['limits_v1__amount', 'limits_v2__amount'],
    answers: [['1 PRESENT', '2 PRESENT']],
  },
  {
    name: 'columns come in the order asked, whichever version is newer',
    rows: both,
    asked: ['limits@2:share', 'limits@1:note', 'limits@2:amount', 'limits@1:amount'],
    t: [day(2)],
    columns: ['limits_v2__share', 'limits_v1__note', 'limits_v2__amount', 'limits_v1__amount'],
    answers: [['50 PRESENT', 'old PRESENT', '2 PRESENT', '1 PRESENT']],
  },
  {
    name: 'one version alone is named without its number',
    rows: both,
    asked: ['limits@2'],
    t: [day(2)],
    columns: ['limits__amount', 'limits__share'],
    answers: [['2 PRESENT', '50 PRESENT']],
  },
  {
    name: 'another view beside two versions keeps its plain name',
    rows: [...both, { view: 'other@1', at: day(1), values: { amount: 9 } }],
    asked: ['limits@1:amount', 'other@1', 'limits@2:amount'],
    t: [day(2)],
    columns: ['limits_v1__amount', 'other__amount', 'limits_v2__amount'],
    answers: [['1 PRESENT', '9 PRESENT', '2 PRESENT']],
  },
  {
    name: 'whole versions give all their features, those that only one of them has too',
    rows: both,
    asked: ['limits@1', 'limits@2'],
    t: [day(2)],
    columns: ['limits_v1__amount', 'limits_v1__note', 'limits_v2__amount', 'limits_v2__share'],
    answers: [['1 PRESENT', 'old PRESENT', '2 PRESENT', '50 PRESENT']],
  },
  {
    name: 'a key of which only the old version has history is NOT_FOUND in the new one',
    rows: [{ view: 'limits@1', at: day(1), values: { amount: 1, note: 'x' } }],
    asked: ['limits@1:amount', 'limits@2:amount'],
    t: [day(2)],
    columns: ['limits_v1__amount', 'limits_v2__amount'],
    answers: [['1 PRESENT', 'null NOT_FOUND']],
  },
  {
    name: 'each version is joined at its own newest row, though they were published on different days',
    rows: [
      { view: 'limits@1', at: day(1), values: { amount: 1, note: 'x' } },
      { view: 'limits@1', at: day(4), values: { amount: 11, note: 'x' } },
      { view: 'limits@2', at: day(2), values: { amount: 2, share: 5 } },
    ],
    asked: ['limits@1:amount', 'limits@2:amount'],
    t: [day(1), day(3), day(4)],
    columns: ['limits_v1__amount', 'limits_v2__amount'],
    answers: [
      ['1 PRESENT', 'null NOT_FOUND'],
      ['1 PRESENT', '2 PRESENT'],
      ['11 PRESENT', '2 PRESENT'],
    ],
  },
  {
    name: 'each version has its own limits of age',
    rows: [
      { view: 'limits@1', at: day(1), values: { amount: 1, note: 'x' } },
      { view: 'limits@3', at: day(1), values: { amount: 3 } },
    ],
    asked: ['limits@1:amount', 'limits@3:amount'],
    t: [day(2), day(3), day(5)],
    columns: ['limits_v1__amount', 'limits_v3__amount'],
    answers: [
      ['1 PRESENT', '3 PRESENT'],
      ['1 PRESENT', '3 STALE'],
      ['1 PRESENT', 'null NOT_FOUND'],
    ],
  },
  {
    name: 'a restatement of one version leaves the other as it was',
    rows: [...both, { view: 'limits@2', at: day(1), known: day(4), values: { amount: 22, share: 60 } }],
    asked: ['limits@1:amount', 'limits@2:amount', 'limits@2:share'],
    t: [day(3), day(4)],
    columns: ['limits_v1__amount', 'limits_v2__amount', 'limits_v2__share'],
    answers: [
      ['1 PRESENT', '2 PRESENT', '50 PRESENT'],
      ['1 PRESENT', '22 PRESENT', '60 PRESENT'],
    ],
  },
  {
    name: 'a tombstone of one version ends that version alone',
    rows: [...both, { view: 'limits@1', at: day(3) }],
    asked: ['limits@1', 'limits@2'],
    t: [day(2), day(3)],
    columns: ['limits_v1__amount', 'limits_v1__note', 'limits_v2__amount', 'limits_v2__share'],
    answers: [
      ['1 PRESENT', 'old PRESENT', '2 PRESENT', '50 PRESENT'],
      ['null NOT_FOUND', 'null NOT_FOUND', '2 PRESENT', '50 PRESENT'],
    ],
  },
  {
    name: 'three versions at once, and duplicate rows of the spine stay two rows',
    rows: [...both, { view: 'limits@3', at: day(1), values: { amount: null } }],
    asked: ['limits@3:amount', 'limits@2:amount', 'limits@1:amount'],
    t: [day(2), day(2)],
    columns: ['limits_v3__amount', 'limits_v2__amount', 'limits_v1__amount'],
    answers: [
      ['null NULL', '2 PRESENT', '1 PRESENT'],
      ['null NULL', '2 PRESENT', '1 PRESENT'],
    ],
  },
];

interface World {
  readonly fixture: OfflineFixture;
  readonly redis: Awaited<ReturnType<typeof openRedis>>;
  readonly folder: string;
}

const keyOf = (number: number): string => `case-${number}`;

function refs(references: readonly string[]): FeatureRef[] {
  const problems: string[] = [];
  const found = resolveReferences(references, views, (problem) => problems.push(problem));
  expect(problems).toEqual([]);
  return found;
}

const world = shared(async (): Promise<World & { close(): Promise<void> }> => {
  const fixture = await openOffline();
  const server = await freshRedis();
  const redis = await openRedis({ url: server.url, log: silentLog, purpose: 'serving' });
  const folder = await freshHome();
  for (const view of VERSIONS) {
    await fixture.writers.createView(view);
    const rows = CASES.flatMap((each, number) =>
      each.rows
        .filter((row) => row.view === view.id)
        .map(({ at, known = at, values }) => ({
          key: [keyOf(number)],
          event: at,
          available: known,
          sequence: 1,
          tombstone: values === undefined,
          values: Object.fromEntries(view.features.map(({ name }) => [name, values?.[name] ?? null])),
        })),
    );
    await load(fixture.store, view, rows);
  }
  return {
    fixture,
    redis,
    folder,
    async close() {
      await redis.close();
      await server.close();
      await fixture.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

const said = (value: unknown, status: unknown): string => `${value} ${status}`;

async function check(each: VersionsCase, { fixture, redis, folder }: World): Promise<void> {
  const { offline, sets } = fixture;
  const key = keyOf(CASES.indexOf(each));
  const features = refs(each.asked);
  const spine = { customer_id: each.t.map(() => key), event_timestamp: each.t.map(formatInstant) };
  const table = await offline.historicalFeatures({ features, spine, includeEventTimes: false, includeStatuses: true });
  expect(table.columns.map(({ name }) => name)).toEqual([
    ...['customer_id', 'event_timestamp'],
    ...each.columns.flatMap((name) => [name, `${name}__status`]),
  ]);
  expect(table.rows.map((row) => each.columns.map((_, index) => said(row[2 + 2 * index], row[3 + 2 * index])))).toEqual(
    each.answers,
  );

  const path = join(folder, `${key}.parquet`);
  await sets.build({
    id: key,
    features,
    spine,
    label: null,
    entities: new Map([['customer', customer]]),
    asOf: day(1_000),
    path,
    includeEventTimes: false,
    format: 'PARQUET',
    onProgress: async () => undefined,
    signal: new AbortController().signal,
  });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
  expect(rows.map((row) => Object.entries(row).slice(2))).toEqual(
    each.answers.map((answers) =>
      answers.map((answer, index) => {
        const value = answer.split(' ')[0] as string;
        return [each.columns[index], value === 'null' ? null : /^\d+$/.test(value) ? Number(value) : value];
      }),
    ),
  );

  const clock = { now: day(-1) };
  const log = { log: silentLog, metrics: noMetrics, clock: () => clock.now };
  for (const [number, t] of each.t.entries()) {
    const online = createOnlineStore({ client: redis.client, prefix: `${key}.${number}`, ...log });
    for (const view of new Set(features.map((ref) => ref.view))) {
      await online.write(
        view,
        (await offline.rowsAt(view, t, [[key]])).filter((row) => row !== null),
      );
    }
    const { columns } = await createOnlineFeatures({ online }).read({
      features,
      entities: { customer_id: [key] },
      stalePolicy: 'RETURN',
      now: t,
    });
    expect(columns.map(({ name }) => name)).toEqual(features.map(({ reference }) => reference));
    expect(columns.map(({ values, statuses }) => said(values[0], statuses[0]))).toEqual(each.answers[number]);
  }
}

defineRule({ rule: 10, open: world, check }, CASES);

/** What a value is, what its status says and when it happened, the same on every way out of the system. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FeatureType, isArrayType } from '../../src/core/definitions/types.js';
import { formatInstant, type Instant } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { unwatched } from '../materialize/fixture.js';
import { type Api, type ApiStores, closeApiStores, freshApiStores, startApi } from '../support/api.js';
import { type Cuttable, cuttable } from './cuttable.js';
import {
  type Answers,
  type Column,
  createSet,
  download,
  HISTORICAL,
  historicalFeatures,
  onlineFeatures,
  type Question,
  readArrow,
  readCsv,
  readParquet,
  type Seen,
  type StalePolicy,
  setState,
  spineOf,
} from './transports.js';

/** Midnight in Shanghai that begins a day of March 2026, and a time of that day. */
const march = (date: number, hours = 0): Instant => Date.UTC(2026, 2, date - 1, 16 + hours);
const NOW = march(10, 12);

interface Sighting {
  /** Day of March on which it was, at noon. */
  readonly date: number;
  readonly brand?: string;
  /** A dash is an empty text: a file could not tell one from NULL. */
  readonly os?: string;
  readonly rooted?: 0 | 1;
  readonly price?: string;
  readonly soldOn?: string;
  /** A question mark is one that is missing. */
  readonly marks?: readonly string[];
  readonly sold?: true;
}

interface Situation {
  readonly name: string;
  /** 'D' where the second part is not said. */
  readonly key: readonly [string | null, string | null];
  readonly seen: readonly Sighting[];
  /** What the caller brings, where it is not what callers bring here. */
  readonly brings?: { readonly added: unknown; readonly due_on: unknown; readonly billed_at: unknown };
  /** Day of March with whose beginning the row in force was there, and whether it is past maxAge; null where no row is in force. */
  readonly row: { readonly since: number; readonly stale?: true } | null;
  /** In the order of STORED, as the wire writes them. */
  readonly values: readonly unknown[];
  /** `total`, `kept`, `due`, `a_mark`, `billed`. */
  readonly computed: readonly unknown[];
}

const noon = (date: number): string => formatInstant(march(date, 12));
const BROUGHT = { added: '0.75', due_on: '2026-04-30', billed_at: '2026-03-10T08:00:00+08:00' };
const [DUE, BILLED] = ['2026-04-30', '2026-03-10T00:00:00.000Z'];
/** A price as it is, a third of it, and a seventh in single precision. */
const priced = (price: string): unknown[] => [price, Number(price) / 3, Math.fround(Number(price) / 7)];
const UNPRICED = [null, null, null, null, [], [-1, -1, -1]];
const NOTHING = {
  row: null,
  values: [null, null, null, null, null, null, null, null, null, null, null],
  computed: [null, [], DUE, null, BILLED],
};

/** Asked at noon of the 10th: the run of that midnight describes the 9th; STALE is older than the 8th at noon, gone older than the 5th at noon. */
const SITUATIONS: readonly Situation[] = [
  {
    name: 'values that are there',
    key: ['present', 'D'],
    seen: [
      { date: 9, brand: 'HONOR', os: '12', rooted: 1, price: '1999.99', soldOn: '2024-02-29', marks: ['a', '?', 'b'] },
    ],
    row: { since: 10 },
    values: ['HONOR', '12', true, '1', noon(9), ...priced('1999.99'), '2024-02-29', ['a', null, 'b'], [1, null, 1]],
    computed: ['2000.74', ['a', 'b'], DUE, 1000.37, BILLED],
  },
  {
    name: 'NULL that is the newest value',
    key: ['null', 'D'],
    seen: [{ date: 8, brand: 'OLD', rooted: 1, price: '5', soldOn: '2020-01-01', marks: ['old'] }, { date: 9 }],
    row: { since: 10 },
    values: [null, null, null, '1', noon(9), ...UNPRICED],
    computed: [null, [], DUE, null, BILLED],
  },
  {
    name: 'inputs that the caller gives as null, and a quotient that is no number',
    key: ['brings', 'D'],
    brings: { added: null, due_on: null, billed_at: null },
    seen: [{ date: 9, brand: 'X', os: '1', rooted: 0, price: '7', soldOn: '1900-01-01' }],
    row: { since: 10 },
    values: ['X', '1', false, '1', noon(9), ...priced('7'), '1900-01-01', [], [-1, -1, -1]],
    computed: [null, [], null, null, null],
  },
  {
    name: 'a division by nothing',
    key: ['nought', 'D'],
    brings: { added: '-0.00', due_on: '1999-12-31', billed_at: '2026-02-28T23:59:59.999-01:00' },
    seen: [{ date: 9, brand: 'X', os: '1', rooted: 0, price: '-0.000001', soldOn: '2299-12-31' }],
    row: { since: 10 },
    values: ['X', '1', false, '1', noon(9), ...priced('-0.000001'), '2299-12-31', [], [-1, -1, -1]],
    computed: ['0', [], '1999-12-31', null, '2026-03-01T00:59:59.999Z'],
  },
  {
    name: 'a value that was filled with the last known',
    key: ['filled', 'D'],
    seen: [
      { date: 7, brand: 'A', os: '7', rooted: 0 },
      { date: 8, brand: 'B', os: '8', rooted: 0, price: '8' },
      { date: 9, brand: 'C', rooted: 0, marks: ['?'] },
    ],
    row: { since: 10 },
    values: ['C', '8', false, '1', noon(9), null, null, null, null, [null], [null, -1, -1]],
    computed: [null, [], DUE, null, BILLED],
  },
  {
    name: 'values past maxAge',
    key: ['stale', 'D'],
    seen: [{ date: 6, brand: 'S', os: '6', rooted: 0, price: '0.25', soldOn: '2026-03-06', marks: ['s'] }],
    row: { since: 7, stale: true },
    values: ['S', '6', false, '1', noon(6), ...priced('0.25'), '2026-03-06', ['s'], [1, -1, -1]],
    computed: ['1', ['s'], DUE, 1, BILLED],
  },
  {
    name: 'NULL past maxAge',
    key: ['stale-null', 'D'],
    seen: [{ date: 6 }],
    row: { since: 7, stale: true },
    values: [null, null, null, '1', noon(6), ...UNPRICED],
    computed: [null, [], DUE, null, BILLED],
  },
  {
    name: 'values past their ttl',
    key: ['gone', 'D'],
    seen: [{ date: 3, brand: 'G', os: '3', price: '3', marks: ['g'] }],
    ...NOTHING,
  },
  {
    name: 'a tombstone',
    key: ['sold', 'D'],
    seen: [
      { date: 7, brand: 'T', os: '7', price: '7' },
      { date: 8, brand: 'T', os: '7', price: '7', sold: true },
    ],
    ...NOTHING,
  },
  {
    name: 'values after a tombstone, which do not reach before it',
    key: ['again', 'D'],
    seen: [
      { date: 7, brand: 'T', os: '7', rooted: 1 },
      { date: 8, brand: 'T', os: '8', rooted: 1, sold: true },
      { date: 9, brand: 'N', rooted: 1 },
    ],
    row: { since: 10 },
    values: ['N', null, true, '1', noon(9), ...UNPRICED],
    computed: [null, [], DUE, null, BILLED],
  },
  {
    name: 'one of two keys that read the same when put together',
    key: ['1', '23'],
    seen: [{ date: 9, brand: 'one', os: '1', rooted: 0 }],
    row: { since: 10 },
    values: ['one', '1', false, '1', noon(9), ...UNPRICED],
    computed: [null, [], DUE, null, BILLED],
  },
  {
    name: 'the other of the two',
    key: ['12', '3'],
    seen: [{ date: 9, brand: 'twelve', os: '12', rooted: 1 }],
    row: { since: 10 },
    values: ['twelve', '12', true, '1', noon(9), ...UNPRICED],
    computed: [null, [], DUE, null, BILLED],
  },
  { name: 'a key that was never seen', key: ['123', 'D'], seen: [], ...NOTHING },
  { name: 'a NULL in the first part of the key', key: [null, 'D'], seen: [], ...NOTHING },
  { name: 'a NULL in the second part of the key', key: ['present', null], seen: [], ...NOTHING },
  {
    name: 'text that every format must escape, and the empty text, which is not NULL',
    key: ['q"\',\n', 'D'],
    seen: [{ date: 9, brand: 'a"b,\\N;\n张', os: '-', rooted: 0, price: '4.25', marks: ['it\'s "a", \\b;\n张'] }],
    row: { since: 10 },
    values: [
      ...['a"b,\\N;\n张', '', false, '1', noon(9), ...priced('4.25'), null],
      ...[['it\'s "a", \\b;\n张'], [17, -1, -1]],
    ],
    computed: ['5', ['it\'s "a", \\b;\n张'], DUE, 5, BILLED],
  },
];

const STORED: readonly (readonly [string, FeatureType])[] = [
  ['brand', 'STRING'],
  ['os_version', 'STRING'],
  ['is_rooted', 'BOOLEAN'],
  ['sightings', 'INT64'],
  ['seen_at', 'TIMESTAMP'],
  ['price', 'DECIMAL'],
  ['third', 'FLOAT64'],
  ['small', 'FLOAT32'],
  ['sold_on', 'DATE'],
  ['marks', 'ARRAY<STRING>'],
  ['lengths', 'ARRAY<INT32>'],
];
const COMPUTED: readonly Column[] = [
  { view: 'use_cost', feature: 'total', type: 'DECIMAL' },
  { view: 'use_cost', feature: 'kept', type: 'ARRAY<STRING>' },
  { view: 'use_cost', feature: 'due', type: 'DATE' },
  { view: 'use_bill', feature: 'a_mark', type: 'FLOAT64' },
  { view: 'use_bill', feature: 'billed', type: 'TIMESTAMP' },
];
const COLUMNS: readonly Column[] = [
  ...STORED.map(([feature, type]) => ({ view: 'last_use', feature, type })),
  ...COMPUTED,
];
/** Computed from the request alone: whatever became of what is stored. */
const OF_THE_REQUEST = new Set(['due', 'billed']);

/** By the definition of a status, and not by the code that makes one. */
function expected(policy: StalePolicy): Answers {
  return Object.fromEntries(
    SITUATIONS.map(({ name, row, values, computed }) => {
      const time = row && formatInstant(march(row.since));
      const seen = ({ view, feature }: Column, value: unknown): Seen => {
        const byValue = value === null ? 'NULL' : 'PRESENT';
        if (view === 'last_use' && row === null) return [value, 'NOT_FOUND', null];
        if (!row?.stale || OF_THE_REQUEST.has(feature)) return [value, byValue, time];
        return [policy === 'RETURN' ? value : null, 'STALE', time];
      };
      const all = [...values, ...computed];
      return [name, COLUMNS.map((column, index) => seen(column, all[index]))];
    }),
  );
}

/** Of files, which know no null list: there it is empty, and its status says that it is none. */
const inFiles = (answers: Answers): Answers =>
  Object.fromEntries(
    Object.entries(answers).map(([name, row]) => [
      name,
      row.map(([value, ...rest], index): Seen => {
        const isNoList = value === null && isArrayType((COLUMNS[index] as Column).type);
        return [isNoList ? [] : value, ...rest];
      }),
    ]),
  );

let stores: ApiStores;
let way: Cuttable;
let api: Api;
let worker: { close(): Promise<void> } | undefined;

beforeAll(async () => {
  stores = await freshApiStores();
  way = await cuttable(stores.clickhouse.url);
  api = await startApi({
    stores: { ...stores, clickhouse: { ...stores.clickhouse, url: way.url } },
    clock: () => NOW,
    definitions: 'test/conformance/fixtures/transports',
  });
  const applied = await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  expect(applied.errors).toEqual([]);
  const rows = SITUATIONS.flatMap(({ key: [customer_id, device_id], seen }) =>
    seen.map(({ date, brand, os, rooted, price, soldOn, marks = [], sold }) => ({
      customer_id,
      device_id,
      seen_at: noon(date),
      brand,
      os_version: os,
      is_rooted: rooted,
      model: price,
      os: soldOn,
      flags: sold ? ['sold'] : marks,
    })),
  );
  const response = await api.fetch('ingest', '/import/device_sightings?history=true', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  expect(await response.json()).toMatchObject({ accepted: rows.length, rejected: 0 });
  const { materializer, catalogue } = api.app.services.worker;
  const run = { jobId: newUuid(NOW), views: await catalogue.views(), now: NOW };
  await materializer.backfill({ ...run, from: '2026-03-04', to: '2026-03-09' }, unwatched());
  await materializer.materialize({ ...run, jobId: newUuid(NOW + 1) }, unwatched());
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
}, 180_000);

afterAll(async () => {
  await worker?.close();
  await api?.close();
  await way?.close();
  if (stores) await closeApiStores(stores);
});

const ask = (stalePolicy: StalePolicy): Question => {
  const brought = SITUATIONS.map(({ brings = BROUGHT }) => brings);
  return {
    columns: COLUMNS,
    stalePolicy,
    at: formatInstant(NOW),
    names: SITUATIONS.map(({ name }) => name),
    keys: { customer_id: SITUATIONS.map(({ key }) => key[0]), device_id: SITUATIONS.map(({ key }) => key[1]) },
    request: {
      added: brought.map(({ added }) => added),
      due_on: brought.map(({ due_on }) => due_on),
      billed_at: brought.map(({ billed_at }) => billed_at),
    },
    requestTypes: { added: 'DECIMAL', due_on: 'DATE', billed_at: 'TIMESTAMP' },
  };
};

const made = async (format: 'PARQUET' | 'CSV' | 'ARROW', question: Question): Promise<Buffer> =>
  download(api, await createSet(api, format, question));

const TRANSPORTS = {
  onlineFeatures: (question: Question) => onlineFeatures(api, question),
  historicalFeatures: (question: Question) => historicalFeatures(api, question),
  parquet: async (question: Question) => readParquet(question, await made('PARQUET', question)),
  csv: async (question: Question) => readCsv(question, await made('CSV', question)),
  arrow: async (question: Question) => readArrow(question, await made('ARROW', question), stores.clickhouse.url),
};

describe.each(['RETURN', 'NULL'] as const)(
  'values of every type, composite keys, filled values, tombstones, ages and functions, stale values as %s',
  (policy) => {
    test.each(Object.entries(TRANSPORTS))(
      'say the same with the same status and event time through %s',
      async (transport, read) => {
        const question = ask(policy);
        const answers = expected(policy);
        expect(await read(question)).toEqual(transport.endsWith('Features') ? answers : inFiles(answers));
      },
    );
  },
);

describe('without the offline store', () => {
  test('a historical table is the typed error, and a training set waits and is whole once the store is back', async () => {
    const question = ask('RETURN');
    way.cut();
    try {
      const features = COLUMNS.map(({ view, feature }) => `${view}@1:${feature}`);
      const { data, errors } = await api.graphql('admin', HISTORICAL, { features, spine: spineOf(question) });
      expect([data, errors.map(({ extensions }) => extensions.code)]).toEqual([null, ['STORE_UNAVAILABLE']]);
      const id = await createSet(api, 'PARQUET', question);
      const before = way.refused;
      await expect.poll(() => way.refused, { timeout: 60_000 }).toBeGreaterThan(before);
      expect((await setState(api, id)).downloadUrl).toBeNull();
      way.mend();
      expect(await readParquet(question, await download(api, id))).toEqual(inFiles(expected('RETURN')));
    } finally {
      way.mend();
    }
  });
});

describe('without the online store', () => {
  test('what is stored is ERROR, and so is what is computed from it; what no store is asked for is there', async () => {
    await worker?.close();
    worker = undefined;
    await api.lose('redis');
    const answers = await onlineFeatures(api, ask('RETURN'));
    const whole = expected('RETURN');
    const lost = ({ name, key }: Situation): readonly Seen[] =>
      (whole[name] ?? []).map((seen, index): Seen => {
        // A NULL matches nothing, whatever the store would say.
        if (key.includes(null)) return seen;
        const { feature } = COLUMNS[index] as Column;
        return OF_THE_REQUEST.has(feature) ? [seen[0], seen[1], null] : [null, 'ERROR', null];
      });
    expect(answers).toEqual(Object.fromEntries(SITUATIONS.map((one) => [one.name, lost(one)])));
  });
});

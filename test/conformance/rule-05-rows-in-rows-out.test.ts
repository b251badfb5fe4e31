import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import { defineEntity, int32, raw } from '../../src/core/definitions/define.js';
import { formatInstant } from '../../src/core/helpers/time.js';
import { load } from '../offline/schedules.js';
import { type OfflineFixture, openOffline, refsOf, viewOf } from '../offline/support.js';
import { freshHome } from '../support/homes.js';
import { type Case, defineRule, shared } from './conformance.js';
import { day } from './history.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
const device = defineEntity({ name: 'device', joinKeys: ['device_id'], description: 'A phone' });
const features = { amount: int32({ description: 'An amount' }) };
const query = () => raw('SELECT 1');

/** C1 to C3 have 1 to 3 from day 1 on, ten times that from day 3 on; D1 has 100 from day 1 on. */
const profile = viewOf('profile', 1, { entity: customer, features, query });
const phone = viewOf('phone', 1, { entity: device, features, query });
const VIEWS = { profile, phone };

type Cell = string | number | boolean | null | readonly (string | null)[];

interface SpineCase extends Case {
  readonly views?: readonly (keyof typeof VIEWS)[];
  /** Columns in the order they are given. */
  readonly spine: Readonly<Record<string, readonly Cell[]>>;
  /** Rows that come out: the spine's columns, then one amount a view. */
  readonly rows: readonly (readonly Cell[])[];
}

const at = (days: number): string => formatInstant(day(days));
const T = at(2);
const LATE = at(4);

const CASES: readonly SpineCase[] = [
  {
    name: 'rows keep their order where it is neither that of keys nor that of times',
    spine: { customer_id: ['C3', 'C1', 'C2', 'C1'], event_timestamp: [LATE, T, LATE, at(0)] },
    rows: [
      ['C3', LATE, 30],
      ['C1', T, 1],
      ['C2', LATE, 20],
      ['C1', at(0), null],
    ],
  },
  {
    name: 'duplicate rows stay as many as they were, each in its place',
    spine: { customer_id: ['C1', 'C2', 'C1', 'C1'], event_timestamp: [T, T, T, T] },
    rows: [
      ['C1', T, 1],
      ['C2', T, 2],
      ['C1', T, 1],
      ['C1', T, 1],
    ],
  },
  {
    name: 'duplicates that differ in a passed column keep it apart',
    spine: { customer_id: ['C1', 'C1'], event_timestamp: [T, T], application: ['A1', 'A2'] },
    rows: [
      ['C1', T, 'A1', 1],
      ['C1', T, 'A2', 1],
    ],
  },
  {
    name: 'a key at two times is two rows',
    spine: { customer_id: ['C1', 'C1', 'C1'], event_timestamp: [LATE, T, LATE] },
    rows: [
      ['C1', LATE, 10],
      ['C1', T, 1],
      ['C1', LATE, 10],
    ],
  },
  {
    name: 'rows of which nothing is known stay',
    spine: { customer_id: ['nobody', 'C1', 'none'], event_timestamp: [T, T, T] },
    rows: [
      ['nobody', T, null],
      ['C1', T, 1],
      ['none', T, null],
    ],
  },
  {
    name: 'rows without a key stay',
    spine: { customer_id: [null, 'C1', null], event_timestamp: [T, T, T], n: [1, 2, 3] },
    rows: [
      [null, T, 1, null],
      ['C1', T, 2, 1],
      [null, T, 3, null],
    ],
  },
  {
    name: 'passed columns of every kind come out as they went in, NULL among them',
    spine: {
      customer_id: ['C1', 'C2', 'C3'],
      event_timestamp: [T, T, T],
      text: ['a', null, ''],
      whole: [-5, null, 2_147_483_647],
      fraction: [0.1, null, -1e-9],
      flag: [true, null, false],
      list: [['x', 'y'], [], ['z']],
    },
    rows: [
      ['C1', T, 'a', -5, 0.1, true, ['x', 'y'], 1],
      ['C2', T, null, null, null, null, [], 2],
      ['C3', T, '', 2_147_483_647, -1e-9, false, ['z'], 3],
    ],
  },
  {
    name: 'text with quotes, commas, line breaks, tabs, backslashes and other scripts is not touched',
    spine: {
      customer_id: ['C1', 'C2', 'C3'],
      event_timestamp: [T, T, T],
      text: ['"a", \'b\';\n', '\\N\t{}\r\n', '张三 ü 🙂'],
    },
    rows: [
      ['C1', T, '"a", \'b\';\n', 1],
      ['C2', T, '\\N\t{}\r\n', 2],
      ['C3', T, '张三 ü 🙂', 3],
    ],
  },
  {
    name: 'columns come in the order given, the key and the time among them',
    spine: { weight: [0.5], event_timestamp: [T], group: ['g'], customer_id: ['C1'], last: ['z'] },
    rows: [[0.5, T, 'g', 'C1', 'z', 1]],
  },
  {
    name: 'a passed column that is NULL in every row stays a column',
    spine: { customer_id: ['C1', 'C2'], event_timestamp: [T, T], nothing: [null, null] },
    rows: [
      ['C1', T, null, 1],
      ['C2', T, null, 2],
    ],
  },
  {
    name: 'times in other zones come out in UTC, each in its own row',
    spine: {
      customer_id: ['C1', 'C1', 'C1'],
      event_timestamp: ['2026-03-03T08:00:00+08:00', '2026-03-02T19:00:00.5-05:00', '2026-03-05T00:00:00Z'],
    },
    rows: [
      ['C1', '2026-03-03T00:00:00.000Z', 1],
      ['C1', '2026-03-03T00:00:00.500Z', 1],
      ['C1', LATE, 10],
    ],
  },
  {
    name: 'features of two entities do not multiply rows, and a missing one does not drop them',
    views: ['profile', 'phone'],
    spine: {
      customer_id: ['C1', 'C1', 'C2', null],
      device_id: ['D1', 'D2', 'D1', 'D1'],
      event_timestamp: [T, T, T, T],
    },
    rows: [
      ['C1', 'D1', T, 1, 100],
      ['C1', 'D2', T, 1, null],
      ['C2', 'D1', T, 2, 100],
      [null, 'D1', T, null, 100],
    ],
  },
  {
    name: 'ten thousand rows in no order come out ten thousand in that order',
    spine: {
      customer_id: Array.from({ length: 10_000 }, (_, row) => `C${((row * 7919) % 5) + 1}`),
      event_timestamp: Array.from({ length: 10_000 }, (_, row) => (row % 3 === 0 ? LATE : T)),
      row: Array.from({ length: 10_000 }, (_, row) => row),
    },
    rows: Array.from({ length: 10_000 }, (_, row): Cell[] => {
      const customer = ((row * 7919) % 5) + 1;
      const amount = customer > 3 ? null : row % 3 === 0 ? customer * 10 : customer;
      return [`C${customer}`, row % 3 === 0 ? LATE : T, row, amount];
    }),
  },
];

interface World {
  readonly fixture: OfflineFixture;
  readonly folder: string;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const fixture = await openOffline();
  const folder = await freshHome();
  const rowOf = (key: string, days: number, amount: number) => ({
    key: [key],
    event: day(days),
    available: day(days),
    sequence: 1,
    tombstone: false,
    values: { amount },
  });
  await fixture.writers.createView(profile);
  await load(
    fixture.store,
    profile,
    [1, 2, 3].flatMap((n) => [rowOf(`C${n}`, 1, n), rowOf(`C${n}`, 3, 10 * n)]),
  );
  await fixture.writers.createView(phone);
  await load(fixture.store, phone, [rowOf('D1', 1, 100)]);
  return {
    fixture,
    folder,
    async close() {
      await fixture.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

/** As the wire writes it. */
const plain = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);

let sets = 0;

defineRule(
  {
    rule: 5,
    open: world,
    async check({ views = ['profile'], spine, rows }: SpineCase, { fixture, folder }) {
      const asked = views.flatMap((name) => refsOf(VIEWS[name]));
      const columns = [...Object.keys(spine), ...views.map((name) => `${name}__amount`)];
      const flags = { includeEventTimes: false, includeStatuses: false };
      const table = await fixture.offline.historicalFeatures({ features: asked, spine, ...flags });
      expect(table.columns.map(({ name }) => name)).toEqual(columns);
      expect(table.rows).toEqual(rows);

      const path = join(folder, `${++sets}.parquet`);
      const { rowCount } = await fixture.sets.build({
        id: `rule5-${sets}`,
        features: asked,
        spine,
        label: null,
        asOf: day(1_000),
        path,
        ...flags,
        entities: new Map([customer, device].map((entity) => [entity.name, entity])),
        format: 'PARQUET',
        onProgress: async () => undefined,
        signal: new AbortController().signal,
      });
      expect(rowCount).toBe(rows.length);
      const read = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
      expect(Object.keys(read[0] ?? {})).toEqual(columns);
      expect(read.map((row) => Object.values(row).map(plain))).toEqual(rows);
    },
  },
  CASES,
);

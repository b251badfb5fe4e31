/** Generated schedules: each is the history of keys of its own, so that one query judges many at once. */
import fc from 'fast-check';
import { defineEntity, int32, raw, string } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { instantText, sql } from '../../src/core/definitions/sql.js';
import { viewResource } from '../../src/core/ports/leases.js';
import { rebuildState } from '../../src/offline/history/state.js';
import { fencedView, tableNames, viewTables } from '../../src/offline/history/tables.js';
import type { ClickHouse } from '../../src/warehouse/client.js';
import { leaseOf } from '../support/leases.js';
import type { OracleRow, OracleView } from './oracle.js';
import { viewOf } from './support.js';

/** Some instant; the schedules play in the milliseconds after it, so that edges are met often. */
export const BASE = Date.UTC(2026, 2, 1);

const one = defineEntity({ name: 'one', joinKeys: ['id'], description: 'One key' });
const two = defineEntity({ name: 'two', joinKeys: ['left_id', 'right_id'], description: 'Two keys' });

const query = () => raw('SELECT 1');
const features = {
  plain: int32({ description: 'The newest row decides' }),
  note: string({ description: 'Text' }),
  kept: int32({ description: 'Its newest value is kept', fill: 'last_known' }),
};

export const VIEWS: readonly View[] = [
  viewOf('single', 1, { entity: one, features, query, ttl: '5ms', maxAge: '3ms' }),
  viewOf('single', 2, { entity: one, features: { plain: features.plain, note: features.note }, query }),
  viewOf('pair', 1, { entity: two, features, query, ttl: '4ms' }),
];

export const oracleView = (view: View): OracleView => ({
  ttl: view.ttlMs,
  maxAge: view.maxAgeMs,
  lastKnown: view.features.filter(({ fill }) => fill === 'last_known').map(({ name }) => name),
});

/** ("1","23"), ("12","3") and ("123","") read the same when put together. */
const PAIRS = [
  ['1', '23'],
  ['12', '3'],
  ['123', ''],
] as const;

export const keyOf = (view: View, schedule: number, pair: number): string[] => {
  const [left, right] = PAIRS[pair % PAIRS.length] as readonly [string, string];
  return view.entity.joinKeys.length === 1 ? [`s${schedule}`] : [`${schedule}.${left}`, right];
};

export interface Schedule {
  /** Rows of each view. */
  readonly rows: readonly (readonly GeneratedRow[])[];
  readonly spine: readonly GeneratedSpineRow[];
}

interface GeneratedRow {
  readonly event: number;
  readonly delay: number;
  readonly sequence: number;
  readonly kind: 'value' | 'tombstone';
  readonly plain: number | null;
  readonly note: string | null;
  readonly kept: number | null;
  readonly pair: number;
}

interface GeneratedSpineRow {
  readonly t: number;
  readonly key: 'own' | 'unknown' | 'null';
  readonly pair: number;
}

const row: fc.Arbitrary<GeneratedRow> = fc.record({
  event: fc.integer({ min: 0, max: 12 }),
  // Mostly published after it happened, sometimes announced before; late ones come in after newer events.
  delay: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 1, arbitrary: fc.integer({ min: -4, max: -1 }) },
  ),
  sequence: fc.integer({ min: 1, max: 3 }),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('value' as const) },
    { weight: 1, arbitrary: fc.constant('tombstone' as const) },
  ),
  plain: fc.option(fc.integer({ min: -3, max: 99 }), { freq: 4 }),
  note: fc.option(fc.constantFrom('', 'a', "it's", 'ü\n\\'), { freq: 4 }),
  kept: fc.option(fc.integer({ min: 0, max: 99 }), { freq: 2 }),
  pair: fc.integer({ min: 0, max: 2 }),
});

/** (event time, available-at, sequence) of a key are unique: a run writes a key once. */
const rows = fc.uniqueArray(row, {
  maxLength: 8,
  selector: ({ event, delay, sequence, pair }) => `${event} ${delay} ${sequence} ${pair}`,
});

const spineRow: fc.Arbitrary<GeneratedSpineRow> = fc.record({
  t: fc.integer({ min: -1, max: 24 }),
  key: fc.oneof(
    { weight: 12, arbitrary: fc.constant('own' as const) },
    { weight: 1, arbitrary: fc.constant('unknown' as const) },
    { weight: 1, arbitrary: fc.constant('null' as const) },
  ),
  pair: fc.integer({ min: 0, max: 2 }),
});

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  rows: fc.tuple(...VIEWS.map(() => rows)),
  // Drawn from a few: duplicates are common.
  spine: fc.array(spineRow, { minLength: 4, maxLength: 16 }),
});

/** `past`: leaves out rows known before they happened, which no run of ours writes. */
export function oracleRows(schedules: readonly Schedule[], view: View, past = false): OracleRow[] {
  const index = VIEWS.indexOf(view);
  return schedules.flatMap(({ rows: all }, number) => {
    const seen = new Set<string>();
    return (all[index] ?? []).flatMap((each): OracleRow[] => {
      const key = keyOf(view, number, each.pair);
      const version = JSON.stringify([key, each.event, each.delay, each.sequence]);
      if (seen.has(version) || (past && each.delay < 0)) return [];
      seen.add(version);
      const values: Record<string, unknown> = {};
      for (const { name } of view.features) {
        values[name] = each.kind === 'tombstone' ? null : each[name as 'plain' | 'note' | 'kept'];
      }
      const event = BASE + each.event;
      return [
        {
          key,
          event,
          available: event + each.delay,
          sequence: each.sequence,
          tombstone: each.kind === 'tombstone',
          values,
        },
      ];
    });
  });
}

/** Writes histories as runs would have left them and makes the state from them. */
export async function load(store: ClickHouse, view: View, history: readonly OracleRow[]): Promise<void> {
  const names = tableNames(view);
  await store.run('test-truncate', sql`TRUNCATE TABLE ${viewTables(view).history}`);
  await store.insert(
    'test-history',
    {
      table: names.history,
      columns: [
        '_event_time',
        '_available_at',
        '_sequence',
        '_tombstone',
        ...view.entity.joinKeys,
        ...view.features.map(({ name }) => name),
      ],
    },
    history.map((each) => [
      instantText(each.event),
      instantText(each.available),
      each.sequence,
      each.tombstone ? 1 : 0,
      ...each.key,
      ...view.features.map(({ name }) => each.values[name]),
    ]),
  );
  await rebuildState(store, fencedView(view, leaseOf(viewResource(view), Date.now())));
}

export interface SpinePoint {
  readonly schedule: number;
  readonly t: number;
  readonly single: string | null;
  readonly pair: readonly [string | null, string | null];
}

/** One spine for all schedules, in no order of keys or times. */
export function spinePoints(schedules: readonly Schedule[]): SpinePoint[] {
  const points = schedules.flatMap(({ spine }, number) =>
    spine.map((each, position): SpinePoint & { order: number } => {
      const [left = null, right = null] = keyOf(VIEWS[2] as View, number, each.pair);
      const single = { own: `s${number}`, unknown: `nobody${number}`, null: null }[each.key];
      const pair = {
        own: [left, right] as const,
        unknown: [right, left] as const,
        null: position % 2 ? ([left, null] as const) : ([null, right] as const),
      }[each.key];
      return { schedule: number, t: BASE + each.t, single, pair, order: (position * 7919 + number * 104729) % 1009 };
    }),
  );
  return points.sort((a, b) => a.order - b.order);
}

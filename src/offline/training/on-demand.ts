/** On-demand features of a training set: computed from a bucket's joined rows, which stream through the process batch by batch. */
import type { OnDemandPlan, PlannedColumn } from '../../core/compute/on-demand.js';
import { type CalledRow, columnTime, computeRow } from '../../core/compute/on-demand-rows.js';
import type { Cell } from '../../core/compute/status.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import {
  clickhouseType,
  type FeatureType,
  type FeatureValue,
  isArrayType,
  type ScalarType,
  type StalePolicy,
} from '../../core/definitions/types.js';
import { castScalar } from '../../warehouse/casts.js';
import { type Cursor, decodeRows, featureReader } from '../../warehouse/row-binary.js';
import { joinedCell } from '../point-in-time/join.js';
import { joinedFeature, type Working } from './join.js';
import type { ComputedSlice } from './rows.js';
import type { SpineTable } from './spine.js';

/** Rows in memory at once, where they are few values each. */
const ROWS_A_BATCH = 20_000;
/** Values in memory at once, those of a list one by one: some ten megabytes as numbers. */
const VALUES_A_BATCH = 500_000;
/** Bytes that a batch reads at most: texts may be long. */
const BYTES_A_BATCH = 16_000_000;

type Computed = Extract<PlannedColumn, { kind: 'computed' }>;
type Place = Pick<Computed, 'call' | 'position'>;

const valueName = ({ call, position }: Place): string => `o${call}_${position}`;
const eventName = (call: number): string => `oe${call}`;
const staleName = (call: number): string => `os${call}`;

/** Where the gathered rows hold a computed feature, the event time of its inputs, and 1 where one of them was stale. */
export const computedFeature = (place: Place) => ({
  value: ident(valueName(place)),
  eventTime: ident(eventName(place.call)),
  stale: ident(staleName(place.call)),
});

export interface OnDemandWork {
  readonly working: Working;
  readonly plan: OnDemandPlan;
  readonly stalePolicy: StalePolicy;
}

/** Calls that a column comes back from, each with its columns; what a call only gives another is not written down. */
const shownCalls = ({ columns }: OnDemandPlan): ReadonlyMap<number, readonly [Computed, ...Computed[]]> => {
  const calls = new Map<number, [Computed, ...Computed[]]>();
  for (const column of columns) {
    if (column.kind === 'stored') continue;
    const columnsOfCall = calls.get(column.call);
    if (columnsOfCall) columnsOfCall.push(column);
    else calls.set(column.call, [column]);
  }
  return calls;
};

/** Computes the on-demand features of the plan for every row of a bucket; undefined where there is none. */
export function onDemandSlice(work: OnDemandWork): ComputedSlice | undefined {
  const { working, plan } = work;
  const { store, checkpoints } = working;
  if (plan.calls.length === 0) return undefined;
  const shown = shownCalls(plan);
  const columns = [...shown].flatMap(([call, answered]) => [
    { name: eventName(call), type: "Nullable(DateTime64(3, 'UTC'))" },
    { name: staleName(call), type: 'UInt8' },
    ...answered.map((column) => ({ name: valueName(column), type: clickhouseType(column.ref.feature.type) })),
  ]);
  const names = ['part', 'rid', ...columns.map(({ name }) => name)] as [string, ...string[]];
  const settings = checkpoints.options.settings;
  return {
    columns,
    async fill({ table, part, rows }) {
      const bytes = store.bytes('training-on-demand-read', inputsOf(work, rows), 'RowBinary', {
        ...checkpoints.options,
        settings: { ...settings, join_algorithm: 'hash' },
      });
      // Without it a float is read back as a neighbour of itself, and a set would differ from what a request answers.
      const exact = { ...checkpoints.options, settings: { ...settings, precise_float_parsing: 1 as const } };
      for await (const batch of decodeRows(bytes, readerOf(work), rowsABatch(work, shown), BYTES_A_BATCH)) {
        const computed = batch.map((row) => [part, row.rid, ...computeAll(work, shown, row)]);
        await store.insert('training-on-demand-write', { table, columns: names }, computed, exact);
      }
    },
  };
}

const valuesOf = ({ type, length }: { readonly type: FeatureType; readonly length?: number | undefined }): number =>
  isArrayType(type) ? (length ?? 10) : 1;

function rowsABatch({ plan }: OnDemandWork, shown: ReturnType<typeof shownCalls>): number {
  const read = plan.stored.reduce((sum, { feature }, at) => sum + (isInput(plan, at) ? valuesOf(feature) : 0), 0);
  const written = [...shown.values()].flat().reduce((sum, { ref }) => sum + valuesOf(ref.feature), 0);
  const values = read + plan.request.length + written;
  return Math.max(1, Math.min(ROWS_A_BATCH, Math.floor(VALUES_A_BATCH / Math.max(values, 1))));
}

/** rid; for each stored input the CLASS of its row, the event time and the value; then what the spine gives. */
function inputsOf({ working, plan }: OnDemandWork, rows: Sql): Sql {
  const stored = plan.stored.flatMap((ref, at) => {
    if (!isInput(plan, at)) return [];
    const { value, found, eventTime } = joinedFeature(working, ref);
    return [sql`toUInt8(${found})`, sql`toInt64(ifNull(toUnixTimestamp64Milli(${eventTime}), 0))`, value];
  });
  const given = plan.request.map(({ name, type }) => {
    const column = working.spine.columns.find((each) => each.name === name) as SpineTable['columns'][number];
    return column.type === type ? ident(column.column) : castScalar(ident(column.column), type as ScalarType);
  });
  return sql`SELECT ${join([raw('toUInt64(rid)'), ...stored, ...given])} FROM ${rows}`;
}

const isInput = ({ calls }: OnDemandPlan, at: number): boolean =>
  calls.some(({ inputs }) => inputs.some(({ place }) => place.kind === 'stored' && place.at === at));

interface InputRow {
  readonly rid: string;
  readonly stored: ReadonlyMap<number, Cell>;
  readonly given: ReadonlyMap<string, FeatureValue>;
}

function readerOf({ plan, stalePolicy }: OnDemandWork): (cursor: Cursor) => InputRow {
  const stored = plan.stored.flatMap(({ feature }, at) =>
    isInput(plan, at) ? [{ at, read: featureReader(feature.type) }] : [],
  );
  const given = plan.request.map(({ name, type }) => ({ name, read: featureReader(type) }));
  return (cursor) => ({
    rid: cursor.int64().toString(),
    stored: new Map(
      stored.map(({ at, read }) => {
        const joined = { found: cursor.uint8(), eventTime: Number(cursor.int64()), value: read(cursor) };
        return [at, joinedCell(joined, stalePolicy)] as const;
      }),
    ),
    given: new Map(given.map(({ name, read }) => [name, read(cursor)])),
  });
}

/** The columns of a row, call by call. */
function computeAll(
  { plan, stalePolicy }: OnDemandWork,
  shown: ReturnType<typeof shownCalls>,
  { stored, given }: InputRow,
): unknown[] {
  const called = computeRow(plan, {
    request: (name) => given.get(name) ?? null,
    stored: (at) => stored.get(at) as Cell,
    stalePolicy,
  });
  return [...shown].flatMap(([call, columns]) => {
    const { values, inputs } = called[call] as CalledRow;
    const time = columnTime(columns[0], called);
    const event = time === null ? null : new Date(time).toISOString();
    // A list column of ClickHouse has no NULL.
    const written = columns.map(({ position, ref }) => values[position] ?? (isArrayType(ref.feature.type) ? [] : null));
    return [event, inputs === 'STALE' ? 1 : 0, ...written];
  });
}

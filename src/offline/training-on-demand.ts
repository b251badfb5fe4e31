/** On-demand features of a training set: computed from a bucket's joined rows, which stream through the process batch by batch. */
import { type Cell, computeRow, type OnDemandPlan } from '../core/on-demand.js';
import { ident, join, raw, type Sql, sql } from '../core/sql.js';
import { clickhouseType, type FeatureValue, type ScalarType, type StalePolicy } from '../core/types.js';
import { joinedCell } from './join.js';
import { type Cursor, decodeRows, featureReader } from './row-binary.js';
import { joinedFeature, type Working } from './training-join.js';
import type { ComputedSlice } from './training-rows.js';
import type { SpineTable } from './training-spine.js';
import { castScalar } from './values.js';

/** Rows in memory at once: with a hundred columns some ten megabytes. */
const BATCH = 20_000;

const valueName = (view: number, feature: number): string => `o${view}_${feature}`;
const eventName = (view: number): string => `oe${view}`;
const staleName = (view: number): string => `os${view}`;

/** Where the gathered rows hold a computed feature, the event time of its inputs, and 1 where one of them was stale. */
export const computedFeature = (view: number, feature: number) => ({
  value: ident(valueName(view, feature)),
  eventTime: ident(eventName(view)),
  stale: ident(staleName(view)),
});

export interface OnDemandWork {
  readonly working: Working;
  readonly plan: OnDemandPlan;
  readonly stalePolicy: StalePolicy;
}

/** Computes every on-demand view of the plan for every row of a bucket; undefined where there is none. */
export function onDemandSlice(work: OnDemandWork): ComputedSlice | undefined {
  const { working, plan } = work;
  const { store, steps } = working;
  if (plan.views.length === 0) return undefined;
  const table = steps.table('on_demand');
  const columns = plan.views.flatMap(({ view }, index) => [
    { name: eventName(index), type: "Nullable(DateTime64(3, 'UTC'))" },
    { name: staleName(index), type: 'UInt8' },
    ...view.features.map(({ type }, feature) => ({ name: valueName(index, feature), type: clickhouseType(type) })),
  ]);
  const names = ['part', 'rid', ...columns.map(({ name }) => name)] as [string, ...string[]];
  const settings = steps.options.settings;
  return {
    slice: { table, columns },
    async fill({ part, rows }) {
      const bytes = store.bytes('training-on-demand-read', inputsOf(work, rows), 'RowBinary', {
        ...steps.options,
        settings: { ...settings, join_algorithm: 'hash' },
      });
      // Without it a float is read back as a neighbour of itself, and a set would differ from what a request answers.
      const exact = { ...steps.options, settings: { ...settings, precise_float_parsing: 1 as const } };
      for await (const batch of decodeRows(bytes, readerOf(work), BATCH)) {
        const computed = batch.map((row) => [part, row.rid, ...computeAll(plan, row)]);
        await store.insert('training-on-demand-write', { table, columns: names }, computed, exact);
      }
    },
  };
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

const isInput = ({ views }: OnDemandPlan, at: number): boolean =>
  views.some(({ inputs }) => inputs.some((input) => input.at === at));

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

/** The columns of a row, view by view. */
const computeAll = (plan: OnDemandPlan, { stored, given }: InputRow): unknown[] =>
  plan.views.flatMap((planned) => {
    const { values, statuses, eventTime } = computeRow(
      planned,
      (name) => given.get(name) ?? null,
      (at) => stored.get(at) as Cell,
    );
    const event = eventTime === null ? null : new Date(eventTime).toISOString();
    return [event, statuses.includes('STALE') ? 1 : 0, ...values];
  });

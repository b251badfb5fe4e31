import { randomUUID } from 'node:crypto';
import { disclosureOf, isMasked, withheldPlan } from '../../core/compute/disclosure.js';
import { type OnDemandPlan, planOnDemand } from '../../core/compute/on-demand.js';
import { columnCell, computeRow } from '../../core/compute/on-demand-rows.js';
import type { Cell } from '../../core/compute/status.js';
import type { AnyFeatureRef, FeatureRef } from '../../core/definitions/definitions.js';
import { ident, join, type Sql, sql } from '../../core/definitions/sql.js';
import type { FeatureValue, StalePolicy } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import { formatInstant, type Instant } from '../../core/helpers/time.js';
import type { HistoricalRequest, HistoricalTable, TableColumn } from '../../core/ports/offline.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Cursor, decodeRows, featureReader } from '../../warehouse/row-binary.js';
import { nameFeatures, type OutputFeature, viewsOf } from './columns.js';
import { classColumn, eventColumn, type JoinedView, joinedCell, pointInTimeJoin, valueColumn } from './join.js';
import { MAX_CELLS, readSpine, type Spine } from './spine.js';
import { SPINE_PREFIX } from './spine-sweep.js';

const BATCH = 2_000;

/** See OfflineReader.historicalFeatures. */
export async function historicalFeatures(store: ClickHouse, request: HistoricalRequest): Promise<HistoricalTable> {
  const { features } = request;
  if (features.length === 0) throw badInput('no feature is asked for', 'name a service, or features as view@1:feature');
  const planned = planOnDemand(features);
  const plan = request.mask ? withheldPlan(planned) : planned;
  const views = viewsOf(plan.stored);
  const spine = readSpine(request.spine, plan.joinKeys, plan.request);
  const wide = Math.max(features.length, plan.stored.length);
  if (spine.rows * wide > MAX_CELLS) {
    throw badInput(
      `${spine.rows} rows × ${wide} features are more than ${MAX_CELLS} values`,
      'ask for fewer rows or features, or build a training set',
    );
  }
  const outputs = nameFeatures(
    features,
    spine.columns.map(({ name }) => name),
  );
  const columns = [...spineColumns(spine), ...outputs.flatMap((output) => featureColumns(output, request))];
  const answering: Answering = { request, plan, spine, outputs };
  if (spine.rows === 0) return { columns, rows: [] };
  if (views.length === 0) return { columns, rows: spine.times.map((_, rid) => rowOf(answering, rid, [])) };

  const table = `${SPINE_PREFIX}${randomUUID().replaceAll('-', '')}`;
  try {
    const names = await fillSpine(store, { table, spine, signal: request.signal });
    const joined = views.map((view): JoinedView => {
      const keys = view.entity.joinKeys.map((name) => names.get(name) as string);
      return { view, features: plan.stored.filter((ref) => ref.view.id === view.id), keys, only: inSpine(table, keys) };
    });
    return { columns, rows: await answer(store, { ...answering, table, joined }) };
  } finally {
    await store.run('spine-drop', sql`DROP TABLE IF EXISTS ${ident(table)} SYNC`);
  }
}

const spineColumns = (spine: Spine): TableColumn[] =>
  spine.columns.map(({ name, type }) => ({ name, type, masked: false }));

function featureColumns({ ref, column }: OutputFeature<AnyFeatureRef>, request: HistoricalRequest): TableColumn[] {
  const { type, unit, description } = ref.feature;
  const masked = request.mask !== undefined && disclosureOf(ref) !== 'CLEAR';
  const value: TableColumn = { name: column, type, unit: unit ?? null, description, masked };
  return [
    value,
    ...(request.includeStatuses ? [{ name: `${column}__status`, type: 'STRING', masked: false }] : []),
    ...(request.includeEventTimes ? [{ name: `${column}__event_time`, type: 'TIMESTAMP', masked: false }] : []),
  ];
}

/** Only what the join needs goes to the store: row number, instant and keys. Returns the column of each key. */
async function fillSpine(
  store: ClickHouse,
  { table, spine, signal }: { readonly table: string; readonly spine: Spine; readonly signal: AbortSignal | undefined },
): Promise<ReadonlyMap<string, string>> {
  const names = new Map([...spine.keys.keys()].map((name, index) => [name, `key${index}`]));
  const keys = [...names.values()];
  const ddl = keys.map((name) => sql`${ident(name)} Nullable(String)`);
  await store.run(
    'spine-create',
    sql`CREATE TABLE ${ident(table)} (rid UInt32, t Int64, ${join(ddl)}) ENGINE = Memory`,
    { signal },
  );
  const values = [...spine.keys.values()];
  const rows = spine.times.map((t, row) => [row, t, ...values.map((column) => column[row] as string | null)]);
  await store.insert('spine-fill', { table, columns: ['rid', 't', ...keys] }, rows, { signal });
  return names;
}

/** Reads of the state no more than the spine's keys. */
export function inSpine(table: string, keys: readonly string[]): Sql {
  const own = join(keys.map((_, index) => ident(`k${index}`)));
  const theirs = join(keys.map((name) => sql`assumeNotNull(${ident(name)})`));
  const notNull = join(
    keys.map((name) => sql`${ident(name)} IS NOT NULL`),
    ' AND ',
  );
  return sql`(${own}) IN (SELECT ${theirs} FROM ${ident(table)} WHERE ${notNull})`;
}

interface Answering {
  readonly request: HistoricalRequest;
  readonly plan: OnDemandPlan;
  readonly spine: Spine;
  /** In the order of the plan's columns. */
  readonly outputs: readonly OutputFeature<AnyFeatureRef>[];
}

interface Joined extends Answering {
  readonly table: string;
  readonly joined: readonly JoinedView[];
}

async function answer(store: ClickHouse, answering: Joined) {
  const { request, plan, table, joined } = answering;
  const select = sql`
    SELECT rid, ${join(
      joined.flatMap(({ features }, index) => [
        sql`toUInt8(${classColumn(index)})`,
        sql`ifNull(toUnixTimestamp64Milli(${eventColumn(index)}), 0)`,
        ...features.map((_, position) => valueColumn(index, position)),
      ]),
    )}
    FROM (${pointInTimeJoin({ spine: ident(table), keep: ['rid'], time: 't', views: joined, known: request.asOf })})
    ORDER BY rid`;
  const places = plan.stored.map((ref) => placeOf(joined, ref));
  const rows: FeatureValue[][] = [];
  const bytes = store.bytes('historical-features', select, 'RowBinary', {
    settings: { join_algorithm: 'hash' },
    signal: request.signal,
  });
  for await (const batch of decodeRows(bytes, rowReader(joined), BATCH)) {
    for (const read of batch) {
      const cells = places.map(({ view, position }) =>
        cellAt(read.views[view] as ReadView, position, request.stalePolicy ?? 'RETURN'),
      );
      rows.push(rowOf(answering, read.rid, cells));
    }
  }
  return rows;
}

/**
 * A row of the answer, with the masks of what is stored. The spine's own columns are given back as they were brought: a mask of them would let the
 * caller find out the mask of any value.
 */
function rowOf({ request, plan, spine, outputs }: Answering, rid: number, cells: readonly Cell[]): FeatureValue[] {
  const { mask, includeStatuses, includeEventTimes } = request;
  const given = new Map(spine.columns.map(({ name, values }) => [name, values[rid] ?? null] as const));
  const stored = (at: number): Cell => cells[at] as Cell;
  const stalePolicy = request.stalePolicy ?? 'RETURN';
  const called = computeRow(plan, { request: (name) => given.get(name) ?? null, stored, stalePolicy });
  const row = spine.columns.map(({ values }) => values[rid] as FeatureValue);
  plan.columns.forEach((column, index) => {
    const { ref } = outputs[index] as OutputFeature<AnyFeatureRef>;
    const cell = columnCell(column, stored, called);
    const { value, status, eventTime } = mask && isMasked(ref) ? mask.cell(cell, ref.feature.type) : cell;
    row.push(value);
    if (includeStatuses) row.push(status);
    if (includeEventTimes) row.push(eventTime === null ? null : formatInstant(eventTime));
  });
  return row;
}

const placeOf = (joined: readonly JoinedView[], ref: FeatureRef): { view: number; position: number } => {
  const view = joined.findIndex((each) => each.view.id === ref.view.id);
  return { view, position: joined[view]?.features.indexOf(ref) ?? -1 };
};

interface ReadView {
  readonly found: number;
  /** Event time of the row in force, also where `found` says that it has no value. */
  readonly eventTime: Instant;
  readonly values: readonly FeatureValue[];
}

const cellAt = ({ values, ...row }: ReadView, position: number, stalePolicy: StalePolicy): Cell =>
  joinedCell({ ...row, value: values[position] as FeatureValue }, stalePolicy);

function rowReader(joined: readonly JoinedView[]): (cursor: Cursor) => { rid: number; views: readonly ReadView[] } {
  const readers = joined.map(({ features }) => features.map(({ feature }) => featureReader(feature.type)));
  return (cursor) => {
    const rid = cursor.uint32();
    const views = readers.map(
      (values): ReadView => ({
        found: cursor.uint8(),
        eventTime: Number(cursor.int64()),
        values: values.map((read) => read(cursor)),
      }),
    );
    return { rid, views };
  };
}

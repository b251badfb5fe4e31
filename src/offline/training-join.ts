import type { FeatureRef, View } from '../core/definitions.js';
import type { Mask } from '../core/masking.js';
import type { TrainingSetRequest } from '../core/ports.js';
import { ident, join, raw, type Sql, sql } from '../core/sql.js';
import { clickhouseType } from '../core/types.js';
import type { ClickHouse } from './client.js';
import { inSpine } from './historical.js';
import { eventColumn, type JoinedView, pointInTimeJoin, valueColumn } from './join.js';
import { keyRanges } from './key-ranges.js';
import { type LabelPlan, labelJoin } from './labels.js';
import { viewTables } from './tables.js';
import type { SpineTable } from './training-spine.js';

/** Rows of a view's state, or of the spine, that one join takes in: with 50 features about half a gigabyte. */
const ROWS_A_JOIN = 500_000;
/** Up to here the spine's keys also say which part of the states is read. */
const SMALL_SPINE = 200_000;

export interface Working {
  readonly store: ClickHouse;
  /** Of the names of the set's tables. */
  readonly prefix: string;
  readonly spine: SpineTable;
  readonly request: Pick<TrainingSetRequest, 'features' | 'asOf' | 'signal'>;
  readonly maskedKeys: Mask | undefined;
}

const eventName = (view: number): string => `e${view}`;
const valueName = (view: number, position: number): string => `f${view}_${position}`;

const featuresOf = (view: View, features: readonly FeatureRef[]): readonly FeatureRef[] =>
  features.filter((ref) => ref.view.id === view.id);

const indexOf = (views: readonly View[], ref: FeatureRef): number => views.findIndex(({ id }) => id === ref.view.id);

/** Where the joined rows hold a feature. */
export const featureOf = (views: readonly View[], features: readonly FeatureRef[], ref: FeatureRef): Sql =>
  ident(valueName(indexOf(views, ref), featuresOf(ref.view, features).indexOf(ref)));

/** Where the joined rows hold the event time of a feature's row. */
export const eventOf = (views: readonly View[], ref: FeatureRef): Sql => ident(eventName(indexOf(views, ref)));

interface Column {
  readonly name: string;
  readonly type: string;
}

/** A working table and its columns. */
export interface Rows {
  readonly table: string;
  readonly columns: readonly Column[];
}

export const spineRows = (spine: SpineTable): Rows => ({
  table: spine.table,
  columns: [
    { name: 'rid', type: 'UInt64' },
    { name: 't', type: 'Int64' },
    ...spine.columns.map(({ column, type }) => ({ name: column, type: clickhouseType(type) })),
  ],
});

/**
 * Joins the views to the spine, entity by entity, range of keys by range of keys: no more than a range of any state is in memory. Returns the
 * table that holds the rows with all features.
 */
export async function joinFeatures(
  working: Working,
  start: Rows,
  views: readonly View[],
  onProgress: (fraction: number) => Promise<void>,
): Promise<string> {
  const { prefix } = working;
  const entities = [...new Set(views.map(({ entity }) => entity.joinKeys.join(' ')))];
  const groups = entities.map((keys) => views.filter(({ entity }) => entity.joinKeys.join(' ') === keys));
  let { table, columns }: Rows = start;
  for (const [index, group] of groups.entries()) {
    const next = `${prefix}joined${index}`;
    const added = group.flatMap((view) => addedColumns(view, views.indexOf(view), working.request.features));
    await createTable(working, next, [...columns, ...added]);
    await joinGroup(working, { group, from: table, into: next, columns, added }, (fraction) =>
      onProgress((index + fraction) / groups.length),
    );
    table = next;
    columns = [...columns, ...added];
  }
  return table;
}

const addedColumns = (view: View, index: number, features: readonly FeatureRef[]): Column[] => [
  { name: eventName(index), type: "Nullable(DateTime64(3, 'UTC'))" },
  ...featuresOf(view, features).map(({ feature }, position) => ({
    name: valueName(index, position),
    type: clickhouseType(feature.type),
  })),
];

function createTable({ store, request }: Working, table: string, columns: readonly Column[]): Promise<void> {
  const ddl = join(columns.map(({ name, type }) => sql`${ident(name)} ${raw(type)}`));
  return store.run('training-set-create', sql`CREATE TABLE ${ident(table)} (${ddl}) ENGINE = MergeTree ORDER BY rid`, {
    signal: request.signal,
  });
}

interface Group {
  /** Views of one entity. */
  readonly group: readonly View[];
  readonly from: string;
  readonly into: string;
  readonly columns: readonly Column[];
  readonly added: readonly Column[];
}

async function joinGroup(
  { store, spine, request, maskedKeys }: Working,
  { group, from, into, columns, added }: Group,
  onProgress: (fraction: number) => Promise<void>,
): Promise<void> {
  const options = { signal: request.signal, settings: { join_algorithm: 'hash' as const } };
  const keys = (group[0] as View).entity.joinKeys.map((name) => columnOf(spine, name));
  // Rows without a key are in the first range, and match nothing there.
  const key = sql`ifNull(${ident(keys[0] as string)}, '')`;
  const total = Math.max(spine.rows, ...(await Promise.all(group.map((view) => stateRows(store, view)))));
  const ranges = await keyRanges(store, { table: ident(from), key, rows: ROWS_A_JOIN, total });
  for (const [index, range] of ranges.entries()) {
    request.signal.throwIfAborted();
    const views = group.map((view): JoinedView => {
      const near = range(raw('k0'));
      const only = spine.rows <= SMALL_SPINE ? sql`${near} AND ${inSpine(from, keys)}` : near;
      return { view, features: featuresOf(view, request.features), keys, only };
    });
    const joined = pointInTimeJoin({
      spine: sql`(SELECT * FROM ${ident(from)} WHERE ${range(key)})`,
      keep: columns.map(({ name }) => name),
      time: 't',
      views,
      known: request.asOf,
      maskedKeys,
    });
    const values = [
      ...columns.map(({ name }) => ident(name)),
      ...views.flatMap(({ features }, view) => [
        eventColumn(view),
        ...features.map((_, position) => valueColumn(view, position)),
      ]),
    ];
    const names = join([...columns, ...added].map(({ name }) => ident(name)));
    await store.run(
      'training-set-join',
      sql`INSERT INTO ${ident(into)} (${names}) SELECT ${join(values)} FROM (${joined})`,
      options,
    );
    await onProgress((index + 1) / ranges.length);
  }
}

const columnOf = (spine: SpineTable, name: string): string =>
  spine.columns.find((column) => column.name === name)?.column as string;

async function stateRows(store: ClickHouse, view: View): Promise<number> {
  const [found] = await store.rows<{ total: string }>(
    'training-set-size',
    sql`SELECT count() AS total FROM ${viewTables(view).state}`,
  );
  return Number(found?.total ?? 0);
}

/** Adds the column `label`. The spine is still narrow then, so carrying it over costs little. */
export async function joinLabel(
  working: Working,
  { table, columns }: Rows,
  label: LabelPlan,
  keyColumn: string,
): Promise<Rows> {
  const { store, prefix, spine, request } = working;
  const next: Rows = {
    table: `${prefix}labelled`,
    columns: [...columns, { name: 'label', type: 'Nullable(Float64)' }],
  };
  await createTable(working, next.table, next.columns);
  const key = sql`ifNull(${ident(keyColumn)}, '')`;
  for (const range of await keyRanges(store, { table: ident(table), key, rows: ROWS_A_JOIN, total: spine.rows })) {
    const joined = labelJoin(label, {
      spine: sql`(SELECT * FROM ${ident(table)} WHERE ${range(key)})`,
      key: keyColumn,
      keep: join(columns.map(({ name }) => sql`s.${ident(name)}`)),
      asOf: request.asOf,
      range,
    });
    await store.run(
      'training-set-label',
      sql`INSERT INTO ${ident(next.table)} (${join(next.columns.map(({ name }) => ident(name)))}) ${joined}`,
      { signal: request.signal, settings: { join_algorithm: 'hash' } },
    );
  }
  return next;
}

import type { Mask } from '../../core/compute/masking.js';
import type { FeatureRef, View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType, isArrayType } from '../../core/definitions/types.js';
import type { Instant } from '../../core/helpers/time.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { keyEdges, rangesBetween } from '../../warehouse/key-ranges.js';
import { inSpine } from '../point-in-time/historical.js';
import { classColumn, eventColumn, type JoinedView, pointInTimeJoin, valueColumn } from '../point-in-time/join.js';
import type { Checkpoints } from './checkpoints.js';
import type { PinnedStates } from './pins.js';
import type { SpineTable } from './spine.js';
import { type Parts, partsDdl } from './tables.js';
import { columnBytes, joinSettings } from './weights.js';

/** Bytes of states and spine that one join takes in. The hash of a join needs about as much again. */
const BYTES_A_JOIN = 400_000_000;
/** Bytes of a row beside its features: key, instants, place in the hash. */
const BYTES_A_ROW = 100;
const BYTES_A_FEATURE = 10;
/** Up to here the spine's keys also say which part of the states is read. */
const SMALL_SPINE = 200_000;

export interface Working {
  readonly store: ClickHouse;
  readonly checkpoints: Checkpoints;
  readonly spine: SpineTable;
  /** The features that are read from states. */
  readonly features: readonly FeatureRef[];
  readonly views: readonly View[];
  readonly states: PinnedStates;
  readonly asOf: Instant;
  readonly maskedKeys: Mask | undefined;
  /** Rows of one step; tests make them few. */
  readonly rowsAStep: number | undefined;
  /** Bytes that one join takes in; absent: BYTES_A_JOIN. */
  readonly bytesAJoin: number | undefined;
}

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A table with a row for each row of the spine, by `rid`, in numbered parts. */
export interface Slice extends Parts {
  /** Beside `rid`. */
  readonly columns: readonly Column[];
}

const className = (view: number): string => `k${view}`;
const eventName = (view: number): string => `e${view}`;
const valueName = (view: number, position: number): string => `f${view}_${position}`;

const featuresOf = (view: View, features: readonly FeatureRef[]): readonly FeatureRef[] =>
  features.filter((ref) => ref.view.id === view.id);

const indexOf = (views: readonly View[], ref: FeatureRef): number => views.findIndex(({ id }) => id === ref.view.id);

/** The columns of a feature in the joined rows: its stored value, the CLASS of its row and its event time. */
export function joinedFeature({ views, features }: Pick<Working, 'views' | 'features'>, ref: FeatureRef) {
  const view = indexOf(views, ref);
  const position = featuresOf(ref.view, features).findIndex(({ reference }) => reference === ref.reference);
  return { value: ident(valueName(view, position)), found: ident(className(view)), eventTime: ident(eventName(view)) };
}

/** Bytes of one row of each view: by the number of its values, or as measured where these are wide, as long texts are. */
const weightsOf = ({ store, checkpoints, states, features }: Working, { views }: Group): Promise<readonly number[]> =>
  Promise.all(
    views.map(async (view) => {
      const own = featuresOf(view, features).map(({ feature }) => feature);
      const values = own.reduce((sum, { type, length }) => sum + (isArrayType(type) ? (length ?? 10) : 1), 0);
      const columns = own.map(({ name }) => name);
      const measured = await columnBytes(store, { table: states.state(view), columns }, checkpoints.options);
      return Math.max(BYTES_A_FEATURE * values, measured);
    }),
  );

/**
 * Joins the views to the spine, entity by entity and range of keys by range of keys, each a step: no more than a range of any state is in memory.
 * Gives a table an entity.
 */
export async function joinFeatures(
  working: Working,
  onProgress: (fraction: number) => Promise<void>,
): Promise<readonly Slice[]> {
  const { views } = working;
  const entities = [...new Set(views.map(({ entity }) => entity.joinKeys.join(' ')))];
  const slices: Slice[] = [];
  for (const [index, keys] of entities.entries()) {
    const group = views.filter(({ entity }) => entity.joinKeys.join(' ') === keys);
    const slice = await joinGroup(working, { index, views: group }, (fraction) =>
      onProgress((index + fraction) / entities.length),
    );
    slices.push(slice);
  }
  return slices;
}

const addedColumns = (view: View, index: number, features: readonly FeatureRef[]): Column[] => [
  { name: className(index), type: 'UInt8' },
  { name: eventName(index), type: "Nullable(DateTime64(3, 'UTC'))" },
  ...featuresOf(view, features).map(({ feature }, position) => ({
    name: valueName(index, position),
    type: clickhouseType(feature.type),
  })),
];

export const columnsDdl = (columns: readonly Column[]): Sql =>
  join(columns.map(({ name, type }) => sql`${ident(name)} ${raw(type)}`));

const columnOf = (spine: SpineTable, name: string): string =>
  spine.columns.find((column) => column.name === name)?.column as string;

/** Rows of the spine by some of its keys: `rid`, `t` and the keys as `k0`, `k1`, …, in their order. */
export async function spineByKeys({ store, checkpoints, spine }: Working, names: readonly string[]): Promise<string> {
  const columns = names.map((name) => columnOf(spine, name));
  const keys = columns.map((_, index) => `k${index}`);
  const { table } = await checkpoints.once(`by:${columns.join()}`, async () => {
    const table = checkpoints.fresh.table(`by_${columns.join('_')}`);
    const ddl = columnsDdl(keys.map((name) => ({ name, type: 'Nullable(String)' })));
    await store.run(
      'training-set-create',
      sql`CREATE TABLE ${ident(table)} (rid UInt64, t Int64, ${ddl}) ENGINE = MergeTree ORDER BY (ifNull(k0, ''), t)`,
    );
    await store.run(
      'training-set-keys',
      sql`INSERT INTO ${ident(table)} (rid, t, ${join(keys.map(ident))}) SELECT rid, t, ${join(columns.map(ident))} FROM ${ident(spine.table)}`,
      checkpoints.options,
    );
    return { table };
  });
  return table;
}

/** Puts rows without a key into the first range, where they match nothing. */
export const FIRST_KEY = raw("ifNull(k0, '')");

interface Group {
  readonly index: number;
  /** Views of one entity. */
  readonly views: readonly View[];
}

async function joinGroup(
  working: Working,
  group: Group,
  onProgress: (fraction: number) => Promise<void>,
): Promise<Slice> {
  const { store, checkpoints, spine, features, views: all, states, asOf, maskedKeys } = working;
  const names = (group.views[0] as View).entity.joinKeys;
  const from = await spineByKeys(working, names);
  const keys = names.map((_, index) => `k${index}`);
  const near = (): Sql => (spine.rows <= SMALL_SPINE ? inSpine(from, keys) : sql`1`);
  const columns = group.views.flatMap((view) => addedColumns(view, all.indexOf(view), features));
  const { edges, bytes, table } = await checkpoints.once(`ranges:${group.index}`, async () => {
    const weights = await weightsOf(working, group);
    const edges = await cutGroup(working, group, { from, near, widest: Math.max(...weights) });
    const table = checkpoints.fresh.table(`joined${group.index}`);
    await store.run('training-set-create', partsDdl(table, columnsDdl(columns)));
    return { edges, bytes: weights.reduce((sum, weight) => sum + weight, 0), table };
  });
  const ranges = rangesBetween(edges);

  const values = group.views.flatMap((view, index) => [
    classColumn(index),
    eventColumn(index),
    ...featuresOf(view, features).map((_, position) => valueColumn(index, position)),
  ]);
  const into = join(['part', 'rid', ...columns.map(({ name }) => name)].map(ident));
  const parts: number[] = [];
  const settings = { ...checkpoints.options.settings, ...joinSettings(BYTES_A_ROW + bytes) };
  for (const [index, range] of ranges.entries()) {
    const work = async () => {
      const part = checkpoints.fresh.part();
      const views = group.views.map((view): JoinedView => {
        const only = sql`${range(raw('k0'))} AND ${near()}`;
        return { view, features: featuresOf(view, features), keys, only, state: ident(states.state(view)) };
      });
      const spineRows = sql`(SELECT * FROM ${ident(from)} WHERE ${range(FIRST_KEY)})`;
      const joined = pointInTimeJoin({ spine: spineRows, keep: ['rid'], time: 't', views, known: asOf, maskedKeys });
      await store.run(
        'training-set-join',
        sql`INSERT INTO ${ident(table)} (${into}) SELECT ${raw(String(part))}, rid, ${join(values)} FROM (${joined})`,
        { ...checkpoints.options, settings },
      );
      return { part };
    };
    const { part } = await checkpoints.once(`join:${group.index}:${index}`, async () => {
      let written = await work();
      // A run that was committed meanwhile may be in what was just read.
      while (await states.refresh()) written = await work();
      return written;
    });
    parts.push(part);
    await onProgress((index + 1) / ranges.length);
  }
  return { table, parts, columns };
}

/** Cuts by the keys of the spine and of the states together, so that neither is much in any range. */
async function cutGroup(
  { store, checkpoints, states, maskedKeys, rowsAStep, bytesAJoin = BYTES_A_JOIN }: Working,
  group: Group,
  { from, near, widest }: { readonly from: string; readonly near: () => Sql; readonly widest: number },
): Promise<readonly string[]> {
  const stored = group.views.map((view) => {
    const names = view.entity.joinKeys.map((name, index) => {
      const column = sql`x.${ident(name)}`;
      const seen = maskedKeys?.personal.has(name) ? maskedKeys.textSql(column) : column;
      return sql`${seen} AS ${ident(`k${index}`)}`;
    });
    return sql`SELECT k0 AS k FROM (SELECT ${join(names)} FROM ${ident(states.state(view))} AS x WHERE ${near()})`;
  });
  const all = join([sql`SELECT ${FIRST_KEY} AS k FROM ${ident(from)}`, ...stored], ' UNION ALL ');
  const rows = rowsAStep ?? Math.max(1, Math.floor(bytesAJoin / (BYTES_A_ROW + widest)));
  return keyEdges(store, { table: sql`(${all})`, key: raw('k'), rows }, checkpoints.options);
}

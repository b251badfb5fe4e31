import type { Feature, View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType, isArrayType } from '../../core/definitions/types.js';
import { RiskgraphError } from '../../core/errors.js';
import type { Lease } from '../../core/ports/leases.js';
import type { ClickHouse } from '../../warehouse/client.js';
import type { Fence } from '../../warehouse/fence.js';

/**
 * The tables of a view version. The history holds every row that was ever published; the state holds, for each key, what was in force from
 * `_eff` on, so that a point-in-time join is one ASOF JOIN. Features keep their names; what is ours begins with an underscore.
 */
export interface ViewTables {
  readonly history: Sql;
  readonly state: Sql;
  /** Which runs are in the history, and which of them in the state as well. */
  readonly commits: Sql;
  /** The fencing tokens of the holders: the one with the highest may write to the other tables. */
  readonly tokens: Sql;
}

type Named = Pick<View, 'name' | 'version'>;

const base = (view: Named): string => `${view.name}_v${view.version}`;

export const tableNames = (view: Named) =>
  ({
    history: `history_${base(view)}`,
    state: `state_${base(view)}`,
    nextState: `state_${base(view)}__next`,
    commits: `commits_${base(view)}`,
    tokens: `turns_${base(view)}`,
    stagePrefix: `stage_${base(view)}_r`,
  }) as const;

export function viewTables(view: Named): ViewTables {
  const names = tableNames(view);
  return {
    history: ident(names.history),
    state: ident(names.state),
    commits: ident(names.commits),
    tokens: ident(names.tokens),
  };
}

/** A view version that this process holds the lease of, and what makes the store reject its writes once it does not. */
export interface FencedView {
  readonly view: View;
  readonly fence: Fence;
}

/** @throws INTERNAL where the lease is that of another view */
export function fencedView(view: View, lease: Lease<'view'>): FencedView {
  checkLease(view, lease);
  const { history, state, commits, tokens } = tableNames(view);
  const { resource, fencingToken: token } = lease;
  return { view, fence: { resource, token, tables: [history, state, commits], tokens: { table: tokens } } };
}

/** @throws INTERNAL where the lease is that of another view */
export function checkLease(view: Named, { resource }: Lease<'view'>): void {
  const id = `${view.name}@${view.version}`;
  if (resource.name === id) return;
  throw new RiskgraphError({ code: 'INTERNAL', message: `a write to ${id} came with the lease of ${resource.name}` });
}

/** The state that a holder rebuilds, until it takes the place of the one in use. */
export const nextStateOf = ({ view, fence }: FencedView): Sql => ident(`${tableNames(view).nextState}_${fence.token}`);

/** Finds the rebuilt states of any holder. */
export async function nextStates(store: ClickHouse, view: Named): Promise<readonly Sql[]> {
  const prefix = tableNames(view).nextState;
  const tables = await store.rows<{ name: string }>(
    'state-next',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${prefix})`,
  );
  return tables.flatMap(({ name }) => (/^(_\d+)?$/.test(name.slice(prefix.length)) ? [ident(name)] : []));
}

export const keyColumns = (view: View): Sql[] => view.entity.joinKeys.map(ident);
export const featureColumns = (view: View): Sql[] => view.features.map((feature) => ident(feature.name));

/** The columns of a computed or staged row. */
export const rowColumns = (view: View): Sql =>
  join([raw('_run'), ...keyColumns(view), raw('_tombstone'), ...featureColumns(view)]);

/** Features that keep their newest non-NULL value. Arrays are never NULL. */
export const filledFeatures = (view: View): Feature[] =>
  view.features.filter((feature) => feature.fill === 'last_known' && !isArrayType(feature.type));

const featureDdl = (view: View): Sql =>
  join(view.features.map((feature) => sql`${ident(feature.name)} ${raw(clickhouseType(feature.type))}`));

const keyDdl = (view: View, type: string): Sql => join(keyColumns(view).map((key) => sql`${key} ${raw(type)}`));

/** Which part of the keys a shard has: the same at every stage of a run. */
export const inShard = (view: View, shard: { readonly index: number; readonly of: number }): Sql =>
  shard.of === 1 ? sql`1` : sql`cityHash64(${join(keyColumns(view))}) % ${shard.of} = ${shard.index}`;

const VERSION_DDL = raw(
  "_event_time DateTime64(3, 'UTC'), _available_at DateTime64(3, 'UTC'), _sequence UInt32, _tombstone UInt8",
);

export const historyDdl = (view: View, table: Sql): Sql => sql`
  CREATE TABLE IF NOT EXISTS ${table} (${keyDdl(view, 'String')}, ${VERSION_DDL}, ${featureDdl(view)})
  ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(_event_time)
  ORDER BY (${join(keyColumns(view))}, _event_time, _available_at, _sequence)`;

/**
 * `_eff` is the instant in UTC ms from which the row is in force, `_ord` its rank by (event time, available-at, sequence), and `_fills` the
 * ranks from which each filled feature has its value. Replacing by rank leaves one row an instant.
 */
export const stateDdl = (view: View, table: Sql): Sql => sql`
  CREATE TABLE IF NOT EXISTS ${table} (${keyDdl(view, 'String')}, _eff Int64, _ord UInt128, _fills Array(UInt128), ${VERSION_DDL}, ${featureDdl(view)})
  ENGINE = ReplacingMergeTree(_ord) ORDER BY (${join(keyColumns(view))}, _eff)`;

export const commitsDdl = (table: Sql): Sql => sql`
  CREATE TABLE IF NOT EXISTS ${table} (sequence UInt32, event_time DateTime64(3, 'UTC'), available_at DateTime64(3, 'UTC'), in_state UInt8)
  ENGINE = ReplacingMergeTree(in_state) ORDER BY sequence`;

export const tokensDdl = (table: Sql): Sql => sql`
  CREATE TABLE IF NOT EXISTS ${table} (turn UInt64) ENGINE = ReplacingMergeTree(turn) ORDER BY tuple()`;

/** Marks in `_tombstone` of a computed row that the query has no row of the key: it ends. A stage and the history have 1, as for every tombstone. */
export const ENDED = 2;

/** Holds the rows of one or several runs, as their queries gave them, and the ends of keys that they no longer have. */
export const computedDdl = (view: View, table: Sql, runs: readonly number[]): Sql => sql`
  CREATE TABLE ${table} (_run UInt32, ${keyDdl(view, 'Nullable(String)')}, _tombstone UInt8, ${featureDdl(view)})
  ENGINE = MergeTree ORDER BY _run COMMENT ${runList(runs)}`;

export const stageDdl = (view: View, table: Sql, runs: readonly number[]): Sql => sql`
  CREATE TABLE ${table} (_run UInt32, ${keyDdl(view, 'String')}, _tombstone UInt8, ${featureDdl(view)})
  ENGINE = MergeTree ORDER BY (_run, ${join(keyColumns(view))}) COMMENT ${runList(runs)}`;

export const unsureDdl = (view: View, table: Sql, runs: readonly number[]): Sql => sql`
  CREATE TABLE ${table} (${keyDdl(view, 'String')}, _as_of Int64) ENGINE = Memory COMMENT ${runList(runs)}`;

/** Which runs a stage holds: one of them may have no row in it. */
const runList = (runs: readonly number[]): Sql => raw(`'${runs.map(Number).join(',')}'`);

/** Rank of a history row, as one number: a higher rank wins. Event times before 1970 have no rank and are refused. */
export const ORD = raw(
  'bitOr(bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(_event_time)), 80), ' +
    'bitShiftLeft(toUInt128(toUnixTimestamp64Milli(_available_at)), 32)), toUInt128(_sequence))',
);

/** The instant from which a history row is visible: it must have happened and be known. */
export const EFF = raw('greatest(toUnixTimestamp64Milli(_event_time), toUnixTimestamp64Milli(_available_at))');

import type { View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { checkFence, withinFence } from '../../warehouse/fence.js';
import { keyRanges } from '../../warehouse/key-ranges.js';
import {
  EFF,
  type FencedView,
  featureColumns,
  filledFeatures,
  keyColumns,
  nextStateOf,
  ORD,
  stateDdl,
  viewTables,
} from './tables.js';
import { noValue } from './values.js';

/** Rows of history that a rebuild sorts at once: about 100 MB at 20 features. */
const ROWS_A_RANGE = 500_000;

const columnsOf = (view: View): Sql =>
  join([
    ...keyColumns(view),
    raw('_eff, _ord, _fills, _event_time, _available_at, _sequence, _tombstone'),
    ...featureColumns(view),
  ]);

/** History rows with their rank; a filled feature's own rank is 0 where the row says nothing of it. */
const ranked = (view: View, where: Sql): Sql => {
  const fills = filledFeatures(view).map(
    (feature) => sql`if(_tombstone = 1 OR ${ident(feature.name)} IS NOT NULL, _ord, toUInt128(0))`,
  );
  return sql`
    SELECT ${join(keyColumns(view))}, ${EFF} AS _eff, ${ORD} AS _ord,
      CAST([${join(fills)}], 'Array(UInt128)') AS _fills,
      _event_time, _available_at, _sequence, _tombstone, ${join(featureColumns(view))}, toUInt8(0) AS _seed
    FROM ${viewTables(view).history} WHERE ${where}`;
};

/** The available-at that a rank holds. */
const availableOf = (rank: Sql): Sql =>
  sql`fromUnixTimestamp64Milli(toInt64(bitAnd(bitShiftRight(${rank}, 32), toUInt128(${raw(String(2 ** 48 - 1))}))), 'UTC')`;

/**
 * The states that ranked rows give, one after the other. A row changes what is in force where it outranks all that could be seen before it;
 * so the state is a subset of the rows. A filled feature also changes where a row that does not win brings the newest known value.
 */
function states(view: View, rows: Sql): Sql {
  const fills = filledFeatures(view);
  const window = sql`WINDOW w AS (PARTITION BY ${join(keyColumns(view))} ORDER BY _eff RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
  if (fills.length === 0) {
    return sql`SELECT ${columnsOf(view)} FROM (
      SELECT *, max(_ord) OVER w AS _best FROM (${rows}) ${window}) WHERE _ord = _best AND _seed = 0`;
  }
  const carried = [
    ...['_event_time', '_available_at', '_sequence', '_tombstone'],
    ...view.features.filter((feature) => !fills.includes(feature)).map((feature) => feature.name),
  ];
  // A row whose filled value came in later could be used as it is only from then on; it is newer than the same row without that value.
  const wholeSince = (own: Sql): Sql =>
    sql`greatest(${own}, ${join(fills.map((_, index) => availableOf(ident(`_rank${index}`))))})`;
  const winner = sql`argMax(tuple(${join(carried.map((name) => sql`r.${ident(name)}`))}), r._ord) OVER w AS _winner`;
  const best = fills.map(
    (feature, index) =>
      sql`argMax(tuple(r.${ident(feature.name)}), r._fills[${index + 1}]) OVER w AS ${ident(`_value${index}`)},
        max(r._fills[${index + 1}]) OVER w AS ${ident(`_rank${index}`)}`,
  );
  const changes = fills.map(
    (_, index) =>
      sql`(r._fills[${index + 1}] > 0 AND r._fills[${index + 1}] = max(r._fills[${index + 1}]) OVER w) AS ${ident(`_new${index}`)}`,
  );
  const out = [
    ...carried.map((name, index) => {
      const own = sql`tupleElement(_winner, ${raw(String(index + 1))})`;
      return sql`${name === '_available_at' ? wholeSince(own) : own} AS ${ident(name)}`;
    }),
    ...fills.map((feature, index) => sql`tupleElement(${ident(`_value${index}`)}, 1) AS ${ident(feature.name)}`),
  ];
  const changed = join([raw('_wins'), ...fills.map((_, index) => ident(`_new${index}`))], ' OR ');
  const ranks = join(fills.map((_, index) => ident(`_rank${index}`)));
  return sql`SELECT ${columnsOf(view)} FROM (
    SELECT ${join(keyColumns(view))}, _eff, _best AS _ord, [${ranks}] AS _fills, ${join(out)} FROM (
      SELECT ${join(keyColumns(view).map((key) => sql`r.${key} AS ${key}`))}, r._eff AS _eff, r._seed AS _seed,
        max(r._ord) OVER w AS _best, r._ord = max(r._ord) OVER w AS _wins, ${winner}, ${join(best)}, ${join(changes)}
      FROM (${rows}) AS r ${window})
    WHERE _seed = 0 AND (${changed}))`;
}

const SORTING = { max_bytes_before_external_sort: '400000000', max_bytes_before_external_group_by: '400000000' };

/**
 * Adds the rows of runs, for which `rows` is a condition on the history, after what the state holds. Valid only where every row of the runs comes into force later than every state there is:
 * then the last state a key is all that matters of the past.
 */
export async function appendStates(store: ClickHouse, { view, fence }: FencedView, rows: Sql): Promise<void> {
  const { history, state } = viewTables(view);
  const keys = join(keyColumns(view));
  const batch = sql`${rows} AND ${withinFence(fence)}`;
  const carried = filledFeatures(view).length > 0;
  // Without filled features a seed only says what must be outranked, so nothing else of it is read.
  const seedColumns = carried
    ? [
        ...['_fills', '_event_time', '_available_at', '_sequence', '_tombstone'].map((name) => ident(name)),
        ...featureColumns(view),
      ]
    : [];
  const seeds = carried
    ? sql`SELECT ${keys}, tupleElement(_last, 1) AS _eff, tupleElement(_last, 2) AS _ord,
        ${join(seedColumns.map((name, index) => sql`tupleElement(_last, ${raw(String(index + 3))}) AS ${name}`))}, toUInt8(1) AS _seed
      FROM (SELECT ${keys}, argMax(tuple(_eff, _ord, ${join(seedColumns)}), s._eff) AS _last
        FROM ${state} AS s FINAL WHERE (${keys}) IN (SELECT ${keys} FROM ${history} WHERE ${batch}) GROUP BY ${keys})`
    : sql`SELECT ${keys}, max(s._eff) AS _eff, max(s._ord) AS _ord, CAST([], 'Array(UInt128)') AS _fills,
        toDateTime64(0, 3, 'UTC') AS _event_time, toDateTime64(0, 3, 'UTC') AS _available_at, toUInt32(0) AS _sequence,
        toUInt8(0) AS _tombstone, ${join(view.features.map((feature) => sql`${noValue(feature)} AS ${ident(feature.name)}`))}, toUInt8(1) AS _seed
      FROM ${state} AS s WHERE (${keys}) IN (SELECT ${keys} FROM ${history} WHERE ${batch}) GROUP BY ${keys}`;
  await store.run(
    'state-append',
    sql`INSERT INTO ${state} (${columnsOf(view)}) ${states(view, sql`${ranked(view, batch)} UNION ALL ${seeds}`)}`,
    { settings: SORTING },
  );
}

/**
 * The same where no row of the runs can lose to another of them: each comes into force later and outranks what came before it. Nothing has to be
 * sorted then. `batch` has the rows as `columnsOf` names them but for what follows from the stamps; `outranked` says that all that is in the state
 * already has a lower rank than all of the batch.
 */
export async function appendRising(
  store: ClickHouse,
  view: View,
  { batch, outranked }: { readonly batch: Sql; readonly outranked: boolean },
): Promise<void> {
  const { state } = viewTables(view);
  const keys = join(keyColumns(view));
  const given = [...['_event_time', '_available_at', '_sequence', '_tombstone'].map(ident), ...featureColumns(view)];
  const from = (part: Sql): Sql =>
    sql`SELECT ${keys}, ${EFF} AS _eff, ${ORD} AS _ord, CAST([], 'Array(UInt128)') AS _fills, ${join(given)} FROM (${part})`;
  const best = sql`SELECT ${keys}, max(s._ord) AS _was FROM ${state} AS s WHERE (${keys}) IN (SELECT ${keys} FROM (${batch})) GROUP BY ${keys}`;
  const winning = sql`SELECT ${join([...keyColumns(view), ...['_eff', '_ord', '_fills'].map(ident), ...given].map((name) => sql`b.${name}`))}
    FROM (${from(batch)}) AS b LEFT JOIN (${best}) AS p USING (${keys}) WHERE b._ord > ifNull(p._was, toUInt128(0))`;
  await store.run('state-append', sql`INSERT INTO ${state} (${columnsOf(view)}) ${outranked ? from(batch) : winning}`, {
    settings: SORTING,
  });
}

/** Writes into an empty table what the history rows of a condition put in force, in memory that does not grow with them. */
export async function fillState(store: ClickHouse, view: View, into: Sql, rows: Sql): Promise<void> {
  const key = keyColumns(view)[0] as Sql;
  for (const range of await keyRanges(store, { table: viewTables(view).history, key, rows: ROWS_A_RANGE })) {
    await store.run(
      'state-rebuild',
      sql`INSERT INTO ${into} (${columnsOf(view)}) ${states(view, ranked(view, sql`${range(key)} AND ${rows}`))}`,
      { settings: SORTING },
    );
  }
}

/**
 * Makes the state anew from the whole history beside the one in use, then puts it in its place in one step. Right for any history, also where
 * earlier work was broken off.
 */
export async function rebuildState(store: ClickHouse, fenced: FencedView): Promise<void> {
  const { view, fence } = fenced;
  const { state } = viewTables(view);
  const nextState = nextStateOf(fenced);
  await store.run('state-drop-next', sql`DROP TABLE IF EXISTS ${nextState} SYNC`);
  await store.run('state-create-next', stateDdl(view, nextState));
  await fillState(store, view, nextState, withinFence(fence));
  // Whole, or not put in place: a later holder drops it first.
  await checkFence(store, fence);
  await store.run('state-exchange', sql`EXCHANGE TABLES ${state} AND ${nextState}`);
  await store.run('state-drop-old', sql`DROP TABLE IF EXISTS ${nextState} SYNC`);
}

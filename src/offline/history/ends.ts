/** The ends of keys that left the window of their query, where the view says that those end. */
import type { View } from '../../core/definitions/definitions.js';
import { instantSql, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { Run, StageCounts } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { withinFence } from '../../warehouse/fence.js';
import { type Aside, among, everSetAside, hashOf, without } from './aside.js';
import { dropTables, stageTables } from './stages.js';
import { ENDED, type FencedView, featureColumns, keyColumns, rowColumns, unsureDdl, viewTables } from './tables.js';
import { noValue } from './values.js';

/** The computed rows of a run, and the keys that it sets aside: of those it is not known whether they end. */
export interface ComputedRows {
  readonly computed: Sql;
  readonly setAside: readonly Aside[];
}

/**
 * Adds to the computed rows of a run a tombstone for each key that the as-of before it has and that it lacks; a key that was set aside there is
 * compared with its own row before.
 */
export async function endLeft(store: ClickHouse, run: Run, rows: ComputedRows): Promise<void> {
  const { view } = run;
  const before = (await asOfsOf(store, view)).findLast(({ asOf }) => asOf < run.asOf);
  if (!before) return;
  const keys = keyColumns(view).map((key) => sql`toNullable(${key}) AS ${key}`);
  const { history } = viewTables(view);
  const alive = (where: Sql): Sql =>
    sql`SELECT ${join(keys)} FROM ${history} WHERE ${where} GROUP BY ${join(keyColumns(view))}
      HAVING argMax(_tombstone, tuple(_event_time, _available_at, _sequence)) = 0`;
  const aside = sql`_event_time < ${instantSql(run.asOf)} AND ${await everSetAside(store, view)}`;
  await endWithout(store, run, {
    ...rows,
    before: sql`${alive(at([before.asOf]))} UNION ALL ${alive(aside)}`,
  });
}

/**
 * The keys of `before` that the run has no computed row of end, where they may; a group by spills to disk, where a set of keys would not.
 * @param mayEnd a condition on the key columns
 */
export async function endWithout(
  store: ClickHouse,
  { id, view }: Run,
  { computed, setAside, before, mayEnd = sql`1` }: ComputedRows & { readonly before: Sql; readonly mayEnd?: Sql },
): Promise<void> {
  const keys = join(keyColumns(view));
  const nothing = view.features.map((feature) => noValue(feature));
  const whole = join(
    keyColumns(view).map((key) => sql`${key} IS NOT NULL`),
    ' AND ',
  );
  await store.run(
    'ends-stage',
    sql`INSERT INTO ${computed} (${rowColumns(view)})
      SELECT ${param('UInt32', id)}, ${keys}, ${raw(String(ENDED))}, ${join(nothing)} FROM (
        SELECT ${keys}, toUInt8(0) AS _there FROM (${before})
        UNION ALL SELECT ${keys}, toUInt8(1) AS _there FROM ${computed} WHERE _run = ${id}) AS v
      WHERE ${whole} AND ${mayEnd} AND ${without(setAside)(hashOf(view))} GROUP BY ${keys} HAVING max(_there) = 0`,
    { settings: BOUNDED },
  );
}

/** An as-of of the history, and the instant from which its first run was known. */
interface AsOf {
  readonly asOf: Instant;
  readonly known: Instant;
}

/** Oldest first. */
export async function asOfsOf(store: ClickHouse, view: View): Promise<readonly AsOf[]> {
  const found = await store.rows<{ at: string; known: string }>(
    'ends-as-ofs',
    sql`SELECT toUnixTimestamp64Milli(event_time) AS at, toUnixTimestamp64Milli(min(available_at)) AS known
      FROM ${viewTables(view).commits} GROUP BY event_time ORDER BY event_time`,
  );
  return found.map(({ at: asOf, known }) => ({ asOf: Number(asOf), known: Number(known) }));
}

/** The end of keys of one as-of at the next. */
export interface End extends AsOf {
  /** The number of the run that brings it. */
  readonly sequence: number;
}

/** A run of the history, and the keys that it has set aside, of which it does not know whether they end; null where that is not known any more. */
export interface Brought {
  readonly id: number;
  readonly asOf: Instant;
  readonly aside: Pick<StageCounts, 'setAside' | 'setAsideRanges'> | null;
}

/**
 * Adds to the history a tombstone for each key that an as-of has and the next one lacks, where the runs brought one of the two: a run of an as-of
 * between others ends where the next as-of never knew of it. What the next as-of says of other keys stays as it was known.
 * @returns the as-ofs at which keys may have ended
 */
export async function endBetween(
  store: ClickHouse,
  fenced: FencedView,
  runs: readonly Brought[],
): Promise<readonly End[]> {
  const { view, fence } = fenced;
  const brought = new Map(runs.map(({ asOf, id }) => [asOf, id]));
  const asOfs = await asOfsOf(store, view);
  const pairs = asOfs.flatMap((after, index) => {
    const before = asOfs[index - 1];
    const sequence = brought.get(after.asOf) ?? (before && brought.get(before.asOf));
    return before && sequence !== undefined ? [{ ...after, before: before.asOf, sequence }] : [];
  });
  if (pairs.length === 0) return [];
  const { history } = viewTables(view);
  const keys = join(keyColumns(view));
  const list = (type: string, of: (pair: (typeof pairs)[number]) => number): Sql =>
    sql`${param(`Array(${type})`, pairs.map(of))}`;
  const given = sql`arrayZip(${list('Int64', ({ before }) => before)}, ${list('Int64', ({ asOf }) => asOf)},
    ${list('Int64', ({ known }) => known)}, ${list('UInt32', ({ sequence }) => sequence)})`;
  const versions = (where: Sql, aside: 0 | 1): Sql =>
    sql`SELECT ${keys}, _event_time, _available_at, _sequence, _tombstone, ${raw(String(aside))} AS _aside
      FROM ${history} WHERE ${where} AND ${withinFence(fence)}`;
  const among = at(pairs.flatMap(({ before, asOf }) => [before, asOf]));
  const newest = sql`SELECT ${keys}, toUnixTimestamp64Milli(_event_time) AS _at, max(_aside) AS _was_aside,
      argMax(_tombstone, tuple(_available_at, _sequence)) AS _gone
    FROM (${versions(among, 0)} UNION ALL ${versions(await everSetAside(store, view), 1)}) GROUP BY ${keys}, _event_time`;
  const unknown = param(
    'Array(Int64)',
    runs.flatMap(({ asOf, aside }) => (aside === null ? [asOf] : [])),
  );
  // Of a key that was set aside the last as-of that knew it comes before; it ends at the first one since that is sure of it.
  const sinceAside = sql`_was_aside = 1 AND has(_alive, arrayLast(a -> a < p.2, _all))
    AND NOT arrayExists(s -> s > arrayLast(a -> a < p.2, _all) AND s < p.2, _sure)`;
  await withUnsure(store, fenced, runs, async (unsure) => {
    const byKey = sql`SELECT ${keys}, arraySort(groupArray(_at)) AS _all, groupArrayIf(_at, _gone = 0) AS _alive,
        max(_was_aside) AS _was_aside FROM (${newest}) GROUP BY ${keys}`;
    const ended = sql`SELECT ${keys}, arrayJoin(arrayFilter(
        p -> has(_sure, p.2) AND NOT has(_all, p.2) AND (has(_alive, p.1) OR (${sinceAside})), ${given})) AS _end
      FROM (SELECT *, arrayFilter(s -> NOT has(_unsure, s) AND NOT (_was_aside = 1 AND has(${unknown}, s)),
          ${list('Int64', ({ asOf }) => asOf)}) AS _sure
        FROM (${byKey}) AS k LEFT JOIN (${unsure}) AS u USING (${keys}))`;
    await store.run(
      'ends-history',
      sql`INSERT INTO ${history} (${keys}, _event_time, _available_at, _sequence, _tombstone, ${join(featureColumns(view))})
        SELECT ${keys}, fromUnixTimestamp64Milli(_end.2, 'UTC'), fromUnixTimestamp64Milli(_end.3, 'UTC'), _end.4, 1,
          ${join(view.features.map((feature) => noValue(feature)))} FROM (${ended})`,
      { settings: BOUNDED },
    );
  });
  return pairs;
}

/**
 * Calls the body with a SELECT of the keys that runs have set aside, and the as-ofs that are not sure of each, `_unsure`. They lie in a table of their
 * own while it runs: neither the URL nor the text of a statement has room for those of many runs.
 */
async function withUnsure(
  store: ClickHouse,
  { view, fence }: FencedView,
  runs: readonly Brought[],
  body: (unsure: Sql) => Promise<void>,
): Promise<void> {
  const keys = join(keyColumns(view));
  const [first = '', ...others] = view.entity.joinKeys;
  const rows = runs.flatMap(({ asOf, aside }) => (aside?.setAside ?? []).map((key) => [...key, asOf]));
  const ranged = runs.flatMap(({ asOf, aside }) =>
    aside?.setAsideRanges ? [{ asOf, ranges: aside.setAsideRanges }] : [],
  );
  const select = (from: Sql): Sql => sql`SELECT ${keys}, groupArray(_as_of) AS _unsure FROM (${from}) GROUP BY ${keys}`;
  if (rows.length + ranged.length === 0) {
    return body(select(sql`SELECT ${keys}, toInt64(0) AS _as_of FROM ${viewTables(view).history} WHERE 0`));
  }
  const ids = runs.map(({ id }) => id);
  const { unsure, unsureName: table } = stageTables(view, ids, fence.token);
  const drop = () => dropTables(store, [unsure]);
  try {
    await drop();
    await store.run('ends-create', unsureDdl(view, unsure, ids));
    await store.insert('ends-unsure', { table, columns: [first, ...others, '_as_of'] }, rows);
    for (const { asOf, ranges } of ranged) {
      await store.run(
        'ends-unsure',
        sql`INSERT INTO ${unsure} SELECT DISTINCT ${keys}, toInt64(${asOf}) FROM ${viewTables(view).history} AS v WHERE ${among(ranges)(hashOf(view))}`,
      );
    }
    await body(select(sql`SELECT * FROM ${unsure}`));
  } finally {
    await drop();
  }
}

/** The condition on history rows of these as-ofs. */
const at = (asOfs: readonly Instant[]): Sql => {
  const ordered = [...asOfs].sort((one, other) => one - other);
  const [first, last] = [ordered[0] as Instant, ordered.at(-1) as Instant];
  const instant = (value: Instant): Sql => sql`fromUnixTimestamp64Milli(toInt64(${value}), 'UTC')`;
  return sql`_event_time >= ${instant(first)} AND _event_time <= ${instant(last)}
    AND has(${param('Array(Int64)', ordered)}, toUnixTimestamp64Milli(_event_time))`;
};

/**
 * The ends of keys that a run no longer has: a key whose source row was deleted ends with the run; one that merely left the query's window does where
 * its view says so.
 */
import type { View } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { Run } from '../../core/ports/offline.js';
import type { StampedRun } from '../../core/ports/offline-writer.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { withinFence } from '../../warehouse/fence.js';
import { hashOf, insertUndeleted, type Parts } from './compute.js';
import { type HashedKey, without } from './keys-at-fault.js';
import { BOUNDED, ENDED, type FencedView, featureColumns, keyColumns, rowColumns, viewTables } from './tables.js';
import { noValue } from './values.js';

/** Lists those of the runs of one view that may lack a key because its source row was deleted: some row was by their knowledge time. */
export async function runsAfterDeletions(store: ClickHouse, runs: readonly Run[]): Promise<readonly Run[]> {
  const { sources } = (runs[0] as Run).view;
  if (sources.length === 0) return [];
  const firsts = sources.map(
    (table) =>
      sql`SELECT minOrNull(toUnixTimestamp64Milli(v.ingested_at)) AS first FROM ${ident(table)} AS v WHERE v.deleted = 1`,
  );
  const [answer] = await store.rows<{ since: string | null }>(
    'ends-deletions',
    sql`SELECT minOrNull(first) AS since FROM (${join(firsts, ' UNION ALL ')})`,
  );
  const since = answer?.since ?? null;
  if (since === null) return [];
  return runs.filter(({ knowledge }) => knowledge >= Number(since));
}

/** The computed rows of a run, and the keys that it sets aside: of those it is not known whether they end. */
interface ComputedRows {
  readonly computed: Sql;
  readonly setAside: readonly HashedKey[];
}

/** Adds to the computed rows of a run a tombstone for each key that its query would give if no source row had been deleted. */
export async function endDeleted(parts: Parts, run: Run, rows: ComputedRows): Promise<void> {
  await insertUndeleted(parts, run, rows.setAside, (before) => endWithout(parts.store, run, { ...rows, before }));
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
  const aside = sql`_event_time < ${instantSql(run.asOf)} AND ${everSetAside(view)}`;
  await endWithout(store, run, {
    ...rows,
    before: sql`${alive(at([before.asOf]))} UNION ALL ${alive(aside)}`,
  });
}

/** The condition on history rows of keys that some run has set aside: an as-of may lack them though they have not ended. */
function everSetAside(view: View): Sql {
  const parts = view.entity.joinKeys.map((_, index) => raw(`key[${index + 1}]`));
  return sql`(${join(keyColumns(view))}) IN (SELECT ${join(parts)} FROM (
    SELECT JSONExtract(raw, 'Array(String)') AS key FROM source_quarantine WHERE import_id = ${view.id} AND raw != ''))`;
}

/** The keys of `before` that the run has no computed row of end; a group by spills to disk, where a set of keys would not. */
async function endWithout(
  store: ClickHouse,
  { id, view }: Run,
  { computed, setAside, before }: ComputedRows & { readonly before: Sql },
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
      WHERE ${whole} AND ${without(setAside)(hashOf(view))} GROUP BY ${keys} HAVING max(_there) = 0`,
    { settings: BOUNDED },
  );
}

/** An as-of of the history, and the instant from which its first run was known. */
interface AsOf {
  readonly asOf: Instant;
  readonly known: Instant;
}

async function asOfsOf(store: ClickHouse, view: View): Promise<readonly AsOf[]> {
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

/**
 * Adds to the history a tombstone for each key that an as-of has and the next one lacks, where the runs brought one of the two: a run of an as-of
 * between others ends where the next as-of never knew of it. What the next as-of says of other keys stays as it was known.
 * @returns the as-ofs at which keys may have ended
 */
export async function endBetween(
  store: ClickHouse,
  { view, fence }: FencedView,
  runs: readonly StampedRun[],
): Promise<readonly End[]> {
  const brought = new Map(runs.map(({ run }) => [run.asOf, run.id]));
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
    FROM (${versions(among, 0)} UNION ALL ${versions(everSetAside(view), 1)}) GROUP BY ${keys}, _event_time`;
  const unsure = runs.flatMap(({ run, setAside = [] }) => setAside.map((key) => ({ asOf: run.asOf, key })));
  const open = sql`arrayZip(${param(
    'Array(Int64)',
    unsure.map(({ asOf }) => asOf),
  )}, ${param(
    'Array(Array(String))',
    unsure.map(({ key }) => key),
  )})`;
  // Of a key that was set aside the last as-of that knew it comes before; it ends at the first one since that is sure of it.
  const sinceAside = sql`_was_aside = 1 AND has(_alive, arrayLast(a -> a < p.2, _all))
    AND NOT arrayExists(s -> s > arrayLast(a -> a < p.2, _all) AND s < p.2, _sure)`;
  const ended = sql`SELECT ${keys}, arrayJoin(arrayFilter(
      p -> has(_sure, p.2) AND NOT has(_all, p.2) AND (has(_alive, p.1) OR (${sinceAside})), ${given})) AS _end
    FROM (SELECT ${keys}, arraySort(groupArray(_at)) AS _all, groupArrayIf(_at, _gone = 0) AS _alive, max(_was_aside) AS _was_aside,
        arrayFilter(s -> NOT has(${open}, (s, [${keys}])), ${list('Int64', ({ asOf }) => asOf)}) AS _sure
      FROM (${newest}) GROUP BY ${keys})`;
  await store.run(
    'ends-history',
    sql`INSERT INTO ${history} (${keys}, _event_time, _available_at, _sequence, _tombstone, ${join(featureColumns(view))})
      SELECT ${keys}, fromUnixTimestamp64Milli(_end.2, 'UTC'), fromUnixTimestamp64Milli(_end.3, 'UTC'), _end.4, 1,
        ${join(view.features.map((feature) => noValue(feature)))} FROM (${ended})`,
    { settings: BOUNDED },
  );
  return pairs;
}

/** The condition on history rows of these as-ofs. */
const at = (asOfs: readonly Instant[]): Sql => {
  const ordered = [...asOfs].sort((one, other) => one - other);
  const [first, last] = [ordered[0] as Instant, ordered.at(-1) as Instant];
  const instant = (value: Instant): Sql => sql`fromUnixTimestamp64Milli(toInt64(${value}), 'UTC')`;
  return sql`_event_time >= ${instant(first)} AND _event_time <= ${instant(last)}
    AND has(${param('Array(Int64)', ordered)}, toUnixTimestamp64Milli(_event_time))`;
};

/**
 * The ends of keys whose source row was deleted. A deletion ends a key once, with the first as-of that knows of it: later ones neither say it again
 * nor run the query a second time for it.
 */
import { nextAsOf } from '../../core/compute/next-as-of.js';
import type { View } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, param, type Sql, sql } from '../../core/definitions/sql.js';
import { type BusinessCalendar, DAY, type Instant } from '../../core/helpers/time.js';
import type { Run } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { everSetAside } from './aside.js';
import { insertUndeleted } from './compute.js';
import { asOfsOf, type ComputedRows, endWithout } from './ends.js';
import { ofDeleted, type Parts } from './source-keys.js';
import { keyColumns, viewTables } from './tables.js';
import { keyedSources, sourceOf } from './view-sql.js';

/** What is known of keys from the as-ofs before that of a run, where the one right before it was computed. */
export interface Before {
  /**
   * A SELECT of rows: the key columns, `_order`, `_gone` of a tombstone, and `_last` of the as-of right before. No as-of between its oldest row and the
   * run is without history: one that is computed later could begin a key again.
   */
  readonly rows: Sql;
  /**
   * What the as-of right before has settled; null where no run of it looked for ends, as those of earlier releases: a key that it lacks may have been
   * deleted long ago and still be served.
   */
  readonly settled: Settled | null;
}

interface Settled {
  readonly asOf: Instant;
  /** Rows of an import that began earlier than this were there when the as-of was computed. */
  readonly importedFrom: Instant | null;
}

/** Runs that are computed into one table, oldest first. */
interface Among {
  readonly computed: Sql;
  readonly calendar: BusinessCalendar;
}

/** Those of the as-ofs, oldest first, that follow each other up to that of the run by the schedule of its view. */
function unbrokenBefore<T extends { readonly asOf: Instant }>(
  earlier: readonly T[],
  run: Run,
  calendar: BusinessCalendar,
): readonly T[] {
  let first = run.asOf;
  let from = earlier.length;
  for (
    let each = earlier[from - 1];
    each && nextAsOf(run.view, each.asOf, calendar) === first;
    each = earlier[from - 1]
  ) {
    first = each.asOf;
    from--;
  }
  return earlier.slice(from);
}

/**
 * What the history says of the as-ofs before that of a live run; null where it lacks the one right before.
 * @param endsChecked the newest as-of before it of which a run looked for ends
 */
export async function beforeInHistory(
  { store, calendar }: Parts,
  run: Run,
  endsChecked: Instant | null,
): Promise<Before | null> {
  const { view, asOf } = run;
  const asOfs = (await asOfsOf(store, view)).filter((each) => each.asOf < asOf);
  const unbroken = unbrokenBefore(asOfs, run, calendar);
  const [first, last] = [unbroken[0], unbroken.at(-1)];
  if (!first || !last) return null;
  return {
    // An import takes less than a day, and has the time at which it began in its sequence.
    settled: last.asOf === endsChecked ? { asOf: last.asOf, importedFrom: last.asOf - DAY } : null,
    rows: sql`SELECT ${join(keyColumns(view))}, tuple(_event_time, _available_at, _sequence) AS _order, _tombstone AS _gone,
        _event_time = ${instantSql(last.asOf)} AS _last
      FROM ${viewTables(view).history} WHERE _event_time >= ${instantSql(first.asOf)} AND _event_time < ${instantSql(asOf)}`,
  };
}

/** What the runs say that were computed into the same table before; null for the first. The history may be about to get rows before them. */
export function beforeAmong(runs: readonly Run[], run: Run, { computed, calendar }: Among): Before | null {
  const { view } = run;
  const earlier = unbrokenBefore(runs.slice(0, runs.indexOf(run)), run, calendar);
  const last = earlier.at(-1);
  if (!last) return null;
  const ids = param(
    'Array(UInt32)',
    earlier.map(({ id }) => id),
  );
  const keys = keyColumns(view).map((key) => sql`assumeNotNull(p.${key}) AS ${key}`);
  const whole = keyColumns(view).map((key) => sql`p.${key} IS NOT NULL`);
  return {
    settled: { asOf: last.asOf, importedFrom: null },
    rows: sql`SELECT ${join(keys)}, tuple(indexOf(${ids}, _run)) AS _order, toUInt8(p._tombstone > 0) AS _gone,
        _run = ${param('UInt32', last.id)} AS _last
      FROM ${computed} AS p WHERE has(${ids}, _run) AND ${join(whole, ' AND ')}`,
  };
}

/** Since when each source of a view has a deleted row. */
export type Deletions = ReadonlyMap<string, Instant>;

export async function deletionsIn(store: ClickHouse, { sources }: View): Promise<Deletions> {
  if (sources.length === 0) return new Map();
  const firsts = sources.map(
    (table) => sql`SELECT ${table} AS table, toUnixTimestamp64Milli(minOrNull(v.ingested_at)) AS first
      FROM ${ident(table)} AS v WHERE v.deleted = 1`,
  );
  const found = await store.rows<{ table: string; first: string | null }>(
    'ends-deletions',
    join(firsts, ' UNION ALL '),
  );
  return new Map(found.flatMap(({ table, first }) => (first === null ? [] : [[table, Number(first)]])));
}

/** The computed rows of a run, the deletions in its sources, and what is known from before. */
interface Ending {
  readonly rows: ComputedRows;
  readonly deletions: Deletions;
  before(): Promise<Before | null>;
}

/**
 * Adds to the computed rows of a run a tombstone for each key that its query would give if no source row had been deleted; not for one that ended
 * before, or that the as-of before lacked though nothing of it has been deleted since.
 */
export async function endDeleted(parts: Parts, run: Run, { rows, deletions, before }: Ending): Promise<void> {
  const tables = [...deletions].filter(([, first]) => first <= run.knowledge).map(([table]) => table);
  if (tables.length === 0) return;
  const mayEnd = await keysThatMayEnd(parts.store, run, { rows, before: await before(), tables });
  if (mayEnd === null) return;
  await insertUndeleted(parts, run, rows.setAside, (undeleted) =>
    endWithout(parts.store, run, { ...rows, before: undeleted, mayEnd }),
  );
}

/** The condition that a row `v` came since the as-of before was computed, or later than the beginning of an import that may have. */
function cameSince({ settled }: Before): Sql {
  if (settled === null) return sql`1`;
  const { asOf, importedFrom } = settled;
  const known = sql`v.ingested_at > ${instantSql(asOf)}`;
  return importedFrom === null
    ? known
    : sql`(${known} OR v.seq >= ${param('UInt64', String(BigInt(importedFrom) << 20n))})`;
}

interface Asked {
  readonly rows: ComputedRows;
  readonly before: Before | null;
  /** Sources that have a deleted row which the run knows. */
  readonly tables: readonly string[];
}

/** The condition on the keys that may end with the run; null where none may. */
async function keysThatMayEnd(store: ClickHouse, run: Run, asked: Asked): Promise<Sql | null> {
  const { view } = run;
  const { before, tables } = asked;
  const keys = join(keyColumns(view));
  const keyed = new Set(keyedSources(view));
  const unkeyed = tables.filter((table) => !keyed.has(table));
  if (unkeyed.length > 0 && !before) return sql`1`;
  if (before && (await anyDeletedSince(store, run, { before, tables: unkeyed }))) {
    return sql`(${keys}) NOT IN (SELECT ${keys} FROM (${before.rows}) GROUP BY ${keys} HAVING argMax(_gone, _order) = 1)`;
  }
  const candidates = candidatesOf(run, {
    ...asked,
    tables: tables.filter((table) => keyed.has(table)),
    anyKey: unkeyed.length > 0,
    everAside: await everSetAside(store, view),
  });
  const [first] = await store.rows('ends-candidates', sql`SELECT 1 FROM (${candidates}) LIMIT 1`, {
    settings: BOUNDED,
  });
  return first ? sql`(${keys}) IN (${candidates})` : null;
}

async function anyDeletedSince(
  store: ClickHouse,
  { knowledge }: Run,
  { before, tables }: { readonly before: Before; readonly tables: readonly string[] },
): Promise<boolean> {
  if (tables.length === 0) return false;
  const rows = tables.map(
    (table) => sql`(SELECT 1 FROM ${ident(table)} AS v
      WHERE v.deleted = 1 AND v.ingested_at <= ${instantSql(knowledge)} AND ${cameSince(before)} LIMIT 1)`,
  );
  return (await store.rows('ends-deletions', join(rows, ' UNION ALL '))).length > 0;
}

/**
 * A SELECT of the keys that have a deleted row in one of the tables, or may have one in another, and no computed row; not of those that the as-ofs
 * before have settled.
 */
function candidatesOf(
  run: Run,
  { rows, before, tables, anyKey, everAside }: Asked & { readonly anyKey: boolean; readonly everAside: Sql },
): Sql {
  const { view, id, knowledge } = run;
  const keys = join(keyColumns(view));
  const deleted = tables.map((table) => {
    const own = view.entity.joinKeys.map((name) => sql`CAST(v.${ident(name)}, 'Nullable(String)') AS ${ident(name)}`);
    const source = sourceOf(view, table);
    const since = before ? ofDeleted(source, knowledge, cameSince(before)) : sql`1`;
    return sql`SELECT ${join(own)}, ${since} AS _since, 0 AS _there FROM ${ident(table)} AS v WHERE ${ofDeleted(source, knowledge)}`;
  });
  // Rows that do not say whose they are may be of any key that the as-of before has.
  const had =
    before && anyKey
      ? [sql`SELECT ${nullable(view)}, 0 AS _since, 0 AS _there FROM (${before.rows}) AS b WHERE _last`]
      : [];
  const there = sql`SELECT ${keys}, 0 AS _since, 1 AS _there FROM ${rows.computed} WHERE _run = ${param('UInt32', id)}`;
  const whole = join(
    keyColumns(view).map((key) => sql`${key} IS NOT NULL`),
    ' AND ',
  );
  const absent = sql`SELECT ${nonNull(view)}, max(_since) AS _fresh FROM (${join([...deleted, ...had, there], ' UNION ALL ')}) AS d
    WHERE ${whole} GROUP BY ${keys} HAVING max(_there) = 0`;
  if (!before) return sql`SELECT ${keys} FROM (${absent})`;
  const settled = sql`SELECT ${keys}, argMax(_gone, _order) AS _ended, max(_last AND NOT _gone) AS _had
    FROM (${before.rows}) WHERE (${keys}) IN (SELECT ${keys} FROM (${absent})) GROUP BY ${keys}`;
  return sql`SELECT ${keys} FROM (${absent}) AS a LEFT JOIN (${settled}) AS s USING (${keys})
    WHERE ifNull(_ended, 0) = 0 AND (_fresh = 1 OR ifNull(_had, 0) = 1 OR ${everAside})`;
}

const nullable = (view: View): Sql =>
  join(view.entity.joinKeys.map((name) => sql`toNullable(b.${ident(name)}) AS ${ident(name)}`));
const nonNull = (view: View): Sql =>
  join(view.entity.joinKeys.map((name) => sql`assumeNotNull(d.${ident(name)}) AS ${ident(name)}`));

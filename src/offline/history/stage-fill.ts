/** From the computed rows of runs to their stage: those that differ from the history of their as-of. */
import type { View } from '../../core/definitions/definitions.js';
import { instantSql, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { formatInstant } from '../../core/helpers/time.js';
import type { Run, StageCounts } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Aside, hashOf, keysOf, rangesOf, without } from './aside.js';
import type { StageTables } from './stages.js';
import { ENDED, featureColumns, keyColumns, rowColumns, viewTables } from './tables.js';
import { noValue } from './values.js';

export type ComputedCounts = StageCounts & { readonly tombstones: number };

/** What runs set aside, by the number of the run. */
export type SetAside = Map<number, readonly Aside[]>;

/** Writes the new ones of the computed rows to the stage. */
export async function fillStage(
  store: ClickHouse,
  runs: readonly Run[],
  tables: StageTables,
  setAside: SetAside,
): Promise<readonly ComputedCounts[]> {
  const [counted, , restated] = await Promise.all([
    countComputed(store, runs, tables),
    refuseRepeatedKeys(store, runs, tables),
    withHistory(store, runs),
  ]);
  const fresh = runs.filter((run) => !restated.has(run.id));
  if (fresh.length > 0) await fillFresh(store, fresh, tables);
  const again = runs.filter((run) => restated.has(run.id));
  for (const run of again) await fillRestated(store, run, tables, setAside.get(run.id) ?? []);
  const changed = again.length === 0 ? new Map<number, number>() : await countChanged(store, tables);
  return runs.map(({ id }) => {
    const { total = 0, nulls = 0, ends = 0, tombstones = 0 } = counted.get(id) ?? {};
    const withKey = total - nulls;
    const isRestated = restated.has(id);
    const differ = isRestated ? (changed.get(id) ?? 0) : withKey;
    const aside = setAside.get(id) ?? [];
    const [keys, ranges] = [keysOf(aside).map(({ key }) => key), rangesOf(aside)];
    return {
      rows: withKey - ends,
      changed: differ,
      nullKeys: nulls,
      restated: isRestated,
      tombstones,
      ...(keys.length > 0 && { setAside: keys }),
      ...(ranges.length > 0 && { setAsideRanges: ranges }),
    };
  });
}

const anyKeyNull = (view: View): Sql =>
  join(
    keyColumns(view).map((key) => sql`p.${key} IS NULL`),
    ' OR ',
  );

async function countComputed(store: ClickHouse, runs: readonly Run[], { computed }: StageTables) {
  const noKey = anyKeyNull((runs[0] as Run).view);
  const found = await store.rows<{ run: number; total: string; nulls: string; ends: string; tombstones: string }>(
    'stage-count',
    sql`SELECT p._run AS run, count() AS total, countIf(${noKey}) AS nulls,
        countIf(p._tombstone = ${raw(String(ENDED))}) AS ends, countIf(p._tombstone = 1 AND NOT (${noKey})) AS tombstones
      FROM ${computed} AS p GROUP BY p._run`,
  );
  return new Map(
    found.map(({ run, total, nulls, ends, tombstones }) => [
      run,
      { total: Number(total), nulls: Number(nulls), ends: Number(ends), tombstones: Number(tombstones) },
    ]),
  );
}

async function countChanged(store: ClickHouse, { next }: StageTables): Promise<ReadonlyMap<number, number>> {
  const found = await store.rows<{ run: number; total: string }>(
    'stage-count',
    sql`SELECT _run AS run, count() AS total FROM ${next} GROUP BY _run`,
  );
  return new Map(found.map(({ run, total }) => [run, Number(total)]));
}

/** Runs whose as-of another run has made history already: one that gave no row said so of every key. */
async function withHistory(store: ClickHouse, runs: readonly Run[]): Promise<ReadonlySet<number>> {
  const { commits } = viewTables((runs[0] as Run).view);
  const times = runs.map(({ asOf }) => asOf);
  const ids = runs.map(({ id }) => id);
  const found = await store.rows<{ at: string }>(
    'stage-earlier',
    sql`SELECT DISTINCT toUnixTimestamp64Milli(event_time) AS at FROM ${commits}
      WHERE has(${param('Array(Int64)', times)}, at) AND sequence NOT IN ${param('Array(UInt32)', ids)}`,
  );
  const earlier = new Set(found.map(({ at }) => Number(at)));
  return new Set(runs.filter(({ asOf }) => earlier.has(asOf)).map(({ id }) => id));
}

/** The rows of runs that have a key. */
const keyed = (view: View, { computed }: StageTables, runs: readonly Run[]): Sql => {
  const keys = keyColumns(view).map((key) => sql`assumeNotNull(p.${key}) AS ${key}`);
  const ids = param(
    'Array(UInt32)',
    runs.map(({ id }) => id),
  );
  return sql`SELECT _run, ${join(keys)}, toUInt8(p._tombstone > 0) AS _tombstone, ${join(featureColumns(view))}
    FROM ${computed} AS p WHERE _run IN ${ids} AND NOT (${anyKeyNull(view)})`;
};

async function fillFresh(store: ClickHouse, runs: readonly Run[], tables: StageTables): Promise<void> {
  const { view } = runs[0] as Run;
  await store.run('stage-fill', sql`INSERT INTO ${tables.next} (${rowColumns(view)}) ${keyed(view, tables, runs)}`, {
    settings: BOUNDED,
  });
}

/**
 * Fills the stage of a run whose as-of has history: with what differs from the newest history row of its key at this event time, and a tombstone for each key that
 * has such a row and is no longer computed. Of a key that is set aside nothing new is known: its row stays.
 */
async function fillRestated(
  store: ClickHouse,
  run: Run,
  tables: StageTables,
  setAside: readonly Aside[],
): Promise<void> {
  const { view } = run;
  const keys = join(keyColumns(view));
  const features = featureColumns(view);
  const computed = keyed(view, tables, [run]);
  const content = sql`toString(tuple(toUInt8(_tombstone), ${join(features)}))`;
  const newest = sql`
    SELECT ${keys}, argMax(${content}, tuple(_available_at, _sequence)) AS _was,
      argMax(_tombstone, tuple(_available_at, _sequence)) AS _was_tombstone
    FROM ${viewTables(view).history} WHERE _event_time = ${instantSql(run.asOf)} GROUP BY ${keys}`;
  await store.run(
    'stage-fill',
    sql`INSERT INTO ${tables.next} (${rowColumns(view)})
      SELECT c._run, ${join(keyColumns(view).map((key) => sql`c.${key}`))}, c._tombstone, ${join(features.map((name) => sql`c.${name}`))}
      FROM (SELECT *, ${content} AS _is FROM (${computed})) AS c LEFT JOIN (${newest}) AS n USING (${keys})
      WHERE ifNull(n._was != c._is, 1)
      UNION ALL
      SELECT ${param('UInt32', run.id)}, ${keys}, toUInt8(1), ${join(view.features.map(noValue))} FROM (${newest}) AS v
      WHERE _was_tombstone = 0 AND (${keys}) NOT IN (SELECT ${keys} FROM (${computed})) AND ${without(setAside)(hashOf(view))}`,
    { settings: BOUNDED },
  );
}

async function refuseRepeatedKeys(store: ClickHouse, runs: readonly Run[], { computed }: StageTables): Promise<void> {
  const { view } = runs[0] as Run;
  const keys = keyColumns(view);
  // Rows that a comparison would leave out may be repeated too, so the computed rows are checked, not the kept ones.
  const [repeated] = await store.rows<{ run: number; key: string[]; times: string }>(
    'stage-repeated',
    sql`SELECT p._run AS run, [${join(keys)}] AS key, count() AS times FROM ${computed} AS p WHERE NOT (${anyKeyNull(view)})
      GROUP BY run, ${join(keys)} HAVING times > 1 ORDER BY run, key LIMIT 1`,
    { settings: BOUNDED },
  );
  if (!repeated) return;
  const { asOf } = runs.find(({ id }) => id === repeated.run) as Run;
  throw new RiskgraphError({
    code: 'CONFLICT',
    message: `the query of ${view.id} as of ${formatInstant(asOf)} gives key (${repeated.key.join(', ')}) ${repeated.times} times`,
    hint: `give one row a key: group the query in ${view.file} by ${view.entity.joinKeys.join(', ')}`,
  });
}

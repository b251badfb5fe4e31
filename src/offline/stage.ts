import { ClickHouseError } from '@clickhouse/client';
import type { View } from '../core/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import type { EntityKey, Run, Shard, StageCounts, StagedRow, ViewRow } from '../core/ports.js';
import { ident, join, raw, type Sql, sql } from '../core/sql.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../core/time.js';
import { isArrayType } from '../core/types.js';
import type { ClickHouse } from './client.js';
import { type Cursor, decodeRows, featureReader } from './row-binary.js';
import {
  computedDdl,
  featureColumns,
  filledFeatures,
  inShard,
  keyColumns,
  type StageTables,
  stageDdl,
  stageTables,
  viewTables,
} from './tables.js';
import { featureValue, noValue } from './values.js';
import { instantSql, viewQuery } from './view-sql.js';

/** Rows handed on at once: with 50 features about a megabyte. */
const BATCH = 1_000;
const BOUNDED = { max_bytes_before_external_sort: '400000000', max_bytes_before_external_group_by: '400000000' };

type ComputedCounts = StageCounts & { readonly tombstones: number; readonly restated: boolean };

/** See OfflineStore.stageRun. */
export async function stageRun(store: ClickHouse, run: Run, calendar: BusinessCalendar): Promise<StageCounts> {
  const { rows, changed, nullKeys } = await stageComputed(store, run, (into) => compute(store, run, into, calendar));
  return { rows, changed, nullKeys };
}

/** See OfflineStore.stageRows. */
export const stageRows = (
  store: ClickHouse,
  run: Run,
  batches: AsyncIterable<readonly StagedRow[]>,
): Promise<ComputedCounts> =>
  stageComputed(store, run, async (_, table) => {
    const { entity, features } = run.view;
    const columns = [...entity.joinKeys, '_tombstone', ...features.map(({ name }) => name)];
    const nothing = features.map(({ type }) => (isArrayType(type) ? [] : null));
    for await (const rows of batches) {
      await store.insert(
        'stage-rows',
        { table, columns: columns as [string, ...string[]] },
        rows.map(({ key, tombstone, values }) => [...key, Number(tombstone), ...(tombstone ? nothing : values)]),
        // A float must be read back as the very number that was written.
        { settings: { precise_float_parsing: 1 } },
      );
    }
  });

/** Computes a run beside its stage and puts it in place in one step. */
async function stageComputed(
  store: ClickHouse,
  run: Run,
  computeInto: (table: Sql, name: string) => Promise<void>,
): Promise<ComputedCounts> {
  checkRun(run);
  const { view } = run;
  const tables = stageTables(view, run.id);
  await dropParts(store, tables);
  await store.run('stage-create', computedDdl(view, tables.computed));
  await store.run('stage-create', stageDdl(view, tables.next));
  await computeInto(tables.computed, tables.computedName);

  const keys = keyColumns(view);
  const anyNull = join(
    keys.map((key) => sql`p.${key} IS NULL`),
    ' OR ',
  );
  const [computed] = await store.rows<{ total: string; nulls: string; tombstones: string }>(
    'stage-count',
    sql`SELECT count() AS total, countIf(${anyNull}) AS nulls, countIf(p._tombstone = 1 AND NOT (${anyNull})) AS tombstones
      FROM ${tables.computed} AS p`,
  );
  const restated = await fill(store, run, tables, sql`NOT (${anyNull})`);
  await refuseRepeatedKeys(store, run, tables);
  const [changed] = await store.rows<{ total: string }>(
    'stage-count',
    sql`SELECT count() AS total FROM ${tables.next}`,
  );
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${tables.stage} SYNC`);
  await store.run('stage-rename', sql`RENAME TABLE ${tables.next} TO ${tables.stage}`);
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${tables.computed} SYNC`);
  const nullKeys = Number(computed?.nulls ?? 0);
  return {
    ...{ rows: Number(computed?.total ?? 0) - nullKeys, changed: Number(changed?.total ?? 0), nullKeys },
    ...{ tombstones: Number(computed?.tombstones ?? 0), restated },
  };
}

function checkRun({ id, asOf, view }: Run): void {
  const wrong =
    !Number.isInteger(id) || id < 0 || id >= 2 ** 32
      ? `run number ${id} is not below 2^32`
      : asOf < 0
        ? `as-of ${formatInstant(asOf)} is before 1970`
        : null;
  if (wrong) throw new RiskgraphError({ code: 'BAD_USER_INPUT', message: `${view.id} cannot be computed: ${wrong}` });
}

async function dropParts(store: ClickHouse, tables: StageTables): Promise<void> {
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${tables.computed} SYNC`);
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${tables.next} SYNC`);
}

async function compute(store: ClickHouse, run: Run, into: Sql, calendar: BusinessCalendar): Promise<void> {
  const { view } = run;
  const tombstone = view.tombstone ? sql`ifNull(CAST(q.${ident(view.tombstone)}, 'Nullable(Bool)'), false)` : sql`0`;
  const columns = [
    ...keyColumns(view).map((key) => sql`CAST(q.${key}, 'Nullable(String)')`),
    sql`${tombstone} AS _gone`,
    ...view.features.map((feature) => sql`if(_gone, ${noValue(feature)}, ${featureValue(view, feature, 'q')})`),
  ];
  const names = join([...keyColumns(view), raw('_tombstone'), ...featureColumns(view)]);
  try {
    await store.run(
      'stage-compute',
      sql`INSERT INTO ${into} (${names}) SELECT ${join(columns)} FROM (${viewQuery(view, run, calendar)}) AS q`,
      { settings: BOUNDED },
    );
  } catch (error) {
    throw explained(run, error);
  }
}

/** The author of a view must see what ClickHouse said of the query. */
function explained(run: Run, error: unknown): unknown {
  const cause = error instanceof RiskgraphError ? error.cause : error;
  if (!(cause instanceof ClickHouseError) || (error as RiskgraphError).code !== 'INTERNAL') return error;
  const reason = cause.message.split(': while executing')[0]?.split('\n')[0]?.slice(0, 500);
  return new RiskgraphError({
    code: 'INTERNAL',
    message: `the query of ${run.view.id} as of ${formatInstant(run.asOf)} failed: ${reason}`,
    hint: `correct ${run.view.file}: give the join keys and every feature by name, in their declared types`,
    cause,
  });
}

/**
 * Into the stage goes what differs from the newest history row of its key at this event time, and a tombstone for each key that has such a
 * row and is no longer computed.
 * @returns whether this event time has history
 */
async function fill(store: ClickHouse, run: Run, tables: StageTables, hasKey: Sql): Promise<boolean> {
  const { view } = run;
  const { history } = viewTables(view);
  const keys = join(keyColumns(view));
  const features = featureColumns(view);
  const names = join([...keyColumns(view), raw('_tombstone'), ...features]);
  const byThen = run.availableAt === undefined ? raw('') : sql` AND _available_at <= ${instantSql(run.availableAt)}`;
  const atThisTime = sql`_event_time = ${instantSql(run.asOf)}${byThen}`;
  const [earlier] = await store.rows<{ some: number }>(
    'stage-earlier',
    sql`SELECT 1 AS some FROM ${history} WHERE ${atThisTime} LIMIT 1`,
  );
  const computed = sql`SELECT ${join(keyColumns(view).map((key) => sql`assumeNotNull(p.${key}) AS ${key}`))}, _tombstone, ${join(features)}
    FROM ${tables.computed} AS p WHERE ${hasKey}`;
  if (!earlier) {
    await store.run('stage-fill', sql`INSERT INTO ${tables.next} (${names}) ${computed}`, { settings: BOUNDED });
    return false;
  }
  const content = sql`toString(tuple(toUInt8(_tombstone), ${join(features)}))`;
  const newest = sql`
    SELECT ${keys}, argMax(${content}, tuple(_available_at, _sequence)) AS _was,
      argMax(_tombstone, tuple(_available_at, _sequence)) AS _was_tombstone
    FROM ${history} WHERE ${atThisTime} GROUP BY ${keys}`;
  await store.run(
    'stage-fill',
    sql`INSERT INTO ${tables.next} (${names})
      SELECT ${join(keyColumns(view).map((key) => sql`c.${key}`))}, c._tombstone, ${join(features.map((name) => sql`c.${name}`))}
      FROM (SELECT *, ${content} AS _is FROM (${computed})) AS c LEFT JOIN (${newest}) AS n USING (${keys})
      WHERE ifNull(n._was != c._is, 1)
      UNION ALL
      SELECT ${keys}, toUInt8(1), ${join(view.features.map(noValue))} FROM (${newest})
      WHERE _was_tombstone = 0 AND (${keys}) NOT IN (SELECT ${keys} FROM (${computed}))`,
    { settings: BOUNDED },
  );
  return true;
}

async function refuseRepeatedKeys(store: ClickHouse, run: Run, { next, computed }: StageTables): Promise<void> {
  const keys = keyColumns(run.view);
  const notNull = join(
    keys.map((key) => sql`${key} IS NOT NULL`),
    ' AND ',
  );
  // Rows that a comparison left out may be repeated too, so what was computed is looked at, not what is kept.
  const [repeated] = await store.rows<{ key: string[]; times: string }>(
    'stage-repeated',
    sql`SELECT [${join(keys)}] AS key, count() AS times FROM ${computed} WHERE ${notNull}
      GROUP BY ${join(keys)} HAVING times > 1 ORDER BY key LIMIT 1`,
    { settings: BOUNDED },
  );
  if (!repeated) return;
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${next} SYNC`);
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${computed} SYNC`);
  throw new RiskgraphError({
    code: 'CONFLICT',
    message: `the query of ${run.view.id} as of ${formatInstant(run.asOf)} gives key (${repeated.key.join(', ')}) ${repeated.times} times`,
    hint: `give one row a key: group the query in ${run.view.file} by ${run.view.entity.joinKeys.join(', ')}`,
  });
}

/** Changed rows of a stage, in key order, as they would be in force: filled features carry what was known before. */
export async function* readStage(
  store: ClickHouse,
  run: Run,
  availableAt: Instant,
  shard: Shard,
): AsyncGenerator<readonly ViewRow[]> {
  const { view } = run;
  const { stage } = stageTables(view, run.id);
  const keys = keyColumns(view);
  const filled = filledFeatures(view);
  const rows = sql`SELECT * FROM ${stage} WHERE ${inShard(view, shard)}`;
  const known = sql`
    SELECT ${join(keys)}, ${join(
      filled.map((feature) => sql`argMax(tuple(${ident(feature.name)}), s._eff).1 AS ${ident(feature.name)}`),
    )}
    FROM ${viewTables(view).state} AS s FINAL WHERE (${join(keys)}) IN (SELECT ${join(keys)} FROM (${rows})) GROUP BY ${join(keys)}`;
  const value = ({ name }: View['features'][number]): Sql =>
    filled.some((feature) => feature.name === name)
      ? sql`if(r._tombstone = 1, r.${ident(name)}, ifNull(r.${ident(name)}, k.${ident(name)}))`
      : sql`r.${ident(name)}`;
  const select = sql`
    SELECT ${join(keys.map((key) => sql`r.${key}`))}, r._tombstone, ${join(view.features.map(value))} FROM (${rows}) AS r
    ${filled.length > 0 ? sql`LEFT JOIN (${known}) AS k USING (${join(keys)})` : raw('')}
    ORDER BY ${join(keys.map((key) => sql`r.${key}`))}`;
  const decode = rowDecoder(view, () => ({ eventTime: run.asOf, availableAt, sequence: run.id }));
  yield* decodeRows(store.bytes('stage-read', select, 'RowBinary', { settings: BOUNDED }), decode, BATCH);
}

/** Reads keys, what `version` reads, the tombstone flag and the features, in this order. */
export function rowDecoder(
  view: View,
  version: (cursor: Cursor) => Pick<ViewRow, 'eventTime' | 'availableAt' | 'sequence'>,
): (cursor: Cursor) => ViewRow {
  const readers = view.features.map((feature) => featureReader(feature.type));
  const keyCount = view.entity.joinKeys.length;
  return (cursor) => {
    const key: EntityKey = Array.from({ length: keyCount }, () => cursor.string());
    const { eventTime, availableAt, sequence } = version(cursor);
    const tombstone = cursor.uint8() === 1;
    const values = readers.map((read) => read(cursor));
    return { key, eventTime, availableAt, sequence, tombstone, values: tombstone ? [] : values };
  };
}

export async function dropStage(store: ClickHouse, run: Run): Promise<void> {
  const tables = stageTables(run.view, run.id);
  await dropParts(store, tables);
  await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${tables.stage} SYNC`);
}

import type { View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { EntityKey, Run, Shard, ViewRow } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Cursor, decodeRows, featureReader } from '../../warehouse/row-binary.js';
import { stageOf } from './stages.js';
import { filledFeatures, inShard, keyColumns, viewTables } from './tables.js';

/** Rows handed on at once: with 50 features about a megabyte. */
const BATCH = 1_000;

/** Changed rows of a stage, in key order, as they would be in force: filled features carry what was known before. */
export async function* readStage(
  store: ClickHouse,
  run: Run,
  availableAt: Instant,
  shard: Shard,
): AsyncGenerator<readonly ViewRow[]> {
  const { view } = run;
  const stage = await stageOf(store, run);
  const keys = keyColumns(view);
  const filled = filledFeatures(view);
  const rows = sql`SELECT * FROM ${stage} WHERE _run = ${run.id} AND ${inShard(view, shard)}`;
  const earlier = sql`
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
    ${filled.length > 0 ? sql`LEFT JOIN (${earlier}) AS k USING (${join(keys)})` : raw('')}
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

import type { View } from '../../core/definitions/definitions.js';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { EntityKey, KeyPart, Shard, ViewRow, ViewStats } from '../../core/ports/offline.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { keyRanges } from '../../warehouse/key-ranges.js';
import { type Cursor, decodeRows } from '../../warehouse/row-binary.js';
import { rowDecoder } from './stage-read.js';
import { featureColumns, inShard, keyColumns, viewTables } from './tables.js';

const BATCH = 1_000;
/** Characters of key values in one request: they travel in its URL, of which servers take about 16 KB. */
const KEY_CHARACTERS = 3_000;

/** Keys of one part: with a hundred features some tens of megabytes of a reader's memory. */
const KEYS_A_PART = 20_000;

const VERSION = ['_event_time', '_available_at', '_sequence', '_tombstone'].map(ident);

const version = (cursor: Cursor) => ({
  eventTime: Number(cursor.int64()),
  availableAt: Number(cursor.int64()),
  sequence: cursor.uint32(),
});

/** Keys, version, tombstone and features of the row in force at an instant, one row a key. */
function inForce(view: View, at: Instant, where: Sql): Sql {
  const keys = join(keyColumns(view));
  const columns = [...VERSION, ...featureColumns(view)];
  return sql`
    SELECT ${keys}, ${join(columns.map((_, index) => sql`tupleElement(_last, ${raw(String(index + 1))})`))}
    FROM (SELECT ${keys}, argMax(tuple(${join(columns)}), s._eff) AS _last
      FROM ${viewTables(view).state} AS s FINAL WHERE s._eff <= ${at} AND ${where} GROUP BY ${keys})
    ORDER BY ${keys}`;
}

/** See OfflineReader.newestRows. */
export async function* newestRows(
  store: ClickHouse,
  view: View,
  at: Instant,
  shard: Shard,
): AsyncGenerator<readonly ViewRow[]> {
  const bytes = store.bytes('rows-newest', inForce(view, at, inShard(view, shard)), 'RowBinary', {
    settings: { optimize_aggregation_in_order: 1, max_bytes_before_external_sort: '400000000' },
  });
  yield* decodeRows(bytes, rowDecoder(view, version), BATCH);
}

/** See OfflineReader.inForceByParts. */
export async function* inForceByParts(store: ClickHouse, views: readonly View[], at: Instant): AsyncGenerator<KeyPart> {
  const [first] = views;
  if (!first) return;
  // The first join key alone cuts the parts, so that all views are cut alike and each reads a stretch of its sorted table.
  const key = keyColumns(first)[0] as Sql;
  const all = join(
    views.map((view) => sql`SELECT ${key} FROM ${viewTables(view).state} WHERE _eff <= ${at}`),
    ' UNION ALL ',
  );
  const [answer] = await store.rows<{ keys: string }>('parts', sql`SELECT uniq(${key}) AS keys FROM (${all})`);
  const total = Number(answer?.keys ?? 0);
  if (total === 0) return;
  const ranges = await keyRanges(store, { table: sql`(${all})`, key, rows: KEYS_A_PART, total });
  for (const [index, range] of ranges.entries()) {
    yield {
      index,
      of: ranges.length,
      rows: (view) =>
        decodeRows(
          store.bytes('rows-part', inForce(view, at, range(key)), 'RowBinary', {
            settings: { optimize_aggregation_in_order: 1, max_bytes_before_external_sort: '400000000' },
          }),
          rowDecoder(view, version),
          BATCH,
        ),
    };
  }
}

const identity = (key: EntityKey): string => JSON.stringify(key);

/** See OfflineReader.rowsAt. */
export async function rowsAt(
  store: ClickHouse,
  view: View,
  {
    at,
    keys,
    signal,
  }: { readonly at: Instant; readonly keys: readonly EntityKey[]; readonly signal?: AbortSignal | undefined },
): Promise<readonly (ViewRow | null)[]> {
  const rowOf = new Map<string, ViewRow>();
  const distinct = [...new Map(keys.map((key) => [identity(key), key])).values()];
  for (const part of portions(distinct)) {
    const bytes = store.bytes('rows-at', inForce(view, at, keyIn(view, part)), 'RowBinary', { signal });
    for await (const rows of decodeRows(bytes, rowDecoder(view, version), BATCH)) {
      for (const row of rows) rowOf.set(identity(row.key), row);
    }
  }
  return keys.map((key) => rowOf.get(identity(key)) ?? null);
}

function* portions(keys: readonly EntityKey[]): Generator<readonly EntityKey[]> {
  let part: EntityKey[] = [];
  let characters = 0;
  for (const key of keys) {
    const more = key.reduce((sum, value) => sum + encodeURIComponent(value).length + 6, 0);
    if (part.length > 0 && characters + more > KEY_CHARACTERS) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(key);
    characters += more;
  }
  if (part.length > 0) yield part;
}

/** Keys are compared column by column: ("1","23") is not ("12","3"). */
function keyIn(view: View, keys: readonly EntityKey[]): Sql {
  const columns = keyColumns(view);
  const values = columns.map(
    (_, index) =>
      sql`${param(
        'Array(String)',
        keys.map((key) => key[index]),
      )}`,
  );
  if (columns.length === 1) return sql`${columns[0] as Sql} IN (SELECT arrayJoin(${values[0] as Sql}))`;
  const parts = columns.map((_, index) => sql`tupleElement(k, ${raw(String(index + 1))})`);
  return sql`(${join(columns)}) IN (SELECT ${join(parts)} FROM (SELECT arrayJoin(arrayZip(${join(values)})) AS k))`;
}

/** See OfflineReader.viewsStats. */
export async function viewsStats(
  store: ClickHouse,
  views: readonly View[],
  at: Instant,
): Promise<readonly ViewStats[]> {
  if (views.length === 0) return [];
  const selects = views.map(
    (view, index) =>
      sql`SELECT ${index} AS number, maxOrNull(toUnixTimestamp64Milli(_event_time)) AS last, uniqExact(${join(keyColumns(view))}) AS keys
      FROM ${viewTables(view).state} WHERE _eff <= ${at}`,
  );
  const stats = await store.rows<{ number: string; last: string | null; keys: string }>(
    'view-stats',
    join(selects, ' UNION ALL '),
  );
  const byNumber = new Map(stats.map((row) => [Number(row.number), row]));
  return views.map((_, index) => {
    const { last = null, keys = 0 } = byNumber.get(index) ?? {};
    return { lastEventTime: last === null ? null : Number(last), keys: Number(keys) };
  });
}

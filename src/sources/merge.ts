import { ident, join, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import type { Instant } from '../core/helpers/time.js';
import { isImported } from '../core/lending/import-sequence.js';
import { eventTimeSql } from '../core/lending/source-sql.js';
import { type SourceColumn, type SourceTable, storedType } from '../core/lending/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { checkFence, type Fence, withinFence } from '../warehouse/fence.js';
import { isKnownWhenWritten, knownFrom } from './knowledge.js';

/** Rows of the stage that are compared and written at once: bounds the memory of a merge. */
const BUCKET_ROWS = 500_000;

export interface MergeOptions {
  readonly clickhouse: ClickHouse;
  readonly table: SourceTable;
  readonly stage: string;
  /** Higher than that of any import before, and so is the number below it. */
  readonly seq: bigint;
  /** Sequence of the newest import that is recorded: rows above it are what an import that was broken off has written. */
  readonly recorded: bigint;
  /** Since when the rows are known that bring no instant of their own. */
  readonly known: Instant;
  /** The fence, which the caller has raised. */
  readonly fence: Fence;
  readonly signal: AbortSignal;
  readonly bucketRows?: number | undefined;
  /** IANA name of the portfolio's zone, in which days end. */
  readonly timezone: string;
}

/** What came in: the rows of a merge, and those that imports left which were broken off before they were recorded. */
export interface Appended {
  /** Rows of the merge alone. */
  readonly rows: number;
  /** When what came happened at the earliest, by any version of its keys; null where nothing came, and for a table without event time. */
  readonly firstEvent: Instant | null;
  /** When the last of it was known; null where nothing came. */
  readonly lastKnown: Instant | null;
}

/**
 * Appends the new ones of the staged rows. A row is new when the version in force at its `ingested_at` has other content: that
 * version is the stored one, or a row of the same import that comes before it. A row that says what was said already of its key and
 * `ingested_at` is not new: what a version of that time says, or, where there is one, what was told right before that time, by the file itself where
 * it speaks of it. So a file that comes again does not undo what corrected it.
 * Of the rows of a key without an `ingested_at` of their own the last line says what holds when it is written; see `refuseReplaced`.
 * Of the new rows with one key and one `ingested_at` the last line is in force; the others have the number below.
 * Killed in between, it leaves some rows readable; the same import again then adds the others and nothing twice.
 */
export async function mergeStage({
  clickhouse,
  table,
  stage,
  seq,
  recorded,
  known,
  fence,
  signal,
  bucketRows = BUCKET_ROWS,
  timezone,
}: MergeOptions): Promise<Appended> {
  const key = table.columns
    .filter((column) => column.key)
    .sort((a, b) => table.key.indexOf(a.name) - table.key.indexOf(b.name));
  const bounds = await bucketBounds(clickhouse, { stage, key, bucketRows, signal });
  const appended: Appended[] = [];
  // A first file brings years of days at once.
  const settings = table.partition === null ? {} : { max_partitions_per_insert_block: '0' };
  for (let bucket = 0; bucket <= bounds.length; bucket++) {
    const range = within(key, bounds[bucket - 1], bounds[bucket]);
    await clickhouse.run('import-merge', appendNew(table, { stage, key, range, seq, known, fence }), {
      signal,
      settings,
    });
    appended.push(await countCame({ clickhouse, table, seq, recorded, timezone, signal }, range));
  }
  await checkFence(clickhouse, fence);
  const times = (of: (each: Appended) => Instant | null) => appended.flatMap((each) => of(each) ?? []);
  const first = Math.min(...times(({ firstEvent }) => firstEvent));
  const last = Math.max(...times(({ lastKnown }) => lastKnown));
  return {
    rows: appended.reduce((sum, { rows }) => sum + rows, 0),
    firstEvent: Number.isFinite(first) ? first : null,
    lastKnown: Number.isFinite(last) ? last : null,
  };
}

type Counting = Pick<MergeOptions, 'clickhouse' | 'table' | 'seq' | 'recorded' | 'timezone' | 'signal'>;

/** Counts what came in since the newest recorded import, of the keys in a range. */
export async function countCame(
  { clickhouse, table, seq, recorded, timezone, signal }: Counting,
  range: Sql = raw('1'),
): Promise<Appended> {
  const from = sql`FROM ${ident(table.name)} AS v WHERE ${range}`;
  const own = sql`v.seq IN (${param('UInt64', String(seq))}, ${param('UInt64', String(seq - 1n))})`;
  // A derivation may have recorded a later run than that of an import that was broken off.
  const came = sql`v.seq > ${param('UInt64', String(recorded))} AND ${isImported(table, raw('v.seq'))}`;
  const [counted] = await clickhouse.rows<{ rows: string; last: string | null; all: string }>(
    'import-count',
    sql`SELECT toString(countIf(${own})) AS rows, toUnixTimestamp64Milli(maxOrNull(v.ingested_at)) AS last, toString(count()) AS all
      ${from} AND ${came}`,
    { signal },
  );
  const { rows = '0', last = null, all = '0' } = counted ?? {};
  if (all === '0' || table.eventTime.kind === 'always') {
    return { rows: Number(rows), firstEvent: null, lastKnown: instantOf(last) };
  }
  // A correction may move a row to another day: the days of its earlier versions count too. More keys than a merge looks at are not held in
  // memory: then the whole range counts, which computes more as-ofs again than need be, and misses none.
  const names = join(table.key.map(ident));
  const keys = Number(all) > 2 * BUCKET_ROWS ? raw('') : sql` AND (${names}) IN (SELECT ${names} ${from} AND ${came})`;
  const [happened] = await clickhouse.rows<{ first: string | null }>(
    'import-first-event',
    sql`SELECT toUnixTimestamp64Milli(minOrNull(${eventTimeSql(table, timezone)})) AS first ${from}${keys}`,
    { signal },
  );
  return { rows: Number(rows), firstEvent: instantOf(happened?.first), lastKnown: instantOf(last) };
}

const instantOf = (value: string | null | undefined): Instant | null => (value == null ? null : Number(value));

type KeyValues = readonly unknown[];

/** Keys that cut the stage into buckets; ranges of keys, so that each bucket reads its own stretch of the table and no more. */
function bucketBounds(
  clickhouse: ClickHouse,
  {
    stage,
    key,
    bucketRows,
    signal,
  }: { stage: string; key: readonly SourceColumn[]; bucketRows: number; signal: AbortSignal | undefined },
): Promise<KeyValues[]> {
  const names = join(key.map(({ name }) => ident(name)));
  return clickhouse.tuples<KeyValues>(
    'import-bounds',
    sql`SELECT DISTINCT ${names} FROM (
      SELECT ${names}, row_number() OVER (ORDER BY ${names}) AS __row FROM ${ident(stage)}
    ) WHERE __row % ${param('UInt64', bucketRows)} = 0 ORDER BY ${names}`,
    { signal },
  );
}

/** `from <= key < to` column by column: a comparison of tuples would not use the table's index. */
function within(key: readonly SourceColumn[], from: KeyValues | undefined, to: KeyValues | undefined): Sql {
  const conditions = [from && beyond(key, from, '>', true), to && beyond(key, to, '<', false)].filter((each) => !!each);
  return conditions.length === 0 ? raw('1') : join(conditions, ' AND ');
}

function beyond(key: readonly SourceColumn[], values: KeyValues, order: '<' | '>', orEqual: boolean): Sql {
  const compare = (index: number, sign: string): Sql => {
    const column = key[index] as SourceColumn;
    return sql`${ident(column.name)} ${raw(sign)} ${param(storedType(column), values[index])}`;
  };
  const cases = key.map((_, index) => {
    const sign = orEqual && index === key.length - 1 ? `${order}=` : order;
    return join([...key.slice(0, index).map((__, before) => compare(before, '=')), compare(index, sign)], ' AND ');
  });
  return sql`((${join(cases, ') OR (')}))`;
}

interface Bucket extends Pick<MergeOptions, 'stage' | 'known'> {
  readonly key: readonly SourceColumn[];
  readonly range: Sql;
}

/**
 * The rows of a bucket's keys: the stored ones and, after them at an instant, those of the stage, known when written last. Each has the content and
 * the time of the row before it. Of a key's rows that are known when written only the last line is here: the others were never in force.
 */
function toldRows(table: SourceTable, { stage, key, range, known }: Bucket): Sql {
  const names = join(key.map(({ name }) => ident(name)));
  const from = ident(stage);
  return sql`SELECT *, lagInFrame(toNullable(row_hash)) OVER before AS __prior, lagInFrame(toNullable(__at)) OVER before AS __prior_at
    FROM (
      SELECT ${names}, ingested_at AS __at, 0 AS __written, toUInt64(0) AS __line, seq, row_hash FROM ${ident(table.name)}
      WHERE ${range} AND (${names}) IN (SELECT ${names} FROM ${from} WHERE ${range})
      UNION ALL
      SELECT ${names}, ${knownFrom(known)} AS __at, ${isKnownWhenWritten} AS __written, __line, toUInt64(0) AS seq, row_hash FROM ${from}
      WHERE ${range} AND (NOT ${isKnownWhenWritten} OR __line IN (
        SELECT max(__line) FROM ${from} WHERE ${range} AND ${isKnownWhenWritten} GROUP BY ${names}
      ))
    )
    WINDOW before AS (PARTITION BY ${names} ORDER BY __at, __written, __line, seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;
}

function appendNew(table: SourceTable, { seq, fence, ...bucket }: Bucket & Pick<MergeOptions, 'seq' | 'fence'>): Sql {
  const { stage, key, range, known } = bucket;
  const names = join(key.map(({ name }) => ident(name)));
  const own = join(table.columns.map(({ name }) => ident(name)));
  // An instant with stored versions begins with one; the content of the row before it counts as said at the instant, too (__version 0). Of staged rows
  // each content of an instant is looked at once, unless it was said. That row before is one of the file where the file has one, and several contents
  // of an instant are all stored, the one that held already among them: so a file that is stored finds the same when it comes again.
  return sql`INSERT INTO ${ident(table.name)} (${own}, ingested_at, deleted, seq, row_hash)
    SELECT ${own}, ${knownFrom(known)}, deleted, ${param('UInt64', String(seq - 1n))} + __last, row_hash FROM ${ident(stage)}
    INNER JOIN (
      SELECT __line, ifNull(__next != __at, 1) AS __last FROM (
        SELECT __line, __at, row_hash,
          lagInFrame(toNullable(row_hash)) OVER versions AS __before, leadInFrame(toNullable(__at)) OVER versions AS __next
        FROM (
          SELECT *, row_number() OVER (PARTITION BY ${names}, __at, row_hash ORDER BY __line > 0, __written DESC, __line) AS __nth FROM (
            SELECT ${names}, __at, __written, __line, seq, tupleElement(__said, 1) AS __version, tupleElement(__said, 2) AS row_hash FROM (
              SELECT * EXCEPT row_hash,
                arrayJoin(if(__line = 0 AND __prior_at < __at, [(0, assumeNotNull(__prior)), (1, row_hash)], [(1, row_hash)])) AS __said
              FROM (${toldRows(table, bucket)})
            )
          )
        ) WHERE __version AND (__line = 0 OR __nth = 1 OR __written)
        WINDOW versions AS (PARTITION BY ${names} ORDER BY __at, __written, __line, seq ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
      ) WHERE __line > 0 AND (__before IS NULL OR __before != row_hash OR __next = __at)
    ) AS fresh USING (__line)
    WHERE ${range} AND ${withinFence(fence)}`;
}

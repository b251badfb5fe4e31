import type { Feature, View } from '../../core/definitions/definitions.js';
import { ident, instantSql, instantText, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type FeatureType, type FeatureValue, isArrayType } from '../../core/definitions/types.js';
import { formatInstant, type Instant } from '../../core/helpers/time.js';
import type { FeatureProfile, FeatureProfiles, ProfiledView } from '../../core/ports/feature-profiles.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { keyColumns, viewTables } from './tables.js';

const TABLE = 'feature_profiles';
/** As-ofs per query: they travel in its URL. */
const AS_OFS_A_QUERY = 200;
/** Exact quantiles hold every value in memory, eight bytes each. Above it, and for one as-of that is larger, they are estimated. */
const EXACT_VALUES = 20_000_000;

const NUMBERS = new Set<FeatureType>(['INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);

/** An as-of with the runs that its history has. */
interface Pending {
  readonly asOf: Instant;
  readonly runs: number;
  readonly lastRun: number;
  /** Rows of all its runs. */
  readonly rows: number;
}

/** Feature profiles in ClickHouse: one row per feature and as-of. */
export function createFeatureProfiles({ store }: { readonly store: ClickHouse }): FeatureProfiles {
  return {
    async refresh(views, progress) {
      const results: ProfiledView[] = [];
      for (const [index, view] of views.entries()) {
        const pending = await pendingOf(store, view);
        for (const part of portions(pending, view.features.length)) {
          progress.signal.throwIfAborted();
          await profile(store, view, part, progress.signal);
        }
        results.push({ view: view.id, asOfs: pending.length });
        await progress.report((index + 1) / views.length);
      }
      return results;
    },

    async read({ view, feature }, { from, to }) {
      const rows = await store.rows<StoredProfile>(
        'profiles-read',
        sql`SELECT ${STORED} FROM ${ident(TABLE)} FINAL WHERE view = ${view.id} AND feature = ${feature}
          AND as_of >= ${instantSql(from)} AND as_of < ${instantSql(to)} ORDER BY as_of`,
      );
      return rows.flatMap((row) => shown(row, [view]));
    },

    async newest(views) {
      if (views.length === 0) return new Map();
      const ids = param(
        'Array(String)',
        views.map(({ id }) => id),
      );
      const rows = await store.rows<StoredProfile>(
        'profiles-newest',
        sql`SELECT ${STORED} FROM ${ident(TABLE)} FINAL WHERE view IN ${ids} ORDER BY as_of DESC LIMIT 1 BY view, feature`,
      );
      return new Map(rows.flatMap((row) => shown(row, views)).map((profile) => [profile.reference, profile]));
    },
  };
}

/** Finds the committed as-ofs without a profile, or with one of fewer runs, oldest first. */
async function pendingOf(store: ClickHouse, view: View): Promise<readonly Pending[]> {
  const { history, commits } = viewTables(view);
  const names = param(
    'Array(String)',
    view.features.map(({ name }) => name),
  );
  const committed = await store.rows<{ as_of: string; runs: number; last_run: number; rows: string }>(
    'profiles-pending',
    sql`WITH
      committed AS (SELECT event_time AS as_of, toUInt32(uniqExact(sequence)) AS runs, max(sequence) AS last_run
        FROM ${commits} WHERE in_state = 1 GROUP BY as_of),
      done AS (SELECT as_of, runs, last_run FROM ${ident(TABLE)} FINAL WHERE view = ${view.id} AND feature IN ${names}
        GROUP BY as_of, runs, last_run HAVING uniqExact(feature) = ${view.features.length}),
      due AS (SELECT * FROM committed WHERE (as_of, runs, last_run) NOT IN (SELECT as_of, runs, last_run FROM done))
      SELECT toUnixTimestamp64Milli(due.as_of) AS as_of, due.runs AS runs, due.last_run AS last_run, toString(ifNull(h.rows, 0)) AS rows
      FROM due LEFT JOIN (SELECT _event_time AS at, count() AS rows FROM ${history} WHERE _event_time IN (SELECT as_of FROM due) GROUP BY at) AS h
        ON h.at = due.as_of
      ORDER BY as_of`,
  );
  return committed.map((row) => ({
    asOf: Number(row.as_of),
    runs: row.runs,
    lastRun: row.last_run,
    rows: Number(row.rows),
  }));
}

interface Portion {
  readonly asOfs: readonly Pending[];
  /** Few enough values for exact quantiles. */
  readonly exact: boolean;
}

function* portions(pending: readonly Pending[], features: number): Generator<Portion> {
  let asOfs: Pending[] = [];
  let values = 0;
  for (const asOf of pending) {
    const more = asOf.rows * features;
    if (asOfs.length === AS_OFS_A_QUERY || (asOfs.length > 0 && values + more > EXACT_VALUES)) {
      yield { asOfs, exact: values <= EXACT_VALUES };
      asOfs = [];
      values = 0;
    }
    asOfs.push(asOf);
    values += more;
  }
  if (asOfs.length > 0) yield { asOfs, exact: values <= EXACT_VALUES };
}

async function profile(store: ClickHouse, view: View, { asOfs, exact }: Portion, signal: AbortSignal): Promise<void> {
  const measured = await store.rows<Record<string, unknown>>(
    'profiles-measure',
    sql`SELECT toUnixTimestamp64Milli(_event_time) AS as_of, count() AS rows,
      ${join(view.features.flatMap((feature, index) => measures(feature, index, exact)))}
      FROM ${newestRuns(view, asOfs)} AND _tombstone = 0 GROUP BY _event_time`,
    { settings: { ...BOUNDED, optimize_aggregation_in_order: 1 }, signal },
  );
  const byAsOf = new Map(measured.map((row) => [Number(row.as_of), row]));
  await store.insert(
    'profiles-write',
    { table: TABLE, columns: COLUMNS },
    asOfs.flatMap(({ asOf, runs, lastRun }) => {
      const row = byAsOf.get(asOf) ?? {};
      return view.features.map(({ name }, index) => {
        const of = (measure: string) => row[`${measure}${index}`] ?? null;
        const [p5 = null, p50 = null, p95 = null] = (of('quantiles') as readonly (number | null)[] | null) ?? [];
        return [
          ...[view.id, name, instantText(asOf), runs, lastRun, row.rows ?? 0, of('nulls') ?? 0],
          ...[of('distinct'), of('min'), of('max'), of('mean'), p5, p50, p95],
        ];
      });
    }),
  );
}

/** The rows of as-ofs as they were last computed, one a key: an as-of that ran once is read as it is. */
function newestRuns(view: View, asOfs: readonly Pending[]): Sql {
  const { history, commits } = viewTables(view);
  const times = asOfs.map(({ asOf }) => asOf);
  const rows = sql`_event_time >= ${instantSql(Math.min(...times))} AND _event_time <= ${instantSql(Math.max(...times))}
    AND toUnixTimestamp64Milli(_event_time) IN ${param('Array(Int64)', times)}
    AND _sequence IN (SELECT sequence FROM ${commits} WHERE in_state = 1)`;
  const all = sql`${history} WHERE ${rows}`;
  if (asOfs.every(({ runs }) => runs === 1)) return all;
  // Later runs hold only what differs: the rows that they replace are few, and naming those leaves the wide ones unsorted.
  const keys = join(keyColumns(view));
  const versions = raw('arrayReverseSort(groupArray((_available_at, _sequence)))');
  return sql`${all} AND (${keys}, _event_time, _available_at, _sequence) NOT IN (
    SELECT ${keys}, _event_time, tupleElement(_old, 1), tupleElement(_old, 2) FROM (
      SELECT ${keys}, _event_time, arrayJoin(arrayPopFront(${versions})) AS _old
      FROM ${all} GROUP BY ${keys}, _event_time HAVING count() > 1))`;
}

function measures({ name, type }: Feature, index: number, exact: boolean): Sql[] {
  const value = ident(name);
  const as = (measure: string): Sql => ident(`${measure}${index}`);
  if (isArrayType(type)) return [sql`countIf(empty(${value})) AS ${as('nulls')}`];
  const shown = type === 'FLOAT32' ? sql`toFloat64(${value})` : value;
  const number = sql`toFloat64(${value})`;
  const quantiles = raw(exact ? 'quantilesExact(0.05, 0.5, 0.95)' : 'quantilesTDigest(0.05, 0.5, 0.95)');
  return [
    sql`countIf(${value} IS NULL) AS ${as('nulls')}`,
    sql`uniqCombined64(${value}) AS ${as('distinct')}`,
    sql`toString(minOrNull(${shown})) AS ${as('min')}`,
    sql`toString(maxOrNull(${shown})) AS ${as('max')}`,
    ...(NUMBERS.has(type) || type === 'BOOLEAN' ? [sql`avgOrNull(${number}) AS ${as('mean')}`] : []),
    ...(NUMBERS.has(type) ? [sql`${quantiles}(${number}) AS ${as('quantiles')}`] : []),
  ];
}

const COLUMNS = [
  ...(['view', 'feature', 'as_of', 'runs', 'last_run', 'rows', 'nulls'] as const),
  ...(['distinct', 'min', 'max', 'mean', 'p5', 'p50', 'p95'] as const),
] as const;

const STORED = raw(
  'view, feature, toUnixTimestamp64Milli(as_of) AS at, rows, nulls, distinct, min, max, mean, p5, p50, p95',
);

interface StoredProfile {
  readonly view: string;
  readonly feature: string;
  readonly at: string;
  readonly rows: string;
  readonly nulls: string;
  readonly distinct: string | null;
  readonly min: string | null;
  readonly max: string | null;
  readonly mean: number | null;
  readonly p5: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
}

/** A stored text as the value of the feature's type that it was. */
function wire(text: string | null, type: FeatureType): FeatureValue {
  if (text === null) return null;
  switch (type) {
    case 'INT32':
    case 'FLOAT32':
    case 'FLOAT64':
      return Number(text);
    case 'BOOLEAN':
      return text === 'true';
    case 'TIMESTAMP':
      return formatInstant(Date.parse(`${text.replace(' ', 'T')}Z`));
    default:
      return text;
  }
}

function shown(row: StoredProfile, views: readonly View[]): FeatureProfile[] {
  const view = views.find(({ id }) => id === row.view);
  const feature = view?.features.find(({ name }) => name === row.feature);
  if (!view || !feature) return [];
  const rows = Number(row.rows);
  const { mean, p5, p50, p95 } = row;
  return [
    {
      reference: `${view.id}:${feature.name}`,
      asOf: Number(row.at),
      rows,
      nullRate: rows === 0 ? null : Number(row.nulls) / rows,
      distinct: row.distinct === null ? null : Number(row.distinct),
      min: wire(row.min, feature.type),
      max: wire(row.max, feature.type),
      mean,
      p5,
      p50,
      p95,
    },
  ];
}

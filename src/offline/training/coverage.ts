/** How far the history of each view covers the rows of a set. */
import type { View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { isArrayType } from '../../core/definitions/types.js';
import { conflict } from '../../core/errors.js';
import type { ViewCoverage } from '../../core/ports/training-sets.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import { viewTables } from '../history/tables.js';
import { CLASS } from '../point-in-time/join.js';
import { joinedFeature, type Working } from './join.js';

/** Rows by what was in force of a view at their instants, whatever their keys. */
export interface InstantCoverage {
  readonly view: string;
  readonly rows: number;
  /** Those at whose instant no as-of was in force: none yet, or only one past the view's ttl. */
  readonly notComputed: number;
  /** Those at whose instant the newest as-of was past the view's maxAge. */
  readonly late: number;
}

interface Covering {
  readonly store: ClickHouse;
  readonly view: View;
  /** A condition on `sequence`: the runs that count. */
  readonly runs: Sql;
  readonly options: QueryOptions;
}

/**
 * The rows of a table or subquery, which have `t` in UTC ms, as `s`, with the newest as-of in force at each: `r.as_of`, and since when it
 * is, `r.eff`; NULL where there is none.
 */
const withAsOfs = ({ view, runs }: Covering, rows: Sql): Sql =>
  sql`(SELECT *, 1 AS one FROM ${rows}) AS s ASOF LEFT JOIN (
    SELECT 1 AS one, eff, max(newest) OVER (ORDER BY eff ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS as_of
    FROM (SELECT greatest(toUnixTimestamp64Milli(available_at), toUnixTimestamp64Milli(event_time)) AS eff,
        max(toUnixTimestamp64Milli(event_time)) AS newest
      FROM ${viewTables(view).commits} WHERE in_state = 1 AND ${runs} GROUP BY eff)) AS r ON s.one = r.one AND s.t >= r.eff`;

const olderThan = (limit: number): Sql => sql`r.as_of < s.t - toInt64(${limit})`;

const isMissing = ({ ttlMs }: View): Sql =>
  ttlMs === null ? raw('r.eff IS NULL') : sql`(r.eff IS NULL OR ${olderThan(ttlMs)})`;

const isLate = (view: View): Sql =>
  view.maxAgeMs === null ? raw('0') : sql`(NOT ${isMissing(view)} AND ${olderThan(view.maxAgeMs)})`;

/** Counts the rows of a table or subquery that has `t`. */
export async function instantCoverage(covering: Covering, rows: Sql): Promise<InstantCoverage> {
  const { store, view, options } = covering;
  const [answer] = await store.rows<Record<'total' | 'missing' | 'late', string>>(
    'training-set-coverage',
    sql`SELECT count() AS total, countIf(${isMissing(view)}) AS missing, countIf(${isLate(view)}) AS late
      FROM ${withAsOfs(covering, rows)}`,
    options,
  );
  return {
    view: view.id,
    rows: Number(answer?.total ?? 0),
    notComputed: Number(answer?.missing ?? 0),
    late: Number(answer?.late ?? 0),
  };
}

const covering = ({ store, states, checkpoints }: Working, view: View): Covering => ({
  store,
  view,
  runs: states.runs(view),
  options: checkpoints.options,
});

/**
 * Refuses a set before its features are joined, where a view was not computed, or long ago, at the instants of more than this share of the rows.
 * @throws CONFLICT with the numbers of each such view
 */
export async function refuseUncovered(working: Working, share: number): Promise<void> {
  const covered: InstantCoverage[] = [];
  for (const view of working.views) {
    covered.push(await instantCoverage(covering(working, view), ident(working.spine.table)));
  }
  const lacking = covered.filter(({ rows, notComputed, late }) => notComputed + late > share * rows);
  if (lacking.length === 0) return;
  throw conflict(
    `at the instants of more than ${100 * share} % of the rows a view had no as-of in force, or only one past its maxAge: ${lacking.map(inWords).join('; ')}`,
    'have the days that are missing computed first (history: COMPUTE, --history COMPUTE), backfill them (npx riskgraph backfill), or say that the set is to be made as it is: allowStale, --allow-stale',
  );
}

const inWords = ({ view, rows, notComputed, late }: InstantCoverage): string =>
  `${view} of ${rows} rows: notComputed ${notComputed}, stale ${late}`;

/** Counts the joined rows of a set by the status of each view; they have the columns of `joinFeatures`. */
export async function coverageOf(working: Working, rows: Sql): Promise<readonly ViewCoverage[]> {
  const coverage: ViewCoverage[] = [];
  for (const view of working.views) {
    const features = working.features.filter((ref) => ref.view.id === view.id);
    const joined = features.map((ref) => ({ ref, ...joinedFeature(working, ref) }));
    const [first] = joined;
    if (!first) continue;
    const found = sql`s.${first.found}`;
    const isEmpty = join(
      joined.map(({ ref, value }) =>
        isArrayType(ref.feature.type) ? sql`empty(s.${value})` : sql`s.${value} IS NULL`,
      ),
      ' AND ',
    );
    const is = (status: keyof typeof CLASS): Sql => sql`${found} = ${raw(String(CLASS[status]))}`;
    const one = covering(working, view);
    const [answer] = await working.store.rows<Record<Exclude<keyof ViewCoverage, 'view' | 'error'>, string>>(
      'training-set-coverage',
      sql`SELECT countIf(${is('FRESH')} AND NOT (${isEmpty})) AS present, countIf(${is('FRESH')} AND ${isEmpty}) AS \`null\`,
          countIf(${is('STALE')}) AS stale, countIf(${is('NOT_FOUND')} AND ${isMissing(view)}) AS notComputed,
          countIf(${is('NOT_FOUND')} AND NOT ${isMissing(view)}) AS notFound
        FROM ${withAsOfs(one, rows)}`,
      one.options,
    );
    const count = (name: keyof NonNullable<typeof answer>): number => Number(answer?.[name] ?? 0);
    coverage.push({
      view: view.id,
      present: count('present'),
      null: count('null'),
      stale: count('stale'),
      notFound: count('notFound'),
      notComputed: count('notComputed'),
      error: 0,
    });
  }
  return coverage;
}

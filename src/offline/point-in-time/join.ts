import type { Mask } from '../../core/compute/masking.js';
import { type Cell, cellOf, type RowStatus } from '../../core/compute/status.js';
import type { FeatureRef, View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType, type FeatureValue, type StalePolicy } from '../../core/definitions/types.js';
import type { Instant } from '../../core/helpers/time.js';
import { viewTables } from '../history/tables.js';
import { noValue } from '../history/values.js';

/** How SQL writes the status of a view's row for a spine row: `_class<i>`. */
export const CLASS = { NOT_FOUND: 0, FRESH: 1, STALE: 2 } as const satisfies Partial<Record<RowStatus, number>>;

const STATUS_OF = new Map<number, RowStatus>(
  Object.entries(CLASS).map(([status, number]) => [number, status as keyof typeof CLASS]),
);

/** The answer of the join for a feature, from the CLASS of its view's row, the row's event time and the value stored. */
export const joinedCell = (
  { found, eventTime, value }: { readonly found: number; readonly eventTime: Instant; readonly value: FeatureValue },
  stalePolicy: StalePolicy,
): Cell => cellOf(STATUS_OF.get(found) ?? 'NOT_FOUND', { value, eventTime }, stalePolicy);

export interface JoinedView {
  readonly view: View;
  readonly features: readonly FeatureRef[];
  /** Name of the spine's column for each join key. */
  readonly keys: readonly string[];
  /** Condition on the state's key columns `k0`, `k1`, … that the needed ones meet. */
  readonly only: Sql;
  /** The state to read, where it is not the view's own. */
  readonly state?: Sql;
}

export interface PointInTimeJoin {
  /** Table or subquery; its columns are read as `s.…`. */
  readonly spine: Sql;
  /** Columns of the spine that the answer keeps. */
  readonly keep: readonly string[];
  /** Name of the spine's Int64 column of instants, UTC ms. */
  readonly time: string;
  readonly views: readonly JoinedView[];
  /** Hides rows that became available later. */
  readonly known?: Instant | undefined;
  /** The spine's personal keys are masked: so are the state's before they are compared. */
  readonly maskedKeys?: Mask | undefined;
}

export const classColumn = (view: number): Sql => ident(`_class${view}`);
/** Nullable(DateTime64(3, 'UTC')): event time of the row in force. */
export const eventColumn = (view: number): Sql => ident(`_event${view}`);
export const valueColumn = (view: number, feature: number): Sql => ident(`_value${view}_${feature}`);

/**
 * The point-in-time join: one ASOF JOIN a view, and one row out for each row in. Every row of a state has `_eff = available_at`, since nothing
 * is published before it happened; so the bound on knowledge and the bound on events are one.
 */
export function pointInTimeJoin({ spine, keep, time, views, known, maskedKeys }: PointInTimeJoin): Sql {
  const at = sql`s.${ident(time)}`;
  const cut = known === undefined ? at : sql`least(${at}, ${known})`;
  const columns = keep.map((name) => sql`s.${ident(name)} AS ${ident(name)}`);
  const joins: Sql[] = [];
  views.forEach((joined, index) => {
    const { view, features } = joined;
    const v = raw(`v${index}`);
    const age = (limit: number | null): Sql =>
      limit === null ? sql`1` : sql`${v}._event_ms >= ${at} - toInt64(${limit})`;
    columns.push(
      sql`multiIf(ifNull(${v}._there, 0) = 0, 0, ${v}._tombstone = 1, 0, NOT (${age(view.ttlMs)}), 0, NOT (${age(view.maxAgeMs)}), 2, 1) AS ${classColumn(index)}`,
      sql`if(${classColumn(index)} = 0, NULL, ${v}._event_time) AS ${eventColumn(index)}`,
      ...features.map(({ feature }, position) => {
        const type = raw(`'${clickhouseType(feature.type).replaceAll("'", "\\'")}'`);
        const stored = sql`CAST(${v}.${ident(`f${position}`)}, ${type})`;
        return sql`if(${classColumn(index)} = 0, ${noValue(feature)}, ${stored}) AS ${valueColumn(index, position)}`;
      }),
    );
    joins.push(sql`ASOF LEFT JOIN (${rightSide(joined, maskedKeys)}) AS ${v}
      ON ${join(
        joined.keys.map((key, position) => sql`s.${ident(key)} = ${v}.${ident(`k${position}`)}`),
        ' AND ',
      )} AND s._cut >= ${v}._eff`);
  });
  return sql`SELECT ${join(columns)} FROM (SELECT *, toInt64(${cut}) AS _cut FROM ${spine} AS s) AS s ${join(joins, ' ')}`;
}

function rightSide({ view, features, only, state }: JoinedView, maskedKeys: Mask | undefined): Sql {
  const keys = view.entity.joinKeys.map((name, index) => {
    const column = sql`x.${ident(name)}`;
    const seen = maskedKeys?.personal.has(name) ? maskedKeys.textSql(column) : column;
    return sql`${seen} AS ${ident(`k${index}`)}`;
  });
  const values = features.map(({ feature }, index) => sql`x.${ident(feature.name)} AS ${ident(`f${index}`)}`);
  return sql`SELECT ${join([
    ...keys,
    raw('x._eff AS _eff, toUInt8(1) AS _there, x._event_time AS _event_time'),
    raw('toUnixTimestamp64Milli(x._event_time) AS _event_ms, x._tombstone AS _tombstone'),
    ...values,
  ])} FROM ${state ?? viewTables(view).state} AS x FINAL WHERE ${only}`;
}

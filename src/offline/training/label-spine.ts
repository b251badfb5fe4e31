/** The observations of a label as a spine. */
import { sampledRows } from '../../core/compute/labels/label-sql.js';
import { SPLIT_COLUMN, sampledSql, WEIGHT_COLUMN } from '../../core/compute/labels/sampling.js';
import type { Mask } from '../../core/compute/masking.js';
import { TIME_COLUMN } from '../../core/compute/spine-columns.js';
import type { Label } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { FeatureType } from '../../core/definitions/types.js';
import { badInput, type RiskgraphError } from '../../core/errors.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import type { SourceTables } from '../../core/lending/sources.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';

export interface LabelSpineRequest {
  readonly label: Label;
  /** Keys of the features. */
  readonly joinKeys: readonly string[];
  readonly asOf: Instant;
  readonly mask?: Mask | undefined;
  /** Newest import that is seen of each table; absent: any. */
  readonly imports?: Readonly<Record<string, string>> | undefined;
}

export interface LabelSpine {
  readonly columns: readonly { readonly name: string; readonly type: FeatureType }[];
  /** The rows that are taken, oldest first, and those of one instant in the order of the ids that are shown. */
  readonly select: Sql;
  /** Source tables that it reads. */
  readonly tables: readonly string[];
  /** What the rows are chosen of. */
  readonly chosen: ChosenOf;
}

/** The observations of a label whose outcome is known at the as-of. */
export interface ChosenOf {
  /** As name@version. */
  readonly label: string;
  readonly asOf: Instant;
  /** Every one, as `sampledSql` gives them. */
  readonly observations: Sql;
}

/** Tables that say whose a loan, or an application, is: rows of features of customers are of these. */
const OWNERS: Readonly<Record<string, string>> = { loan: 'loans', application: 'applications' };
const OWNER_KEY = 'customer_id';

/**
 * The observations of a label whose outcome is known at the as-of, sampled and split as the label says: its entity's key, that of the customer where the
 * features need it, and `event_timestamp`. A personal id is sampled by its mask: by itself, which rows are in would tell a guess from the id.
 * @throws BAD_USER_INPUT where the features need another key
 */
export function planLabelSpine(
  {
    calendar,
    tables,
    mask: ownMask,
  }: { readonly calendar: BusinessCalendar; readonly tables: SourceTables; readonly mask: Mask },
  { label, joinKeys, asOf, mask, imports }: LabelSpineRequest,
): LabelSpine {
  const [own = ''] = label.entity.joinKeys;
  const others = joinKeys.filter((key) => key !== own);
  const owners = others.length === 0 ? undefined : OWNERS[label.entity.name];
  const lacking = others.filter((key) => owners === undefined || key !== OWNER_KEY);
  if (lacking.length > 0) {
    throw badInput(
      `the label '${label.id}' is about ${label.entity.name}, and the features need ${lacking.join(', ')}`,
      `select the rows with spineSql, FROM labels WHERE name = '${label.id}', and join the table that has ${lacking.join(', ')}`,
    );
  }
  const known = (name: string, keyFilter?: Sql): Sql =>
    sourceSelect(tables.get(name), {
      asOf: null,
      knowledge: instantSql(asOf),
      timezone: calendar.timezone,
      ...(imports?.[name] !== undefined && { through: imports[name] }),
      ...(keyFilter && { keyFilter }),
    });
  const rows = known('labels', sql`v.entity = ${label.entity.name} AND v.name = ${label.id}`);
  const mature = sql`(SELECT * FROM ${rows} WHERE known_at <= ${instantSql(asOf)})`;
  const shownBy = (by: Mask | undefined, key: string, value: Sql): Sql =>
    by?.personal.has(key) ? by.textSql(value) : value;
  // By the same id for every role, and so each has the same rows.
  const observations = sampledSql(
    label,
    sampledRows(label, mature, sql`${calendar.timezone}`),
    shownBy(ownMask, own, raw('entity_id')),
  );
  const shown = (key: string, value: Sql): Sql => shownBy(mask, key, value);
  const shownKey = shown(own, raw('o.entity_id'));
  const columns: readonly { readonly name: string; readonly type: FeatureType; readonly value: Sql }[] = [
    { name: own, type: 'STRING', value: shownKey },
    ...(owners ? [{ name: OWNER_KEY, type: 'STRING' as const, value: shown(OWNER_KEY, raw('w.owner')) }] : []),
    { name: TIME_COLUMN, type: 'TIMESTAMP', value: raw('o.observed_at') },
    ...(label.split ? [{ name: SPLIT_COLUMN, type: 'STRING' as const, value: raw('o.split') }] : []),
    ...(label.sampling ? [{ name: WEIGHT_COLUMN, type: 'FLOAT64' as const, value: raw('1 / o.rate') }] : []),
  ];
  // The right side waits in memory: the rows that are taken, and not every loan of the book.
  const owned = owners
    ? sql`(SELECT ${ident(own)} AS id, toNullable(${ident(OWNER_KEY)}) AS owner FROM ${known(owners)}) AS w RIGHT JOIN `
    : raw('');
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    // In the order of what is shown: that of the keys would say which mask is whose.
    select: sql`SELECT ${join(columns.map(({ name, value }) => sql`${value} AS ${ident(name)}`))}
      FROM ${owned}(SELECT * FROM (${observations}) WHERE taken) AS o${owners ? raw(' ON w.id = o.entity_id') : raw('')}
      ORDER BY o.observed_at, ${shownKey}`,
    tables: ['labels', ...(owners ? [owners] : [])],
    chosen: { label: label.id, asOf, observations },
  };
}

/** How the rows of a label become fewer. */
export const fewerOf = ({ label }: ChosenOf): string =>
  `lower a rate in the next version of the label, or add a stratum on observed_on with rate 0; or select some with spineSql, FROM labels WHERE name = '${label}'`;

/** The error of a spine without rows. */
export async function noRowsOf(
  store: ClickHouse,
  { label, asOf, observations }: ChosenOf,
  options: QueryOptions,
): Promise<RiskgraphError> {
  const strata = await countStrata(store, observations, options);
  const left = strata.map((each) => `${each.stratum} ${each.observations} at rate ${each.rate}`).join(', ');
  return left === ''
    ? badInput(
        `the spine has no rows: no outcome of ${label} is known by ${formatInstant(asOf)}`,
        'run compute-labels, or give a later asOf',
      )
    : badInput(
        `the spine has no rows: the sampling of ${label} takes none of what is known by ${formatInstant(asOf)}: ${left}`,
        'raise a rate in the next version of the label, or give a later asOf',
      );
}

/** What became of the observations of a stratum. */
export interface StratumCount {
  readonly stratum: string;
  readonly rate: number;
  readonly observations: number;
  /** Those of them that are rows of the spine. */
  readonly rows: number;
}

export async function countStrata(
  store: ClickHouse,
  observations: Sql,
  options: QueryOptions,
): Promise<readonly StratumCount[]> {
  const strata = await store.rows<{ stratum: string; share: number; seen: string; chosen: string }>(
    'training-set-strata',
    sql`SELECT stratum, any(rate) AS share, count() AS seen, countIf(taken) AS chosen
      FROM (${observations}) GROUP BY stratum ORDER BY stratum`,
    options,
  );
  return strata.map(({ stratum, share, seen, chosen }) => ({
    stratum,
    rate: share,
    observations: Number(seen),
    rows: Number(chosen),
  }));
}

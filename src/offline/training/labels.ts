import type { Mask } from '../../core/compute/masking.js';
import { readsTable } from '../../core/compute/view-kinds.js';
import type { EntityDefinition } from '../../core/definitions/define-entity.js';
import type { FeatureRef } from '../../core/definitions/definitions.js';
import { instantSql, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import { formatInstant, type Instant } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import type { LabelDefinitionPin } from '../../core/ports/training-sets.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import type { KeyRange } from '../../warehouse/key-ranges.js';
import type { SpineSqlTools } from '../point-in-time/spine-sql.js';
import type { SpinePlan } from './spine.js';

export interface LabelPlan {
  readonly name: string;
  /** Its column in the file: of `name@version` the name. */
  readonly column: string;
  readonly entity: string;
  /** The spine column that is matched with a label's `entity_id`. */
  readonly key: string;
  /** The key is a personal value, which no error names: that of a job is kept. */
  readonly isPersonal: boolean;
  /** The definition that computes it; null for an imported one. */
  readonly definition: LabelDefinitionPin | null;
  /** The label's rows as known at the as-of. */
  readonly rows: Sql;
}

/** What became of the rows of a set: the outcome is there, or why it is not. */
export const LABEL_STATES = ['decided', 'immature', 'indeterminate', 'excluded', 'unmatched'] as const;
export type LabelCounts = Readonly<Record<(typeof LABEL_STATES)[number], number>>;

const VERSION = /@\d+$/;

/** Whether a name is that of a definition, whose rows a job computes. */
const isDefined = (name: string): boolean => VERSION.test(name);

/** The column of a label: a version is no part of a column's name, here as with features. */
export const labelColumn = (name: string): string => name.replace(VERSION, '');

/** Rule 11: a value that a view makes of `labels` is an outcome, not a feature. BAD_USER_INPUT names it. */
export function refuseLabelFeatures(features: readonly FeatureRef[]): void {
  const leaking = features.filter(({ view }) => readsTable(view, 'labels'));
  const [first, ...others] = leaking;
  if (!first) return;
  const more = others.length === 0 ? '' : `, and so do ${listed(others.map(({ reference }) => reference))}`;
  throw badInput(
    `the feature '${first.reference}' reads labels, which hold what is to be predicted${more}`,
    'leave the feature out and give the outcome as `label`',
  );
}

export interface LabelRequest {
  readonly name: string;
  readonly definition: LabelDefinitionPin | null;
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly asOf: Instant;
  readonly columns: SpinePlan['columns'];
  /** Newest import of labels that is seen; absent: any. */
  readonly through?: string | undefined;
  /** Present: the spine's personal keys are masked, so a label's are too before they are compared. */
  readonly maskedKeys?: Mask | undefined;
}

/** Finds the entity of a label, and the column by which it joins. BAD_USER_INPUT says what is missing. */
export async function planLabel(
  { store, calendar, tables }: Pick<SpineSqlTools, 'store' | 'calendar' | 'tables'>,
  { name, definition, entities, asOf, columns, maskedKeys, through }: LabelRequest,
): Promise<LabelPlan> {
  const labels = sourceSelect(tables.get('labels'), {
    asOf: null,
    knowledge: instantSql(asOf),
    timezone: calendar.timezone,
    ...(through !== undefined && { through }),
  });
  const entitiesOfLabel = await store.rows<{ entity: string }>(
    'label-entities',
    sql`SELECT DISTINCT entity FROM ${labels} WHERE name = ${name} ORDER BY entity`,
  );
  if (entitiesOfLabel.length === 0) {
    const others = await store.rows<{ name: string }>(
      'label-names',
      sql`SELECT DISTINCT name FROM ${labels} ORDER BY name LIMIT 20`,
    );
    throw badInput(
      `no label '${name}' was known at ${formatInstant(asOf)}`,
      isDefined(name)
        ? 'the nightly job computes applied labels, and so does computeLabels; an outcome is known once its window is over'
        : others.length > 0
          ? `labels known then: ${others.map((other) => other.name).join(', ')}`
          : 'import labels first, or name one of labels/ as name@version',
    );
  }
  const candidates = entitiesOfLabel.flatMap(({ entity }) => {
    const [key, ...more] = entities.get(entity)?.joinKeys ?? [];
    return key !== undefined && more.length === 0 ? [{ entity, key }] : [];
  });
  const joined = candidates.filter(({ key }) => columns.some((column) => column.name === key));
  const [only, another] = joined;
  if (!only) {
    throw badInput(
      `the label '${name}' is about ${entitiesOfLabel.map(({ entity }) => entity).join(', ')}, of which the spine has no key`,
      `add the column ${candidates.map(({ key }) => key).join(' or ') || 'of its entity'} to the spine`,
    );
  }
  if (another) {
    throw badInput(
      `the label '${name}' is about both ${only.entity} and ${another.entity}`,
      `give the spine only one of ${only.key} and ${another.key}`,
    );
  }
  const type = columns.find((column) => column.name === only.key)?.type;
  if (type !== 'STRING') {
    throw badInput(`'${only.key}' of the spine is a ${type}`, 'give it as a string: the label joins by it');
  }
  const column = labelColumn(name);
  if (columns.some((one) => one.name === column)) {
    throw badInput(
      `the spine has a column '${column}', which is the name of the label's`,
      'give the column another name',
    );
  }
  const id = maskedKeys?.personal.has(only.key) ? maskedKeys.textSql(sql`l.entity_id`) : sql`l.entity_id`;
  const rows = sql`SELECT ${id} AS entity_id, toUnixTimestamp64Milli(l.observed_at) AS observed, toUnixTimestamp64Milli(l.window_from) AS opens,
      l.known_at AS known_at, if(l.outcome IS NULL, l.value, NULL) AS value, ifNull(l.outcome, '') AS outcome, toUInt8(1) AS there
    FROM ${labels} AS l WHERE l.name = ${name} AND l.entity = ${only.entity}`;
  const isPersonal = tables.personalColumns.has(only.key);
  return { name, column, entity: only.entity, key: only.key, isPersonal, definition, rows };
}

/** Rule 11 over a table of LABEL_COLUMNS. An outcome whose window opens before the observation point was partly known then. */
export async function refuseEarlyWindows(
  store: ClickHouse,
  label: LabelPlan,
  { table, spine, options }: { readonly table: Sql; readonly spine: Sql; readonly options: QueryOptions },
): Promise<void> {
  const early = sql`SELECT * FROM ${table} WHERE opens < observed`;
  // Asked this way around, only the keys of early windows are held in memory.
  const ours = sql`SELECT k0 FROM ${spine} WHERE k0 IN (SELECT entity_id FROM (${early}))`;
  const [answer] = await store.rows<{ total: string; first: [string, string][] }>(
    'label-windows',
    sql`SELECT count() AS total, groupArray(${EXAMPLES})((entity_id, toString(observed))) AS first
      FROM (SELECT * FROM (${early}) WHERE entity_id IN (SELECT assumeNotNull(k0) FROM (${ours})) ORDER BY entity_id, observed)`,
    options,
  );
  const total = Number(answer?.total ?? 0);
  if (total === 0) return;
  const rows = (answer?.first ?? []).map(
    ([id, at]) => `${label.entity} ${label.isPersonal ? '' : `${id} `}observed at ${formatInstant(Number(at))}`,
  );
  throw badInput(
    `${total} windows of the label '${label.name}' open before their observation point: ${listed(rows, total)}`,
    'correct window_from of these labels: an outcome may only be looked for after the observation point',
  );
}

/** How many rows a refusal names. */
export const EXAMPLES = 5;

/** Names the first few, and says how many more there are. */
export function listed(words: readonly string[], total = words.length): string {
  const shown = words.slice(0, EXAMPLES);
  return `${shown.join(', ')}${total > shown.length ? ` and ${total - shown.length} more` : ''}`;
}

/** The columns of a table that holds the labels as known, by entity: a range of the spine then reads only the labels that it is joined with. */
export const LABEL_COLUMNS = raw(
  "entity_id String, observed Int64, opens Int64, known_at DateTime64(3, 'UTC'), value Nullable(Float64), outcome LowCardinality(String), there UInt8",
);

export interface LabelJoin {
  /** Has LABEL_COLUMNS. */
  readonly table: Sql;
  /** Rows with `rid`, `t` and `k0`, which is matched with `entity_id`. */
  readonly spine: Sql;
  readonly asOf: Instant;
  readonly definition: LabelDefinitionPin | null;
  /** The keys that the spine subquery holds. */
  readonly range: KeyRange;
}

/**
 * Rule 11 as a join: the label observed at the row's own instant, else the one whose window opens next; its value once it is mature, NULL before.
 * Gives `rid`, `label` and `state`, one of LABEL_STATES.
 */
export function labelJoin({ table, spine, asOf, definition, range }: LabelJoin): Sql {
  const rows = sql`SELECT * FROM ${table} WHERE ${range(raw('entity_id'))}`;
  const mature = (alias: string): Sql =>
    sql`if(${raw(alias)}.known_at <= ${instantSql(asOf)}, ${raw(alias)}.value, NULL)`;
  const state = (alias: string): Sql =>
    raw(`multiIf(${alias}.known_at > as_of, 'immature', ${alias}.outcome != '', lower(${alias}.outcome), 'decided')`);
  // A job writes no row before an outcome is known: one that is missing is not due yet where a window of now would not be over.
  const missing =
    definition === null
      ? raw("'unmatched'")
      : sql`if(s.t > toUnixTimestamp64Milli(as_of) - ${param('Int64', definition.longestWindow)}, 'immature', 'unmatched')`;
  const next = sql`SELECT * FROM (${rows}) ORDER BY entity_id, opens, observed DESC LIMIT 1 BY entity_id, opens`;
  return sql`WITH ${instantSql(asOf)} AS as_of
    SELECT s.rid AS rid,
      CAST(multiIf(ifNull(e.there, 0) = 1, ${mature('e')}, ifNull(n.there, 0) = 1, ${mature('n')}, NULL), 'Nullable(Float64)') AS label,
      multiIf(ifNull(e.there, 0) = 1, ${state('e')}, ifNull(n.there, 0) = 1, ${state('n')}, ${missing}) AS state
    FROM ${spine} AS s
    LEFT ANY JOIN (${rows}) AS e ON s.k0 = e.entity_id AND s.t = e.observed
    ASOF LEFT JOIN (${next}) AS n ON s.k0 = n.entity_id AND s.t <= n.opens`;
}

import { isMasked } from '../../core/compute/disclosure.js';
import { SPLIT_COLUMN, WEIGHT_COLUMN } from '../../core/compute/labels/sampling.js';
import { KNOWN_COLUMN, TIME_COLUMN } from '../../core/compute/spine-columns.js';
import type { OnDemandRef } from '../../core/definitions/definitions.js';
import { ident, instantSql, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { FeatureType } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import type { Instant } from '../../core/helpers/time.js';
import type { TrainingSetRequest } from '../../core/ports/training-sets.js';
import { maskedValue, noValue } from '../history/values.js';
import type { OutputFeature } from '../point-in-time/columns.js';
import { CLASS } from '../point-in-time/join.js';
import { joinedFeature, type Working } from './join.js';
import { computedFeature } from './on-demand.js';
import type { ProfiledColumn } from './profile.js';

type ColumnOptions = Partial<
  Pick<TrainingSetRequest, 'includeEventTimes' | 'includeStatuses' | 'stalePolicy' | 'mask'>
>;

/** The names that a feature's column brings with it, in their order. */
const columnNames = (column: string, options: ColumnOptions): readonly string[] => [
  column,
  ...(options.includeStatuses ? [`${column}__status`] : []),
  ...(options.includeEventTimes ? [`${column}__event_time`] : []),
];

/** BAD_USER_INPUT where a column of the spine has the name that a status or an event time would have. */
export function refuseTakenNames(
  outputs: readonly { readonly column: string }[],
  taken: readonly string[],
  options: ColumnOptions,
): void {
  const names = new Set(outputs.flatMap(({ column }) => columnNames(column, options)));
  const twice = taken.find((name) => names.has(name));
  if (twice === undefined) return;
  throw badInput(`the column '${twice}' would be there twice`, 'give the column of the spine another name');
}

/** As `cellOf` and `Mask.cell` of the other transports: NOT_FOUND, STALE, NULL, PRESENT, of the value that is shown. */
const statusSql = (found: Sql, value: Sql): Sql =>
  sql`multiIf(${found} = ${raw(String(CLASS.NOT_FOUND))}, 'NOT_FOUND', ${found} = ${raw(String(CLASS.STALE))}, 'STALE', ${value} IS NULL, 'NULL', 'PRESENT')`;

/** Columns of one stored feature: its value, on request its status and its event time. */
export function featureColumns(
  working: Pick<Working, 'views' | 'features'>,
  { ref, column }: OutputFeature,
  options: ColumnOptions,
): readonly ProfiledColumn[] {
  const { type } = ref.feature;
  const { value, found, eventTime } = joinedFeature(working, ref);
  const kept =
    options.stalePolicy === 'NULL'
      ? sql`if(${found} = ${raw(String(CLASS.STALE))}, ${noValue(ref.feature)}, ${value})`
      : value;
  const shown = options.mask && isMasked(ref) ? maskedValue(options.mask, kept, type) : kept;
  return columnsOf({ column, type, value: shown, status: statusSql(found, shown), eventTime }, options);
}

/** Columns of one on-demand feature; `place` is where the plan has it. */
export function computedColumns(
  place: Parameters<typeof computedFeature>[0],
  { ref, column }: OutputFeature<OnDemandRef>,
  options: ColumnOptions,
): readonly ProfiledColumn[] {
  const { type } = ref.feature;
  const { value, stale, eventTime } = computedFeature(place);
  const shown = options.mask && isMasked(ref) ? maskedValue(options.mask, value, type) : value;
  const status = sql`multiIf(${stale} = 1, 'STALE', ${shown} IS NULL, 'NULL', 'PRESENT')`;
  return columnsOf({ column, type, value: shown, status, eventTime }, options);
}

interface ShownFeature {
  readonly column: string;
  readonly type: FeatureType;
  readonly value: Sql;
  readonly status: Sql;
  readonly eventTime: Sql;
}

const columnsOf = (
  { column, type, value, status, eventTime }: ShownFeature,
  options: ColumnOptions,
): readonly ProfiledColumn[] => [
  { name: column, type, value, explains: true },
  ...(options.includeStatuses
    ? [{ name: `${column}__status`, type: 'STRING' as const, value: status, explains: false }]
    : []),
  ...(options.includeEventTimes
    ? [{ name: `${column}__event_time`, type: 'TIMESTAMP' as const, value: eventTime, explains: false }]
    : []),
];

/** The outcome that a spine brings, as a label's: NULL until it is known at the set's as-of. */
export function targetColumn(spine: Working['spine'], name: string, asOf: Instant): ProfiledColumn {
  const column = (of: string): Sql => ident(spine.columns.find((each) => each.name === of)?.column as string);
  const value = sql`CAST(if(${column(KNOWN_COLUMN)} <= ${instantSql(asOf)}, ${column(name)}, NULL), 'Nullable(Float64)')`;
  return { name, type: 'FLOAT64', value, explains: false };
}

/** Columns of the spine, as given, but its target. Those that say which row it is, or how it was chosen, explain nothing. */
export function spineColumns(
  { spine, joinKeys }: Pick<Working, 'spine'> & { readonly joinKeys: readonly string[] },
  {
    label,
    target,
    isChosen,
  }: { readonly label: string | undefined; readonly target: string | undefined; readonly isChosen: boolean },
): readonly ProfiledColumn[] {
  const keys = new Set([
    ...joinKeys,
    TIME_COLUMN,
    label,
    ...(target === undefined ? [] : [KNOWN_COLUMN]),
    ...(isChosen ? [SPLIT_COLUMN, WEIGHT_COLUMN] : []),
  ]);
  return spine.columns
    .filter(({ name }) => name !== target)
    .map(({ name, column, type }) => ({ name, type, value: ident(column), explains: !keys.has(name) }));
}

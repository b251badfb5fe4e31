/**
 * On-demand features of a training set: computed from joined rows, streamed through the process batch by batch, into a table of their own that
 * the export joins by `rid`. Half a table is dropped and made again, so nothing of it needs a log.
 */
import { badInput } from '../core/errors.js';
import {
  type Cell,
  computeRow,
  inWords,
  type OnDemandPlan,
  refuseMissing,
  type WantedInput,
} from '../core/on-demand.js';
import { ident, join, raw, type Sql, sql } from '../core/sql.js';
import {
  clickhouseType,
  type FeatureType,
  type FeatureValue,
  type ScalarType,
  type StalePolicy,
} from '../core/types.js';
import type { ClickHouse, QueryOptions } from './client.js';
import { type Cursor, decodeRows, featureReader } from './row-binary.js';
import { castScalar } from './values.js';

/** Rows in memory at once: with a hundred columns some ten megabytes. */
const BATCH = 20_000;

/** Types that hold every value of another, so that a column of the one is taken for an input of the other. */
const WIDENS: Readonly<Partial<Record<FeatureType, readonly FeatureType[]>>> = {
  INT32: ['INT64', 'FLOAT64', 'DECIMAL'],
  INT64: ['DECIMAL'],
  FLOAT32: ['FLOAT64'],
};

interface SpineColumn {
  readonly name: string;
  readonly type: FeatureType;
}

/**
 * Whether the spine's pass-through columns can be the inputs of on-demand features.
 * @param premasked personal values of the rows are masked already: what is computed from them would be wrong
 * @throws BAD_USER_INPUT naming the column, the type that is wanted, by what, and the type that it has
 */
export function checkSpineInputs(
  plan: Pick<OnDemandPlan, 'request'>,
  columns: readonly SpineColumn[],
  premasked: boolean,
): void {
  const byName = new Map(columns.map((column) => [column.name, column] as const));
  refuseMissing(plan, byName.keys(), 'the spine');
  for (const wanted of plan.request) {
    const { type } = byName.get(wanted.name) as SpineColumn;
    if (type !== wanted.type && !WIDENS[type]?.includes(wanted.type)) throw mismatch(wanted, type);
    if (!premasked || !wanted.personal) continue;
    throw badInput(
      `${inWords([wanted])} is personal, and spine SQL sees personal values masked for this role`,
      'give the rows inline, or leave the feature out',
    );
  }
}

const mismatch = (wanted: WantedInput, type: FeatureType) =>
  badInput(
    `the spine's column ${wanted.name} is ${type}, and ${wanted.wantedBy.join(', ')} wants ${wanted.type}`,
    `convert it where the spine selects it, or give values of ${wanted.type}`,
  );

/** Where the joined rows hold what is computed from. */
export interface JoinedRows {
  /** With the columns `rid` (UInt64) and `t` (Int64, UTC ms). */
  readonly table: string;
  /** A pass-through column by its name in the spine. */
  readonly given: (name: string) => { readonly value: Sql; readonly type: FeatureType };
  /** A stored feature, by its index in the plan's `stored`, and the event time of its row: NULL where there is none. */
  readonly stored: (at: number) => { readonly value: Sql; readonly eventTime: Sql };
}

export interface OnDemandRequest {
  readonly plan: OnDemandPlan;
  readonly from: JoinedRows;
  /** Name of the table to make; one that is there is dropped. */
  readonly into: string;
  readonly stalePolicy: StalePolicy;
  readonly options: QueryOptions;
}

const valueName = (view: number, feature: number): string => `o${view}_${feature}`;
const eventName = (view: number): string => `oe${view}`;
const staleName = (view: number): string => `os${view}`;

/** Where the table of `computeOnDemandRows` holds a feature, its row's event time, and 1 where an input of it was stale. */
export const computedColumn = (view: number, feature: number): { value: Sql; eventTime: Sql; stale: Sql } => ({
  value: ident(valueName(view, feature)),
  eventTime: ident(eventName(view)),
  stale: ident(staleName(view)),
});

/** Computes every on-demand view of the plan for every row, into a table in order of `rid`. */
export async function computeOnDemandRows(store: ClickHouse, request: OnDemandRequest): Promise<void> {
  const { plan, into, options } = request;
  const columns = plan.views.flatMap(({ view }, index) => [
    { name: eventName(index), type: "Nullable(DateTime64(3, 'UTC'))" },
    { name: staleName(index), type: 'UInt8' },
    ...view.features.map(({ type }, feature) => ({ name: valueName(index, feature), type: clickhouseType(type) })),
  ]);
  const ddl = join(columns.map(({ name, type }) => sql`${ident(name)} ${raw(type)}`));
  await store.run('training-on-demand-drop', sql`DROP TABLE IF EXISTS ${ident(into)} SYNC`, options);
  await store.run(
    'training-on-demand-create',
    sql`CREATE TABLE ${ident(into)} (rid UInt64, ${ddl}) ENGINE = MergeTree ORDER BY rid`,
    options,
  );
  const names = ['rid', ...columns.map(({ name }) => name)] as [string, ...string[]];
  // Without it a float is read back as a neighbour of itself, and a set would differ from what a request answers.
  const exact = { ...options, settings: { ...options.settings, precise_float_parsing: 1 as const } };
  const bytes = store.bytes('training-on-demand-read', inputsOf(request), 'RowBinary', options);
  for await (const batch of decodeRows(bytes, readerOf(request), BATCH)) {
    options.signal?.throwIfAborted();
    const rows = batch.map((row) => [row.rid, ...computeAll(plan, row)]);
    await store.insert('training-on-demand-write', { table: into, columns: names }, rows, exact);
  }
}

/** rid, then for each stored input whether there is a row, its event time, whether it is stale, its value; then what the spine gives. */
function inputsOf({ plan, from }: OnDemandRequest): Sql {
  const stored = plan.stored.flatMap(({ view }, at) => {
    if (!isInput(plan, at)) return [];
    const { value, eventTime } = from.stored(at);
    const event = sql`ifNull(toUnixTimestamp64Milli(${eventTime}), 0)`;
    const stale = view.maxAgeMs === null ? raw('toUInt8(0)') : sql`toUInt8(${event} < t - toInt64(${view.maxAgeMs}))`;
    return [sql`toUInt8(${eventTime} IS NOT NULL)`, sql`toInt64(${event})`, stale, value];
  });
  const given = plan.request.map(({ name, type }) => {
    const { value, type: own } = from.given(name);
    return own === type ? value : castScalar(value, type as ScalarType);
  });
  return sql`SELECT ${join([raw('rid'), ...stored, ...given])} FROM ${ident(from.table)} ORDER BY rid`;
}

const isInput = ({ views }: OnDemandPlan, at: number): boolean =>
  views.some(({ inputs }) => inputs.some((input) => input.at === at));

interface InputRow {
  readonly rid: string;
  readonly stored: ReadonlyMap<number, Cell>;
  readonly given: ReadonlyMap<string, FeatureValue>;
}

const NOT_THERE: Cell = { value: null, status: 'NOT_FOUND', eventTime: null };

function readerOf({ plan, stalePolicy }: OnDemandRequest): (cursor: Cursor) => InputRow {
  const stored = plan.stored.flatMap(({ feature }, at) =>
    isInput(plan, at) ? [{ at, read: featureReader(feature.type) }] : [],
  );
  const given = plan.request.map(({ name, type }) => ({ name, read: featureReader(type) }));
  return (cursor) => ({
    rid: cursor.int64().toString(),
    stored: new Map(
      stored.map(({ at, read }) => {
        const there = cursor.uint8() === 1;
        const eventTime = Number(cursor.int64());
        const stale = cursor.uint8() === 1;
        const value = read(cursor);
        if (!there) return [at, NOT_THERE] as const;
        if (stale) return [at, { value: stalePolicy === 'NULL' ? null : value, status: 'STALE', eventTime }] as const;
        return [at, { value, status: value === null ? 'NULL' : 'PRESENT', eventTime }] as const;
      }),
    ),
    given: new Map(given.map(({ name, read }) => [name, read(cursor)])),
  });
}

/** The columns of a row, view by view. */
const computeAll = (plan: OnDemandPlan, { stored, given }: InputRow): unknown[] =>
  plan.views.flatMap((planned) => {
    const { values, statuses, eventTime } = computeRow(
      planned,
      (name) => given.get(name) ?? null,
      (at) => stored.get(at) as Cell,
    );
    const event = eventTime === null ? null : new Date(eventTime).toISOString();
    return [event, statuses.includes('STALE') ? 1 : 0, ...values];
  });

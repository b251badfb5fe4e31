import { type OnDemandPlan, planOnDemand } from '../../core/compute/on-demand.js';
import { TIME_COLUMN } from '../../core/compute/spine-columns.js';
import { coordinateRange } from '../../core/definitions/coordinates.js';
import type { Label } from '../../core/definitions/definitions.js';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType, type FeatureType } from '../../core/definitions/types.js';
import { badInput, conflict } from '../../core/errors.js';
import type { UploadedSpine } from '../../core/ports/spines.js';
import type { TrainingSetPins, TrainingSetRequest } from '../../core/ports/training-sets.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import { castValue } from '../../warehouse/casts.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import { valueFailure } from '../../warehouse/failures.js';
import { RUN_LIMITS } from '../../warehouse/guard/costs.js';
import { readSpine, type Spine } from '../point-in-time/spine.js';
import { checkSpineInputs } from '../point-in-time/spine-inputs.js';
import { planSpineSql, type SpineSqlTools } from '../point-in-time/spine-sql.js';
import type { Checkpoints } from './checkpoints.js';
import { contentHash, contentSum } from './content-hash.js';
import { type ChosenOf, fewerOf, noRowsOf, planLabelSpine } from './label-spine.js';
import { refuseMoreRows, writtenWithin } from './spine-bounds.js';
import { hasTable } from './tables.js';

export interface SpineColumn {
  /** As the caller named it. */
  readonly name: string;
  /** As the working tables name it. */
  readonly column: string;
  readonly type: FeatureType;
}

export interface SpineTable {
  readonly table: string;
  readonly columns: readonly SpineColumn[];
  readonly rows: number;
  /** The hash of the rows in any order. */
  readonly hash: string;
  /** Stays when the set is done. */
  readonly kept: boolean;
}

/** The part of a request that determines the rows. */
export type SpineRequest = Pick<
  TrainingSetRequest,
  'callerKey' | 'features' | 'spine' | 'entities' | 'asOf' | 'mask' | 'pins'
>;

/** A column of an inline spine may have the name, and is a list. */
const isOfLabel = (spine: TrainingSetRequest['spine']): spine is { readonly fromLabel: Label } =>
  'fromLabel' in spine && !Array.isArray(spine.fromLabel);

const isSql = (spine: TrainingSetRequest['spine']): spine is { readonly sql: string } =>
  'sql' in spine && typeof spine.sql === 'string';

/** A column of an inline spine may have the name, and is a list. */
const isUploaded = (spine: TrainingSetRequest['spine']): spine is { readonly uploaded: UploadedSpine } =>
  'uploaded' in spine && !Array.isArray(spine.uploaded);

export const uploadedId = (spine: TrainingSetRequest['spine']): string | null =>
  isUploaded(spine) ? spine.uploaded.id : null;

/** The label whose observations are the rows. */
export const spineLabel = (spine: TrainingSetRequest['spine']): Label | null =>
  isOfLabel(spine) ? spine.fromLabel : null;

/** What says of a spine which rows it has; of a label its definition. */
export const spineIdentity = (spine: TrainingSetRequest['spine']): object =>
  isOfLabel(spine) ? { label: spine.fromLabel.id, hash: spine.fromLabel.hash } : spine;

export const spineSqlText = (spine: TrainingSetRequest['spine']): string | null => (isSql(spine) ? spine.sql : null);

/** Rows that are in a table already, as `writeSpine` would write them. */
interface KeptRows {
  readonly kept: string;
}

export interface SpinePlan {
  readonly columns: readonly Omit<SpineColumn, 'column'>[];
  readonly from: Sql | Spine | KeptRows;
  /** Personal values of the rows, keys among them, are masked already. */
  readonly premasked: boolean;
  /** Source tables that the rows come from. */
  readonly tables: readonly string[];
  /** Columns of spine SQL that are coordinates, with their range in degrees. */
  readonly coordinates: ReadonlyMap<string, readonly [min: number, max: number]>;
  /** The column with the outcome of each row, which counts once its `known_at` has passed; null where the spine brings none. */
  readonly target: string | null;
  /** Where the rows are those of a label. */
  readonly chosen?: ChosenOf;
}

/** Checks a spine against the features; computes nothing. BAD_USER_INPUT says what does not fit. */
export async function planSpine(tools: SpineSqlTools, request: SpineRequest): Promise<SpinePlan> {
  const onDemand = planOnDemand(request.features);
  const { joinKeys } = onDemand;
  if (isUploaded(request.spine)) return planUploaded(request.spine.uploaded, onDemand);
  if (isOfLabel(request.spine)) {
    const { asOf, mask, pins } = request;
    const asked = { label: request.spine.fromLabel, joinKeys, asOf, mask, imports: pins?.imports };
    const { select, ...planned } = planLabelSpine(tools, asked);
    checkSpineInputs(onDemand, planned.columns, mask !== undefined);
    return {
      ...planned,
      from: select,
      premasked: mask !== undefined,
      coordinates: coordinatesOf(onDemand),
      target: null,
    };
  }
  if (isSql(request.spine)) {
    const planned = await planSpineSql(tools, {
      text: request.spine.sql,
      joinKeys,
      asOf: request.asOf,
      mask: request.mask,
      entities: request.entities,
      imports: request.pins?.imports,
      kept: request.pins?.spine && (await hasTable(tools.store, request.pins.spine.table)),
      callerKey: request.callerKey,
    });
    checkSpineInputs(onDemand, planned.columns, request.mask !== undefined);
    return {
      columns: planned.columns,
      from: planned.select,
      premasked: request.mask !== undefined,
      tables: planned.tables,
      coordinates: coordinatesOf(onDemand),
      target: null,
    };
  }
  const spine = readSpine(request.spine, joinKeys, onDemand.request);
  const columns = spine.columns.map(({ name, type }) => ({ name, type }));
  if (spine.rows === 0) throw badInput('the spine has no rows', 'give at least one row');
  return { columns, from: spine, premasked: false, tables: [], coordinates: new Map(), target: null };
}

const coordinatesOf = ({ request }: OnDemandPlan): SpinePlan['coordinates'] =>
  new Map(
    request.flatMap((input) => {
      const range = coordinateRange(input);
      return range ? [[input.name, range] as const] : [];
    }),
  );

/** Its rows are what the caller brought, so nothing of them is masked. */
function planUploaded({ id, table, columns, target }: UploadedSpine, onDemand: OnDemandPlan): SpinePlan {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  for (const name of onDemand.joinKeys) {
    const type = types.get(name);
    if (type === 'STRING') continue;
    throw badInput(
      type === undefined ? `the spine '${id}' has no column '${name}'` : `'${name}' of the spine '${id}' is a ${type}`,
      `upload a spine with ${onDemand.joinKeys.join(', ')} as strings, ${TIME_COLUMN} and any columns to pass through`,
    );
  }
  checkSpineInputs(onDemand, columns, false);
  return { columns, from: { kept: table }, premasked: false, tables: [], coordinates: coordinatesOf(onDemand), target };
}

interface SpineFilling {
  readonly checkpoints: Checkpoints;
  readonly kept: TrainingSetPins['spine'];
  readonly callerKey?: string | undefined;
}

/**
 * Writes the spine into a table in the order given, as a step. `rid` numbers the rows as given, `t` is the instant in UTC ms. Rows of spine SQL
 * are kept with the set: SQL that is run again may well give others, as a sum of floats in another order, or now(). `kept` are those of the set that
 * is made again.
 * @throws BAD_USER_INPUT for a spine without rows, or with rows that have no instant; CONFLICT where kept rows were changed
 */
export async function fillSpineTable(
  tools: SpineSqlTools,
  plan: SpinePlan,
  { checkpoints, kept, callerKey }: SpineFilling,
): Promise<SpineTable> {
  const { store } = tools;
  const { options } = checkpoints;
  const columns = plan.columns.map((column, index) => ({ ...column, column: `c${index}` }));
  const filled = await checkpoints.once('spine', async () => {
    const again = kept && (await hasTable(store, kept.table)) ? kept : undefined;
    const table = again?.table ?? (await writeSpine(tools, plan, { checkpoints, columns, callerKey }));
    const values = [raw('t'), ...columns.map(({ column }) => ident(column))];
    const sum = await contentSum(store, { from: ident(table), values, options });
    const hash = contentHash([sum]);
    if (again && hash !== again.hash) throw changedRows(again.table);
    return { table, rows: sum.rows, hash };
  });
  if (filled.rows === 0) {
    throw plan.chosen
      ? await noRowsOf(store, plan.chosen, options)
      : badInput('the spine has no rows', 'widen the spine SQL');
  }
  return { ...filled, columns, kept: !('times' in plan.from) };
}

const changedRows = (table: string) =>
  conflict(
    `the rows of the spine that were kept in ${table} are not those that the training set was made from`,
    'see who wrote to ClickHouse past the import API; a new set can be made with the same request',
  );

/** @returns the table with the rows */
async function writeSpine(
  tools: SpineSqlTools,
  plan: SpinePlan,
  { checkpoints, ...given }: Omit<Filling, 'table' | 'options'> & Pick<SpineFilling, 'checkpoints'>,
): Promise<string> {
  const { options, fresh } = checkpoints;
  if ('kept' in plan.from) {
    if (await hasTable(tools.store, plan.from.kept)) {
      await refuseOutside(tools.store, plan, { ...given, options, table: plan.from.kept });
      return plan.from.kept;
    }
    throw conflict('the rows of the uploaded spine are gone', 'upload it again, and create a new set from it');
  }
  const filling = { ...given, options, table: 'parts' in plan.from ? fresh.keptTable() : fresh.table('spine') };
  const ddl = filling.columns.map(({ column, type }) => sql`${ident(column)} ${raw(clickhouseType(type))}`);
  await tools.store.run(
    'training-spine-create',
    sql`CREATE TABLE ${ident(filling.table)} (rid UInt64, t Int64, ${join(ddl)}) ENGINE = MergeTree ORDER BY rid`,
    filling.options,
  );
  if ('parts' in plan.from) {
    const said = plan.chosen
      ? { what: 'the sampling of the label', fewer: fewerOf(plan.chosen) }
      : { what: 'the spine SQL', fewer: FEWER };
    await insertSelect(tools, { ...filling, ...said, select: plan.from });
    await refuseOutside(tools.store, plan, filling);
  } else await insertRows(tools, { ...filling, spine: plan.from });
  return filling.table;
}

const FEWER = 'select fewer rows, and of them only the keys, event_timestamp and the columns that the set needs';

/** Rows that a statement gives, and how its errors speak of it. */
interface Selected {
  readonly select: Sql;
  readonly what: string;
  readonly fewer: string;
}

interface Filling {
  readonly table: string;
  readonly columns: readonly SpineColumn[];
  readonly options: QueryOptions;
  readonly callerKey?: string | undefined;
}

async function insertSelect(
  { store, userSql, spineLimits }: SpineSqlTools,
  { table, columns, select, what, fewer, options, callerKey }: Filling & Selected,
): Promise<void> {
  const time = sql`u.${ident(TIME_COLUMN)}`;
  const values = columns.map(({ name, type }) => castValue(sql`u.${ident(name)}`, type));
  // One thread keeps the order of the SELECT, which numbers the rows. The caller's SQL has the server's own limit of memory, and sorts on disk.
  const statement = sql`INSERT INTO ${ident(table)} (rid, t, ${join(columns.map(({ column }) => ident(column)))})
      SELECT rowNumberInAllBlocks(), ifNull(toUnixTimestamp64Milli(toDateTime64(${time}, 3, 'UTC')), 0), ${join(values)}
      FROM (${select}) AS u${spineLimits ? sql` LIMIT ${param('UInt64', spineLimits.rows + 1)}` : raw('')}`;
  const settings = { ...BOUNDED, ...RUN_LIMITS, query_plan_remove_redundant_sorting: 0 as const };
  const { signal } = options;
  const place = await userSql.enter(callerKey, signal);
  const fill = () =>
    place.store.run('training-spine-fill', statement, { signal, settings }).catch((error: unknown) => {
      throw valueFailure(error, what);
    });
  const bytes = spineLimits?.bytes ?? Number.POSITIVE_INFINITY;
  await writtenWithin(store, { table, bytes, fewer }, fill).finally(place.leave);
  const total = await rowsWhere(store, { table, options }, raw('1'));
  if (spineLimits) refuseMoreRows(total, { most: spineLimits.rows, fewer });
  const instant = ident(columns.find(({ name }) => name === TIME_COLUMN)?.column as string);
  const timeless = await rowsWhere(store, { table, options }, sql`${instant} IS NULL`);
  if (timeless === 0) return;
  throw badInput(
    `${timeless} rows of the spine SQL have no ${TIME_COLUMN}`,
    `leave them out: WHERE ${TIME_COLUMN} IS NOT NULL`,
  );
}

async function rowsWhere(
  store: ClickHouse,
  { table, options }: Pick<Filling, 'table' | 'options'>,
  condition: Sql,
): Promise<number> {
  const [row] = await store.rows<{ total: string }>(
    'training-spine-check',
    sql`SELECT count() AS total FROM ${ident(table)} WHERE ${condition}`,
    options,
  );
  return Number(row?.total ?? 0);
}

/** BAD_USER_INPUT where a row has a coordinate that is none. */
async function refuseOutside(
  store: ClickHouse,
  { coordinates }: SpinePlan,
  { columns, ...filling }: Pick<Filling, 'table' | 'columns' | 'options'>,
): Promise<void> {
  for (const [name, [min, max]] of coordinates) {
    const column = ident(columns.find((each) => each.name === name)?.column as string);
    const outside = await rowsWhere(
      store,
      filling,
      sql`NOT (${column} BETWEEN ${raw(String(min))} AND ${raw(String(max))})`,
    );
    if (outside === 0) continue;
    throw badInput(
      `${outside} rows of the spine have a ${name} that is not between ${min} and ${max}`,
      'a coordinate is in degrees; give NULL where there is none',
    );
  }
}

async function insertRows(
  { store }: SpineSqlTools,
  { table, columns, spine, options }: Filling & { readonly spine: Spine },
): Promise<void> {
  const rows = spine.times.map((t, row) => [row, t, ...spine.columns.map(({ values }) => values[row] ?? null)]);
  const into = { table, columns: ['rid', 't', ...columns.map(({ column }) => column)] as [string, ...string[]] };
  // Without it a float is read back as a neighbour of itself.
  const settings = { ...options.settings, precise_float_parsing: 1 as const };
  await store.insert('training-spine-fill', into, rows, { ...options, settings });
}

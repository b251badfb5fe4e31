import type { View } from '../core/definitions.js';
import { badInput } from '../core/errors.js';
import type { TrainingSetRequest, TrainingSetResult } from '../core/ports.js';
import { ident, join, raw, sql } from '../core/sql.js';
import { formatInstant } from '../core/time.js';
import { isPersonal, nameFeatures, type OutputFeature, viewsOf } from './columns.js';
import { contentHash } from './content-hash.js';
import { exportedValue, exportFile } from './export.js';
import { type LabelPlan, planLabel, refuseEarlyWindows, refuseLabelFeatures } from './labels.js';
import { type ProfiledColumn, profileColumns } from './profile.js';
import { TIME_COLUMN } from './spine.js';
import type { SpineSqlTools } from './spine-sql.js';
import { eventOf, featureOf, joinFeatures, joinLabel, type Rows, spineRows, type Working } from './training-join.js';
import { fillSpineTable, planSpine, type SpinePlan, type SpineTable, spineSqlText } from './training-spine.js';
import { maskedValue } from './values.js';

export type TrainingSetTools = SpineSqlTools;
type Checked = Pick<TrainingSetRequest, 'features' | 'spine' | 'label' | 'entities' | 'asOf' | 'mask'>;

interface Plan {
  readonly spine: SpinePlan;
  readonly label: LabelPlan | null;
  readonly outputs: readonly OutputFeature[];
}

async function plan(tools: TrainingSetTools, request: Checked): Promise<Plan> {
  const { features, entities, asOf, mask } = request;
  if (features.length === 0) throw badInput('no feature is asked for', 'name a service, or features as view@1:feature');
  refuseLabelFeatures(features);
  const spine = await planSpine(tools, request);
  const columns = spine.columns.map(({ name }) => name);
  const outputs = nameFeatures(features, request.label === null ? columns : [...columns, request.label]);
  const maskedKeys = spine.premasked ? mask : undefined;
  const label =
    request.label === null
      ? null
      : await planLabel(tools.store, tools.calendar, {
          name: request.label,
          entities,
          asOf,
          columns: spine.columns,
          maskedKeys,
        });
  return { spine, label, outputs };
}

/** See OfflineStore.checkTrainingSet. */
export async function checkTrainingSet(tools: TrainingSetTools, request: Checked): Promise<void> {
  await plan(tools, request);
}

/** Fractions of the work behind each step, as measured on sets of a million rows. */
const DONE = { spine: 0.1, label: 0.2, features: 0.7, file: 0.9 };

/**
 * See OfflineStore.buildTrainingSet. Works in tables of its own, named after the set: what an attempt that was killed left is dropped first, and
 * everything is computed from what was known at the as-of, so a repetition gives the same file.
 */
export async function buildTrainingSet(
  tools: TrainingSetTools,
  request: TrainingSetRequest,
): Promise<TrainingSetResult> {
  const { store } = tools;
  const prefix = `training_${request.id.replace(/\W/g, '')}_`;
  await dropTables(tools, prefix);
  try {
    request.signal.throwIfAborted();
    const planned = await plan(tools, request);
    const views = viewsOf(request.features);
    const options = { signal: request.signal };
    const spine = await fillSpineTable(tools, planned.spine, {
      table: `${prefix}spine`,
      sortBy: (views[0] as View).entity.joinKeys[0] as string,
      options,
    });
    if (spine.rows === 0) throw badInput('the spine has no rows', 'widen the spine SQL');
    await request.onProgress(DONE.spine);

    const working: Working = {
      store,
      prefix,
      spine,
      request,
      maskedKeys: planned.spine.premasked ? request.mask : undefined,
    };
    const start = planned.label ? await labelRows(working, planned.label) : spineRows(spine);
    await request.onProgress(DONE.label);
    const table = await joinFeatures(working, start, views, (fraction) =>
      request.onProgress(DONE.label + fraction * (DONE.features - DONE.label)),
    );
    return await finish(tools, request, { ...planned, views, spineTable: spine, table });
  } finally {
    await dropTables(tools, prefix);
  }
}

async function labelRows(working: Working, label: LabelPlan): Promise<Rows> {
  const { spine, store, request } = working;
  const key = spine.columns.find(({ name }) => name === label.key)?.column as string;
  await refuseEarlyWindows(store, label, {
    spine: ident(spine.table),
    key: ident(key),
    options: { signal: request.signal },
  });
  return joinLabel(working, spineRows(spine), label, key);
}

interface Whole extends Plan {
  readonly views: readonly View[];
  readonly spineTable: SpineTable;
  readonly table: string;
}

/** Writes the file and says what is in it. */
async function finish(
  { store, calendar }: TrainingSetTools,
  request: TrainingSetRequest,
  whole: Whole,
): Promise<TrainingSetResult> {
  const columns = outputColumns(request, whole);
  const from = ident(whole.table);
  const options = { signal: request.signal };
  const select = sql`SELECT ${join(
    columns.map(({ name, type, value }) => sql`${exportedValue(value, type, request.format)} AS ${ident(name)}`),
  )} FROM ${from} ORDER BY rid`;
  await exportFile(store, { select, format: request.format, path: request.path, signal: request.signal });
  await request.onProgress(DONE.file);
  const hash = await contentHash(store, { from, values: columns.map(({ value }) => value), options });
  const profiles = await profileColumns(store, {
    ...{ from, rows: whole.spineTable.rows, columns, options },
    label: whole.label ? raw('label') : null,
  });
  await request.onProgress(1);
  return {
    rowCount: whole.spineTable.rows,
    columns: profiles,
    manifest: {
      trainingSet: request.id,
      asOf: formatInstant(request.asOf),
      timezone: calendar.timezone,
      features: whole.outputs.map(({ ref, column }) => ({ column, reference: ref.reference })),
      views: whole.views.map(({ id, hash: definition }) => ({ view: id, hash: definition })),
      label: whole.label && { name: whole.label.name, entity: whole.label.entity },
      spine: { sql: spineSqlText(request.spine), rows: whole.spineTable.rows, hash: whole.spineTable.hash },
      masked: request.mask !== undefined,
      includeEventTimes: request.includeEventTimes,
      format: request.format,
      columns: columns.map(({ name, type }) => ({ name, type })),
      rowCount: whole.spineTable.rows,
      contentHash: hash,
    },
  };
}

function outputColumns(
  request: TrainingSetRequest,
  { views, spineTable, outputs, label }: Whole,
): readonly ProfiledColumn[] {
  const { mask } = request;
  const keys = new Set([...views.flatMap((view) => view.entity.joinKeys), TIME_COLUMN, label?.key]);
  const spine = spineTable.columns.map(({ name, column, type, masked }): ProfiledColumn => {
    const stored = ident(column);
    return { name, type, value: masked && mask ? maskedValue(mask, stored, type) : stored, explains: !keys.has(name) };
  });
  const features = outputs.flatMap(({ ref, column }): ProfiledColumn[] => {
    const { type } = ref.feature;
    const stored = featureOf(views, request.features, ref);
    const value = mask && isPersonal(ref) ? maskedValue(mask, stored, type) : stored;
    const time: ProfiledColumn = {
      ...{ name: `${column}__event_time`, type: 'TIMESTAMP', explains: false },
      value: eventOf(views, ref),
    };
    return [{ name: column, type, value, explains: true }, ...(request.includeEventTimes ? [time] : [])];
  });
  const outcome: ProfiledColumn[] = label
    ? [{ name: label.name, type: 'FLOAT64', value: raw('label'), explains: false }]
    : [];
  return [...spine, ...features, ...outcome];
}

async function dropTables({ store }: TrainingSetTools, prefix: string): Promise<void> {
  const tables: { name: string }[] = await store.rows(
    'training-set-tables',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${prefix})`,
  );
  for (const { name } of tables) await store.run('training-set-drop', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);
}

import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { withheldPlan } from '../../core/compute/disclosure.js';
import { definitionsRead, type OnDemandPlan, planOnDemand } from '../../core/compute/on-demand.js';
import type { AnyFeatureRef, View } from '../../core/definitions/definitions.js';
import { ident, raw, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import type { TrainingSetPins, TrainingSetRequest, TrainingSetResult } from '../../core/ports/training-sets.js';
import { nameFeatures, type OutputFeature, viewsOf } from '../point-in-time/columns.js';
import type { SpineSqlTools } from '../point-in-time/spine-sql.js';
import { type Checkpoints, mayPass, openCheckpoints } from './checkpoints.js';
import { computedColumns, featureColumns, refuseTakenNames, spineColumns, targetColumn } from './columns.js';
import { coverageOf, refuseUncovered } from './coverage.js';
import { finishSet } from './finish.js';
import { earlyRows, refuseFutureRows, refuseFutureTimes } from './future-rows.js';
import { joinFeatures, type Working } from './join.js';
import { joinLabel } from './label.js';
import { countStrata } from './label-spine.js';
import { type LabelPlan, labelColumn, planLabel, refuseLabelFeatures } from './labels.js';
import { onDemandSlice } from './on-demand.js';
import { pinNow, pinStates } from './pins.js';
import type { ProfiledColumn } from './profile.js';
import { gatherRows } from './rows.js';
import { fillSpineTable, planSpine, type SpinePlan, spineIdentity } from './spine.js';
import { inParts } from './tables.js';
import { refuseLabelCopies } from './target-leakage.js';

export interface TrainingSetTools extends SpineSqlTools {
  /** Rows of one step; absent: by what they take in memory. Tests make it small. */
  readonly rowsAStep?: number | undefined;
  /** Bytes that one join takes in; absent: what a server of a few gigabytes has. */
  readonly bytesAJoin?: number | undefined;
  /** Rows up to which profiles are exact; absent: what memory holds. */
  readonly exactRows?: number | undefined;
}

type Checked = Pick<
  TrainingSetRequest,
  'callerKey' | 'features' | 'spine' | 'label' | 'labelDefinition' | 'entities' | 'asOf' | 'mask' | 'pins'
> &
  Partial<Pick<TrainingSetRequest, 'includeEventTimes' | 'includeStatuses'>>;

export interface Plan {
  readonly spine: SpinePlan;
  readonly label: LabelPlan | null;
  readonly onDemand: OnDemandPlan;
  /** In the order of `onDemand.columns`. */
  readonly outputs: readonly OutputFeature<AnyFeatureRef>[];
}

async function plan(tools: TrainingSetTools, request: Checked): Promise<Plan> {
  const { features, entities, asOf, mask, pins } = request;
  if (features.length === 0) throw badInput('no feature is asked for', 'name a service, or features as view@1:feature');
  const onDemand = mask ? withheldPlan(planOnDemand(features)) : planOnDemand(features);
  refuseLabelFeatures(onDemand.stored);
  const spine = await planSpine(tools, request);
  if ('times' in spine.from) refuseFutureTimes(spine.from.times, asOf);
  if ('kept' in spine.from) await refuseFutureRows(tools.store, { table: spine.from.kept, asOf, options: {} });
  if (spine.target !== null && request.label !== null) throw twoOutcomes(spine.target);
  const columns = spine.columns.map(({ name }) => name);
  const taken = request.label === null ? columns : [...columns, labelColumn(request.label)];
  const outputs = nameFeatures(features, taken);
  refuseTakenNames(outputs, taken, request);
  const maskedKeys = spine.premasked ? mask : undefined;
  const label =
    request.label === null
      ? null
      : await planLabel(tools, {
          name: request.label,
          definition: request.labelDefinition ?? null,
          entities,
          asOf,
          columns: spine.columns,
          maskedKeys,
          through: pins?.imports.labels,
        });
  return { spine, label, onDemand, outputs };
}

const twoOutcomes = (target: string) =>
  badInput(
    `the spine brings the target '${target}', and the label would be another outcome`,
    'leave the label out, or upload the spine without its target',
  );

/** See TrainingSetBuilder.check. */
export async function checkTrainingSet(tools: TrainingSetTools, request: Checked): Promise<void> {
  await plan(tools, request);
}

/** Fractions of the work that are done after each stage, as measured on sets of millions of rows. */
const DONE = { spine: 0.1, label: 0.15, features: 0.45, rows: 0.7 };

/** What the working tables hold and how; a new number where it changes. */
const LAYOUT = 5;

function fingerprint(request: TrainingSetRequest, rowsAStep: number | undefined): string {
  const { features, spine, label, asOf, mask, includeEventTimes, includeStatuses, stalePolicy, pins } = request;
  const references = features.map(({ reference }) => reference);
  const versions = [...definitionsRead(planOnDemand(features))];
  const said = [
    LAYOUT,
    references,
    versions,
    spineIdentity(spine),
    label,
    asOf,
    mask !== undefined,
    includeEventTimes,
    includeStatuses,
  ];
  return createHash('sha256')
    .update(JSON.stringify([...said, stalePolicy, pins, rowsAStep]))
    .digest('hex');
}

/**
 * See TrainingSetBuilder.build. Works in tables of its own, named after the set, in steps with checkpoints: what a worker that was killed has finished is not
 * done again, and everything is computed from what was pinned at the beginning, so that the file is the same.
 */
export async function buildTrainingSet(
  tools: TrainingSetTools,
  request: TrainingSetRequest,
): Promise<TrainingSetResult> {
  const { signal } = request;
  signal.throwIfAborted();
  const checkpoints = await openCheckpoints(tools.store, {
    id: request.id,
    signal,
    fingerprint: fingerprint(request, tools.rowsAStep),
  });
  try {
    return await build(tools, request, checkpoints);
  } catch (error) {
    const held = await checkpoints.isHeld().catch(() => null);
    if (held === false) {
      await checkpoints.leave();
      await checkpoints.check();
    }
    if (held && signal.aborted) await checkpoints.stop();
    if (held && (signal.aborted || !mayPass(error))) await checkpoints.drop();
    throw error;
  }
}

/** Fixes what a set reads: the inputs of now or of its pins, its rows, and the states of its views. */
export async function prepareSet(
  tools: TrainingSetTools,
  request: Checked & { readonly id: string },
  checkpoints: Checkpoints,
): Promise<{ readonly pins: TrainingSetPins; readonly planned: Plan; readonly working: Working }> {
  const { asOf } = request;
  const { stored: features } = planOnDemand(request.features);
  const views = viewsOf(features);
  const pins = await pinned(tools, request, checkpoints, views);
  const planned = await plan(tools, { ...request, pins });
  const spine = await fillSpineTable(tools, planned.spine, {
    checkpoints,
    kept: pins.spine,
    callerKey: request.callerKey,
  });
  const working: Working = {
    store: tools.store,
    checkpoints,
    spine,
    features,
    views,
    asOf,
    states: await pinStates(tools.store, { checkpoints, views, pins, asOf }),
    maskedKeys: planned.spine.premasked ? request.mask : undefined,
    rowsAStep: tools.rowsAStep,
    bytesAJoin: tools.bytesAJoin,
  };
  await refuseFutureRows(tools.store, { table: spine.table, asOf, options: checkpoints.options });
  return { pins, planned, working };
}

async function build(
  tools: TrainingSetTools,
  request: TrainingSetRequest,
  checkpoints: Checkpoints,
): Promise<TrainingSetResult> {
  const { asOf } = request;
  const { pins, planned, working } = await prepareSet(tools, request, checkpoints);
  const { spine, views } = working;
  const early = await earlyRows(working);
  if (request.mostUncovered !== undefined) await refuseUncovered(working, request.mostUncovered);
  await request.onProgress(DONE.spine);

  const between = (from: number, to: number) => (fraction: number) => request.onProgress(from + fraction * (to - from));
  const labelled = planned.label ? await joinLabel(working, planned.label, between(DONE.spine, DONE.label)) : null;
  const joined = await joinFeatures(working, between(DONE.label, DONE.features));
  const target = planned.spine.target === null ? null : targetColumn(spine, planned.spine.target, asOf);
  const own = spineColumns(
    { spine, joinKeys: planned.onDemand.joinKeys },
    { label: planned.label?.key, target: target?.name, isChosen: planned.spine.chosen !== undefined },
  );
  const asked = planned.onDemand.columns.flatMap((column, index) => {
    const name = planned.outputs[index]?.column as string;
    return column.kind === 'stored'
      ? featureColumns(working, { ref: column.ref, column: name }, request)
      : computedColumns(column, { ref: column.ref, column: name }, request);
  });
  const outcome: ProfiledColumn[] = planned.label
    ? [{ name: planned.label.column, type: 'FLOAT64', value: raw('label'), explains: false }]
    : target
      ? [target]
      : [];
  const columns = [...own, ...asked, ...outcome];
  const computed = onDemandSlice({ working, plan: planned.onDemand, stalePolicy: request.stalePolicy ?? 'RETURN' });
  const rows = await gatherRows(
    working,
    { slices: labelled ? [...joined, labelled.slice] : joined, computed, values: columns.map(({ value }) => value) },
    between(DONE.features, DONE.rows),
  );
  const all = target ? sql`*, ${target.value} AS label` : raw('*');
  const from = sql`(SELECT ${all} FROM ${ident(rows.table)} WHERE ${inParts(rows)})`;
  const copies = outcome.length > 0 ? await refuseLabelCopies(working, from, { spine: own, features: asked }) : [];
  const result = await finishSet(
    { ...tools, checkpoints, between: between(DONE.rows, 1), isThere: () => isThere(request.path) },
    request,
    {
      ...planned,
      outcome: outcome[0]?.name ?? null,
      labelCounts: labelled?.counts ?? null,
      views,
      spine,
      columns,
      rows,
      pins,
      from,
      warnings: { early, copies },
      coverage: await coverageOf(working, from),
      strata: await strataOf(planned.spine, working),
    },
  );
  await checkpoints.check();
  await checkpoints.drop(spine.kept ? spine.table : undefined);
  return result;
}

const strataOf = ({ chosen }: SpinePlan, { store, checkpoints }: Working) =>
  chosen === undefined ? null : countStrata(store, chosen.observations, checkpoints.options);

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The pins of the original for a rebuild, else the state now: fixed once and kept for the worker that takes up the work. */
async function pinned(
  tools: TrainingSetTools,
  request: Checked,
  checkpoints: Checkpoints,
  views: readonly View[],
): Promise<TrainingSetPins> {
  if (request.pins) return request.pins;
  const { runs, imports } = await checkpoints.once('pins', async () => {
    const { tables } = await planSpine(tools, request);
    const read = new Set([...tables, ...(request.label === null ? [] : ['labels'])]);
    return {
      ...(await pinNow(
        tools.store,
        views,
        [...read].map((name) => tools.tables.get(name)),
      )),
    };
  });
  return { runs, imports };
}

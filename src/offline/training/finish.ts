import { disclosureOf } from '../../core/compute/disclosure.js';
import { definitionsRead, type OnDemandPlan } from '../../core/compute/on-demand.js';
import type { AnyFeatureRef, View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type BusinessCalendar, formatInstant } from '../../core/helpers/time.js';
import type {
  TrainingSetPins,
  TrainingSetRequest,
  TrainingSetResult,
  ViewCoverage,
} from '../../core/ports/training-sets.js';
import type { ClickHouse } from '../../warehouse/client.js';
import type { OutputFeature } from '../point-in-time/columns.js';
import type { Checkpoints } from './checkpoints.js';
import { contentHash } from './content-hash.js';
import { exportedValue, exportFile } from './export.js';
import type { EarlyRows } from './future-rows.js';
import type { StratumCount } from './label-spine.js';
import type { LabelCounts, LabelPlan } from './labels.js';
import { type ProfiledColumn, profileColumns } from './profile.js';
import type { Gathered } from './rows.js';
import { type SpineTable, spineLabel, spineSqlText, uploadedId } from './spine.js';
import type { LabelHint } from './target-leakage.js';
import { rowBytes } from './weights.js';

export interface FinishTools {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly checkpoints: Checkpoints;
  /** See ProfileRequest. */
  readonly exactRows?: number | undefined;
  readonly between: (fraction: number) => Promise<void>;
  /** Whether the file is in its place. */
  readonly isThere: () => Promise<boolean>;
}

export interface WholeSet {
  readonly views: readonly View[];
  readonly onDemand: OnDemandPlan;
  readonly outputs: readonly OutputFeature<AnyFeatureRef>[];
  readonly label: LabelPlan | null;
  /** What became of the rows' labels; null without one. */
  readonly labelCounts: LabelCounts | null;
  /** Column of the label, or of the spine's own target. */
  readonly outcome: string | null;
  readonly spine: SpineTable;
  readonly columns: readonly ProfiledColumn[];
  readonly rows: Gathered;
  readonly from: Sql;
  readonly pins: TrainingSetPins;
  readonly coverage: readonly ViewCoverage[];
  /** Of a spine that is a label's; else null. */
  readonly strata: readonly StratumCount[] | null;
  readonly warnings: { readonly early: readonly EarlyRows[]; readonly copies: readonly LabelHint[] };
}

/** The facts that are written beside a column's value: its status, its event time, that it is NULL. */
const BYTES_A_COLUMN = 12;

/** The share of the file in the rest of the work; the profile takes what is left. */
const FILE = 0.6;

/** Writes the file; returns its row count, profile and manifest. */
export async function finishSet(
  { store, calendar, checkpoints, between, isThere, exactRows }: FinishTools,
  request: TrainingSetRequest,
  whole: WholeSet,
): Promise<TrainingSetResult> {
  const { columns, spine, from } = whole;
  const { options } = checkpoints;
  if (!(checkpoints.get('file') && (await isThere()))) {
    const select = sql`SELECT ${join(
      columns.map(({ name, type, value }) => sql`${exportedValue(value, type, request.format)} AS ${ident(name)}`),
    )} FROM ${from} ORDER BY rid`;
    const measured = await rowBytes(store, { tables: [whole.rows.table], rows: spine.rows }, options);
    await exportFile(store, {
      select,
      format: request.format,
      path: request.path,
      rowBytes: measured + BYTES_A_COLUMN * columns.length,
      token: checkpoints.token,
      earlier: checkpoints.earlier,
      check: checkpoints.check,
      options,
    });
    await checkpoints.once('file', async () => ({}));
  }
  await between(FILE);
  const profiles = await profileColumns(store, {
    from,
    rows: spine.rows,
    columns,
    options,
    exactRows,
    label: whole.outcome === null ? null : raw('label'),
    onProgress: (fraction) => between(FILE + fraction * (1 - FILE)),
  });
  await between(1);
  const { coverage } = whole;
  return { rowCount: spine.rows, columns: profiles, coverage, manifest: manifestOf(request, calendar, whole) };
}

function manifestOf(
  request: TrainingSetRequest,
  calendar: BusinessCalendar,
  { views, onDemand, outputs, label, labelCounts, outcome, spine, columns, rows, pins, strata, warnings }: WholeSet,
): Readonly<Record<string, unknown>> {
  const uploaded = uploadedId(request.spine);
  const chosenOf = spineLabel(request.spine);
  return {
    trainingSet: request.id,
    asOf: formatInstant(request.asOf),
    timezone: calendar.timezone,
    features: outputs.map(({ ref, column }) => ({
      column,
      reference: ref.reference,
      ...(request.mask && disclosureOf(ref) !== 'CLEAR' && { masked: true }),
    })),
    views: [
      ...views.map(({ id, hash }) => ({ view: id, hash })),
      ...[...definitionsRead({ stored: [], calls: onDemand.calls })].map(([view, hash]) => ({
        view,
        hash,
        kind: 'on_demand',
      })),
    ],
    label: label && {
      name: label.name,
      entity: label.entity,
      ...(label.definition && { version: label.definition.version, hash: label.definition.hash }),
      rows: labelCounts,
    },
    target: label === null ? outcome : null,
    spine: {
      sql: spineSqlText(request.spine),
      ...(uploaded !== null && { id: uploaded }),
      ...(chosenOf && { label: chosenOf.id, labelHash: chosenOf.hash, strata, split: chosenOf.split ?? null }),
      rows: spine.rows,
      hash: spine.hash,
    },
    masked: request.mask !== undefined,
    includeEventTimes: request.includeEventTimes,
    includeStatuses: request.includeStatuses ?? false,
    stalePolicy: request.stalePolicy ?? 'RETURN',
    format: request.format,
    columns: columns.map(({ name, type }) => ({ name, type })),
    rowCount: spine.rows,
    contentHash: contentHash(rows.sums),
    pins: { ...pins, ...(spine.kept && { spine: { table: spine.table, hash: spine.hash } }) },
    warnings: [...warnings.early, ...warnings.copies],
  };
}

import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { schemeOf } from '../core/compute/definition-hash.js';
import { bringsPersonal } from '../core/compute/disclosure.js';
import { KNOWN_AFTER } from '../core/compute/labels/label-sql.js';
import { longestWindow } from '../core/compute/labels/observations.js';
import type { Mask } from '../core/compute/masking.js';
import { definitionsRead, planOnDemand } from '../core/compute/on-demand.js';
import { declaresView } from '../core/definitions/definition-kinds.js';
import type { AnyFeatureRef, Label } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { badInput, conflict, notFound } from '../core/errors.js';
import { DAY, formatInstant } from '../core/helpers/time.js';
import { newUuid } from '../core/helpers/uuid.js';
import { buildTrainingSet } from '../core/ports/job-contracts.js';
import type { JobLedger, JobQueue } from '../core/ports/jobs.js';
import type { Materializer } from '../core/ports/materialize.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { Clock } from '../core/ports/process.js';
import type { JobProgress } from '../core/ports/progress.js';
import type { DefinitionLedger } from '../core/ports/serving.js';
import type { SpineService } from '../core/ports/spines.js';
import type {
  BuiltTrainingSet,
  ExportFormat,
  LabelDefinitionPin,
  TrainingSetBuilder,
  TrainingSetLedger,
  TrainingSetPins,
  TrainingSetRecord,
  TrainingSetRequest,
  TrainingSetResult,
  TrainingSetRunner,
  TrainingSetService,
  TrainingSetSpec,
} from '../core/ports/training-sets.js';
import { turnsOf } from '../core/turns.js';
import { computeHistory, costOf, type HistoryBudget } from './set-history.js';

const EXTENSIONS: Readonly<Record<ExportFormat, string>> = { PARQUET: 'parquet', CSV: 'csv', ARROW: 'arrow' };

export interface TrainingSetsOptions {
  readonly registry: Registry;
  readonly offline: Pick<OfflineReader, 'viewHoldings'>;
  readonly builder: TrainingSetBuilder;
  readonly spines: Pick<SpineService, 'get'>;
  /** Says what as-ofs cost that are missing, and computes them. */
  readonly history: Pick<Materializer, 'estimateAsOfs' | 'computeAsOfs'>;
  readonly historyBudget: HistoryBudget;
  readonly queue: Pick<JobQueue, 'enqueue'>;
  /** Says whose key asked for a set. */
  readonly jobs: Pick<JobLedger, 'get'>;
  /** Most sets of one key at a time that are not built yet. */
  readonly mostOpen: number;
  /** See TrainingSetRequest; absent: any. */
  readonly mostUncovered?: number;
  readonly ledger: TrainingSetLedger;
  /** Says by which hashes a version was applied before the scheme of the hashes changed. */
  readonly definitions: Pick<DefinitionLedger, 'all'>;
  readonly mask: Mask;
  readonly clock: Clock;
  /** Folder of the files: `<id>.parquet`, `<id>.csv`, `<id>.arrow`. It is created where it does not exist. */
  readonly folder: string;
}

/** Each joins features as a build does. One place is left to others whatever a key sends. */
const ESTIMATES = { places: 2, placesAKey: 1, patienceMs: 60_000, what: 'estimates of training sets' };

function refuseFuture(asOf: number, now: number): void {
  if (asOf <= now) return;
  throw badInput(
    `asOf ${formatInstant(asOf)} is in the future`,
    'give an instant that has passed, or leave it out to mean now: a set of the future could not be made again',
  );
}

/** Records requests for training sets (the API's part) and builds the sets (the worker's). */
export function createTrainingSets(options: TrainingSetsOptions): TrainingSetService & TrainingSetRunner {
  const {
    registry,
    offline,
    builder,
    spines,
    history,
    historyBudget,
    queue,
    jobs,
    mostOpen,
    mostUncovered,
    ledger,
    definitions,
    mask,
    clock,
    folder,
  } = options;

  const estimates = turnsOf({ ...ESTIMATES, clock: () => performance.now() });
  const pathOf = (id: string, format: ExportFormat): string => join(folder, `${id}.${EXTENSIONS[format]}`);

  const spineOf = async (spine: TrainingSetSpec['spine']): Promise<TrainingSetRequest['spine']> => {
    if (isUploaded(spine)) return { uploaded: await spines.get(spine.id) };
    return isOfLabel(spine) ? { fromLabel: definedLabel(registry, spine.fromLabel) } : spine;
  };

  const request = async (features: readonly AnyFeatureRef[], spec: TrainingSetSpec) => ({
    features,
    spine: await spineOf(spec.spine),
    label: spec.label,
    labelDefinition: spec.label === null ? undefined : pinOf(registry.labels.get(spec.label)),
    asOf: spec.asOf,
    entities: registry.entities,
    ...(spec.masked && { mask }),
  });

  const existing = async (id: string): Promise<TrainingSetRecord> => {
    const record = await ledger.get(id);
    if (record) return record;
    throw notFound(
      `there is no training set '${id.slice(0, 64)}'`,
      'list the training sets and use the id of one of them',
    );
  };

  return {
    async create({ name, features, spec, callerKey }) {
      const now = clock();
      refuseFuture(spec.asOf, now);
      await builder.check({
        ...(await request(features, spec)),
        callerKey,
        includeEventTimes: spec.includeEventTimes,
        includeStatuses: spec.includeStatuses ?? false,
      });
      const id = newUuid(now);
      const jobId = newUuid(now);
      // The job first: a set without a job could never be shown, a job without a set only fails.
      await queue.enqueue(buildTrainingSet, { id }, { id: jobId, owner: callerKey, mostOpen });
      return ledger.create({
        id,
        name,
        jobId,
        request: spec,
        createdAt: now,
        features: features.map(({ reference }) => reference),
      });
    },

    async estimate({ features, spec, callerKey, signal = new AbortController().signal }) {
      refuseFuture(spec.asOf, clock());
      const asked = await request(features, spec);
      const estimated = () =>
        builder.estimate({
          ...asked,
          id: newUuid(clock()),
          callerKey,
          includeEventTimes: spec.includeEventTimes,
          includeStatuses: spec.includeStatuses ?? false,
          signal,
        });
      const { rows, coverage, missing } = await estimates(callerKey, estimated, signal);
      return { rows, coverage, ...costOf(await history.estimateAsOfs(missing, signal)) };
    },

    async rebuild(id, { format, callerKey }) {
      const { name, features, request: spec, result } = await existing(id);
      if (result === null)
        throw conflict(`training set '${id}' is not built yet`, 'only what was built can be rebuilt');
      const { pins, contentHash, views } = result.manifest as Partial<SetManifest>;
      if (!pins || !contentHash || !views) {
        throw conflict(
          `training set '${id}' was built by a release that did not keep what it was made from`,
          'create a new set with the same request and asOf',
        );
      }
      const refs = features.map((reference) => resolve(registry, reference));
      await refuseChanged(id, refs, views, definitions);
      refuseMaskedSpine(id, refs, { spec, personal: registry.tables.personalColumns });
      await refusePruned(offline, id, Object.keys(pins.runs));
      const now = clock();
      const record = { id: newUuid(now), name, jobId: newUuid(now), features, createdAt: now };
      await queue.enqueue(buildTrainingSet, { id: record.id }, { id: record.jobId, owner: callerKey, mostOpen });
      const rebuild = { of: id, pins, contentHash };
      return ledger.create({ ...record, request: { ...spec, ...(format && { format }), rebuild } });
    },

    get: (id) => ledger.get(id),
    list: (page) => ledger.list(page),

    async file(id) {
      const record = await existing(id);
      if (record.result === null) {
        throw conflict(`training set '${id}' is not built yet`, 'wait until its job is COMPLETED, or see its error');
      }
      const { format } = record.request;
      return { path: pathOf(id, format), name: record.name, format };
    },

    async run(id: string, progress: JobProgress) {
      const record = await recorded(ledger, id).then((set) => set ?? existing(id));
      const path = pathOf(id, record.request.format);
      if (record.result !== null && (await isThere(path))) return shownOf(record.result);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const asked = {
        ...(await request(
          record.features.map((reference) => resolve(registry, reference)),
          record.request,
        )),
        callerKey: (await jobs.get(record.jobId))?.owner ?? undefined,
        includeEventTimes: record.request.includeEventTimes,
        includeStatuses: record.request.includeStatuses ?? false,
        signal: progress.signal,
      };
      // A rebuild reads the runs of the original and no others.
      const computed = record.request.history === 'COMPUTE' && !record.request.rebuild ? COMPUTED : 0;
      if (computed > 0) {
        // Under an id of its own: the tables of the set are those of its build, which a second worker takes up.
        const missing = await builder.missing({ ...asked, id: newUuid(clock()) });
        const within = { signal: progress.signal, report: (done: number) => progress.report(computed * done) };
        const needed = { jobId: record.jobId, missing, budget: historyBudget, now: clock() };
        await computeHistory(history, needed, within);
      }
      const result = await builder.build({
        ...asked,
        id,
        path,
        format: record.request.format,
        stalePolicy: record.request.stalePolicy ?? 'RETURN',
        // What was made once is made again, whatever the operator allows now.
        ...(record.request.rebuild
          ? { pins: record.request.rebuild.pins }
          : { mostUncovered: record.request.allowStale ? undefined : mostUncovered }),
        onProgress: (fraction) => progress.report(computed + (1 - computed) * fraction),
      });
      const { rebuild } = record.request;
      if (rebuild && result.manifest.contentHash !== rebuild.contentHash) {
        await rm(path, { force: true });
        throw conflict(
          `the rebuild of training set '${rebuild.of}' differs: its content hash is ${String(result.manifest.contentHash)}, not ${rebuild.contentHash}`,
          'source rows or history that it was made from were changed in place: see who wrote to ClickHouse past the import API',
        );
      }
      const manifest = rebuild ? { ...result.manifest, rebuildOf: rebuild.of } : result.manifest;
      await ledger.update(id, { result: { ...result, manifest } });
      return shownOf(result);
    },
  };
}

const pinOf = (label: Label | undefined): LabelDefinitionPin | undefined =>
  label && {
    version: label.version,
    hash: label.hash,
    longestWindow: (longestWindow(label.window) + 1) * DAY + KNOWN_AFTER,
  };

/** A column of an inline spine may have the name, and is a list. */
const isUploaded = (spine: TrainingSetSpec['spine']): spine is { readonly id: string } =>
  'id' in spine && typeof spine.id === 'string';

const isOfLabel = (spine: TrainingSetSpec['spine']): spine is { readonly fromLabel: string } =>
  'fromLabel' in spine && typeof spine.fromLabel === 'string';

function definedLabel(registry: Registry, id: string): Label {
  const label = registry.labels.get(id);
  if (label) return label;
  throw badInput(
    `no label of a definition is '${id.slice(0, 64)}'`,
    'name one as name@version (npx riskgraph labels lists them); the rows of an imported label are selected with spineSql, FROM labels',
  );
}

/** The share of the work that the history is, where it is computed first. */
const COMPUTED = 0.5;

/** What a job says of the set that it built. */
const shownOf = ({ rowCount, coverage }: TrainingSetResult): BuiltTrainingSet => ({ rowCount, coverage });

/** The parts of a manifest that a rebuild reads. */
interface SetManifest {
  readonly pins: TrainingSetPins;
  readonly contentHash: string;
  readonly views: readonly { readonly view: string; readonly hash: string }[];
}

async function refuseChanged(
  id: string,
  refs: readonly AnyFeatureRef[],
  views: SetManifest['views'],
  definitions: TrainingSetsOptions['definitions'],
): Promise<void> {
  const now = definitionsRead(planOnDemand(refs));
  const others = views.filter(({ view, hash }) => now.get(view) !== hash);
  if (others.length === 0) return;
  const applied = (await definitions.all()).filter(({ kind }) => declaresView(kind));
  const changed = others.filter(
    ({ view, hash }) =>
      !applied.some((one) => one.id === view && one.hash === now.get(view) && one.formerHashes.includes(hash)),
  );
  if (changed.length === 0) return;
  const names = changed.map(({ view }) => view).join(', ');
  if (changed.every(({ view, hash }) => schemeOf(hash) !== schemeOf(now.get(view) ?? hash))) {
    throw conflict(
      `training set '${id}' names ${names} by content hashes of another release, and those of now were not written anew for them`,
      'run `npx riskgraph apply --rehash` and rebuild; a version that stays unknown has changed: check out the definitions that were applied then',
    );
  }
  throw conflict(
    `training set '${id}' was built from other definitions of ${names}`,
    'a version keeps its meaning: check out the definitions that were applied then',
  );
}

/** Releases up to 0.1.0 wrote masks of personal values that a spine had brought: made again, such a set would be another. */
function refuseMaskedSpine(
  id: string,
  refs: readonly AnyFeatureRef[],
  { spec, personal }: { readonly spec: TrainingSetSpec; readonly personal: ReadonlySet<string> },
): void {
  const { masked, broughtBy, spine } = spec;
  if (!masked || broughtBy !== undefined || 'sql' in spine || isUploaded(spine) || isOfLabel(spine)) return;
  if (!bringsPersonal(spine, planOnDemand(refs), personal)) return;
  throw conflict(
    `training set '${id}' was built by a release that masked what its spine brought`,
    'create a new set with the same request and asOf: what you bring comes out as you brought it',
  );
}

async function refusePruned(
  offline: TrainingSetsOptions['offline'],
  id: string,
  views: readonly string[],
): Promise<void> {
  for (const view of views) {
    const [name = '', version] = view.split('@');
    if ((await offline.viewHoldings({ name, version: Number(version) })) !== null) continue;
    throw conflict(
      `training set '${id}' was built from ${view}, whose history has been pruned since`,
      'its file is as it was; a new set needs a version that is in force',
    );
  }
}

/** A worker may start the job before its set is recorded, which follows within milliseconds. */
const RECORD_WAIT_MS = 5_000;
const RECORD_POLL_MS = 50;

async function recorded(ledger: TrainingSetLedger, id: string): Promise<TrainingSetRecord | null> {
  for (let waited = 0; waited < RECORD_WAIT_MS; waited += RECORD_POLL_MS) {
    const record = await ledger.get(id);
    if (record) return record;
    await sleep(RECORD_POLL_MS);
  }
  return null;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Resolves by the definition files, not by what is applied now: a set requested before a retirement is built as requested. */
function resolve(registry: Registry, reference: string): AnyFeatureRef {
  const [viewId = '', name = ''] = reference.split(':');
  const view = registry.views.get(viewId) ?? registry.onDemandViews.get(viewId);
  const index = view?.features.findIndex((feature) => feature.name === name) ?? -1;
  const feature = view?.features[index];
  if (!view || !feature) {
    throw notFound(`the feature '${reference}' has no definition any more`, 'ask for a training set of other features');
  }
  return { view, feature, index, reference } as AnyFeatureRef;
}

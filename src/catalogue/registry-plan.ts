import { declaresStored, declaresView, isVersioned } from '../core/definitions/definition-kinds.js';
import type { Fact, Indicator, Label, View } from '../core/definitions/definitions.js';
import type { RefusedFile, Registry } from '../core/definitions/registry.js';
import { conflict, notFound, RiskgraphError } from '../core/errors.js';
import type { SourceTable } from '../core/lending/sources.js';
import { asPublished } from '../core/lending/table-fit.js';
import type { PlanChange, PlanOptions, PrunableView, RegistryPlan, RegistryPlanner } from '../core/ports/catalogue.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { OfflineWriters } from '../core/ports/offline-writer.js';
import type { OnlineStore } from '../core/ports/online.js';
import type { Clock } from '../core/ports/process.js';
import type { DefinitionLedger, PublishedDefinition } from '../core/ports/serving.js';
import type { TrainingSetLedger } from '../core/ports/training-sets.js';
import { changedProblems, compare, goneProblems } from './plan-changes.js';
import type { PlanCosts } from './plan-costs.js';
import {
  factsOf,
  inForce,
  isComputed,
  type Published,
  pinning,
  publishable,
  readThrough,
  requiresOf,
  spoken,
} from './published.js';
import { rehashable, rehashNotice } from './rehash.js';
import { isOtherText } from './standing.js';
import { tableChanges } from './table-changes.js';

export interface PlannerOptions {
  /** What this process runs. */
  readonly registry: Registry;
  /** What the files say now, where they may have changed since this process read them. */
  readonly onDisk?: (inForce: readonly PublishedDefinition[]) => Promise<Registry>;
  readonly ledger: DefinitionLedger;
  readonly trainingSets: Pick<TrainingSetLedger, 'pinning'>;
  readonly offline: Pick<OfflineReader, 'viewHoldings' | 'planQuery'>;
  /** What the engine says against the queries of a fact or an indicator, null where they would run; absent: nothing is asked. */
  readonly planReport?: (reported: Fact | Indicator) => Promise<string | null>;
  /** The same of the query of a label. */
  readonly planLabel?: (label: Label) => Promise<string | null>;
  /** Makes the tables of a project that the store lacks, and their columns. */
  readonly makeTables?: (tables: readonly SourceTable[]) => Promise<unknown>;
  readonly writers: Pick<OfflineWriters, 'createView'>;
  readonly online: Pick<OnlineStore, 'deleteView'>;
  /** Marks new views as whole online: they have no rows yet. */
  readonly vouch?: (views: readonly View[]) => Promise<void>;
  readonly costs: PlanCosts;
  readonly now: Clock;
  /** Called after a change, so that it is served at once. */
  readonly onChange: () => Promise<void>;
  /**
   * Resolves when other processes serve a retirement too. Online values of a retired view stay until then: a process that still serves it
   * would otherwise answer NOT_FOUND. Absent where this process is the only one.
   */
  readonly othersFollow?: () => Promise<void>;
}

const cannotRun = (file: string, words: string): string => `the query of ${file} cannot run: ${words}`;

const reportedOf = (
  { facts, indicators }: Registry,
  kind: PlanChange['kind'],
  id: string,
): Fact | Indicator | undefined =>
  kind === 'fact' ? facts.get(id) : kind === 'indicator' ? indicators.get(id) : undefined;

type Named = Pick<Published, 'kind' | 'id' | 'snapshot'>;

const label = ({ kind, id }: { readonly kind: string; readonly id: string }): string => `${kind} ${id}`;

type Content = Pick<PublishedDefinition, 'kind' | 'name' | 'version' | 'id' | 'hash' | 'snapshot'>;

const contentOf = ({ kind, name, version, id, hash, snapshot }: Content): Content => ({
  kind,
  name,
  version,
  id,
  hash,
  snapshot,
});

/** What was published, as the file of which it came would say it. */
const asFile = (published: PublishedDefinition): Published => ({
  ...contentOf(published),
  file: String(published.snapshot.file),
  description: String(published.snapshot.description),
  requires: requiresOf(published),
});

const refusals = ({ refused }: Registry): readonly string[] =>
  refused.filter(({ isAway }) => !isAway).map(({ file, reasons }) => `${file} is refused: ${reasons.join('; ')}`);

const awayTables = ({ refused }: Registry): readonly RefusedFile[] => refused.filter(({ isAway }) => isAway);
const tableOf = ({ defines }: RefusedFile): string => defines?.id.split('@')[0] ?? '';
const sayAway = (one: RefusedFile): string =>
  `the source table ${tableOf(one)}, which cannot be read now: ${one.reasons.join('; ')}`;

/** The tables that a definition reads and that cannot be read now. */
const awayOf = (disk: Registry, { snapshot }: Pick<Published, 'snapshot'>): readonly RefusedFile[] =>
  awayTables(disk).filter((one) => (snapshot.sources as readonly string[] | undefined)?.includes(tableOf(one)));

/** The model in force whose scores the view holds; they are applied and retired together. */
const modelOf = (
  { kind, snapshot }: Pick<PublishedDefinition, 'kind' | 'snapshot'>,
  applied: readonly PublishedDefinition[],
): PublishedDefinition | undefined =>
  declaresStored(kind) ? applied.find((one) => one.kind === 'model' && one.id === snapshot.scoresOf) : undefined;

export function createRegistryPlanner(options: PlannerOptions): RegistryPlanner {
  const {
    registry,
    onDisk = async () => registry,
    ledger,
    trainingSets,
    offline,
    planReport,
    planLabel,
    makeTables = async () => undefined,
    writers,
    online,
    costs,
    now,
    onChange,
    othersFollow,
  } = options;
  /** What is in force of a refused file stays as it was published. */
  const filesOf = (disk: Registry, published: readonly PublishedDefinition[]): readonly Published[] => {
    const refused = new Set(disk.refused.flatMap(({ defines }) => (defines ? [label(defines)] : [])));
    const isRefused = (one: Named): boolean =>
      refused.has(label(one)) || refused.has(`model ${String(one.snapshot.scoresOf)}`);
    const loaded = publishable(disk).filter((one) => !isRefused(one));
    return [...loaded, ...inForce(published).filter(isRefused).map(asFile)];
  };

  const setsOf = async (id: string, published: readonly PublishedDefinition[]): Promise<readonly string[]> => {
    // A set of on-demand features reads their inputs too.
    return (await trainingSets.pinning([id, ...readThrough(id, published)])).map((set) => set.id);
  };

  /** Adds the training sets that a retirement leaves usable: the history that they read stays. */
  const withSets = async (
    changes: readonly PlanChange[],
    published: readonly PublishedDefinition[],
  ): Promise<PlanChange[]> => {
    const touched: PlanChange[] = [];
    for (const change of changes) {
      const retires = change.action === 'RETIRE' && declaresView(change.kind);
      const sets = retires ? await setsOf(change.id, published) : [];
      const stay = sets.map((id) => ({ kind: 'training_set', id, effect: 'STAYS' }) as const);
      touched.push({ ...change, touches: [...change.touches, ...stay] });
    }
    return touched;
  };

  const prunable = async (published: readonly PublishedDefinition[]): Promise<PrunableView[]> => {
    const left: PrunableView[] = [];
    for (const { kind, id, name, version, retiredAt, prunedAt } of published) {
      if (!declaresStored(kind) || retiredAt === null) continue;
      const holdings = await offline.viewHoldings({ name, version });
      if (prunedAt !== null && holdings === null) continue;
      const { rows = 0, bytes = 0 } = holdings ?? {};
      left.push({ view: id, retiredAt, rows, bytes, trainingSets: await setsOf(id, published) });
    }
    return left;
  };

  /** What the engine says against the queries of new views, labels, facts and indicators; it is not asked of those that read a table that is away. */
  const unplannable = async (
    disk: Registry,
    changes: readonly PlanChange[],
    files: readonly Published[],
  ): Promise<readonly string[]> => {
    const problems: string[] = [];
    for (const { action, kind, id } of changes) {
      const file = action === 'RETIRE' ? undefined : files.find((one) => one.kind === kind && one.id === id);
      const away = file ? awayOf(disk, file) : [];
      if (away.length > 0) {
        problems.push(...away.map((one) => `${kind} ${id} reads ${sayAway(one)}`));
        continue;
      }
      const view = action !== 'RETIRE' && declaresStored(kind) ? disk.views.get(id) : undefined;
      const words = view?.origin.kind === 'query' ? await offline.planQuery(view) : null;
      if (view && words !== null) problems.push(cannotRun(view.file, words));
      const label = action !== 'RETIRE' && kind === 'label' ? disk.labels.get(id) : undefined;
      const against = label ? ((await planLabel?.(label)) ?? null) : null;
      if (label && against !== null) problems.push(cannotRun(label.file, against));
      const reported = action === 'RETIRE' ? undefined : reportedOf(disk, kind, id);
      const report = reported ? ((await planReport?.(reported)) ?? null) : null;
      if (reported && report !== null) problems.push(cannotRun(reported.file, report));
    }
    return problems;
  };

  /** `rehash`: as it is once hashes of another scheme are written anew. */
  const planned = async (
    { costs: asked = false, queries = true, from }: PlanOptions,
    { rehash }: { readonly rehash: boolean },
  ): Promise<{ readonly plan: RegistryPlan; readonly disk: Registry }> => {
    const published = await ledger.all();
    const disk = await onDisk(inForce(published));
    const files = filesOf(disk, published);
    const { changes, problems } = compare(files, published);
    const notice = rehash ? null : rehashNotice(files, published);
    const touched = await withSets(changes, published);
    const tables = tableChanges(disk, await ledger.tables(), published, changes);
    const plan = {
      changes: [...tables.changes, ...(asked ? await costs(touched, published, disk.views, from) : touched)],
      problems: [
        ...refusals(disk),
        ...problems,
        ...tables.problems,
        ...(queries ? await unplannable(disk, changes, files) : []),
        ...(notice === null ? [] : [notice]),
      ],
      warnings: awayTables(disk).map((one) => `${one.file}: what reads it fails: ${sayAway(one)}`),
      prunable: await prunable(published),
    };
    return { plan, disk };
  };

  /** Deletes the online values of retired views; the entity of a view without a file is the published one. */
  const forgetOnline = async ({ changes }: RegistryPlan): Promise<void> => {
    const gone = new Set(
      changes.filter(({ action, kind }) => action === 'RETIRE' && declaresStored(kind)).map(({ id }) => id),
    );
    if (gone.size === 0) return;
    await othersFollow?.();
    for (const { id, snapshot } of (await ledger.all()).filter(
      ({ kind, id }) => declaresStored(kind) && gone.has(id),
    )) {
      await online.deleteView({ id, entity: { name: String(snapshot.entity) } });
    }
  };

  /** Reports of a home from before indicators had versions go on: what its files declare is the first version of each, facts apart, which were none. */
  const adoptIndicators = async (): Promise<void> => {
    const published = await ledger.all();
    if (published.length === 0 || published.some(({ kind }) => kind === 'indicator')) return;
    const first = publishable(registry).filter(
      ({ kind, version, snapshot }) => kind === 'indicator' && version === 1 && factsOf({ snapshot }).length === 0,
    );
    await ledger.publish(first.map((file) => ({ ...contentOf(file), appliedAt: now() })));
  };

  const change = async (body: () => Promise<RegistryPlan>): Promise<RegistryPlan> => {
    const done = await ledger.withApplyLock(body);
    // Outside the lock: a million keys take minutes, and what is not deleted when this ends goes with the next sweep.
    await forgetOnline(done);
    return done;
  };

  return {
    plan: async (options = {}) => (await planned(options, { rehash: false })).plan,

    apply: ({ rehash = false } = {}) =>
      change(async () => {
        const { plan: todo, disk } = await planned({}, { rehash });
        if (todo.problems.length > 0) {
          throw new RiskgraphError({
            code: 'CONFLICT',
            message: `nothing was applied: ${todo.problems.join('; ')}`,
            hint: 'fix what is named, and look at the plan again',
            details: { problems: todo.problems },
          });
        }
        const files = filesOf(disk, await ledger.all());
        if (rehash) await ledger.rehash(rehashable(files, await ledger.all()));
        const ids = new Set(todo.changes.filter(({ action }) => action !== 'RETIRE').map(label));
        const fresh = files.filter((file) => ids.has(label(file)));
        const away = new Set(awayTables(disk).map(tableOf));
        const tables = disk.tables.all.filter(({ name, definedBy }) => definedBy !== null && !away.has(name));
        const stay = (await ledger.tables()).filter(({ name }) => away.has(name));
        await makeTables(tables);
        const views = fresh.filter(({ kind }) => declaresStored(kind)).map(({ id }) => disk.views.get(id) as View);
        for (const view of views) await writers.createView(view);
        await options.vouch?.(views);
        const appliedAt = now();
        await ledger.publish(fresh.map((file) => ({ ...contentOf(file), appliedAt })));
        await ledger.retire(
          todo.changes.flatMap(({ action, kind, id }) =>
            action === 'RETIRE' && isVersioned(kind) ? [{ kind, id }] : [],
          ),
          appliedAt,
        );
        await ledger.publishTables([...tables.map(asPublished), ...stay]);
        await onChange();
        return todo;
      }),

    promote: (id) =>
      ledger.withApplyLock(async () => {
        const model = (await ledger.all()).find((one) => one.kind === 'model' && one.id === id);
        if (!model)
          throw notFound(`model ${id} is not applied`, 'name an applied version; riskgraph apply applies one');
        if (model.retiredAt !== null) throw conflict(`model ${id} is retired`, 'promote a version that is in force');
        // What this process cannot serve it could not answer with either, once it were promoted.
        await onChange();
        const file = registry.models.get(id);
        if (!file || isOtherText(file.hash, model.hash)) {
          throw conflict(
            `model ${id} is applied, but this process does not have its files as they were applied`,
            'give every process the same definition files, and restart this one if it runs others',
          );
        }
        if (model.championSince !== null) return;
        await ledger.promote(model, now());
        await onChange();
      }),

    retireView: (id) =>
      change(async () => {
        const published = await ledger.all();
        const applied = published.find((one) => declaresStored(one.kind) && one.id === id);
        if (isComputed(id, published)) {
          throw conflict(
            `${id} is an on-demand view: nothing is stored of it`,
            'delete its file and apply: the plan retires it, and refuses while something pins it',
          );
        }
        if (!applied) throw notFound(`feature view ${id} is not applied`, 'name an applied version, as name@version');
        if (applied.retiredAt !== null) throw conflict(`feature view ${id} is already retired`);
        const model = modelOf(applied, inForce(published));
        if (model) {
          throw conflict(
            `feature view ${id} holds the scores of model ${model.id}, which is in force`,
            `delete ${String(model.snapshot.file)} and apply: model and scores are retired together`,
          );
        }
        const breaks = pinning(id, published);
        if (breaks.length > 0) {
          throw conflict(
            `feature view ${id} is pinned by ${breaks.map(spoken).join(', ')}`,
            'retire those first (delete their files and apply), or pin a later version in new ones',
          );
        }
        await ledger.retire([{ kind: applied.kind, id }], now());
        await onChange();
        const { kind, name, version, snapshot } = applied;
        const description = typeof snapshot.description === 'string' ? snapshot.description : null;
        const retired: PlanChange = {
          action: 'RETIRE',
          kind,
          name,
          version,
          id,
          description,
          pins: [],
          breaks: [],
          touches: [],
          cost: null,
          notes: [],
        };
        return {
          changes: await withSets([retired], published),
          problems: [],
          warnings: [],
          prunable: await prunable(await ledger.all()),
        };
      }),

    async checkBoot() {
      await ledger.withApplyLock(adoptIndicators);
      const published = await ledger.all();
      const files = filesOf(registry, published);
      const problems = [...changedProblems(files, published), ...goneProblems(files, published)];
      if (problems.length === 0) return rehashNotice(files, published);
      throw new RiskgraphError({
        code: 'CONFLICT',
        message: `the definition files disagree with what is applied:\n- ${problems.join('\n- ')}`,
        hint: 'fix the files named and start again',
        details: { problems },
      });
    },
  };
}

/** A registry that takes up definitions whose files came after the start of its process. */
import { scoreViewId } from '../core/compute/score-view.js';
import { inputViews } from '../core/compute/view-kinds.js';
import type { VersionedKind } from '../core/definitions/definition-kinds.js';
import type { AnyView, Fact, FactRows, Indicator, Model } from '../core/definitions/definitions.js';
import type { RefusedFile, Registry } from '../core/definitions/registry.js';
import { conflict } from '../core/errors.js';
import type { SourceTable, SourceTables } from '../core/lending/sources.js';
import { type CompareTables, planStored, storedPart } from '../core/lending/table-fit.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { codeOnDisk, outdatedImports } from './imported.js';
import { findLayered, type Layers } from './layers.js';
import { type LoadOptions, loadEntities, loadFiles, readDefinitions, registryOf, scoresOf } from './load.js';
import type { Loading } from './loaders.js';
import { eitherOf } from './references.js';
import type { FoundFile } from './scan.js';
import { loadUsable } from './usable.js';

/** Definitions by `kind name@version`, with the content hash that was applied. */
type Wanted = ReadonlyMap<string, string>;

/** What definitions need of the stores before they are served. */
export interface Opening {
  /** Rejects where one of the models does not open. */
  readonly models: (models: readonly Model[]) => Promise<void>;
  readonly tables: CompareTables;
}

export interface OpenRegistry {
  /** Grows with `grow`; what is in it and in force never changes. */
  readonly registry: Registry;
  /**
   * Adds definitions, each for itself, models once they are open, tables once they are stored; those that were loaded as drafts with another text are loaded as they are on disk.
   * Only their files are imported: a draft that lies beside them is no part of what is served.
   * @returns the definitions that could not be added, each with the reason
   */
  grow(wanted: Wanted, opening: Opening): Promise<ReadonlyMap<string, unknown>>;
  /** Every definition as its file is on disk now, which nothing serves yet. A model that does not open and a table that does not fit are refused, as a file with a problem is. */
  onDisk(applied: readonly PublishedDefinition[], opening: Opening): Promise<Registry>;
  /** Takes a model out that does not open. */
  refuseModel(model: Model, reason: string): void;
  /** Says of a table that its file does not fit what is stored; what reads it fails by that reason. */
  refuseTable(name: string, reasons: readonly string[]): void;
}

/**
 * Loads every definition that can be: a file with a problem is refused by name, and with it those that read what it defines. Of a stored view that is
 * applied, what was published stands in for a refused file, so that its values are read on. `applied` are the definitions in force.
 * @throws BAD_USER_INPUT where features/entities.ts does not load or contradicts itself
 */
export async function openRegistry(
  options: LoadOptions,
  applied: readonly PublishedDefinition[] = [],
): Promise<OpenRegistry> {
  const { loading, refused } = await loadUsable(options, applied);
  const unfits: RefusedFile[] = [];
  return {
    registry: registryOf(loading, refused),
    async grow(wanted, opening) {
      const before = loading.tables.names.filter((name) => loading.tables.isRefused(name));
      const left = await grow(loading, options, wanted, opening);
      const served = new Set(before.filter((name) => !loading.tables.isRefused(name)).map((name) => `${name}@1`));
      const still = refused.filter(({ defines }) => defines?.kind !== 'table' || !served.has(defines.id));
      refused.splice(0, refused.length, ...still);
      return left;
    },
    async onDisk(inForce, opening) {
      const disk = await loadUsable(options, inForce);
      for (const model of [...disk.loading.models.values()]) {
        if (loading.models.get(model.id)?.hash === model.hash) continue;
        await opening.models([model]).catch((cause: Error) => refuse(disk.loading, disk.refused, model, cause.message));
      }
      // Those of the platform are what they were at the start until the next one, which compares them with what is stored.
      for (const [name, table] of loading.sourceTables) {
        if (table.definedBy === null) disk.loading.sourceTables.set(name, table);
      }
      const fits = await opening.tables(ownTables(disk.loading.tables));
      const { problems, unread } = planStored(disk.loading.tables, fits, loading.tables);
      const misfits = [...problems].map(([name, reasons]) => misfit(disk.loading, name, reasons));
      const away = [...unread].map(([name, reasons]) => ({
        ...misfit(disk.loading, name, reasons),
        isAway: true as const,
      }));
      disk.refused.push(...unfits, ...misfits, ...away);
      refused.splice(0, refused.length, ...disk.refused);
      return registryOf(disk.loading, disk.refused);
    },
    refuseModel: (model, reason) => refuse(loading, refused, model, reason),
    refuseTable(name, reasons) {
      const unfit = misfit(loading, name, reasons);
      loading.tables.refuse(name, reasons.join('; '));
      if (loading.tables.find(name)?.definedBy === null) unfits.push(unfit);
      refused.push(unfit);
    },
  };
}

function refuse(loading: Loading, refused: RefusedFile[], { id, file }: Model, reason: string): void {
  loading.models.delete(id);
  refused.push({ file, defines: { kind: 'model', id }, reasons: [reason] });
}

const misfit = ({ tables }: Loading, name: string, reasons: readonly string[]): RefusedFile => ({
  file: tables.find(name)?.definedBy?.file ?? `tables/${name}.table.ts`,
  defines: { kind: 'table', id: `${name}@1` },
  reasons,
});

/** The tables that files of a project define. */
export const ownTables = (tables: SourceTables): readonly SourceTable[] =>
  tables.all.filter(({ definedBy }) => definedBy !== null);

type Grown = Pick<
  Loading,
  'sourceTables' | 'views' | 'onDemandViews' | 'services' | 'models' | 'labels' | 'facts' | 'indicators'
>;

const labelOf = ({ kind, id }: FoundFile): string => `${kind} ${id}`;

/** All that a file defines: a model gives the view of its scores too. */
const labelsOf = (item: FoundFile): readonly string[] =>
  item.kind === 'model' ? [labelOf(item), `view ${scoreViewId(item)}`] : [labelOf(item)];

const isRefusedTable = ({ kind, name }: Pick<FoundFile, 'kind' | 'name'>, tables: SourceTables): boolean =>
  kind === 'table' && tables.isRefused(name);

async function grow(
  known: Loading,
  layers: Layers,
  wanted: Wanted,
  opening: Opening,
): Promise<ReadonlyMap<string, unknown>> {
  const refused = new Map<string, unknown>();
  const here = hashesOf(known);
  await renewEntities(known, layers);
  const found = await findLayered(layers, []);
  const isServed = (item: FoundFile, hashes: ReadonlyMap<string, string>): boolean =>
    hashes.get(labelOf(item)) === wanted.get(labelOf(item)) && !isRefusedTable(item, known.tables);
  let left = found.filter((item) => wanted.has(labelOf(item)) && !isServed(item, here));
  const scores = new Map([...known.scores, ...scoresOf(left)]);
  // One may need another of them: each pass adds what the one before made possible.
  for (let before = Number.POSITIVE_INFINITY; left.length < before; ) {
    before = left.length;
    const failed: FoundFile[] = [];
    for (const item of left) {
      // Of two files that define the same, the one that was applied.
      if (isServed(item, hashesOf(known))) continue;
      const error = await add(item, { ...known, scores }, wanted, opening).then(
        () => null,
        (cause: unknown) => cause,
      );
      if (error !== null) failed.push(item);
      for (const label of labelsOf(item)) {
        if (error === null) refused.delete(label);
        else if (wanted.has(label)) refused.set(label, error);
      }
    }
    left = failed;
  }
  // What was loaded beside a draft refers to the draft; once it is loaded anew, so does what reads it.
  const broken = new Set<FoundFile>();
  const outdated = (): readonly FoundFile[] => found.filter((item) => !broken.has(item) && isOutdated(item, known));
  for (let items = outdated(); items.length > 0; items = outdated()) {
    for (const item of items) {
      await add(item, { ...known, scores }, wanted, opening)
        .then(() => {
          // It would be loaded for ever.
          if (isOutdated(item, known))
            throw new Error(`${labelOf(item)} reads another object than the one that is served`);
        })
        .catch((cause) => {
          broken.add(item);
          for (const label of labelsOf(item)) if (wanted.has(label)) refused.set(label, cause);
        });
    }
  }
  const grown = hashesOf(known);
  for (const label of wanted.keys()) {
    if (refused.has(label)) continue;
    if (!grown.has(label)) {
      refused.set(label, conflict(`the file of ${label} is not here`, 'give every process the same definition files'));
    } else if (grown.get(label) !== wanted.get(label)) refused.set(label, otherText(label));
  }
  return refused;
}

const otherText = (label: string) =>
  conflict(
    `${label} was applied with another text than the file here has`,
    'give every process the same definition files',
  );

/** Whether what a file defines was loaded with a view or a fact that is replaced since. */
function isOutdated(item: FoundFile, { views, onDemandViews, services, models, facts, indicators }: Loading): boolean {
  const { get } = eitherOf(views, onDemandViews);
  const loaded = {
    table: null,
    view: null,
    on_demand: onDemandViews,
    service: services,
    model: models,
    label: null,
    fact: null,
    indicator: indicators,
    job: null,
  }[item.kind]?.get(item.id);
  if (loaded?.file !== item.file) return false;
  if ('numerator' in loaded) return rowsOf(loaded).some((rows) => isReplaced(rows, facts));
  const read: readonly AnyView[] = 'origin' in loaded ? inputViews(loaded) : loaded.features.map(({ view }) => view);
  return read.some((view) => get(view.id) !== view);
}

/** The parts of a funnel are of entries that are made of its rows. */
const rowsOf = ({ numerator, denominator, funnel }: Indicator): readonly FactRows[] =>
  funnel ? [funnel.rows] : denominator ? [numerator.rows, denominator.rows] : [numerator.rows];

const isReplaced = (rows: FactRows, facts: ReadonlyMap<string, Fact>): boolean =>
  'id' in rows && facts.get((rows as Fact).id) !== rows;

/** Adds entities that were written since; those that definitions are declared with stay. */
async function renewEntities(known: Loading, layers: Layers): Promise<void> {
  const now = await loadEntities(layers, []).catch(() => new Map<string, never>());
  for (const [name, entity] of now) if (!known.entities.has(name)) known.entities.set(name, entity);
}

/** Adds what one file defines. @throws CONFLICT where it is not what was applied, BAD_USER_INPUT where it has a problem */
async function add(item: FoundFile, known: Loading, wanted: Wanted, opening: Opening): Promise<void> {
  const problems: string[] = [];
  const loading: Loading = {
    ...known,
    sourceTables: new Map(known.sourceTables),
    // It refers to the definitions that are served, not to second ones of the same name.
    views: new Map(known.views),
    onDemandViews: new Map(known.onDemandViews),
    services: new Map(known.services),
    models: new Map(known.models),
    labels: new Map(known.labels),
    facts: new Map(known.facts),
    indicators: new Map(known.indicators),
    problems,
  };
  forget(item, loading);
  const files = await readDefinitions([item], problems);
  await loadFiles(files, loading);
  const outdated = await outdatedImports(item.path);
  if (outdated.length > 0) {
    throw conflict(
      `${item.file}: ${outdated.join(' and ')} changed after this process read it`,
      'restart this process',
    );
  }
  // The hash is that of the files: it must not stand for modules that were imported with another text.
  if (files[0]?.code !== (await codeOnDisk(item.path))) {
    throw conflict(`${item.file} changed while it was read`, 'it is read again in a moment');
  }
  const hashes = hashesOf(loading);
  const differing = labelsOf(item).filter((label) => wanted.has(label) && hashes.get(label) !== wanted.get(label));
  if (differing.length > 0) {
    throw conflict(
      `${item.file} is not here as ${differing.join(' and ')} was applied`,
      item.kind === 'table'
        ? 'apply what it says now, or give this process the file that was applied'
        : 'give every process the same definition files, or restart this one with them',
    );
  }
  await opening.models([...loading.models.values()].filter(({ id, hash }) => known.models.get(id)?.hash !== hash));
  const table = item.kind === 'table' ? loading.sourceTables.get(item.name) : undefined;
  if (table) known.tables.put(await openTable(table, opening));
  addTo(known.views, loading.views);
  addTo(known.onDemandViews, loading.onDemandViews);
  addTo(known.services, loading.services);
  addTo(known.models, loading.models);
  addTo(known.labels, loading.labels);
  addTo(known.facts, loading.facts);
  addTo(known.indicators, loading.indicators);
}

async function openTable(table: SourceTable, { tables: compare }: Opening): Promise<SourceTable> {
  const [fit] = await compare([table]);
  const isWaiting = fit && (fit.missing || fit.fresh.length > 0 || (fit.rereads ?? []).length > 0);
  const problems = fit ? [...fit.problems, ...(fit.unread ?? [])] : [];
  if (fit && problems.length === 0 && !isWaiting) return storedPart(table, fit);
  throw conflict(
    `the source table ${table.name} is not stored as its file says${problems.length > 0 ? `: ${problems.join('; ')}` : ''}`,
    'look at the plan and apply it: riskgraph plan, riskgraph apply',
  );
}

function hashesOf({
  sourceTables,
  views,
  onDemandViews,
  services,
  models,
  labels,
  facts,
  indicators,
}: Grown): ReadonlyMap<string, string> {
  const of = (kind: VersionedKind, all: ReadonlyMap<string, { readonly id: string; readonly hash: string }>) =>
    [...all.values()].map(({ id, hash }) => [`${kind} ${id}`, hash] as const);
  return new Map([
    ...of('view', views),
    ...of('on_demand', onDemandViews),
    ...of('service', services),
    ...of('model', models),
    ...of('label', labels),
    ...of('fact', facts),
    ...of('indicator', indicators),
    ...[...sourceTables.values()].flatMap(({ name, definedBy }) =>
      definedBy ? [[`table ${name}@1`, definedBy.hash] as const] : [],
    ),
  ]);
}

/** A file that is read again defines what it defined before. */
function forget(item: FoundFile, { views, onDemandViews, services, models, labels, facts, indicators }: Loading): void {
  const all = {
    table: null,
    view: views,
    on_demand: onDemandViews,
    service: services,
    model: models,
    label: labels,
    fact: facts,
    indicator: indicators,
    job: null,
  };
  all[item.kind]?.delete(item.id);
  if (item.kind === 'model') views.delete(scoreViewId(item));
}

/** Adds what was loaded, and puts what was loaded anew in the place of what it was. */
function addTo<T>(known: Map<string, T>, loaded: ReadonlyMap<string, T>): void {
  for (const [id, made] of loaded) if (known.get(id) !== made) known.set(id, made);
}

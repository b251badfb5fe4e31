import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scoreViewId } from '../core/compute/score-view.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { RefusedFile, Registry } from '../core/definitions/registry.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import { type SourceTable, SourceTables } from '../core/lending/sources.js';
import { WRITTEN_CURRENCY } from './currency.js';
import { findLayered, type Layers, readStarter } from './layers.js';
import { LOADERS, type Loading } from './loaders.js';
import { withPromise } from './promises.js';
import { type DefinitionFile, type FoundFile, importDefinitions, importModule, PRODUCT } from './scan.js';
import { wordsOf } from './words.js';

/** What every definition is declared with. */
export const ENTITIES = 'features/entities.ts';

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === kind;

/** Imports files that were found, and leaves out those that define nothing of their kind. Problems are added to the list, never thrown. */
export async function readDefinitions(
  found: readonly FoundFile[],
  problems: string[],
): Promise<readonly DefinitionFile[]> {
  const files = await importDefinitions(found, problems);
  return files
    .filter(({ exported, kind, file }) => {
      if (isKind(exported, kind)) return true;
      problems.push(`${file}: its default export is not made by define… for a ${kind}`);
      return false;
    })
    .map((item) => withPromise(item, problems));
}

export interface LoadOptions extends Layers {
  /** Currency of the portfolio's amounts, as units name it. */
  readonly currency?: string;
  /** Stored tables that a project's file has made: where a later release ships a table of that name, the rows are still the project's. */
  readonly madeTables?: ReadonlySet<string>;
}

/**
 * Finds, imports and checks every definition below the root. The error lists every problem of the whole set, so that all can be fixed at
 * once.
 */
export async function loadRegistry(options: LoadOptions): Promise<Registry> {
  const { registry, problems } = await inspectDefinitions(options);
  refuseProblems(problems);
  return registry;
}

/**
 * Loads every definition, also those with a problem as far as they can be read, so that all that is wrong with all of them is seen at once. Nothing is
 * to be served of it. Problems are `file: reason`.
 * @throws BAD_USER_INPUT where features/entities.ts does not load
 */
export async function inspectDefinitions(
  options: LoadOptions,
): Promise<{ readonly registry: Registry; readonly problems: readonly string[] }> {
  const { files, entities, problems } = await readFiles(options);
  const loading = emptyLoading(entities, files, options);
  loading.problems.push(...problems);
  await loadEach(files, loading);
  return { registry: registryOf(loading), problems: loading.problems };
}

/** The usable files of all layers, and the problems of the others, as `file: reason`. */
export async function readFiles(layers: Layers) {
  const problems: string[] = [];
  const entities = await loadEntities(layers, problems);
  const files = await readDefinitions(await findLayered(layers, problems), problems);
  checkDuplicates(files, problems);
  return { files, entities, problems };
}

export const emptyLoading = (
  entities: Loading['entities'],
  files: readonly DefinitionFile[],
  { currency = WRITTEN_CURRENCY }: Pick<LoadOptions, 'currency'>,
): Loading => {
  const sourceTables = new Map<string, SourceTable>();
  return {
    tables: new SourceTables(sourceTables),
    sourceTables,
    entities,
    views: new Map(),
    onDemandViews: new Map(),
    services: new Map(),
    facts: new Map(),
    indicators: new Map(),
    models: new Map(),
    labels: new Map(),
    jobs: new Map(),
    scores: scoresOf(files),
    currency,
    problems: [],
  };
};

export const registryOf = (loading: Loading, refused: readonly RefusedFile[] = []): Registry => {
  const { tables, entities, views, onDemandViews, services, facts, indicators, models, labels, jobs } = loading;
  return Object.freeze({
    tables,
    entities,
    views,
    onDemandViews,
    services,
    facts,
    indicators,
    models,
    labels,
    jobs,
    refused,
  });
};

/** Models by the ids of their score views. */
export const scoresOf = (files: readonly FoundFile[]): ReadonlyMap<string, string> =>
  new Map(files.filter(({ kind }) => kind === 'model').map((item) => [scoreViewId(item), item.id] as const));

/** Loads files of all kinds into what is loaded already, and adds their problems to the list. */
export async function loadEach(files: readonly DefinitionFile[], loading: Loading): Promise<void> {
  for (const [kind, load] of Object.entries(LOADERS)) {
    const own = files.filter((item) => item.kind === kind);
    await load(own, loading);
  }
}

/** As `loadEach`. @throws BAD_USER_INPUT that lists every problem, also those found before */
export async function loadFiles(files: readonly DefinitionFile[], loading: Loading): Promise<void> {
  await loadEach(files, loading);
  refuseProblems(loading.problems);
}

export function refuseProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: `${problems.length} problem${problems.length === 1 ? '' : 's'} in the definitions:\n- ${problems.join('\n- ')}`,
    hint: 'fix the files named and start again',
    details: { problems },
  });
}

/** The source tables of all layers, without those whose file has a problem: `openRegistry` names these. */
export async function loadTables(layers: Layers): Promise<SourceTables> {
  const found = (await findLayered(layers, [])).filter(({ kind }) => kind === 'table');
  const loading = emptyLoading(new Map(), [], {});
  await LOADERS.table(await readDefinitions(found, []), loading);
  return loading.tables;
}

/** The entities of all layers. A project's file may give on those of the product: `export * from 'riskgraph/entities'`. */
export async function loadEntities(
  { root, project }: Layers,
  problems: string[],
): Promise<Map<string, EntityDefinition>> {
  const entities = new Map<string, EntityDefinition>();
  if (project === undefined) {
    addEntities(await importEntities(root), ENTITIES, entities, problems);
    return entities;
  }
  // What is wrong with the config is said where its definitions are found.
  if ((await readStarter(project, [])).entities) {
    addEntities(await importEntities(root), `${PRODUCT}${ENTITIES}`, entities, problems);
  }
  if (!existsSync(join(project, ENTITIES))) return entities;
  try {
    addEntities(await importEntities(project), ENTITIES, entities, problems);
  } catch (cause) {
    // The product's definitions are declared with the product's entities, and served on.
    problems.push(`${ENTITIES}: ${wordsOf(cause)}`);
  }
  return entities;
}

const importEntities = (root: string): Promise<Readonly<Record<string, unknown>>> =>
  importModule(join(root, ENTITIES), ENTITIES).catch((cause: unknown) => {
    if (cause instanceof RiskgraphError) throw cause;
    throw badInput(
      `${ENTITIES} does not load, and every definition is declared with what it exports: ${wordsOf(cause)}`,
      'fix that file and start again',
    );
  });

function addEntities(
  module: Readonly<Record<string, unknown>>,
  file: string,
  entities: Map<string, EntityDefinition>,
  problems: string[],
): void {
  const own = new Set<string>();
  for (const value of Object.values(module)) {
    if (!isKind(value, 'entity')) continue;
    const entity = value as EntityDefinition;
    const known = entities.get(entity.name);
    if (known === entity && !own.has(entity.name)) continue;
    if (own.has(entity.name)) problems.push(`${file}: entity '${entity.name}' is defined twice`);
    else if (known) {
      problems.push(
        `${file}: entity '${entity.name}' has the name of one in ${PRODUCT}${ENTITIES}: import that one from 'riskgraph/entities', or take another name`,
      );
    }
    if (entity.joinKeys.length === 0) problems.push(`${file}: entity '${entity.name}' has no join keys`);
    own.add(entity.name);
    if (!known) entities.set(entity.name, entity);
  }
}

function checkDuplicates(files: readonly DefinitionFile[], problems: string[]): void {
  const fileOf = new Map<string, string>();
  for (const item of files) {
    const key = `${item.kind} ${item.id}`;
    const first = fileOf.get(key);
    if (first) problems.push(`${item.file}: ${key} is also defined in ${first}`);
    fileOf.set(key, item.file);
  }
}

/** A registry that takes up definitions whose files came after the start of its process. */
import { basename } from 'node:path';
import { scoreViewId } from '../core/compute/score-view.js';
import type { VersionedKind } from '../core/definitions/definition-kinds.js';
import type { Model } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { conflict } from '../core/errors.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { changedSinceImport } from './imported.js';
import { findLayered, type Layers } from './layers.js';
import { type LoadOptions, loadFiles, readDefinitions, registryOf, scoresOf } from './load.js';
import type { Loading } from './loaders.js';
import type { FoundFile } from './scan.js';
import { loadUsable } from './usable.js';

/** Definitions by `kind name@version`, with the content hash that was applied. */
type Wanted = ReadonlyMap<string, string>;
type OpenModels = (models: readonly Model[]) => Promise<void>;

export interface OpenRegistry {
  /** Grows with `grow`; what is in it never changes. */
  readonly registry: Registry;
  /**
   * Adds definitions, each for itself, models once they are open. Only their files are imported: a draft that lies beside them, imported now,
   * would be run for good.
   * @returns the definitions that could not be added, each with the reason
   */
  grow(wanted: Wanted, openModels: OpenModels): Promise<ReadonlyMap<string, unknown>>;
  /** Takes a model out that does not open. */
  refuseModel(model: Model, reason: string): void;
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
  return {
    registry: registryOf(loading, refused),
    grow: (wanted, openModels) => grow(loading, options, wanted, openModels),
    refuseModel({ id, file }, reason) {
      loading.models.delete(id);
      refused.push({ file, defines: { kind: 'model', id }, reasons: [reason] });
    },
  };
}

type Grown = Pick<Loading, 'views' | 'onDemandViews' | 'services' | 'models'>;

const labelOf = ({ kind, id }: FoundFile): string => `${kind} ${id}`;

/** All that a file defines: a model gives the view of its scores too. */
const labelsOf = (item: FoundFile): readonly string[] =>
  item.kind === 'model' ? [labelOf(item), `view ${scoreViewId(item)}`] : [labelOf(item)];

async function grow(
  known: Loading,
  layers: Layers,
  wanted: Wanted,
  openModels: OpenModels,
): Promise<ReadonlyMap<string, unknown>> {
  const refused = new Map<string, unknown>();
  const here = hashesOf(known);
  for (const [label, hash] of wanted) {
    if (here.has(label) && here.get(label) !== hash) refused.set(label, otherText(label));
  }
  let left = (await findLayered(layers, [])).filter((item) => wanted.has(labelOf(item)) && !here.has(labelOf(item)));
  const scores = new Map([...known.scores, ...scoresOf(left)]);
  // One may need another of them: each pass adds what the one before made possible.
  for (let before = Number.POSITIVE_INFINITY; left.length < before; ) {
    before = left.length;
    const failed: FoundFile[] = [];
    for (const item of left) {
      const error = await add(item, { ...known, scores }, wanted, openModels).then(
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
  const grown = hashesOf(known);
  for (const label of wanted.keys()) {
    if (!grown.has(label) && !refused.has(label)) {
      refused.set(label, conflict(`the file of ${label} is not here`, 'give every process the same definition files'));
    }
  }
  return refused;
}

const otherText = (label: string) =>
  conflict(
    `${label} was applied with another text than this process runs`,
    'restart this process with the files as they were applied',
  );

/** Adds what one file defines. @throws CONFLICT where it is not what was applied, BAD_USER_INPUT where it has a problem */
async function add(item: FoundFile, known: Loading, wanted: Wanted, openModels: OpenModels): Promise<void> {
  const problems: string[] = [];
  const loading: Loading = {
    ...known,
    // It refers to the definitions that are served, not to second ones of the same name.
    views: new Map(known.views),
    onDemandViews: new Map(known.onDemandViews),
    services: new Map(known.services),
    models: new Map(known.models),
    problems,
  };
  await loadFiles(await readDefinitions([item], problems), loading);
  // The hash is that of the files: it must not stand for modules that were imported with another text.
  const changed = await changedSinceImport(item.path);
  if (changed.length > 0) {
    const names = changed.map((path) => basename(path)).join(' and ');
    throw conflict(`${item.file}: ${names} changed after this process read it`, 'restart this process');
  }
  const hashes = hashesOf(loading);
  const differing = labelsOf(item).filter((label) => wanted.has(label) && hashes.get(label) !== wanted.get(label));
  if (differing.length > 0) {
    throw conflict(
      `${item.file} is not here as ${differing.join(' and ')} was applied`,
      'give every process the same definition files, or restart this one with them',
    );
  }
  await openModels([...loading.models.values()].filter(({ id }) => !known.models.has(id)));
  addTo(known.views, loading.views);
  addTo(known.onDemandViews, loading.onDemandViews);
  addTo(known.services, loading.services);
  addTo(known.models, loading.models);
}

function hashesOf({ views, onDemandViews, services, models }: Grown): ReadonlyMap<string, string> {
  const of = (kind: VersionedKind, all: ReadonlyMap<string, { readonly id: string; readonly hash: string }>) =>
    [...all.values()].map(({ id, hash }) => [`${kind} ${id}`, hash] as const);
  return new Map([
    ...of('view', views),
    ...of('on_demand', onDemandViews),
    ...of('service', services),
    ...of('model', models),
  ]);
}

function addTo<T>(known: Map<string, T>, loaded: ReadonlyMap<string, T>): void {
  for (const [id, made] of loaded) if (!known.has(id)) known.set(id, made);
}

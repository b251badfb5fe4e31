/** A registry that takes up definitions whose files came after the start of its process. */
import type { VersionedKind } from '../core/definitions/definition-kinds.js';
import type { Model } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { conflict } from '../core/errors.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { isDefinition, type LoadOptions, loadFiles, registryOf, scoresOf } from './load.js';
import type { Loading } from './loaders.js';
import { scanDefinitions } from './scan.js';
import { loadUsable } from './usable.js';

export interface OpenRegistry {
  /** Grows with `grow`; what is in it never changes. */
  readonly registry: Registry;
  /**
   * Adds definitions, all or none: `kind name@version` with the content hash that was applied.
   * @returns the models among them
   * @throws CONFLICT where a file is missing or has another content, BAD_USER_INPUT where one has a problem
   */
  grow(wanted: ReadonlyMap<string, string>): Promise<readonly Model[]>;
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
    grow: (wanted) => grow(loading, options.root, wanted),
    refuseModel({ id, file }, reason) {
      loading.models.delete(id);
      refused.push({ file, defines: { kind: 'model', id }, reasons: [reason] });
    },
  };
}

type Grown = Pick<Loading, 'views' | 'onDemandViews' | 'services' | 'models'>;

async function grow(known: Loading, root: string, wanted: ReadonlyMap<string, string>): Promise<readonly Model[]> {
  // Problems of files that nobody asked for are those of the next start.
  const files = (await scanDefinitions(root, [])).filter(
    (item) => wanted.has(`${item.kind} ${item.id}`) && isDefinition(item),
  );
  const loading: Loading = {
    ...known,
    // The new refer to the definitions that are served, not to second ones of the same name.
    views: new Map(known.views),
    onDemandViews: new Map(known.onDemandViews),
    services: new Map(known.services),
    models: new Map(known.models),
    scores: new Map([...known.scores, ...scoresOf(files)]),
    problems: [],
  };
  await loadFiles(files, loading);
  const hashes = new Map(hashesOf(loading));
  const differing = [...wanted].filter(([label, hash]) => hashes.get(label) !== hash).map(([label]) => label);
  if (differing.length > 0) {
    throw conflict(
      `the files of ${differing.join(', ')} are not here as they were applied`,
      'give every process the same definition files, or restart this one with them',
    );
  }
  addTo(known.views, loading.views);
  addTo(known.onDemandViews, loading.onDemandViews);
  addTo(known.services, loading.services);
  addTo(known.models, loading.models);
  return [...loading.models.values()].filter(({ id }) => wanted.has(`model ${id}`));
}

function hashesOf({ views, onDemandViews, services, models }: Grown): (readonly [string, string])[] {
  const of = (kind: VersionedKind, all: ReadonlyMap<string, { readonly id: string; readonly hash: string }>) =>
    [...all.values()].map(({ id, hash }) => [`${kind} ${id}`, hash] as const);
  return [...of('view', views), ...of('on_demand', onDemandViews), ...of('service', services), ...of('model', models)];
}

function addTo<T>(known: Map<string, T>, loaded: ReadonlyMap<string, T>): void {
  for (const [id, made] of loaded) if (!known.has(id)) known.set(id, made);
}

import { kindOf } from '../core/compute/view-kinds.js';
import {
  DEFINITION_KINDS,
  declaresStored,
  declaresView,
  type VersionedKind,
} from '../core/definitions/definition-kinds.js';
import type { AnyFeatureRef, AnyView, Model, Service } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import type { PublishedDefinition } from '../core/ports/serving.js';

/** A definition file as it is published. */
export interface Published {
  readonly kind: VersionedKind;
  readonly name: string;
  readonly version: number;
  readonly id: string;
  readonly file: string;
  readonly hash: string;
  readonly description: string;
  /** Ids of the views it pins. */
  readonly requires: readonly string[];
  /** What stays readable of it when its file is gone. */
  readonly snapshot: Readonly<Record<string, unknown>>;
}

const viewIds = (features: readonly AnyFeatureRef[]): string[] => [...new Set(features.map(({ view }) => view.id))];

function publishedView(view: AnyView): Published {
  const { name, version, id, file, hash, description } = view;
  const kind = kindOf(view);
  const snapshot = kind.snapshot(view);
  return {
    kind: kind.definition,
    name,
    version,
    id,
    file,
    hash,
    description,
    requires: requiresOf({ snapshot }),
    snapshot,
  };
}

function publishedPins(kind: 'service' | 'model', definition: Service | Model): Published {
  const { name, version, id, file, hash, description, owner } = definition;
  const requires = viewIds(definition.features);
  const features = definition.features.map(({ reference }) => reference);
  return {
    kind,
    name,
    version,
    id,
    file,
    hash,
    description,
    requires,
    snapshot: { description, owner, features, requires, file },
  };
}

/** Everything that is versioned, in an order in which what is pinned comes before what pins it. */
export const publishable = (registry: Registry): readonly Published[] => [
  ...[...registry.views.values(), ...registry.onDemandViews.values()].map(publishedView),
  ...[...registry.services.values()].map((service) => publishedPins('service', service)),
  ...[...registry.models.values()].map((model) => publishedPins('model', model)),
];

export const isFileGone = (one: Pick<PublishedDefinition, 'kind' | 'id'>, files: readonly Published[]): boolean =>
  !files.some((file) => file.kind === one.kind && file.id === one.id);

/** A definition in a sentence: `on-demand view affordability@1`. */
export const spoken = ({ kind, id }: Pick<Published, 'kind' | 'id'>): string => `${DEFINITION_KINDS[kind].noun} ${id}`;

export const requiresOf = ({ snapshot }: Pick<PublishedDefinition, 'snapshot'>): readonly string[] =>
  (snapshot.requires as readonly string[] | undefined) ?? [];

export const inForce = (published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  published.filter(({ retiredAt }) => retiredAt === null);

/** What of the definitions in force pins a view, stored or computed on demand. */
export const pinning = (view: string, published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  inForce(published).filter((one) => requiresOf(one).includes(view));

/** Whether an id is of a view whose features a request computes: nothing is stored of it. */
export const isComputed = (id: string, published: readonly PublishedDefinition[]): boolean =>
  published.some((one) => declaresView(one.kind) && !declaresStored(one.kind) && one.id === id);

/** Views that are computed on demand, in force or not, and read a view, be it through others: a training set of theirs reads it too. */
export function readThrough(view: string, published: readonly PublishedDefinition[]): readonly string[] {
  const computed = published.filter(({ kind }) => declaresView(kind) && !declaresStored(kind));
  const found = new Set([view]);
  for (const id of found) for (const one of computed) if (requiresOf(one).includes(id)) found.add(one.id);
  found.delete(view);
  return [...found];
}

/** catalog.json: everything that the definition files say, for reading and for review. */
export const catalog = (registry: Registry): Readonly<Record<string, unknown>> => ({
  entities: [...registry.entities.values()].map(({ name, joinKeys, description }) => ({ name, joinKeys, description })),
  definitions: publishable(registry).map(({ kind, id, snapshot }) => ({ kind, id, ...snapshot })),
  indicators: [...registry.indicators.values()].map(
    ({ name, domain, description, owner, unit, stock, dimensions, file }) => ({
      name,
      domain,
      description,
      owner,
      unit,
      stock,
      dimensions: Object.fromEntries(Object.entries(dimensions).map(([key, { description }]) => [key, description])),
      file,
    }),
  ),
});

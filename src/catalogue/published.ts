import { createHash } from 'node:crypto';
import { viewText } from '../core/compute/view-text.js';
import type { AnyFeatureRef, Feature, Model, OnDemandView, Service, View } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import type { DefinitionKind, PublishedDefinition } from '../core/ports/serving.js';

/** A definition file as it is published. */
export interface Published {
  readonly kind: DefinitionKind;
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

const publishedFeature = ({ name, type, description, unit, tags, fill, length, pad }: Feature) => ({
  name,
  type,
  description,
  unit,
  tags,
  fill,
  length,
  pad,
});

function publishedView(view: View): Published {
  const { name, version, id, file, hash, description, owner, tags, schedule, ttlMs, maxAgeMs } = view;
  const features = view.features.map(publishedFeature);
  const text = viewText(view);
  const snapshot = {
    entity: view.entity.name,
    description,
    owner,
    tags,
    schedule,
    ttlMs,
    maxAgeMs,
    features,
    file,
    tombstone: view.tombstone,
    sources: view.sources,
    ...(text === null ? {} : { queryHash: createHash('sha256').update(text).digest('hex') }),
    ...(view.origin.kind === 'scores' ? { scoresOf: view.origin.model.id } : {}),
  };
  return { kind: 'view', name, version, id, file, hash, description, requires: [], snapshot };
}

/** `requires` are the views that its inputs pin, stored and on-demand. */
function publishedOnDemand(view: OnDemandView): Published {
  const { name, version, id, file, hash, description, owner, tags, origin } = view;
  const requires = viewIds(origin.inputs.map(({ ref }) => ref));
  const snapshot = {
    entity: view.entity.name,
    description,
    owner,
    tags,
    file,
    requires,
    codeHash: hash,
    features: view.features.map(publishedFeature),
    request: origin.request.map(publishedFeature),
    inputs: origin.inputs.map(({ name: argument, ref }) => ({ name: argument, reference: ref.reference })),
    ...(Object.keys(origin.reads).length === 0 ? {} : { reads: origin.reads }),
  };
  return { kind: 'on_demand', name, version, id, file, hash, description, requires, snapshot };
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
  ...[...registry.views.values()].map(publishedView),
  ...[...registry.onDemandViews.values()].map(publishedOnDemand),
  ...[...registry.services.values()].map((service) => publishedPins('service', service)),
  ...[...registry.models.values()].map((model) => publishedPins('model', model)),
];

export const isFileGone = (one: Pick<PublishedDefinition, 'kind' | 'id'>, files: readonly Published[]): boolean =>
  !files.some((file) => file.kind === one.kind && file.id === one.id);

const WORDS: Readonly<Record<DefinitionKind, string>> = {
  view: 'view',
  on_demand: 'on-demand view',
  service: 'service',
  model: 'model',
};

/** A definition in a sentence: `on-demand view affordability@1`. */
export const spoken = ({ kind, id }: Pick<Published, 'kind' | 'id'>): string => `${WORDS[kind]} ${id}`;

export const requiresOf = ({ snapshot }: Pick<PublishedDefinition, 'snapshot'>): readonly string[] =>
  (snapshot.requires as readonly string[] | undefined) ?? [];

export const inForce = (published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  published.filter(({ retiredAt }) => retiredAt === null);

/** What of the definitions in force pins a view, stored or computed on demand. */
export const pinning = (view: string, published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  inForce(published).filter((one) => requiresOf(one).includes(view));

/** On-demand views, in force or not, that read a view, be it through others: a training set of theirs reads it too. */
export function readThrough(view: string, published: readonly PublishedDefinition[]): readonly string[] {
  const onDemand = published.filter(({ kind }) => kind === 'on_demand');
  const found = new Set([view]);
  for (const id of found) for (const one of onDemand) if (requiresOf(one).includes(id)) found.add(one.id);
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

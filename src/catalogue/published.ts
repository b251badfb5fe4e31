import { labelTexts } from '../core/compute/labels/label-text.js';
import { kindOf } from '../core/compute/view-kinds.js';
import {
  DEFINITION_KINDS,
  declaresStored,
  declaresView,
  type VersionedKind,
} from '../core/definitions/definition-kinds.js';
import type { AnyFeatureRef, AnyView, Label, Model, Service } from '../core/definitions/definitions.js';
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
  /** Ids of the views that it pins. */
  readonly requires: readonly string[];
  /** The description that stays readable when the file is gone. */
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

function publishedLabel(label: Label): Published {
  const { name, version, id, file, hash, description, owner, entity, tags, sources, observation, window, outcome } =
    label;
  const { exclude = {}, indeterminate = {}, closed = 'good', sold = 'indeterminate', sampling, split } = label;
  // The SQL of an author is in the file; the snapshot is data.
  const part = <P extends { readonly kind: string; readonly query?: unknown }>({ query: _, ...rest }: P) => rest;
  const snapshot = {
    description,
    owner,
    entity: entity.name,
    tags,
    sources,
    observation: part(observation),
    window,
    outcome: part(outcome),
    ...(outcome.kind !== 'sql' && { exclude, indeterminate, closed, sold }),
    ...(sampling && { sampling }),
    ...(split && { split }),
    queries: labelTexts(label),
    file,
  };
  return { kind: 'label', name, version, id, file, hash, description, requires: [], snapshot };
}

/** All versioned definitions; a pinned definition comes before the ones that pin it. */
export const publishable = (registry: Registry): readonly Published[] => [
  ...[...registry.views.values(), ...registry.onDemandViews.values()].map(publishedView),
  ...[...registry.services.values()].map((service) => publishedPins('service', service)),
  ...[...registry.models.values()].map((model) => publishedPins('model', model)),
  ...[...registry.labels.values()].map(publishedLabel),
];

export const isFileGone = (
  definition: Pick<PublishedDefinition, 'kind' | 'id'>,
  files: readonly Published[],
): boolean => !files.some((file) => file.kind === definition.kind && file.id === definition.id);

/** A definition in a sentence: `on-demand view affordability@1`. */
export const spoken = ({ kind, id }: Pick<Published, 'kind' | 'id'>): string => `${DEFINITION_KINDS[kind].noun} ${id}`;

export const requiresOf = ({ snapshot }: Pick<PublishedDefinition, 'snapshot'>): readonly string[] =>
  (snapshot.requires as readonly string[] | undefined) ?? [];

export const inForce = (published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  published.filter(({ retiredAt }) => retiredAt === null);

/** The definitions in force that pin a view, stored or on-demand. */
export const pinning = (view: string, published: readonly PublishedDefinition[]): PublishedDefinition[] =>
  inForce(published).filter((one) => requiresOf(one).includes(view));

/** Whether an id names an on-demand view, of which nothing is stored. */
export const isComputed = (id: string, published: readonly PublishedDefinition[]): boolean =>
  published.some((one) => declaresView(one.kind) && !declaresStored(one.kind) && one.id === id);

/** The on-demand views, in force or not, that read a view, directly or through others; their training sets read it too. */
export function readThrough(view: string, published: readonly PublishedDefinition[]): readonly string[] {
  const computed = published.filter(({ kind }) => declaresView(kind) && !declaresStored(kind));
  const readers = new Set([view]);
  for (const id of readers)
    for (const definition of computed) if (requiresOf(definition).includes(id)) readers.add(definition.id);
  readers.delete(view);
  return [...readers];
}

/** The content of catalog.json: all definition files, for reading and for review. */
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

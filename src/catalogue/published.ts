import { labelTexts } from '../core/compute/labels/label-text.js';
import { kindOf } from '../core/compute/view-kinds.js';
import { rowsText } from '../core/compute/view-text.js';
import {
  DEFINITION_KINDS,
  declaresStored,
  declaresView,
  type VersionedKind,
} from '../core/definitions/definition-kinds.js';
import type {
  AnyFeatureRef,
  AnyView,
  Fact,
  Indicator,
  Label,
  Model,
  Service,
} from '../core/definitions/definitions.js';
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

function publishedFact(fact: Fact): Published {
  const { name, version, id, file, hash, description, owner, grain, stock, finestGrain, sources } = fact;
  const { dimensions, measures, from } = fact;
  const snapshot = {
    description,
    owner,
    grain,
    stock,
    finestGrain,
    sources,
    dimensions,
    measures,
    query: rowsText(from),
    file,
  };
  return { kind: 'fact', name, version, id, file, hash, description, requires: [], snapshot };
}

function publishedIndicator(indicator: Indicator): Published {
  const { name, version, id, file, hash, description, owner, domain, unit, term, formula, direction } = indicator;
  const { shape, facts, stock, finestGrain, sources, dimensions, numerator, denominator } = indicator;
  const own = {
    finestGrain,
    dimensions,
    numerator: numerator.expression,
    denominator: denominator?.expression ?? null,
    query: rowsText(numerator.rows.from),
  };
  const snapshot = {
    description,
    owner,
    domain,
    unit,
    term,
    formula,
    direction,
    stock,
    sources,
    // What the facts declare is in their snapshots.
    ...(shape === null ? own : { value: shape, facts }),
    file,
  };
  return { kind: 'indicator', name, version, id, file, hash, description, requires: [], snapshot };
}

/** All versioned definitions; a pinned definition comes before the ones that pin it. */
export const publishable = (registry: Registry): readonly Published[] => [
  ...[...registry.views.values(), ...registry.onDemandViews.values()].map(publishedView),
  ...[...registry.services.values()].map((service) => publishedPins('service', service)),
  ...[...registry.models.values()].map((model) => publishedPins('model', model)),
  ...[...registry.labels.values()].map(publishedLabel),
  ...[...registry.facts.values()].map(publishedFact),
  ...[...registry.indicators.values()].map(publishedIndicator),
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

/** The definitions in force that are computed from another and change with it: what pins a view, the indicators of a fact, the scores of a model. */
export function readersOf(
  { kind, id }: Pick<Published, 'kind' | 'id'>,
  published: readonly PublishedDefinition[],
): PublishedDefinition[] {
  if (declaresView(kind)) return pinning(id, published);
  return inForce(published).filter(({ snapshot }) =>
    kind === 'fact' ? factsOf({ snapshot }).includes(id) : snapshot.scoresOf === id,
  );
}

/** The facts that an indicator measures. */
export const factsOf = ({ snapshot }: Pick<PublishedDefinition, 'snapshot'>): readonly string[] =>
  (snapshot.facts as readonly string[] | undefined) ?? [];

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
});

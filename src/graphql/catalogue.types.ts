import { Field, Int, ObjectType } from 'type-graphql';
import { planOnDemand } from '../core/compute/on-demand.js';
import { kindOf } from '../core/compute/view-kinds.js';
import {
  type AnyFeatureRef,
  type AnyView,
  type Feature,
  isStoredView,
  refsOf,
  type Service,
} from '../core/definitions/definitions.js';
import { notFound } from '../core/errors.js';
import { piiView, type RequestContext } from './context.js';
import { FeatureViewKind } from './enums.js';
import { AssumedSize } from './operation.js';

const TYPE_WORDS = 'STRING, BOOLEAN, INT32, INT64, FLOAT32, FLOAT64, DECIMAL, DATE, TIMESTAMP or ARRAY<one of these>.';

@ObjectType('Entity', { description: 'What features are about.' })
export class EntityType {
  @Field(() => String)
  name!: string;

  @Field(() => [String], { description: 'Columns that name one, in order.' })
  joinKeys!: readonly string[];

  @Field(() => String)
  description!: string;
}

@ObjectType('Feature')
export class FeatureType {
  /** What the fields that are resolved come from; no field of the graph. */
  readonly ref!: AnyFeatureRef;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'view@version:feature, as requests name it.' })
  reference!: string;

  @Field(() => String, { description: TYPE_WORDS })
  type!: string;

  @Field(() => Int, { nullable: true, description: 'Elements of an array of fixed length.' })
  length!: number | null;

  @Field(() => String)
  description!: string;

  @Field(() => String, { nullable: true })
  unit!: string | null;

  @Field(() => [String])
  tags!: readonly string[];

  @Field(() => String, {
    nullable: true,
    description: 'last_known: the newest value that is not NULL, in place of the newest row’s.',
  })
  fill!: string | null;
}

@ObjectType('RequestInput', {
  description: 'What a caller brings for an on-demand view: a column of `request` or of a spine.',
})
class RequestInputType {
  @Field(() => String)
  name!: string;

  @Field(() => String, { description: TYPE_WORDS })
  type!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String, { nullable: true })
  unit!: string | null;
}

@ObjectType('FeatureView', { description: 'A version of a set of features of one entity, computed together.' })
export class FeatureViewType {
  /** What the fields that are resolved come from; no field of the graph. */
  readonly view!: AnyView;

  @Field(() => String)
  name!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => FeatureViewKind)
  kind!: string;

  @Field(() => String)
  entity!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String)
  owner!: string;

  @Field(() => [String])
  tags!: readonly string[];

  @Field(() => Int, { nullable: true, description: 'Older values do not exist; null: unbounded.' })
  ttlSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: 'Older values are STALE; null: never.' })
  maxAgeSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: 'A value may be read from its as-of plus this on; null on demand.' })
  delaySeconds!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'day: as of each local midnight; hour: of each full hour; null on demand.',
  })
  every!: string | null;

  @AssumedSize(5)
  @Field(() => [RequestInputType], {
    description: 'Of an on-demand view: what the caller brings, to it and to those that it reads.',
  })
  requestInputs!: readonly RequestInputType[];

  @AssumedSize(30)
  @Field(() => [FeatureType])
  features!: readonly FeatureType[];
}

@ObjectType('FoundFeature', { description: 'A feature with the view that it belongs to.' })
export class FoundFeatureType {
  @Field(() => String, { description: 'view@version:feature; also what `before` takes.' })
  reference!: string;

  @Field(() => FeatureType)
  feature!: FeatureType;

  @Field(() => FeatureViewType)
  view!: FeatureViewType;
}

@ObjectType('FeatureService', { description: 'A pinned list of features that one consumer reads.' })
export class FeatureServiceType {
  @Field(() => String)
  name!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => String)
  description!: string;

  @Field(() => String)
  owner!: string;

  @Field(() => [String], { description: 'References view@version:feature.' })
  features!: readonly string[];
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.floor(ms / 1_000));
export const isPii = (feature: Pick<Feature, 'tags'>): boolean => feature.tags?.includes('pii') === true;

/** Features that a caller may know of: bi does not see personal ones at all. */
export const visible = (context: Pick<RequestContext, 'caller'>) => (feature: Pick<Feature, 'tags'>) =>
  piiView(context.caller) !== 'HIDDEN' || !isPii(feature);

/** A feature that is hidden is one that is not there, in the words in which the catalogue says so. */
export function checkVisible(context: Pick<RequestContext, 'caller'>, { view, feature }: AnyFeatureRef): void {
  if (visible(context)(feature)) return;
  const shown = view.features.filter(visible(context)).map(({ name }) => name);
  throw notFound(`feature view ${view.id} has no feature '${feature.name}'`, `it has ${shown.join(', ')}`);
}

export function showFeature(ref: AnyFeatureRef): FeatureType {
  const { name, type, length, description, unit, tags, fill } = ref.feature;
  return {
    ref,
    name,
    reference: `${ref.view.id}:${name}`,
    type,
    length: length ?? null,
    description,
    unit: unit ?? null,
    tags: tags ?? [],
    fill: fill ?? null,
  };
}

export function showView(view: AnyView, context: RequestContext): FeatureViewType {
  const { name, version, description, owner, tags } = view;
  const refs = refsOf(view);
  const features = refs.filter(({ feature }) => visible(context)(feature)).map(showFeature);
  const stored = isStoredView(view) ? view : null;
  return {
    view,
    name,
    version,
    description,
    owner,
    tags,
    features,
    entity: view.entity.name,
    kind: kindOf(view).catalogue.name,
    ttlSeconds: seconds(stored?.ttlMs ?? null),
    maxAgeSeconds: seconds(stored?.maxAgeMs ?? null),
    delaySeconds: seconds(stored?.delayMs ?? null),
    every: stored?.schedule.every ?? null,
    requestInputs: planOnDemand(refs)
      .request.filter(({ personal }) => visible(context)({ tags: personal ? ['pii'] : [] }))
      .map((one) => ({
        name: one.name,
        type: one.type,
        description: one.description,
        unit: one.unit ?? null,
      })),
  };
}

export function showService(service: Service, context: RequestContext): FeatureServiceType {
  const { name, version, description, owner, features } = service;
  const shown = features.filter(({ feature }) => visible(context)(feature));
  return { name, version, description, owner, features: shown.map(({ reference }) => reference) };
}

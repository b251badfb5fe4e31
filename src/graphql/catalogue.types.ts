import { Field, Int, ObjectType } from 'type-graphql';
import { planOnDemand } from '../core/compute/on-demand.js';
import { kindOf, unprotectedSources } from '../core/compute/view-kinds.js';
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
import { FEATURE_TYPE } from './descriptions.js';
import { FeatureViewKind } from './enums.js';
import { AssumedSize } from './operation.js';

@ObjectType('Entity', { description: 'An entity that features describe, with the join key that identifies it.' })
export class EntityType {
  @Field(() => String, { description: 'The name of the entity.' })
  name!: string;

  @Field(() => [String], { description: 'The columns that identify one entity, in order.' })
  joinKeys!: readonly string[];

  @Field(() => String, { description: 'The description of the entity.' })
  description!: string;
}

@ObjectType('Feature', { description: 'A feature of a feature view.' })
export class FeatureType {
  /** The source of the resolved fields; it is no field of the graph. */
  readonly ref!: AnyFeatureRef;

  @Field(() => String, { description: 'The name of the feature within its view.' })
  name!: string;

  @Field(() => String, { description: 'The reference that requests use, view@version:feature.' })
  reference!: string;

  @Field(() => String, { description: FEATURE_TYPE })
  type!: string;

  @Field(() => Int, { nullable: true, description: 'The number of elements of an array of fixed length.' })
  length!: number | null;

  @Field(() => String, { description: 'The description of the feature.' })
  description!: string;

  @Field(() => String, { nullable: true, description: 'The unit of the value.' })
  unit!: string | null;

  @Field(() => [String], { description: 'The tags of the feature; pii marks a personal value.' })
  tags!: readonly string[];

  @Field(() => String, {
    nullable: true,
    description:
      'The reason why the value is not personal though it is computed from personal values, as the owner of the view says; null where nothing was declassified.',
  })
  declassified!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The fill rule: last_known means the newest value that is not NULL replaces a NULL in the newest row.',
  })
  fill!: string | null;
}

@ObjectType('RequestInput', {
  description: 'A request input of an on-demand view: a column of request, or of a spine.',
})
export class RequestInputType {
  @Field(() => String, { description: 'The name of the input.' })
  name!: string;

  @Field(() => String, { description: FEATURE_TYPE })
  type!: string;

  @Field(() => String, { description: 'The description of the input.' })
  description!: string;

  @Field(() => String, { nullable: true, description: 'The unit of the value.' })
  unit!: string | null;
}

@ObjectType('FeatureView', {
  description: 'A version of a feature view: features of one entity that are computed together.',
})
export class FeatureViewType {
  /** The source of the resolved fields; it is no field of the graph. */
  readonly view!: AnyView;

  @Field(() => String, { description: 'The name of the view.' })
  name!: string;

  @Field(() => Int, { description: 'The version of the view.' })
  version!: number;

  @Field(() => FeatureViewKind, { description: 'The kind of the view.' })
  kind!: string;

  @Field(() => String, { description: 'The entity that the view describes.' })
  entity!: string;

  @Field(() => String, { description: 'The description of the view.' })
  description!: string;

  @Field(() => String, { description: 'The owner of the view.' })
  owner!: string;

  @Field(() => [String], { description: 'The tags of the view.' })
  tags!: readonly string[];

  @Field(() => Int, { nullable: true, description: 'The age above which a value is NOT_FOUND; null means unbounded.' })
  ttlSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: 'The age above which a value is STALE; null means never.' })
  maxAgeSeconds!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The delay from an as-of until its values may be read; null for an on-demand view.',
  })
  delaySeconds!: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'The time from an as-of by which the view runs though days of its tables are not whole; null where these promise by when they are, and for an on-demand view.',
  })
  deadlineSeconds!: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The schedule: day computes as of each local midnight, hour as of each full hour; null for an on-demand view.',
  })
  every!: string | null;

  @Field(() => [String], {
    description:
      'The attached tables without a knowledge time that the view reads, directly or through other views: a value that is corrected there later reads as if it had always been so, also in training sets of the past. Empty where every value is protected from it.',
  })
  unprotectedSources!: readonly string[];

  @AssumedSize(5)
  @Field(() => [RequestInputType], {
    description: 'The request inputs of an on-demand view, including those of the views that it reads.',
  })
  requestInputs!: readonly RequestInputType[];

  @AssumedSize(30)
  @Field(() => [FeatureType], { description: 'The features of the view.' })
  features!: readonly FeatureType[];
}

@ObjectType('FoundFeature', { description: 'A feature that a search found, with its view.' })
export class FoundFeatureType {
  @Field(() => String, { description: 'The reference, view@version:feature; the argument before takes it too.' })
  reference!: string;

  @Field(() => FeatureType, { description: 'The feature.' })
  feature!: FeatureType;

  @Field(() => FeatureViewType, { description: 'The view of the feature.' })
  view!: FeatureViewType;
}

@ObjectType('FeatureService', { description: 'A feature service: a pinned list of features that one consumer reads.' })
export class FeatureServiceType {
  @Field(() => String, { description: 'The name of the service.' })
  name!: string;

  @Field(() => Int, { description: 'The version of the service.' })
  version!: number;

  @Field(() => String, { description: 'The description of the service.' })
  description!: string;

  @Field(() => String, { description: 'The owner of the service.' })
  owner!: string;

  @Field(() => [String], { description: 'The features as view@version:feature.' })
  features!: readonly string[];
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.floor(ms / 1_000));
export const isPii = (feature: Pick<Feature, 'tags'>): boolean => feature.tags?.includes('pii') === true;

/** Tells which features a caller may know of: personal features are hidden from bi. */
export const visible = (context: Pick<RequestContext, 'caller'>) => (feature: Pick<Feature, 'tags'>) =>
  piiView(context.caller) !== 'HIDDEN' || !isPii(feature);

/** Refuses a hidden feature with the same NOT_FOUND as a feature that does not exist. */
export function checkVisible(context: Pick<RequestContext, 'caller'>, { view, feature }: AnyFeatureRef): void {
  if (visible(context)(feature)) return;
  const shown = view.features.filter(visible(context)).map(({ name }) => name);
  throw notFound(`feature view ${view.id} has no feature '${feature.name}'`, `it has ${shown.join(', ')}`);
}

export function showFeature(ref: AnyFeatureRef): FeatureType {
  const { name, type, length, description, unit, tags, declassify, fill } = ref.feature;
  return {
    ref,
    name,
    reference: `${ref.view.id}:${name}`,
    type,
    length: length ?? null,
    description,
    unit: unit ?? null,
    tags: tags ?? [],
    declassified: declassify ?? null,
    fill: fill ?? null,
  };
}

/** What a request for the features must bring. */
export const showRequestInputs = (refs: readonly AnyFeatureRef[], context: RequestContext): RequestInputType[] =>
  planOnDemand(refs)
    .request.filter(({ personal }) => visible(context)({ tags: personal ? ['pii'] : [] }))
    .map(({ name, type, description, unit }) => ({ name, type, description, unit: unit ?? null }));

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
    deadlineSeconds: seconds(stored?.deadlineMs ?? null),
    every: stored?.schedule.every ?? null,
    unprotectedSources: unprotectedSources(view),
    requestInputs: showRequestInputs(refs, context),
  };
}

export function showService(service: Service, context: RequestContext): FeatureServiceType {
  const { name, version, description, owner, features } = service;
  const shown = features.filter(({ feature }) => visible(context)(feature));
  return { name, version, description, owner, features: shown.map(({ reference }) => reference) };
}

import { Arg, Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { Feature, Service, View } from '../core/definitions.js';
import { piiView, type RequestContext } from './context.js';

@ObjectType('Entity', { description: 'What features are about.' })
class EntityType {
  @Field(() => String)
  name!: string;

  @Field(() => [String], { description: 'Columns that name one, in order.' })
  joinKeys!: readonly string[];

  @Field(() => String)
  description!: string;
}

@ObjectType('Feature')
class FeatureType {
  @Field(() => String)
  name!: string;

  @Field(() => String, {
    description: 'STRING, BOOLEAN, INT32, INT64, FLOAT32, FLOAT64, DECIMAL, DATE, TIMESTAMP or ARRAY<one of these>.',
  })
  type!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String, { nullable: true })
  unit!: string | null;

  @Field(() => [String])
  tags!: readonly string[];
}

@ObjectType('FeatureView', { description: 'A version of a set of features of one entity, computed together.' })
class FeatureViewType {
  @Field(() => String)
  name!: string;

  @Field(() => Int)
  version!: number;

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

  @Field(() => [FeatureType])
  features!: readonly FeatureType[];
}

@ObjectType('FeatureService', { description: 'A pinned list of features that one consumer reads.' })
class FeatureServiceType {
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
const isPii = (feature: Feature): boolean => feature.tags?.includes('pii') === true;

/** Features that a caller may know of: bi does not see personal ones at all. */
const visible = (context: RequestContext) => (feature: Feature) =>
  piiView(context.caller) !== 'HIDDEN' || !isPii(feature);

function showView(view: View, context: RequestContext): FeatureViewType {
  return {
    name: view.name,
    version: view.version,
    entity: view.entity.name,
    description: view.description,
    owner: view.owner,
    tags: view.tags,
    ttlSeconds: seconds(view.ttlMs),
    maxAgeSeconds: seconds(view.maxAgeMs),
    features: view.features.filter(visible(context)).map(({ name, type, description, unit, tags }) => ({
      name,
      type,
      description,
      unit: unit ?? null,
      tags: tags ?? [],
    })),
  };
}

function showService(service: Service, context: RequestContext): FeatureServiceType {
  const { name, version, description, owner, features } = service;
  const shown = features.filter(({ feature }) => visible(context)(feature));
  return { name, version, description, owner, features: shown.map(({ reference }) => reference) };
}

function matches(view: FeatureViewType, search: string): boolean {
  const text = [
    view.name,
    view.description,
    ...view.tags,
    ...view.features.flatMap(({ name, description, tags }) => [name, description, ...tags]),
  ];
  return text.some((part) => part.toLowerCase().includes(search.toLowerCase()));
}

@Resolver()
export class CatalogueResolver {
  @Query(() => [EntityType])
  entities(@Ctx() { services }: RequestContext): readonly EntityType[] {
    return [...services.registry.entities.values()];
  }

  @Query(() => [FeatureViewType], { description: 'Applied views, newest version of a name first.' })
  featureViews(
    @Arg('entity', () => String, { nullable: true }) entity: string | null,
    @Arg('search', () => String, {
      nullable: true,
      description: 'Part of a name, description or tag of a view or feature.',
    })
    search: string | null,
    @Arg('tag', () => String, { nullable: true, description: 'Of the view or of one of its features.' }) tag:
      | string
      | null,
    @Ctx() context: RequestContext,
  ): FeatureViewType[] {
    return context.services.catalogue
      .views()
      .map((view) => showView(view, context))
      .filter((view) => entity == null || view.entity === entity)
      .filter((view) => search == null || matches(view, search))
      .filter((view) => tag == null || [view, ...view.features].some(({ tags }) => tags.includes(tag)));
  }

  @Query(() => FeatureViewType, { nullable: true, description: 'No version: the newest applied.' })
  featureView(
    @Arg('name', () => String) name: string,
    @Arg('version', () => Int, { nullable: true }) version: number | null,
    @Ctx() context: RequestContext,
  ): FeatureViewType | null {
    const view = context.services.catalogue.view(name, version ?? undefined);
    return view && showView(view, context);
  }

  @Query(() => [FeatureServiceType])
  featureServices(@Ctx() context: RequestContext): FeatureServiceType[] {
    return context.services.catalogue.services().map((service) => showService(service, context));
  }

  @Query(() => FeatureServiceType, { nullable: true, description: 'No version: the newest applied.' })
  featureService(
    @Arg('name', () => String) name: string,
    @Arg('version', () => Int, { nullable: true }) version: number | null,
    @Ctx() context: RequestContext,
  ): FeatureServiceType | null {
    const service = context.services.catalogue.service(name, version ?? undefined);
    return service && showService(service, context);
  }
}

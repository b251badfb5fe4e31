import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { badInput } from '../core/errors.js';
import type { FeatureSearch } from '../core/ports/browse.js';
import {
  EntityType,
  FeatureServiceType,
  FeatureType,
  FeatureViewType,
  FoundFeatureType,
  RequestInputType,
  showFeature,
  showRequestInputs,
  showService,
  showView,
  visible,
} from './catalogue.types.js';
import type { RequestContext } from './context.js';
import { NEWEST_VERSION, PAGE_SIZE, VIEW_VERSION } from './descriptions.js';
import { AssumedSize, Operation } from './operation.js';

const SEARCH =
  'Words that must all be found, each as part of a word and in either case: in names, descriptions, units, tags, owners, or source tables and ' +
  'columns. A match in the name comes first.';

@Resolver(() => FeatureViewType)
export class CatalogueResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [EntityType], { description: 'Lists the entities.' })
  entities(@Ctx() { services }: RequestContext): readonly EntityType[] {
    return [...services.registry.entities.values()];
  }

  @Operation({
    roles: ['admin', 'modeler', 'decision', 'bi'],
    cost: ({ weight, catalogue }) => (catalogue.views().length + catalogue.onDemandViews().length) * weight,
  })
  @Query(() => [FeatureViewType], {
    description:
      'Lists the applied feature views: with search, best match first; without it, by name and newest version first. An unknown tag or owner finds no view; an unknown entity is an error.',
  })
  featureViews(
    @Arg('entity', () => String, { nullable: true, description: 'The entity of the views.' }) entity: string | null,
    @Arg('search', () => String, { nullable: true, description: SEARCH }) search: string | null,
    @Arg('tag', () => String, { nullable: true, description: 'A tag of the view or of one of its features.' }) tag:
      | string
      | null,
    @Arg('owner', () => String, { nullable: true, description: 'The owner of the views.' }) owner: string | null,
    @Ctx() context: RequestContext,
  ): FeatureViewType[] {
    const criteria: FeatureSearch = { entity, search, tag, owner, visible: visible(context) };
    return context.services.browser.searchViews(criteria).map((view) => showView(view, context));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ args, weight }) => Number(args.limit) * weight })
  @Query(() => [FoundFeatureType], {
    description: 'Lists single features of the applied views.',
  })
  features(
    @Arg('search', () => String, { nullable: true, description: SEARCH }) search: string | null,
    @Arg('tag', () => String, { nullable: true, description: 'A tag of the feature or of its view.' }) tag:
      | string
      | null,
    @Arg('owner', () => String, { nullable: true, description: 'The owner of the views.' }) owner: string | null,
    @Arg('entity', () => String, { nullable: true, description: 'The entity of the views.' }) entity: string | null,
    @Arg('limit', () => Int, { defaultValue: 50, description: PAGE_SIZE }) limit: number,
    @Arg('before', () => ID, {
      nullable: true,
      description: 'The reference of the last feature of the previous page; the page after it is returned.',
    })
    before: string | null,
    @Ctx() context: RequestContext,
  ): FoundFeatureType[] {
    const criteria: FeatureSearch = { entity, search, tag, owner, visible: visible(context) };
    const matches = context.services.browser.searchFeatures(criteria);
    const last = before == null ? -1 : matches.findIndex(({ reference }) => reference === before);
    if (before != null && last < 0) {
      throw badInput(
        `'${before}' is not among the features found`,
        'give the reference of the last one of the page before',
      );
    }
    const page = matches.slice(last + 1, last + 1 + boundedLimit(limit));
    const views = new Map(page.map(({ view }) => [view.id, view] as const));
    const shown = new Map([...views].map(([id, view]) => [id, showView(view, context)] as const));
    return page.map((ref) => ({
      reference: ref.reference,
      feature: showFeature(ref),
      view: shown.get(ref.view.id) as FeatureViewType,
    }));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ weight }) => weight })
  @Query(() => FeatureViewType, { nullable: true, description: 'Reads one feature view.' })
  featureView(
    @Arg('name', () => String, { description: 'The name of the view.' }) name: string,
    @Arg('version', () => Int, { nullable: true, description: VIEW_VERSION }) version: number | null,
    @Ctx() context: RequestContext,
  ): FeatureViewType | null {
    const { catalogue } = context.services;
    const view = catalogue.view(name, version ?? undefined) ?? catalogue.onDemandView(name, version ?? undefined);
    return view && showView(view, context);
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [FeatureServiceType], { description: 'Lists the applied feature services.' })
  featureServices(@Ctx() context: RequestContext): FeatureServiceType[] {
    return context.services.catalogue.services().map((service) => showService(service, context));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => FeatureServiceType, { nullable: true, description: 'Reads one feature service.' })
  featureService(
    @Arg('name', () => String, { description: 'The name of the service.' }) name: string,
    @Arg('version', () => Int, { nullable: true, description: NEWEST_VERSION }) version: number | null,
    @Ctx() context: RequestContext,
  ): FeatureServiceType | null {
    const service = context.services.catalogue.service(name, version ?? undefined);
    return service && showService(service, context);
  }
}

@Resolver(() => FeatureType)
export class FeatureInputsResolver {
  @AssumedSize(2)
  @FieldResolver(() => [RequestInputType], {
    description: 'The inputs that a request for this feature must bring; none for a stored feature.',
  })
  requestInputs(@Root() { ref }: FeatureType, @Ctx() context: RequestContext): readonly RequestInputType[] {
    return showRequestInputs([ref], context);
  }
}

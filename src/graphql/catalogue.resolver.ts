import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { isStoredView } from '../core/definitions/definitions.js';
import { badInput } from '../core/errors.js';
import type { FeatureSearch } from '../core/ports/browse.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import {
  EntityType,
  FeatureServiceType,
  FeatureViewType,
  FoundFeatureType,
  showFeature,
  showService,
  showView,
  visible,
} from './catalogue.types.js';
import type { RequestContext } from './context.js';
import { Operation } from './operation.js';
import { ViewFreshnessType } from './registry.resolver.js';

const SEARCH =
  'Words, all of which must be found, each in part and in either case: in names, descriptions, units, tags, owners, or source tables and columns. ' +
  'What has a word in its name comes first.';

@Resolver(() => FeatureViewType)
export class CatalogueResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [EntityType])
  entities(@Ctx() { services }: RequestContext): readonly EntityType[] {
    return [...services.registry.entities.values()];
  }

  @Operation({
    roles: ['admin', 'modeler', 'decision', 'bi'],
    cost: ({ weight, catalogue }) => (catalogue.views().length + catalogue.onDemandViews().length) * weight,
  })
  @Query(() => [FeatureViewType], {
    description:
      'Applied views; without `search` by name, newest version first. An unknown tag or owner has no views; an unknown entity is an error.',
  })
  featureViews(
    @Arg('entity', () => String, { nullable: true }) entity: string | null,
    @Arg('search', () => String, { nullable: true, description: SEARCH }) search: string | null,
    @Arg('tag', () => String, { nullable: true, description: 'Of the view or of one of its features.' }) tag:
      | string
      | null,
    @Arg('owner', () => String, { nullable: true }) owner: string | null,
    @Ctx() context: RequestContext,
  ): FeatureViewType[] {
    const wanted: FeatureSearch = { entity, search, tag, owner, visible: visible(context) };
    return context.services.browser.searchViews(wanted).map((view) => showView(view, context));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ args, weight }) => Number(args.limit) * weight })
  @Query(() => [FoundFeatureType], {
    description: 'Single features of the applied views. `before` is the reference of the last one of the page before.',
  })
  features(
    @Arg('search', () => String, { nullable: true, description: SEARCH }) search: string | null,
    @Arg('tag', () => String, { nullable: true, description: 'Of the feature or of its view.' }) tag: string | null,
    @Arg('owner', () => String, { nullable: true }) owner: string | null,
    @Arg('entity', () => String, { nullable: true }) entity: string | null,
    @Arg('limit', () => Int, { defaultValue: 50 }) limit: number,
    @Arg('before', () => ID, { nullable: true }) before: string | null,
    @Ctx() context: RequestContext,
  ): FoundFeatureType[] {
    const wanted: FeatureSearch = { entity, search, tag, owner, visible: visible(context) };
    const found = context.services.browser.searchFeatures(wanted);
    const last = before == null ? -1 : found.findIndex(({ reference }) => reference === before);
    if (before != null && last < 0) {
      throw badInput(
        `'${before}' is not among the features found`,
        'give the reference of the last one of the page before',
      );
    }
    const page = found.slice(last + 1, last + 1 + boundedLimit(limit));
    const views = new Map(page.map(({ view }) => [view.id, view] as const));
    const shown = new Map([...views].map(([id, view]) => [id, showView(view, context)] as const));
    return page.map((ref) => ({
      reference: ref.reference,
      feature: showFeature(ref),
      view: shown.get(ref.view.id) as FeatureViewType,
    }));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ weight }) => weight })
  @Query(() => FeatureViewType, { nullable: true, description: 'No version: the newest applied.' })
  featureView(
    @Arg('name', () => String) name: string,
    @Arg('version', () => Int, { nullable: true }) version: number | null,
    @Ctx() context: RequestContext,
  ): FeatureViewType | null {
    const { catalogue } = context.services;
    const view = catalogue.view(name, version ?? undefined) ?? catalogue.onDemandView(name, version ?? undefined);
    return view && showView(view, context);
  }

  @FieldResolver(() => ViewFreshnessType, { nullable: true, description: 'Null for what is computed on demand.' })
  async freshness(
    @Root() { view }: FeatureViewType,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ViewFreshness | null> {
    return isStoredView(view) ? loaders.freshness.load(view) : null;
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [FeatureServiceType])
  featureServices(@Ctx() context: RequestContext): FeatureServiceType[] {
    return context.services.catalogue.services().map((service) => showService(service, context));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
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

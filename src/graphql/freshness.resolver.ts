import { Ctx, Field, FieldResolver, Float, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { isStoredView } from '../core/definitions/definitions.js';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import type { MissingDay } from '../core/ports/completeness.js';
import { FeatureViewType } from './catalogue.types.js';
import type { RequestContext } from './context.js';
import { AssumedSize, Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime } from './scalars.js';

@ObjectType('MissingDay', { description: 'A day of a source table that is not whole: rows of it may still come.' })
class MissingDayType {
  @Field(() => String, { description: 'The name of the source table.' })
  table!: string;

  @Field(() => GraphQLDate, { description: 'The day, in the zone of the portfolio.' })
  day!: LocalDate;
}

@ObjectType('ViewFreshness', { description: 'The freshness of a feature view.' })
class ViewFreshnessType {
  @Field(() => String, { description: 'The feature view as name@version.' })
  view!: string;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The event time of the newest value; null where there is none.',
  })
  lastEventTime!: Instant | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The age of the newest value in seconds; null where there is none.',
  })
  lagSeconds!: number | null;

  @Field(() => Boolean, { description: 'Marks a view whose newest value is older than maxAge, or that has none.' })
  stale!: boolean;

  @Field(() => Int, { description: 'The number of entity keys with a value.' })
  keys!: number;

  @AssumedSize(4)
  @Field(() => [MissingDayType], {
    description: 'The days for which the newest as-of that is due waits; empty where it waits for none.',
  })
  waitsFor!: readonly MissingDay[];

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The instant at which the view runs without the days that it waits for; null where it waits for none.',
  })
  waitsUntil!: Instant | null;

  @AssumedSize(4)
  @Field(() => [MissingDayType], {
    description: 'The days that were not whole when the newest values were computed.',
  })
  incomplete!: readonly MissingDay[];
}

@Resolver()
export class FreshnessResolver {
  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [ViewFreshnessType], { description: 'Reads the freshness of every applied view.' })
  freshness(@Ctx() { services }: RequestContext): Promise<readonly ViewFreshness[]> {
    return services.freshness(services.catalogue.views());
  }
}

@Resolver(() => FeatureViewType)
export class ViewFreshnessResolver {
  @FieldResolver(() => ViewFreshnessType, {
    nullable: true,
    description: 'The freshness of the view; null for an on-demand view.',
  })
  async freshness(
    @Root() { view }: FeatureViewType,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ViewFreshness | null> {
    return isStoredView(view) ? loaders.freshness.load(view) : null;
  }
}

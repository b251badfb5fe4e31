import { Arg, Ctx, Field, FieldResolver, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import type { Instant } from '../core/helpers/time.js';
import type {
  DifferenceKind as DifferenceKindName,
  ViewDiff,
  ViewDifference,
  ViewVersion,
} from '../core/ports/browse.js';
import { FeatureViewType, visible } from './catalogue.types.js';
import type { RequestContext } from './context.js';
import { DifferenceKind } from './enums.js';
import { AssumedSize, Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON } from './scalars.js';

@ObjectType('FeatureViewVersion')
class FeatureViewVersionType {
  @Field(() => Int)
  version!: number;

  @Field(() => GraphQLDateTime)
  appliedAt!: Instant;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Null while it is served.' })
  retiredAt!: Instant | null;
}

@ObjectType('FeatureViewDifference')
class FeatureViewDifferenceType {
  @Field(() => DifferenceKind)
  kind!: DifferenceKindName;

  @Field(() => String, { nullable: true, description: 'Null where the view itself is another.' })
  feature!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'type, unit, fill, ttl, …; null where something is there or not.',
  })
  attribute!: string | null;

  @Field(() => GraphQLJSON, { nullable: true })
  before!: unknown;

  @Field(() => GraphQLJSON, { nullable: true })
  after!: unknown;

  @Field(() => Boolean, {
    description:
      'A reader of the one version cannot read the other unchanged: a feature is gone, a type, a length or the entity is another.',
  })
  breaking!: boolean;

  @Field(() => String)
  words!: string;
}

@ObjectType('FeatureViewDiff', { description: 'What one version of a view says otherwise than another.' })
class FeatureViewDiffType {
  @Field(() => String)
  name!: string;

  @Field(() => Int)
  from!: number;

  @Field(() => Int)
  to!: number;

  @Field(() => [FeatureViewDifferenceType], {
    description: 'Features first, then the view, its sources and its query.',
  })
  differences!: readonly ViewDifference[];

  @Field(() => [String], { description: 'What cannot be compared, and why.' })
  unknown!: readonly string[];
}

@Resolver(() => FeatureViewType)
export class ViewVersionResolver {
  @AssumedSize(5)
  @FieldResolver(() => [FeatureViewVersionType], {
    description: 'Every version of this name that was ever applied, newest first.',
  })
  versions(@Root() { name }: FeatureViewType, @Ctx() { services }: RequestContext): readonly ViewVersion[] {
    return services.browser.versions(name);
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => FeatureViewDiffType, {
    description: 'Works for retired versions, whose files may be gone, and for a file that is not applied yet.',
  })
  featureViewDiff(
    @Arg('name', () => String) name: string,
    @Arg('from', () => Int, { nullable: true, description: 'None: the newest version before `to`.' }) from:
      | number
      | null,
    @Arg('to', () => Int, { nullable: true, description: 'None: the newest applied.' }) to: number | null,
    @Ctx() context: RequestContext,
  ): ViewDiff {
    return context.services.browser.diff({ name, from, to, visible: visible(context) });
  }
}

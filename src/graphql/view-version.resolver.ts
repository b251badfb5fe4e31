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

@ObjectType('FeatureViewVersion', { description: 'A version of a feature view that was applied.' })
class FeatureViewVersionType {
  @Field(() => Int, { description: 'The version number.' })
  version!: number;

  @Field(() => GraphQLDateTime, { description: 'The instant at which the version was applied.' })
  appliedAt!: Instant;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The instant at which the version was retired; null while it is served.',
  })
  retiredAt!: Instant | null;
}

@ObjectType('FeatureViewDifference', { description: 'A difference between two versions of a feature view.' })
class FeatureViewDifferenceType {
  @Field(() => DifferenceKind, { description: 'The kind of the difference.' })
  kind!: DifferenceKindName;

  @Field(() => String, { nullable: true, description: 'The feature that differs; null where the view itself differs.' })
  feature!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The attribute that differs, such as type, unit, fill or ttl; null where a feature or source was added or removed.',
  })
  attribute!: string | null;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The attribute in the version `from`.' })
  before!: unknown;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The attribute in the version `to`.' })
  after!: unknown;

  @Field(() => Boolean, {
    description:
      'Marks a difference after which a reader of `from` cannot read `to` unchanged: a feature is gone, or a type, a length or the entity differs.',
  })
  breaking!: boolean;

  @Field(() => String, { description: 'The difference as a sentence.' })
  words!: string;
}

@ObjectType('FeatureViewDiff', { description: 'A comparison of two versions of a feature view.' })
class FeatureViewDiffType {
  @Field(() => String, { description: 'The name of the view.' })
  name!: string;

  @Field(() => Int, { description: 'The version that is compared from.' })
  from!: number;

  @Field(() => Int, { description: 'The version that is compared to.' })
  to!: number;

  @Field(() => [FeatureViewDifferenceType], {
    description: 'The differences: features first, then the view, its sources and its query.',
  })
  differences!: readonly ViewDifference[];

  @Field(() => [String], { description: 'Explains what cannot be compared, and why.' })
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
    description:
      'Compares two versions of a feature view. Works for retired versions whose files are gone, and for a file that is not applied yet.',
  })
  featureViewDiff(
    @Arg('name', () => String, { description: 'The name of the view.' }) name: string,
    @Arg('from', () => Int, {
      nullable: true,
      description: 'The version that is compared from; without it, the newest version before `to`.',
    })
    from: number | null,
    @Arg('to', () => Int, {
      nullable: true,
      description: 'The version that is compared to; without it, the newest applied version.',
    })
    to: number | null,
    @Ctx() context: RequestContext,
  ): ViewDiff {
    return context.services.browser.diff({ name, from, to, visible: visible(context) });
  }
}

import { Arg, Ctx, Field, FieldResolver, Float, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { checkDays } from '../core/bounds.js';
import { type AnyFeatureRef, type FeatureRef, isStored } from '../core/definitions/definitions.js';
import type { FeatureValue } from '../core/definitions/types.js';
import { badInput } from '../core/errors.js';
import { addDays, type Instant, type LocalDate } from '../core/helpers/time.js';
import type { FeatureProfile } from '../core/ports/feature-profiles.js';
import { profileFeatures } from '../core/ports/job-contracts.js';
import type { JobRecord } from '../core/ports/jobs.js';
import { checkVisible, FeatureType, isPii } from './catalogue.types.js';
import { piiView, type RequestContext } from './context.js';
import { FIRST_DAY, LAST_DAY, VIEW_NAMES } from './descriptions.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime, GraphQLJSON } from './scalars.js';

/** An hourly view has about ten thousand profiles in that many days. */
const MAX_DAYS = 400;

@ObjectType('FeatureProfile', {
  description:
    "A profile of a feature's values at one as-of: as its runs computed them, before fill and without keys that have ended. A caller who sees personal values masked reads null for min, max, mean and quantiles of a personal feature.",
})
class FeatureProfileType {
  @Field(() => GraphQLDateTime, { description: 'The as-of instant.' })
  asOf!: Instant;

  @Field(() => Int, { description: 'The number of entity keys with a row.' })
  rows!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'The share of rows whose value is NULL or an empty array; null without rows.',
  })
  nullRate!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The number of distinct values, within about one percent; null for arrays.',
  })
  distinct!: number | null;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The smallest value.' })
  min!: FeatureValue;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The largest value.' })
  max!: FeatureValue;

  @Field(() => Float, {
    nullable: true,
    description: 'The mean of a numeric feature; for a boolean feature, the share of true.',
  })
  mean!: number | null;

  @Field(() => Float, { nullable: true, description: 'The 5th percentile of a numeric feature.' })
  p5!: number | null;

  @Field(() => Float, { nullable: true, description: 'The median of a numeric feature.' })
  p50!: number | null;

  @Field(() => Float, { nullable: true, description: 'The 95th percentile of a numeric feature.' })
  p95!: number | null;
}

const NO_VALUES = { min: null, max: null, mean: null, p5: null, p50: null, p95: null } as const;

const shownTo = (context: RequestContext, { feature }: AnyFeatureRef) => {
  const masked = piiView(context.caller) !== 'CLEAR' && isPii(feature);
  return (profile: FeatureProfile): FeatureProfile => (masked ? { ...profile, ...NO_VALUES } : profile);
};

function onlyStored(refs: readonly AnyFeatureRef[], reference: string): FeatureRef {
  const [ref] = refs;
  if (!ref || refs.length > 1 || !reference.includes(':')) {
    throw badInput(`'${reference}' is a view and not a feature`, 'write view@version:feature');
  }
  if (!isStored(ref)) {
    throw badInput(
      `${reference} is computed on demand: no value of it is stored that could be measured`,
      'ask for the profiles of its inputs, which its lineage names',
    );
  }
  return ref;
}

@Resolver(() => FeatureType)
export class FeatureProfileResolver {
  @FieldResolver(() => FeatureProfileType, {
    nullable: true,
    description: 'The profile of the newest measured as-of; null for an on-demand feature.',
  })
  async latestProfile(@Root() { ref }: FeatureType, @Ctx() context: RequestContext): Promise<FeatureProfile | null> {
    if (!isStored(ref)) return null;
    const profile = await context.loaders.profiles.load(ref);
    return profile && shownTo(context, ref)(profile);
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [FeatureProfileType], {
    description:
      'Reads the profiles of a feature over time: one per computed as-of, oldest first. A run is profiled within an hour.',
  })
  async featureProfile(
    @Arg('feature', () => String, { description: 'The feature as view@version:feature.' }) reference: string,
    @Arg('from', () => GraphQLDate, { description: FIRST_DAY }) from: LocalDate,
    @Arg('to', () => GraphQLDate, { description: LAST_DAY }) to: LocalDate,
    @Ctx() context: RequestContext,
  ): Promise<readonly FeatureProfile[]> {
    const { catalogue, calendar, profiles } = context.services;
    const ref = onlyStored(catalogue.features({ features: [reference] }), reference);
    checkVisible(context, ref);
    checkDays({ from, to });
    if (to >= addDays(from, MAX_DAYS))
      throw badInput(`${from} to ${to} is more than ${MAX_DAYS} days`, 'ask for less at once');
    const range = { from: calendar.startOfDay(from), to: calendar.startOfDay(addDays(to, 1)) };
    const history = await profiles.read({ view: ref.view, feature: ref.feature.name }, range);
    return history.map(shownTo(context, ref));
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Profiles the features of every as-of that was computed since the last time, as a job does every hour.',
  })
  profileFeatures(
    @Arg('views', () => [String], {
      nullable: true,
      description: `${VIEW_NAMES} Without it, all views.`,
    })
    views: string[] | null,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    if (views?.length === 0) throw badInput('`views` is empty', 'leave it out for all views');
    const named = views == null ? undefined : services.catalogue.namedViews(views);
    return services.queue.enqueue(profileFeatures, { views: named?.map(({ id }) => id) }, { owner: caller.keyId });
  }
}

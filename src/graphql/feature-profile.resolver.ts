import { Arg, Ctx, Field, FieldResolver, Float, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { checkDays } from '../core/bounds.js';
import { type AnyFeatureRef, type FeatureRef, isStored } from '../core/definitions/definitions.js';
import type { FeatureValue } from '../core/definitions/types.js';
import { badInput } from '../core/errors.js';
import { addDays, type Instant, type LocalDate } from '../core/helpers/time.js';
import type { FeatureProfile } from '../core/ports/feature-profiles.js';
import type { JobRecord } from '../core/ports/jobs.js';
import { checkVisible, FeatureType, isPii } from './catalogue.types.js';
import { piiView, type RequestContext } from './context.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime, GraphQLJSON } from './scalars.js';

/** Of an hourly view that are some ten thousand profiles. */
const MAX_DAYS = 400;

@ObjectType('FeatureProfile', {
  description:
    'What the values of one as-of look like: as its runs computed them, before `fill`, without keys that have ended. Of personal features, who ' +
    'sees them masked is told no value: min, max, mean and quantiles are null.',
})
class FeatureProfileType {
  @Field(() => GraphQLDateTime)
  asOf!: Instant;

  @Field(() => Int, { description: 'Entity keys with a row.' })
  rows!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'NULL values, of arrays empty ones, over rows; null without rows.',
  })
  nullRate!: number | null;

  @Field(() => Int, { nullable: true, description: 'Different values, within about a percent; null for arrays.' })
  distinct!: number | null;

  @Field(() => GraphQLJSON, { nullable: true })
  min!: FeatureValue;

  @Field(() => GraphQLJSON, { nullable: true })
  max!: FeatureValue;

  @Field(() => Float, { nullable: true, description: 'Of numbers; of booleans the share of true.' })
  mean!: number | null;

  @Field(() => Float, { nullable: true, description: '5 % of the values are at most this. Of numbers.' })
  p5!: number | null;

  @Field(() => Float, { nullable: true })
  p50!: number | null;

  @Field(() => Float, { nullable: true })
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
    description: 'Of the newest as-of that is measured; null on demand.',
  })
  async latestProfile(@Root() { ref }: FeatureType, @Ctx() context: RequestContext): Promise<FeatureProfile | null> {
    if (!isStored(ref)) return null;
    const profile = await context.loaders.profiles.load(ref);
    return profile && shownTo(context, ref)(profile);
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [FeatureProfileType], {
    description:
      'A feature over time: a profile an as-of that was computed, oldest first. Measured within an hour of the run.',
  })
  async featureProfile(
    @Arg('feature', () => String, { description: 'view@version:feature' }) reference: string,
    @Arg('from', () => GraphQLDate) from: LocalDate,
    @Arg('to', () => GraphQLDate) to: LocalDate,
    @Ctx() context: RequestContext,
  ): Promise<readonly FeatureProfile[]> {
    const { catalogue, calendar, profiles } = context.services;
    const ref = onlyStored(catalogue.features({ features: [reference] }), reference);
    checkVisible(context, ref);
    checkDays({ from, to });
    if (to >= addDays(from, MAX_DAYS))
      throw badInput(`${from} to ${to} is more than ${MAX_DAYS} days`, 'ask for less at once');
    const range = { from: calendar.startOfDay(from), to: calendar.startOfDay(addDays(to, 1)) };
    const found = await profiles.read({ view: ref.view, feature: ref.feature.name }, range);
    return found.map(shownTo(context, ref));
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description: 'Measures what was computed since the last time, as a job does every hour. No views: all.',
  })
  profileFeatures(
    @Arg('views', () => [String], {
      nullable: true,
      description: 'name@version, or a bare name for its newest version.',
    })
    views: string[] | null,
    @Ctx() { services }: RequestContext,
  ): Promise<JobRecord> {
    if (views?.length === 0) throw badInput('`views` is empty', 'leave it out for all views');
    const named = views == null ? {} : { views: services.catalogue.namedViews(views).map(({ id }) => id) };
    return services.queue.enqueue('profile_features', named);
  }
}

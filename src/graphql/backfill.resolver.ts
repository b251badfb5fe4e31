import { Arg, Ctx, Field, Float, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { checkDays } from '../core/bounds.js';
import { badInput } from '../core/errors.js';
import type { LocalDate } from '../core/helpers/time.js';
import { backfill } from '../core/ports/job-contracts.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { BackfillEstimate, BackfillRange, BackfillViewEstimate } from '../core/ports/materialize.js';
import type { ApiServices, RequestContext } from './context.js';
import { FIRST_DAY, LAST_DAY, VIEW_NAMES } from './descriptions.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate } from './scalars.js';

@ObjectType('BackfillViewEstimate', { description: 'An estimate of the work of a backfill of one view.' })
class BackfillViewEstimateType {
  @Field(() => String, { description: 'The feature view as name@version.' })
  view!: string;

  @Field(() => String, { description: 'The first as-of.' })
  from!: string;

  @Field(() => String, { description: 'The last as-of that is due.' })
  to!: string;

  @Field(() => String, { nullable: true, description: 'The last as-of that is due, where the range ends after it.' })
  clampedTo!: string | null;

  @Field(() => Int, { description: 'The number of as-of instants to compute.' })
  asOfs!: number;

  @Field(() => Int, {
    description: 'The number of as-ofs before the first knowledge of the sources of the view. They cost nothing.',
  })
  empty!: number;

  @Field(() => Int, {
    description:
      'The number of as-ofs that have history. They keep it: they are computed again, and rows that differ are added, available from then on.',
  })
  done!: number;

  @Field(() => Float, {
    description:
      'The number of rows to compute. The query of the view is counted at countedAsOfs as-ofs (over large sources, for a sample of its keys) and interpolated between them.',
  })
  rows!: number;

  @Field(() => Int, {
    description: 'The number of as-ofs whose rows were counted. At most three are: the first, the middle and the last.',
  })
  countedAsOfs!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      'The expected duration, at the rows per second of the newest measuredRuns runs of the view; null where no run was measured.',
  })
  seconds!: number | null;

  @Field(() => Int, { description: 'The number of recent runs that the rate was measured on.' })
  measuredRuns!: number;
}

@ObjectType('BackfillEstimate', {
  description: 'An estimate of the work of a backfill. Nothing is computed or written.',
})
class BackfillEstimateType {
  @Field(() => [BackfillViewEstimateType], { description: 'The views with at least one as-of that is due.' })
  views!: readonly BackfillViewEstimate[];

  @Field(() => [String], {
    description: 'Explains what the backfill leaves out because it is not due: days of a view, or the whole view.',
  })
  notes!: readonly string[];

  @Field(() => Int, { description: 'The number of as-of instants to compute, over all views.' })
  asOfs!: number;

  @Field(() => Float, { description: 'The number of rows to compute, over all views.' })
  rows!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'The expected duration, with views computed side by side; null where the rate of a view is not known.',
  })
  seconds!: number | null;
}

@Resolver()
export class BackfillResolver {
  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => BackfillEstimateType, {
    description: 'Estimates a backfill of these views and days: as-ofs, rows and, where known, seconds.',
  })
  backfillEstimate(
    @Arg('views', () => [String], { description: VIEW_NAMES }) views: string[],
    @Arg('from', () => GraphQLDate, { description: FIRST_DAY }) from: LocalDate,
    @Arg('to', () => GraphQLDate, { description: LAST_DAY }) to: LocalDate,
    @Ctx() { services, signal }: RequestContext,
  ): Promise<BackfillEstimate> {
    return services.backfills.estimateBackfill(rangeOf(services, views, { from, to }), signal);
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Computes the history of daily as-of instants, both days included. An as-of without history gets the times that its scheduled run would have given it; one that has history keeps it, and rows that differ are added, available from now on. Days that are not due yet are left out: the result names the last computed day as clampedTo and explains the rest as notes. Rejected where no day is due.',
  })
  backfill(
    @Arg('views', () => [String], { description: VIEW_NAMES }) views: string[],
    @Arg('from', () => GraphQLDate, { description: FIRST_DAY }) from: LocalDate,
    @Arg('to', () => GraphQLDate, { description: LAST_DAY }) to: LocalDate,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    const range = rangeOf(services, views, { from, to });
    services.backfills.checkBackfill(range);
    return services.queue.enqueue(
      backfill,
      { views: range.views.map(({ id }) => id), from, to },
      { owner: caller.keyId },
    );
  }
}

function rangeOf(
  { catalogue, now }: Pick<ApiServices, 'catalogue' | 'now'>,
  views: readonly string[],
  { from, to }: { readonly from: LocalDate; readonly to: LocalDate },
): BackfillRange {
  if (views.length === 0) throw badInput('`views` is empty', 'name the views to backfill');
  checkDays({ from, to });
  return { views: catalogue.namedViews(views), from, to, now: now() };
}

import { Arg, Ctx, Field, Float, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { checkDays } from '../core/bounds.js';
import { badInput } from '../core/errors.js';
import type { LocalDate } from '../core/helpers/time.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { BackfillEstimate, BackfillRange, BackfillViewEstimate } from '../core/ports/materialize.js';
import type { ApiServices, RequestContext } from './context.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate } from './scalars.js';

@ObjectType('BackfillViewEstimate', { description: 'What a backfill of one view would have to do.' })
class BackfillViewEstimateType {
  @Field(() => String)
  view!: string;

  @Field(() => String, { description: 'The first as-of.' })
  from!: string;

  @Field(() => String, { description: 'The last as-of that is due.' })
  to!: string;

  @Field(() => String, { nullable: true, description: 'The last as-of that is due, where the range ends behind it.' })
  clampedTo!: string | null;

  @Field(() => Int)
  asOfs!: number;

  @Field(() => Int, {
    description: 'Of those: as-ofs before anything was known of what the view reads. They cost nothing.',
  })
  empty!: number;

  @Field(() => Int, {
    description: 'Of those: as-ofs that a run has computed already. They are computed again; what differs is added.',
  })
  done!: number;

  @Field(() => Float, {
    description:
      'Rows to be computed: the query of the view counted at countedAsOfs of the as-ofs (over large sources, for a sample of its keys), the others evenly between.',
  })
  rows!: number;

  @Field(() => Int, { description: 'At most three: the first, the one in the middle and the last.' })
  countedAsOfs!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Seconds by the rate, rows a second, of the newest measuredRuns runs of the view; none: not measured.',
  })
  seconds!: number | null;

  @Field(() => Int)
  measuredRuns!: number;
}

@ObjectType('BackfillEstimate', { description: 'What a backfill would have to do; nothing was computed or written.' })
class BackfillEstimateType {
  @Field(() => [BackfillViewEstimateType], { description: 'Those of which something is due.' })
  views!: readonly BackfillViewEstimate[];

  @Field(() => [String], {
    description: 'What the backfill would leave out because it is not due, in words: days of a view, or all of it.',
  })
  notes!: readonly string[];

  @Field(() => Int)
  asOfs!: number;

  @Field(() => Float)
  rows!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'With views side by side; none where the rate of one of them is not known.',
  })
  seconds!: number | null;
}

const VIEWS = 'name@version, or a bare name for its newest version.';

@Resolver()
export class BackfillResolver {
  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => BackfillEstimateType, {
    description: 'What `backfill` of these views and days would have to do: as-ofs, rows and, where known, seconds.',
  })
  backfillEstimate(
    @Arg('views', () => [String], { description: VIEWS }) views: string[],
    @Arg('from', () => GraphQLDate) from: LocalDate,
    @Arg('to', () => GraphQLDate) to: LocalDate,
    @Ctx() { services }: RequestContext,
  ): Promise<BackfillEstimate> {
    return services.backfills.estimateBackfill(rangeOf(services, views, { from, to }));
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Computes the history of daily as-of instants, both ends included. Days that are not due yet are left out; the result says which was the last, as clampedTo, and what was left out, as notes. Refused where nothing at all is due.',
  })
  backfill(
    @Arg('views', () => [String], { description: VIEWS }) views: string[],
    @Arg('from', () => GraphQLDate) from: LocalDate,
    @Arg('to', () => GraphQLDate) to: LocalDate,
    @Ctx() { services }: RequestContext,
  ): Promise<JobRecord> {
    const range = rangeOf(services, views, { from, to });
    services.backfills.checkBackfill(range);
    return services.queue.enqueue('backfill', { views: range.views.map(({ id }) => id), from, to });
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

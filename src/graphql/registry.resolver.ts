import { Arg, Ctx, Field, Float, ID, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { notFound } from '../core/errors.js';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import { SOURCE_TABLES } from '../core/lending/sources.js';
import type {
  PlanAction as PlanActionName,
  PlanChange,
  PlanCost,
  PlanEffect as PlanEffectName,
  PlanTouch,
  PrunableView,
  RegistryPlan,
  ViewFreshness,
} from '../core/ports/catalogue.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { RequestContext } from './context.js';
import { PlanAction, PlanEffect } from './enums.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime } from './scalars.js';

@ObjectType('RegistryTouch', { description: 'A definition, or a training set, that a change has to do with.' })
class RegistryTouchType {
  @Field(() => String, { description: 'view, on_demand, service, model, indicator or training_set' })
  kind!: string;

  @Field(() => String, { description: "name@version; an indicator's name, a training set's id." })
  id!: string;

  @Field(() => PlanEffect)
  effect!: PlanEffectName;
}

@ObjectType('RegistryCost', {
  description: 'What a new version of a view would cost, counted and measured on the rows that are there.',
})
class RegistryCostType implements PlanCost {
  @Field(() => GraphQLDate, {
    nullable: true,
    description:
      'First local day of the backfill that is counted; null where nothing is known yet of what the view reads.',
  })
  backfillFrom!: LocalDate | null;

  @Field(() => GraphQLDate, { nullable: true, description: 'Its last day, included.' })
  backfillTo!: LocalDate | null;

  @Field(() => Int, { nullable: true, description: 'As-of instants that it would compute.' })
  backfillAsOfs!: number | null;

  @Field(() => Float, { nullable: true, description: 'Rows of history that it would write.' })
  backfillRows!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'By the rate of earlier runs of the view; null where there are none.',
  })
  backfillSeconds!: number | null;

  @Field(() => Float, { nullable: true, description: 'Rows of the newest as-of: entity keys with a value in Redis.' })
  onlineKeys!: number | null;

  @Field(() => Int, { description: 'Rows that were written to scratch keys in Redis and measured there.' })
  sampledRows!: number;

  @Field(() => Float, { nullable: true, description: 'Their average, beside what the keys hold already.' })
  bytesPerKey!: number | null;

  @Field(() => Float, { nullable: true, description: 'onlineKeys x bytesPerKey: what it would hold in Redis.' })
  onlineBytes!: number | null;

  @Field(() => String, { nullable: true, description: 'Why something of this is not known; null where all is.' })
  problem!: string | null;
}

@ObjectType('RegistryChange')
class RegistryChangeType {
  @Field(() => PlanAction)
  action!: PlanActionName;

  @Field(() => String, { description: 'view, on_demand, service or model' })
  kind!: string;

  @Field(() => String)
  name!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => String, { nullable: true })
  description!: string | null;

  @Field(() => [String], { description: 'Views that it pins, as name@version.' })
  pins!: readonly string[];

  @Field(() => [String], { description: 'Applied definitions that pin it and would be left without it.' })
  breaks!: readonly string[];

  @Field(() => [RegistryTouchType], { description: 'Whom the change has to do with, and what becomes of them.' })
  touches!: readonly PlanTouch[];

  @Field(() => RegistryCostType, {
    nullable: true,
    description: 'Of a new view that is stored; null for what holds nothing, and where costs were not asked for.',
  })
  cost!: PlanCost | null;
}

@ObjectType('PrunableView', { description: 'A retired version whose history is still there.' })
class PrunableViewType {
  @Field(() => String, { description: 'view@version' })
  view!: string;

  @Field(() => GraphQLDateTime)
  retiredAt!: Instant;

  @Field(() => Float, { description: 'Rows of its history.' })
  rows!: number;

  @Field(() => Float, { description: 'Bytes on disk of all its tables.' })
  bytes!: number;

  @Field(() => [ID], { description: 'Training sets that could not be built again without it.' })
  trainingSets!: readonly string[];
}

@ObjectType('RegistryPlan', { description: 'What differs between the definition files and what is applied.' })
class RegistryPlanType {
  @Field(() => [RegistryChangeType])
  changes!: readonly PlanChange[];

  @Field(() => [String], { description: 'What forbids applying, in words.' })
  problems!: readonly string[];

  @Field(() => [PrunableViewType], { description: 'What pruneFeatureView would free; applying prunes nothing.' })
  prunable!: readonly PrunableView[];
}

@ObjectType('ViewFreshness')
export class ViewFreshnessType {
  @Field(() => String, { description: 'view@version' })
  view!: string;

  @Field(() => GraphQLDateTime, { nullable: true })
  lastEventTime!: Instant | null;

  @Field(() => Float, { nullable: true })
  lagSeconds!: number | null;

  @Field(() => Boolean, { description: 'The newest values are past maxAge, or there are none.' })
  stale!: boolean;

  @Field(() => Int, { description: 'Entity keys with a value.' })
  keys!: number;
}

@ObjectType('RejectedRow')
class RejectedRowType {
  @Field(() => Int, { description: 'Line of the file (the header is line 1), or index in an ingested list.' })
  index!: number;

  @Field(() => String, { nullable: true })
  column!: string | null;

  @Field(() => String)
  reason!: string;
}

@Resolver()
export class RegistryResolver {
  @Operation({ roles: ['admin'] })
  @Mutation(() => RegistryPlanType, {
    description: 'What applying would do, as the definition files were when the server started. Changes nothing.',
  })
  planRegistry(
    @Arg('costs', () => Boolean, {
      defaultValue: true,
      description: 'Counts and measures what new views would cost, within half a minute in all.',
    })
    costs: boolean,
    @Arg('from', () => GraphQLDate, {
      nullable: true,
      description:
        'First day of the backfill that is counted. None: where the version before begins, else a year back.',
    })
    from: LocalDate | null,
    @Ctx() { services }: RequestContext,
  ): Promise<RegistryPlan> {
    return services.planner.plan({ costs, ...(from == null ? {} : { from }) });
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => RegistryPlanType, { description: 'Does what the plan says, whole or not at all.' })
  applyRegistry(@Ctx() { services }: RequestContext): Promise<RegistryPlan> {
    return services.planner.apply();
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => RegistryPlanType, {
    description:
      'Ends a view version: its online values go, its history stays. Refused while a service or model pins it.',
  })
  retireFeatureView(
    @Arg('view', () => String, { description: 'name@version, or a bare name for its newest version.' }) view: string,
    @Ctx() { services }: RequestContext,
  ): Promise<RegistryPlan> {
    // The planner has words for a version that is retired already or computed on demand; a bare name has to be read first.
    const id = view.includes('@') ? view : services.catalogue.namedViews([view])[0]?.id;
    return services.planner.retireView(id ?? view);
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Drops the history of a retired version of a view, and what is left of it online. Refused for a version in force, and for one that a training set pins unless force is true: such a set can then not be built again.',
  })
  async pruneFeatureView(
    @Arg('view', () => String, { description: 'name@version' }) view: string,
    @Arg('force', () => Boolean, { defaultValue: false }) force: boolean,
    @Ctx() { services }: RequestContext,
  ): Promise<JobRecord> {
    // Said at once what forbids it; the worker looks again.
    const found = await services.pruner.check(view, { force });
    return services.queue.enqueue('prune_view', { view: found.view, force });
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [ViewFreshnessType], { description: 'How old the newest value of each view is.' })
  freshness(@Ctx() { services }: RequestContext): Promise<readonly ViewFreshness[]> {
    return services.freshness(services.catalogue.views());
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [RejectedRowType], { description: 'Rows that an import refused, newest first.' })
  async quarantine(
    @Arg('table', () => String) table: string,
    @Arg('limit', () => Int, { defaultValue: 50 }) limit: number,
    @Ctx() { services }: RequestContext,
  ): Promise<RejectedRowType[]> {
    if (!SOURCE_TABLES.has(table))
      throw notFound(`there is no table '${table}'`, `the tables are ${[...SOURCE_TABLES.keys()].join(', ')}`);
    const rows = await services.sources.quarantine(table, boundedLimit(limit));
    return rows.map(({ line, column, reason }) => ({ index: line, column, reason }));
  }
}

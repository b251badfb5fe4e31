import { type GraphQLResolveInfo, Kind } from 'graphql';
import { Arg, Ctx, Field, Float, ID, Info, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type {
  PlanAction as PlanActionName,
  PlanChange,
  PlanCost,
  PlanEffect as PlanEffectName,
  PlanTouch,
  PrunableView,
  RegistryPlan,
} from '../core/ports/catalogue.js';
import { pruneView } from '../core/ports/job-contracts.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { RequestContext } from './context.js';
import { VIEW_NAME } from './descriptions.js';
import { PlanAction, PlanEffect } from './enums.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime } from './scalars.js';

@ObjectType('RegistryTouch', { description: 'A definition or training set affected by a change.' })
class RegistryTouchType {
  @Field(() => String, {
    description: 'The kind: view, on_demand, service, model, label, fact, indicator or training_set.',
  })
  kind!: string;

  @Field(() => String, { description: 'The id: name@version, or the id of a training set.' })
  id!: string;

  @Field(() => PlanEffect, { description: 'The effect of the change on it.' })
  effect!: PlanEffectName;
}

@ObjectType('RegistryCost', {
  description: 'The cost of a new version of a view, counted and measured on existing rows.',
})
class RegistryCostType implements PlanCost {
  @Field(() => GraphQLDate, {
    nullable: true,
    description:
      'The first local day of the counted backfill; null where nothing is known yet of the sources of the view.',
  })
  backfillFrom!: LocalDate | null;

  @Field(() => GraphQLDate, { nullable: true, description: 'The last local day of the counted backfill, included.' })
  backfillTo!: LocalDate | null;

  @Field(() => Int, { nullable: true, description: 'The number of as-of instants to compute.' })
  backfillAsOfs!: number | null;

  @Field(() => Float, { nullable: true, description: 'The number of history rows to write.' })
  backfillRows!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The expected duration, at the rate of earlier runs of the view; null where there are none.',
  })
  backfillSeconds!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The number of entity keys with a value in Redis: the rows of the newest as-of.',
  })
  onlineKeys!: number | null;

  @Field(() => Int, {
    description: 'The number of rows that were written to scratch keys in Redis and measured there.',
  })
  sampledRows!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'The average number of bytes that the version adds to an entity key in Redis.',
  })
  bytesPerKey!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The number of bytes that the version would hold in Redis: onlineKeys times bytesPerKey.',
  })
  onlineBytes!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Explains why part of the cost is not known; null where all of it is.',
  })
  problem!: string | null;
}

@ObjectType('RegistryChange', { description: 'A change that applying the registry plan makes.' })
class RegistryChangeType {
  @Field(() => PlanAction, { description: 'The action of the change.' })
  action!: PlanActionName;

  @Field(() => String, {
    description:
      'The kind of the definition: view, on_demand, service, model or label; table for a source table, column for a column that a table gets.',
  })
  kind!: string;

  @Field(() => String, { description: 'The name of the definition; of a column table.column.' })
  name!: string;

  @Field(() => Int, { description: 'The version of the definition; 1 for a table and a column.' })
  version!: number;

  @Field(() => String, { nullable: true, description: 'The description of the definition.' })
  description!: string | null;

  @Field(() => [String], { description: 'The views that it pins, as name@version.' })
  pins!: readonly string[];

  @Field(() => [String], { description: 'The applied definitions that pin it and would lose it.' })
  breaks!: readonly string[];

  @Field(() => [RegistryTouchType], { description: 'The definitions and training sets that the change affects.' })
  touches!: readonly PlanTouch[];

  @Field(() => RegistryCostType, {
    nullable: true,
    description:
      'The cost of a new stored view; null for a definition that stores nothing, and where costs were not requested.',
  })
  cost!: PlanCost | null;

  @Field(() => [String], {
    description: 'The remarks that a reader needs before applying the change: each is a sentence.',
  })
  notes!: readonly string[];
}

@ObjectType('PrunableView', { description: 'A retired version of a view whose history is still stored.' })
class PrunableViewType {
  @Field(() => String, { description: 'The feature view as name@version.' })
  view!: string;

  @Field(() => GraphQLDateTime, { description: 'The instant at which the version was retired.' })
  retiredAt!: Instant;

  @Field(() => Float, { description: 'The number of rows of its history.' })
  rows!: number;

  @Field(() => Float, { description: 'The bytes on disk of all its tables.' })
  bytes!: number;

  @Field(() => [ID], { description: 'The training sets that could not be rebuilt without it.' })
  trainingSets!: readonly string[];
}

@ObjectType('RegistryPlan', {
  description: 'A registry plan: the differences between the definition files and what is applied.',
})
class RegistryPlanType {
  @Field(() => [RegistryChangeType], { description: 'The changes that applying the plan makes.' })
  changes!: readonly PlanChange[];

  @Field(() => [String], { description: 'Explains each problem that forbids applying.' })
  problems!: readonly string[];

  @Field(() => [String], {
    description:
      'Names each attached table that cannot be read now: what reads it fails, and other changes may be applied.',
  })
  warnings!: readonly string[];

  @Field(() => [PrunableViewType], {
    description: 'The views that pruneFeatureView could free; applying prunes nothing.',
  })
  prunable!: readonly PrunableView[];
}

/** A fragment may ask for anything. */
const asksForProblems = ({ fieldNodes }: GraphQLResolveInfo): boolean =>
  fieldNodes
    .flatMap(({ selectionSet }) => selectionSet?.selections ?? [])
    .some((selection) => selection.kind !== Kind.FIELD || selection.name.value === 'problems');

@Resolver()
export class RegistryResolver {
  @Operation({ roles: ['admin'] })
  @Mutation(() => RegistryPlanType, {
    description:
      'Plans what applying would change, from the definition files as they were when the server started. Changes nothing.',
  })
  planRegistry(
    @Arg('costs', () => Boolean, {
      defaultValue: true,
      description: 'Counts and measures the cost of new views, within half a minute in all.',
    })
    costs: boolean,
    @Arg('from', () => GraphQLDate, {
      nullable: true,
      description:
        'The first local day of the counted backfill; without it, the first day of the previous version, else one year ago.',
    })
    from: LocalDate | null,
    @Ctx() { services }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RegistryPlan> {
    return services.planner.plan({ costs, queries: asksForProblems(info), ...(from == null ? {} : { from }) });
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => RegistryPlanType, { description: 'Applies the registry plan, whole or not at all.' })
  async applyRegistry(
    @Arg('rehash', () => Boolean, {
      defaultValue: false,
      description:
        'Replaces content hashes that an earlier release wrote. A definition that declares something else than what was applied stays refused.',
    })
    rehash: boolean,
    @Ctx() context: RequestContext,
  ): Promise<RegistryPlan> {
    const plan = await context.services.planner.apply({ rehash });
    await recordDeclassified(plan, context);
    return plan;
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => RegistryPlanType, {
    description:
      'Retires a view version: its online values are removed, its history stays. Rejected while a service or model pins it.',
  })
  retireFeatureView(
    @Arg('view', () => String, { description: VIEW_NAME })
    view: string,
    @Ctx() { services }: RequestContext,
  ): Promise<RegistryPlan> {
    // The planner has words for a version that is retired already or computed on demand; a bare name has to be read first.
    const id = view.includes('@') ? view : services.catalogue.namedViews([view])[0]?.id;
    return services.planner.retireView(id ?? view);
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Drops the history of a retired view version and what is left of it online. Rejected for an applied version, and, without force, for one that a training set pins: such a set cannot be rebuilt afterwards.',
  })
  async pruneFeatureView(
    @Arg('view', () => String, { description: 'The feature view as name@version.' }) view: string,
    @Arg('force', () => Boolean, {
      defaultValue: false,
      description: 'Prunes the version even where a training set pins it.',
    })
    force: boolean,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    // Said at once what forbids it; the worker looks again.
    const found = await services.pruner.check(view, { force });
    return services.queue.enqueue(pruneView, { view: found.view, force }, { owner: caller.keyId });
  }
}

/** Keeps in the audit log what an apply has declared not personal, by whom and why. What is applied stands, also where it cannot be recorded. */
async function recordDeclassified(
  { changes }: Pick<RegistryPlan, 'changes'>,
  { services, caller, requestId, address }: RequestContext,
): Promise<void> {
  for (const { id: view, declassifies = [] } of changes) {
    for (const each of declassifies) {
      const entry = { action: 'declassify', outcome: 'DONE', details: { view, ...each } } as const;
      await services.audit.record({ ...entry, at: services.now(), requestId, caller, address }).catch(() => undefined);
    }
  }
}

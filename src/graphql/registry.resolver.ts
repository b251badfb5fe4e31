import { Arg, Ctx, Field, Float, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { PlanAction as PlanActionName, RegistryPlan, ViewFreshness } from '../core/catalogue.js';
import { notFound } from '../core/errors.js';
import type { RejectedRow } from '../core/ports.js';
import { SOURCE_TABLES } from '../core/sources.js';
import type { Instant } from '../core/time.js';
import { boundedLimit, piiView, type RequestContext } from './context.js';
import { PlanAction } from './enums.js';
import { GraphQLDateTime } from './scalars.js';

@ObjectType('RegistryChange')
class RegistryChangeType {
  @Field(() => PlanAction)
  action!: PlanActionName;

  @Field(() => String, { description: 'view, service or model' })
  kind!: string;

  @Field(() => String)
  name!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => String, { nullable: true })
  description!: string | null;

  @Field(() => [String], { description: 'Applied definitions that pin it.' })
  breaks!: readonly string[];
}

@ObjectType('RegistryPlan', { description: 'What differs between the definition files and what is applied.' })
class RegistryPlanType {
  @Field(() => [RegistryChangeType])
  changes!: readonly RegistryChangeType[];

  @Field(() => [String], { description: 'What forbids applying, in words.' })
  problems!: readonly string[];
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

/** A reason quotes the value it refuses; whose column is personal, the quotation goes. */
const withoutQuotes = (reason: string): string => reason.replace(/'[^']*'|"[^"]*"/g, "'…'");

@Resolver()
export class RegistryResolver {
  @Mutation(() => RegistryPlanType, { description: 'Changes nothing.' })
  planRegistry(@Ctx() { services }: RequestContext): Promise<RegistryPlan> {
    return services.planner.plan();
  }

  @Mutation(() => RegistryPlanType, { description: 'Does what the plan says, whole or not at all.' })
  applyRegistry(@Ctx() { services }: RequestContext): Promise<RegistryPlan> {
    return services.planner.apply();
  }

  @Mutation(() => RegistryPlanType, {
    description:
      'Ends a view version: its online values go, its history stays. Refused while a service or model pins it.',
  })
  retireFeatureView(
    @Arg('view', () => String, { description: 'name@version' }) view: string,
    @Ctx() { services }: RequestContext,
  ): Promise<RegistryPlan> {
    const [named] = services.catalogue.namedViews([view]);
    return services.planner.retireView(named?.id ?? view);
  }

  @Query(() => [ViewFreshnessType], { description: 'How old the newest value of each view is.' })
  freshness(@Ctx() { services }: RequestContext): Promise<readonly ViewFreshness[]> {
    return services.freshness(services.catalogue.views());
  }

  @Query(() => [RejectedRowType], { description: 'Rows that an import refused, newest first.' })
  async quarantine(
    @Arg('table', () => String) table: string,
    @Arg('limit', () => Int, { defaultValue: 50 }) limit: number,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<RejectedRowType[]> {
    const source = SOURCE_TABLES.get(table);
    if (!source)
      throw notFound(`there is no table '${table}'`, `the tables are ${[...SOURCE_TABLES.keys()].join(', ')}`);
    const personal = new Set(source.columns.filter(({ pii }) => pii).map(({ name }) => name));
    const rows: readonly RejectedRow[] = await services.sources.quarantine(table, boundedLimit(limit));
    return rows.map(({ line, column, reason }) => ({
      index: line,
      column,
      // Without a column the reason may be about any of them.
      reason: piiView(caller) !== 'CLEAR' && (column === null || personal.has(column)) ? withoutQuotes(reason) : reason,
    }));
  }
}

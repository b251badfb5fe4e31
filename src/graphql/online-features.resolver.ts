import { Arg, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import type { FeatureStatus as FeatureStatusName, StalePolicy as StalePolicyName } from '../core/definitions/types.js';
import type { Instant } from '../core/helpers/time.js';
import { columnarKeys, valuesRead } from './columnar.js';
import { maskFor, type RequestContext } from './context.js';
import { FeatureStatus, StalePolicy } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('FeatureColumn')
class FeatureColumnType {
  @Field(() => String, { description: 'The reference, view@version:feature.' })
  name!: string;

  @Field(() => String, { description: 'view@version' })
  view!: string;

  @Field(() => String)
  type!: string;

  @Field(() => GraphQLJSON, { description: 'An array in the order of the request.' })
  values!: unknown;

  @Field(() => [FeatureStatus], {
    description:
      'Of an on-demand feature: ERROR where an input could not be read, STALE where one is stale, else by its own value.',
  })
  statuses!: readonly FeatureStatusName[];
}

@ObjectType('ViewTimes', {
  description: 'When the values of each row happened; of an on-demand view, the oldest of its stored inputs.',
})
class ViewTimesType {
  @Field(() => String, { description: 'view@version' })
  view!: string;

  @Field(() => [GraphQLDateTime], { nullable: 'items' })
  eventTimes!: readonly (Instant | null)[];
}

@ObjectType('OnlineFeatures')
class OnlineFeaturesType {
  @Field(() => ID)
  requestId!: string;

  @Field(() => GraphQLJSONObject, { description: 'As asked.' })
  entities!: Readonly<Record<string, unknown>>;

  @Field(() => [FeatureColumnType])
  columns!: readonly FeatureColumnType[];

  @Field(() => [ViewTimesType])
  views!: readonly ViewTimesType[];
}

/** The argument `request` of a read and of a score. */
export const REQUEST_DESCRIPTION =
  'Columnar inputs of on-demand features, by name: { requested_amount: ["5000.00", null] }, one value a row of entities.';

@Resolver()
export class OnlineFeaturesResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision'], cost: valuesRead('entities') })
  @Query(() => OnlineFeaturesType, {
    description: 'The newest value of each feature for up to 1,000 rows. Exactly one of service and features.',
  })
  async onlineFeatures(
    @Arg('service', () => String, { nullable: true, description: 'name@version' }) service: string | null,
    @Arg('features', () => [String], {
      nullable: true,
      description: 'view@version:feature, or view@version for all of a view.',
    })
    features: string[] | null,
    @Arg('entities', () => GraphQLJSONObject, {
      description: 'Columnar: { customer_id: ["C1", "C2"] }, equal lengths.',
    })
    entities: Record<string, unknown>,
    @Arg('request', () => GraphQLJSONObject, { nullable: true, description: REQUEST_DESCRIPTION })
    request: Record<string, unknown> | null,
    @Arg('stalePolicy', () => StalePolicy, { defaultValue: 'RETURN' }) stalePolicy: StalePolicyName,
    @Ctx() context: RequestContext,
  ): Promise<OnlineFeaturesType> {
    const refs = context.services.catalogue.features({ service, features });
    const answer = await context.services.onlineFeatures.read({
      features: refs,
      entities: columnarKeys(entities),
      request: request ?? undefined,
      stalePolicy,
      now: context.services.now(),
    });
    const mask = maskFor(context);
    const personal = new Set(
      refs.filter(({ feature }) => feature.tags?.includes('pii')).map(({ reference }) => reference),
    );
    const columns = answer.columns.map((column) =>
      mask && personal.has(column.name)
        ? { ...column, values: column.values.map((value) => mask.value(value, column.type)) }
        : column,
    );
    return { requestId: context.requestId, entities, columns, views: answer.views };
  }
}

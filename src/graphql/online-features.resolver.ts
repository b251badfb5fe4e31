import { Arg, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { disclosureOf, isMasked } from '../core/compute/disclosure.js';
import type { AnyFeatureRef } from '../core/definitions/definitions.js';
import type { FeatureStatus as FeatureStatusName, StalePolicy as StalePolicyName } from '../core/definitions/types.js';
import type { Instant } from '../core/helpers/time.js';
import { columnarKeys, valuesRead } from './columnar.js';
import { maskFor, type RequestContext } from './context.js';
import {
  ENTITY_KEYS,
  FEATURE_REFERENCES,
  FEATURE_TYPE,
  MASKED_COLUMN,
  REQUEST_INPUTS,
  SERVICE_REFERENCE,
  STALE_TREATMENT,
} from './descriptions.js';
import { FeatureStatus, StalePolicy } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('FeatureColumn', { description: 'A column of online feature values.' })
class FeatureColumnType {
  @Field(() => String, { description: 'The reference of the feature, view@version:feature.' })
  name!: string;

  @Field(() => String, { description: 'The feature view as name@version.' })
  view!: string;

  @Field(() => String, { description: FEATURE_TYPE })
  type!: string;

  @Field(() => GraphQLJSON, { description: 'The values: an array in the order of the request.' })
  values!: unknown;

  @Field(() => [FeatureStatus], {
    description:
      'The status of each value. For an on-demand feature, ERROR means an input could not be read and STALE means an input is stale.',
  })
  statuses!: readonly FeatureStatusName[];

  @Field(() => Boolean, { description: MASKED_COLUMN })
  masked!: boolean;
}

@ObjectType('ViewTimes', {
  description:
    'The event times of the values of one view. For an on-demand view, the oldest event time of its stored inputs counts.',
})
class ViewTimesType {
  @Field(() => String, { description: 'The feature view as name@version.' })
  view!: string;

  @Field(() => [GraphQLDateTime], {
    nullable: 'items',
    description: 'The event time of each row; null where the row has no value.',
  })
  eventTimes!: readonly (Instant | null)[];
}

@ObjectType('OnlineFeatures', { description: 'The online feature values of a request.' })
class OnlineFeaturesType {
  @Field(() => ID, { description: 'The id of the request, the same in logs and in the audit log.' })
  requestId!: string;

  @Field(() => GraphQLJSONObject, { description: 'The entity keys as the request gave them.' })
  entities!: Readonly<Record<string, unknown>>;

  @Field(() => [FeatureColumnType], { description: 'The feature values, one column per feature.' })
  columns!: readonly FeatureColumnType[];

  @Field(() => [ViewTimesType], { description: 'The event times, one entry per view.' })
  views!: readonly ViewTimesType[];
}

@Resolver()
export class OnlineFeaturesResolver {
  @Operation({
    roles: ['admin', 'modeler', 'decision'],
    cost: valuesRead,
    lookUp: ({ service, features, entities }) => ({
      of: service ? { service } : { features },
      entities: columnarKeys(entities as Record<string, unknown>),
    }),
  })
  @Query(() => OnlineFeaturesType, {
    description: 'Reads the newest value of each feature for at most 1,000 rows.',
  })
  async onlineFeatures(
    @Arg('service', () => String, { nullable: true, description: SERVICE_REFERENCE }) service: string | null,
    @Arg('features', () => [String], {
      nullable: true,
      description: FEATURE_REFERENCES,
    })
    features: string[] | null,
    @Arg('entities', () => GraphQLJSONObject, {
      description: ENTITY_KEYS,
    })
    entities: Record<string, unknown>,
    @Arg('request', () => GraphQLJSONObject, { nullable: true, description: REQUEST_INPUTS })
    request: Record<string, unknown> | null,
    @Arg('stalePolicy', () => StalePolicy, { defaultValue: 'RETURN', description: STALE_TREATMENT })
    stalePolicy: StalePolicyName,
    @Ctx() context: RequestContext,
  ): Promise<OnlineFeaturesType> {
    const refs = context.services.catalogue.features({ service, features });
    const mask = maskFor(context);
    const answer = await context.services.onlineFeatures.read({
      features: refs,
      entities: columnarKeys(entities),
      request: request ?? undefined,
      stalePolicy,
      withheld: mask !== undefined,
      now: context.services.now(),
      deadline: context.deadline?.signal,
    });
    const columns = answer.columns.map((column, at) => {
      const ref = refs[at] as AnyFeatureRef;
      const masked = mask !== undefined && disclosureOf(ref) !== 'CLEAR';
      if (!mask || !isMasked(ref)) return { ...column, masked };
      const cells = column.values.map((value, index) =>
        mask.cell({ value, status: column.statuses[index] as FeatureStatusName }, column.type),
      );
      const [values, statuses] = [cells.map(({ value }) => value), cells.map(({ status }) => status)];
      return { ...column, values, statuses, masked };
    });
    return { requestId: context.requestId, entities, columns, views: answer.views };
  }
}

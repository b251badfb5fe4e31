import { Arg, Ctx, Field, Float, ID, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { disclosureOf, isMasked } from '../core/compute/disclosure.js';
import type { Model } from '../core/definitions/definitions.js';
import type { FeatureValue } from '../core/definitions/types.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { ScoreRow } from '../core/ports/scoring.js';
import { visible } from './catalogue.types.js';
import { columnarKeys, longestColumn } from './columnar.js';
import { maskFor, piiView, type RequestContext } from './context.js';
import { ENTITY_KEYS, MODEL_REFERENCE, REQUEST_INPUTS } from './descriptions.js';
import { ModelStage, ScoreStatus } from './enums.js';
import { cardWithout } from './model-card.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('Model', { description: 'A version of a model.' })
class ModelType {
  @Field(() => String, { description: 'The name of the model.' })
  name!: string;

  @Field(() => Int, { description: 'The version of the model.' })
  version!: number;

  @Field(() => String, { description: 'The description of the model.' })
  description!: string;

  @Field(() => String, { description: 'The owner of the model.' })
  owner!: string;

  @Field(() => String, { description: 'The entity that the model scores.' })
  entity!: string;

  @Field(() => ModelStage, { description: 'The stage of the version.' })
  stage!: keyof typeof ModelStage;

  @Field(() => [String], { description: 'The features as view@version:feature, in the order of the model inputs.' })
  features!: readonly string[];

  @Field(() => String, { description: 'The SHA-256 of the weights.' })
  hash!: string;

  @Field(() => GraphQLJSONObject, { description: 'The model card: training, evaluation and limits.' })
  card!: Readonly<Record<string, unknown>>;
}

@ObjectType('Contribution', { description: 'A contribution of one feature to a score.' })
class ContributionType {
  @Field(() => String, { description: 'The feature as view@version:feature.' })
  feature!: string;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The value of the feature that was scored.' })
  value!: FeatureValue;

  @Field(() => Float, {
    description:
      'The log-odds of bad that the feature adds, against its median in the training set; positive means riskier.',
  })
  contribution!: number;
}

@ObjectType('Score', { description: 'A score of one entity: points, where high is safe, and the probability of bad.' })
class ScoreRowType {
  @Field(() => GraphQLJSONObject, { description: 'The join keys of the entity.' })
  entity!: Readonly<Record<string, string | null>>;

  @Field(() => ScoreStatus, { description: 'The status of the row.' })
  status!: keyof typeof ScoreStatus;

  @Field(() => String, {
    nullable: true,
    description: 'The reason why the row was not scored, and what to do; null where it was.',
  })
  error!: string | null;

  @Field(() => Float, { nullable: true, description: 'The probability of bad, 0 to 1; null unless the row is SCORED.' })
  probability!: number | null;

  @Field(() => Int, { nullable: true, description: 'The score in points; high is safe.' })
  points!: number | null;

  @Field(() => String, { nullable: true, description: 'The band of the points.' })
  band!: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'The outputs of the model by tensor name.' })
  outputs!: Readonly<Record<string, unknown>> | null;

  @Field(() => [String], { nullable: true, description: 'The features without a value, as view@version:feature.' })
  missing!: readonly string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'The features whose value is older than the maxAge of their view, as view@version:feature.',
  })
  stale!: readonly string[] | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The event time of the oldest row that a feature was read from.',
  })
  oldestInput!: Instant | null;

  @Field(() => [String], {
    nullable: true,
    description: 'The features that raise the risk most, worst first, at most four; null without explain.',
  })
  reasonCodes!: readonly string[] | null;

  @Field(() => [ContributionType], {
    nullable: true,
    description:
      'The contribution of each feature, without those at whose median the model gives no probability; null without explain.',
  })
  contributions!: readonly ContributionType[] | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'The instant at which the row was scored.' })
  scoredAt!: Instant | null;
}

@ObjectType('ScoreTable', { description: 'The scores of a request.' })
class ScoreTableType {
  @Field(() => ID, { description: 'The id of the request, the same in logs and in the audit log.' })
  requestId!: string;

  @Field(() => ModelType, { description: 'The model version that scored.' })
  model!: ModelType;

  @Field(() => [ScoreRowType], { description: 'The scores in the order of the request.' })
  scores!: readonly ScoreRow[];
}

function showModel(model: Model, context: RequestContext): ModelType {
  const { name, version, description, owner, entity, features, onnxHash, card } = model;
  const champion = context.services.catalogue.model(name);
  return {
    name,
    version,
    description,
    owner,
    entity: entity.name,
    stage: champion?.id === model.id ? 'CHAMPION' : 'CHALLENGER',
    features: features.filter(({ feature }) => visible(context)(feature)).map(({ reference }) => reference),
    hash: onnxHash,
    card: cardWithout(
      card,
      features.filter(({ feature }) => !visible(context)(feature)),
    ),
  };
}

/**
 * Refuses a caller who sees personal values masked a model that takes a value made of stored personal values and of what the caller brings: its score
 * would tell where the two meet.
 */
function refuseProbing(model: Model, { caller }: RequestContext): void {
  if (piiView(caller) === 'CLEAR') return;
  const probing = model.features.filter((ref) => disclosureOf(ref) === 'WITHHELD').map(({ reference }) => reference);
  if (probing.length === 0) return;
  throw new RiskgraphError({
    code: 'FORBIDDEN',
    message: `${model.id} scores by ${probing.join(', ')}, computed from stored personal values and from the request: to role ${caller.role} its scores would tell the stored ones`,
    hint: 'score with a key of role decision or admin',
  });
}

/** Masks the values of personal features in contributions. */
function maskedScores(rows: readonly ScoreRow[], model: Model, context: RequestContext): readonly ScoreRow[] {
  const mask = maskFor(context);
  if (!mask) return rows;
  const masked = new Map(
    model.features.filter(isMasked).map(({ reference, feature }) => [reference, feature.type] as const),
  );
  return rows.map((row) => ({
    ...row,
    contributions:
      row.contributions?.map((contribution) => {
        const type = masked.get(contribution.feature);
        return type ? { ...contribution, value: mask.value(contribution.value, type) } : contribution;
      }) ?? null,
  }));
}

@Resolver()
export class ScoreResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [ModelType], { description: 'Lists the applied models.' })
  models(@Ctx() context: RequestContext): ModelType[] {
    return context.services.catalogue.models().map((model) => showModel(model, context));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => ModelType, { nullable: true, description: 'Reads one model.' })
  model(
    @Arg('name', () => String, { description: 'The name of the model.' }) name: string,
    @Arg('version', () => Int, { nullable: true, description: 'The version; without it, the champion is returned.' })
    version: number | null,
    @Ctx() context: RequestContext,
  ): ModelType | null {
    const model = context.services.catalogue.model(name, version ?? undefined);
    return model && showModel(model, context);
  }

  @Operation({
    roles: ['admin', 'modeler', 'decision'],
    cost: ({ args, catalogue }) =>
      longestColumn(args.entities) * catalogue.namedModel(String(args.model)).features.length,
    lookUp: ({ model, entities }) => ({
      of: { model },
      entities: columnarKeys(entities as Record<string, unknown>),
    }),
  })
  @Query(() => ScoreTableType, { description: 'Scores at most 1,000 entities from their online features.' })
  async score(
    @Arg('model', () => String, { description: MODEL_REFERENCE }) name: string,
    @Arg('entities', () => GraphQLJSONObject, { description: ENTITY_KEYS })
    entities: Record<string, unknown>,
    @Arg('request', () => GraphQLJSONObject, { nullable: true, description: REQUEST_INPUTS })
    request: Record<string, unknown> | null,
    @Arg('explain', () => Boolean, { defaultValue: false, description: 'Adds contributions and reason codes.' })
    explain: boolean,
    @Ctx() context: RequestContext,
  ): Promise<ScoreTableType> {
    const { services, requestId, deadline } = context;
    const model = services.catalogue.namedModel(name);
    refuseProbing(model, context);
    const rows = await services.scoring.score({
      model,
      entities: columnarKeys(entities),
      request: request ?? undefined,
      explain,
      now: services.now(),
      deadline: deadline?.signal,
    });
    return { requestId, model: showModel(model, context), scores: maskedScores(rows, model, context) };
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => ModelType, {
    description:
      'Promotes an applied version of a model: from now on a name without a version means it, in every process within seconds.',
  })
  async promoteModel(
    @Arg('name', () => String, { description: 'The name of the model.' }) name: string,
    @Arg('version', () => Int, { description: 'The version to promote.' }) version: number,
    @Arg('stage', () => ModelStage, {
      defaultValue: 'CHAMPION',
      description: 'The stage that the version gets; only CHAMPION can be given.',
    })
    stage: keyof typeof ModelStage,
    @Ctx() context: RequestContext,
  ): Promise<ModelType> {
    if (stage !== 'CHAMPION') {
      throw badInput(
        `a version cannot be made ${stage}`,
        'promote another version to CHAMPION, which makes this one a challenger; delete its file and apply to retire it',
      );
    }
    const { planner, catalogue } = context.services;
    await planner.promote(`${name}@${version}`);
    return showModel(catalogue.namedModel(`${name}@${version}`), context);
  }
}

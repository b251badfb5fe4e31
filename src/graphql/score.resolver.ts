import { Arg, Ctx, Field, Float, ID, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { Model } from '../core/definitions/definitions.js';
import type { FeatureValue } from '../core/definitions/types.js';
import type { Instant } from '../core/helpers/time.js';
import type { ScoreRow } from '../core/ports/scoring.js';
import { columnarKeys, longestColumn } from './columnar.js';
import { maskFor, piiView, type RequestContext } from './context.js';
import { ModelStage, ScoreStatus } from './enums.js';
import { REQUEST_DESCRIPTION } from './online-features.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('Model', { description: 'A version of a model.' })
class ModelType {
  @Field(() => String)
  name!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => String)
  description!: string;

  @Field(() => String)
  owner!: string;

  @Field(() => String, { description: 'Whom it scores.' })
  entity!: string;

  @Field(() => ModelStage)
  stage!: keyof typeof ModelStage;

  @Field(() => [String], { description: 'References view@version:feature, in the order of its inputs.' })
  features!: readonly string[];

  @Field(() => String, { description: 'SHA-256 of the weights.' })
  hash!: string;

  @Field(() => GraphQLJSONObject, { description: 'How it was made and how well it does.' })
  card!: Readonly<Record<string, unknown>>;
}

@ObjectType('Contribution')
class ContributionType {
  @Field(() => String)
  feature!: string;

  @Field(() => GraphQLJSON, { nullable: true })
  value!: FeatureValue;

  @Field(() => Float)
  contribution!: number;
}

@ObjectType('Score', { description: 'Points: high = safe. Probability = P(bad).' })
class ScoreRowType {
  @Field(() => GraphQLJSONObject)
  entity!: Readonly<Record<string, string | null>>;

  @Field(() => ScoreStatus)
  status!: keyof typeof ScoreStatus;

  @Field(() => Float, { nullable: true })
  probability!: number | null;

  @Field(() => Int, { nullable: true })
  points!: number | null;

  @Field(() => String, { nullable: true })
  band!: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true })
  outputs!: Readonly<Record<string, unknown>> | null;

  @Field(() => [String], { nullable: true, description: 'References without a value.' })
  missing!: readonly string[] | null;

  @Field(() => [String], { nullable: true })
  reasonCodes!: readonly string[] | null;

  @Field(() => [ContributionType], { nullable: true })
  contributions!: readonly ContributionType[] | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  scoredAt!: Instant | null;
}

@ObjectType('ScoreTable')
class ScoreTableType {
  @Field(() => ID)
  requestId!: string;

  @Field(() => ModelType)
  model!: ModelType;

  @Field(() => [ScoreRowType], { description: 'In the order of the request.' })
  scores!: readonly ScoreRow[];
}

function showModel(model: Model, context: RequestContext): ModelType {
  const { name, version, description, owner, entity, features, onnxHash, card } = model;
  const newest = context.services.catalogue.model(name);
  return {
    name,
    version,
    description,
    owner,
    entity: entity.name,
    stage: newest?.id === model.id ? 'CHAMPION' : 'CHALLENGER',
    features: features
      .filter(({ feature }) => piiView(context.caller) !== 'HIDDEN' || !feature.tags?.includes('pii'))
      .map(({ reference }) => reference),
    hash: onnxHash,
    card,
  };
}

/** What explains a score names values of features: personal ones as the caller may see them. */
function maskedScores(rows: readonly ScoreRow[], model: Model, context: RequestContext): readonly ScoreRow[] {
  const mask = maskFor(context);
  if (!mask) return rows;
  const personal = new Map(
    model.features
      .filter(({ feature }) => feature.tags?.includes('pii'))
      .map(({ reference, feature }) => [reference, feature.type] as const),
  );
  return rows.map((row) => ({
    ...row,
    contributions:
      row.contributions?.map((one) => {
        const type = personal.get(one.feature);
        return type ? { ...one, value: mask.value(one.value, type) } : one;
      }) ?? null,
  }));
}

@Resolver()
export class ScoreResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => [ModelType])
  models(@Ctx() context: RequestContext): ModelType[] {
    return context.services.catalogue.models().map((model) => showModel(model, context));
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'] })
  @Query(() => ModelType, { nullable: true, description: 'No version: the champion.' })
  model(
    @Arg('name', () => String) name: string,
    @Arg('version', () => Int, { nullable: true }) version: number | null,
    @Ctx() context: RequestContext,
  ): ModelType | null {
    const model = context.services.catalogue.model(name, version ?? undefined);
    return model && showModel(model, context);
  }

  @Operation({
    roles: ['admin', 'modeler', 'decision'],
    cost: ({ args, catalogue }) =>
      longestColumn(args.entities) * catalogue.namedModel(String(args.model)).features.length,
  })
  @Query(() => ScoreTableType, { description: 'Scores up to 1,000 entities from their online features.' })
  async score(
    @Arg('model', () => String, { description: 'name@version, or a bare name for its champion.' }) name: string,
    @Arg('entities', () => GraphQLJSONObject, { description: 'Columnar: { customer_id: ["C1", "C2"] }.' })
    entities: Record<string, unknown>,
    @Arg('request', () => GraphQLJSONObject, { nullable: true, description: REQUEST_DESCRIPTION })
    request: Record<string, unknown> | null,
    @Arg('explain', () => Boolean, { defaultValue: false }) explain: boolean,
    @Ctx() context: RequestContext,
  ): Promise<ScoreTableType> {
    const { services, requestId } = context;
    const model = services.catalogue.namedModel(name);
    const rows = await services.scoring.score({
      model,
      entities: columnarKeys(entities),
      request: request ?? undefined,
      explain,
      now: services.now(),
    });
    return { requestId, model: showModel(model, context), scores: maskedScores(rows, model, context) };
  }
}

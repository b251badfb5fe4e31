import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import type { FeatureValue, StalePolicy as StalePolicyName } from '../core/definitions/types.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { JobRecord, JobState as JobStateName } from '../core/ports/jobs.js';
import type {
  ColumnProfile,
  ExportFormat as ExportFormatName,
  TrainingSetRecord,
} from '../core/ports/training-sets.js';
import { columnarRows } from './columnar.js';
import { maskFor, type RequestContext, seesInFull, shownError } from './context.js';
import { ExportFormat, JobState, StalePolicy } from './enums.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('ColumnProfile')
class ColumnProfileType {
  @Field(() => String)
  name!: string;

  @Field(() => String)
  type!: string;

  @Field(() => Float, { description: '0 to 1.' })
  nullRate!: number;

  @Field(() => Int, { nullable: true })
  distinct!: number | null;

  @Field(() => GraphQLJSON, { nullable: true })
  min!: FeatureValue;

  @Field(() => GraphQLJSON, { nullable: true })
  max!: FeatureValue;

  @Field(() => Float, { nullable: true })
  mean!: number | null;

  @Field(() => Float, { nullable: true, description: 'Against the label, where there is one.' })
  informationValue!: number | null;
}

@ObjectType('TrainingSet', { description: 'A file of point-in-time rows, exactly reproducible from its manifest.' })
class TrainingSetType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => JobType)
  job!: JobRecord;

  @Field(() => JobState)
  state!: JobStateName;

  @Field(() => Float, { description: '0 to 1.' })
  progress!: number;

  @Field(() => Int, { nullable: true })
  rowCount!: number | null;

  @Field(() => [ColumnProfileType], { nullable: true })
  columns!: readonly ColumnProfile[] | null;

  @Field(() => [String], { description: 'References view@version:feature, in the order of the columns.' })
  features!: readonly string[];

  @Field(() => GraphQLJSONObject, { nullable: true })
  manifest!: Readonly<Record<string, unknown>> | null;

  @Field(() => String, {
    nullable: true,
    description: 'Path on this server; null until the file is whole, or where it holds what this key sees masked.',
  })
  downloadUrl!: string | null;

  @Field(() => String, { nullable: true })
  error!: string | null;

  @Field(() => GraphQLDateTime)
  createdAt!: Instant;
}

@InputType('TrainingSetInput')
class TrainingSetInputType {
  @Field(() => String)
  name!: string;

  @Field(() => String, { nullable: true, description: 'name@version; exactly one of service and features.' })
  service?: string | null;

  @Field(() => [String], { nullable: true })
  features?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'One SELECT of the join keys, event_timestamp and pass-through columns.',
  })
  spineSql?: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'Columnar; exactly one of spine and spineSql.' })
  spine?: Record<string, readonly unknown[]> | null;

  @Field(() => String, { nullable: true, description: 'A name in labels.' })
  label?: string | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'What was known then; none: now. No row of the spine may be later.',
  })
  asOf?: Instant | null;

  @Field(() => Boolean, { defaultValue: false })
  includeEventTimes!: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Adds `<column>__status`: PRESENT, NULL, STALE or NOT_FOUND.',
  })
  includeStatuses!: boolean;

  @Field(() => StalePolicy, { defaultValue: 'RETURN' })
  stalePolicy!: StalePolicyName;

  @Field(() => ExportFormat, { defaultValue: 'PARQUET' })
  format!: ExportFormatName;
}

/** A set's record as it is; state, progress and error are its job's. */
@Resolver(() => TrainingSetType)
export class TrainingSetResolver {
  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [TrainingSetType], { description: 'Newest first; before is the id of the last one of the page before.' })
  trainingSets(
    @Arg('limit', () => Int, { defaultValue: 50 }) limit: number,
    @Arg('before', () => ID, { nullable: true }) before: string | null,
    @Ctx() { services }: RequestContext,
  ): Promise<readonly TrainingSetRecord[]> {
    return services.trainingSets.list({ limit: boundedLimit(limit), ...(before == null ? {} : { before }) });
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => TrainingSetType, { nullable: true })
  trainingSet(@Arg('id', () => ID) id: string, @Ctx() { services }: RequestContext): Promise<TrainingSetRecord | null> {
    return services.trainingSets.get(id);
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Mutation(() => TrainingSetType)
  createTrainingSet(
    @Arg('input', () => TrainingSetInputType) input: TrainingSetInputType,
    @Ctx() context: RequestContext,
  ): Promise<TrainingSetRecord> {
    const { services } = context;
    const { name, service, features, spine, spineSql, label, asOf, format } = input;
    const { includeEventTimes, includeStatuses, stalePolicy } = input;
    if (!/\S/.test(name) || name.length > 200) throw badInput('`name` must be 1 to 200 characters');
    if ((spine == null) === (spineSql == null)) {
      throw badInput('exactly one of `spine` and `spineSql` is needed', 'give columns, or one SELECT');
    }
    if (spine != null) columnarRows(spine, 'spine');
    return services.trainingSets.create({
      name,
      features: services.catalogue.features({ service: service ?? null, features: features ?? null }),
      spec: {
        spine: spine ?? { sql: spineSql as string },
        label: label ?? null,
        asOf: asOf ?? services.now(),
        masked: maskFor(context) !== undefined,
        includeEventTimes,
        includeStatuses,
        stalePolicy,
        format,
      },
    });
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Mutation(() => TrainingSetType, {
    description:
      'The same set once more, from what it was made from: its content hash is the same, whatever was imported, computed or applied since, or its job fails.',
  })
  async rebuildTrainingSet(
    @Arg('id', () => ID) id: string,
    @Arg('format', () => ExportFormat, { nullable: true, description: 'None: that of the set.' })
    format: ExportFormatName | null,
    @Ctx() context: RequestContext,
  ): Promise<TrainingSetRecord> {
    const { services, caller } = context;
    const record = await services.trainingSets.get(id);
    if (record && !seesInFull(caller, record)) {
      throw new RiskgraphError({
        code: 'FORBIDDEN',
        message: `training set '${id}' holds personal values in clear, which role ${caller.role} sees masked`,
        hint: 'create a set with this key: its copy is masked',
      });
    }
    return services.trainingSets.rebuild(id, format ?? undefined);
  }

  @FieldResolver(() => JobType)
  async job(@Root() record: TrainingSetRecord, @Ctx() { loaders }: RequestContext): Promise<JobRecord> {
    const job = await loaders.jobs.load(record.jobId);
    if (job) return job;
    throw new RiskgraphError({ code: 'INTERNAL', message: `the job of training set ${record.id} is not recorded` });
  }

  @FieldResolver(() => JobState)
  async state(@Root() record: TrainingSetRecord, @Ctx() context: RequestContext): Promise<JobStateName> {
    return (await this.job(record, context)).state;
  }

  @FieldResolver(() => Float)
  async progress(@Root() record: TrainingSetRecord, @Ctx() context: RequestContext): Promise<number> {
    return (await this.job(record, context)).progress;
  }

  @FieldResolver(() => String, { nullable: true })
  async error(@Root() record: TrainingSetRecord, @Ctx() context: RequestContext): Promise<string | null> {
    return shownError((await this.job(record, context)).error, context.caller, record);
  }

  @FieldResolver(() => Int, { nullable: true })
  rowCount(@Root() { result }: TrainingSetRecord): number | null {
    return result?.rowCount ?? null;
  }

  /** The mean of one row is its value. */
  @FieldResolver(() => [ColumnProfileType], { nullable: true })
  columns(@Root() record: TrainingSetRecord, @Ctx() { caller }: RequestContext): readonly ColumnProfile[] | null {
    const columns = record.result?.columns ?? null;
    return seesInFull(caller, record)
      ? columns
      : (columns?.map((column) => ({ ...column, min: null, max: null, mean: null })) ?? null);
  }

  /** The text of a spine may name people; its hash still says which it was. */
  @FieldResolver(() => GraphQLJSONObject, { nullable: true })
  manifest(
    @Root() record: TrainingSetRecord,
    @Ctx() { caller }: RequestContext,
  ): Readonly<Record<string, unknown>> | null {
    const manifest = record.result?.manifest ?? null;
    if (manifest === null || seesInFull(caller, record)) return manifest;
    return { ...manifest, spine: { ...(manifest.spine as object), sql: null } };
  }

  @FieldResolver(() => String, { nullable: true })
  downloadUrl(@Root() record: TrainingSetRecord, @Ctx() { caller }: RequestContext): string | null {
    return record.result === null || !seesInFull(caller, record) ? null : `/training-sets/${record.id}`;
  }
}

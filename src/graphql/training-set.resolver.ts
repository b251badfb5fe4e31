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
import { FEATURE_REFERENCES, PAGE_BEFORE, PAGE_SIZE, SERVICE_REFERENCE, STALE_TREATMENT } from './descriptions.js';
import { ExportFormat, JobState, StalePolicy } from './enums.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('ColumnProfile', { description: 'A profile of one column of a training set.' })
class ColumnProfileType {
  @Field(() => String, { description: 'The name of the column.' })
  name!: string;

  @Field(() => String, { description: 'The type of the column.' })
  type!: string;

  @Field(() => Float, { description: 'The share of NULL values, 0 to 1.' })
  nullRate!: number;

  @Field(() => Int, { nullable: true, description: 'The number of distinct values.' })
  distinct!: number | null;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The smallest value.' })
  min!: FeatureValue;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The largest value.' })
  max!: FeatureValue;

  @Field(() => Float, { nullable: true, description: 'The mean of a numeric column.' })
  mean!: number | null;

  @Field(() => Float, { nullable: true, description: 'The information value against the label; null without a label.' })
  informationValue!: number | null;
}

@ObjectType('TrainingSet', {
  description: 'A training set: a file of point-in-time rows that its manifest reproduces exactly.',
})
class TrainingSetType {
  @Field(() => ID, { description: 'The id of the training set.' })
  id!: string;

  @Field(() => String, { description: 'The name of the training set.' })
  name!: string;

  @Field(() => JobType, { description: 'The job that builds the set.' })
  job!: JobRecord;

  @Field(() => JobState, { description: 'The state of the build.' })
  state!: JobStateName;

  @Field(() => Float, { description: 'The share of the build that is done, 0 to 1.' })
  progress!: number;

  @Field(() => Int, { nullable: true, description: 'The number of rows; null until the file is complete.' })
  rowCount!: number | null;

  @Field(() => [ColumnProfileType], {
    nullable: true,
    description: 'The profile of each column; null until the file is complete.',
  })
  columns!: readonly ColumnProfile[] | null;

  @Field(() => [String], { description: 'The features as view@version:feature, in the order of the columns.' })
  features!: readonly string[];

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'The manifest: everything that a rebuild needs; null until the file is complete.',
  })
  manifest!: Readonly<Record<string, unknown>> | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The path of the file on this server; null until the file is complete, and where it holds personal values in clear that the caller sees masked.',
  })
  downloadUrl!: string | null;

  @Field(() => String, { nullable: true, description: 'The error of a failed build.' })
  error!: string | null;

  @Field(() => GraphQLDateTime, { description: 'The instant at which the set was requested.' })
  createdAt!: Instant;
}

@InputType('TrainingSetInput', { description: 'A request for a training set.' })
class TrainingSetInputType {
  @Field(() => String, { description: 'The name of the training set, 1 to 200 characters.' })
  name!: string;

  @Field(() => String, { nullable: true, description: SERVICE_REFERENCE })
  service?: string | null;

  @Field(() => [String], { nullable: true, description: FEATURE_REFERENCES })
  features?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The spine as one SELECT of join keys, event_timestamp and pass-through columns. Give either spine or spineSql.',
  })
  spineSql?: string | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'The spine in columnar form: join keys, event_timestamp and pass-through columns. Give either spine or spineSql.',
  })
  spine?: Record<string, readonly unknown[]> | null;

  @Field(() => String, { nullable: true, description: 'The name of a label in the table labels.' })
  label?: string | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description:
      'The knowledge time: only facts known by then are used. Without it, now; no row of the spine may be later.',
  })
  asOf?: Instant | null;

  @Field(() => Boolean, { defaultValue: false, description: 'Adds the columns <column>__event_time.' })
  includeEventTimes!: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Adds the columns <column>__status with PRESENT, NULL, STALE or NOT_FOUND.',
  })
  includeStatuses!: boolean;

  @Field(() => StalePolicy, { defaultValue: 'RETURN', description: STALE_TREATMENT })
  stalePolicy!: StalePolicyName;

  @Field(() => ExportFormat, { defaultValue: 'PARQUET', description: 'The format of the file.' })
  format!: ExportFormatName;
}

/** A set's record as it is; state, progress and error are its job's. */
@Resolver(() => TrainingSetType)
export class TrainingSetResolver {
  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [TrainingSetType], { description: 'Lists training sets, newest first.' })
  trainingSets(
    @Arg('limit', () => Int, { defaultValue: 50, description: PAGE_SIZE }) limit: number,
    @Arg('before', () => ID, { nullable: true, description: PAGE_BEFORE }) before: string | null,
    @Ctx() { services }: RequestContext,
  ): Promise<readonly TrainingSetRecord[]> {
    return services.trainingSets.list({ limit: boundedLimit(limit), ...(before == null ? {} : { before }) });
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => TrainingSetType, { nullable: true, description: 'Reads one training set.' })
  trainingSet(
    @Arg('id', () => ID, { description: 'The id of the training set.' }) id: string,
    @Ctx() { services }: RequestContext,
  ): Promise<TrainingSetRecord | null> {
    return services.trainingSets.get(id);
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Mutation(() => TrainingSetType, { description: 'Creates a training set; a job builds its file.' })
  createTrainingSet(
    @Arg('input', () => TrainingSetInputType, { description: 'The training set to build.' })
    input: TrainingSetInputType,
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
      'Rebuilds a training set from what it was built from. The content hash is the same, whatever was imported, computed or applied since; otherwise the job fails.',
  })
  async rebuildTrainingSet(
    @Arg('id', () => ID, { description: 'The id of the training set to rebuild.' }) id: string,
    @Arg('format', () => ExportFormat, {
      nullable: true,
      description: 'The format of the file; without it, the format of the original set.',
    })
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

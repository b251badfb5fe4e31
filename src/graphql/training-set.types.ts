import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { FeatureValue, StalePolicy as StalePolicyName } from '../core/definitions/types.js';
import type { Instant } from '../core/helpers/time.js';
import type { JobRecord, JobState as JobStateName } from '../core/ports/jobs.js';
import type {
  ColumnProfile,
  ExportFormat as ExportFormatName,
  HistoryPolicy as HistoryPolicyName,
  TrainingSetEstimate,
  ViewCoverage,
} from '../core/ports/training-sets.js';
import { FEATURE_REFERENCES, SERVICE_REFERENCE, STALE_TREATMENT } from './descriptions.js';
import { ExportFormat, HistoryPolicy, JobState, StalePolicy } from './enums.js';
import { JobType } from './job.resolver.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from './scalars.js';

@ObjectType('ColumnProfile', { description: 'A profile of one column of a training set.' })
export class ColumnProfileType {
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

@ObjectType('ViewCoverage', {
  description: 'The rows of a training set by the status of one view. The numbers add up to the rows of the set.',
})
export class ViewCoverageType {
  @Field(() => String, { description: 'The view as name@version.' })
  view!: string;

  @Field(() => Int, { description: 'The rows with a fresh value of one of its features at least.' })
  present!: number;

  @Field(() => Int, {
    name: 'null',
    description: 'The rows in which a fresh row of the view has NULL in each feature that is asked for.',
  })
  null!: number;

  @Field(() => Int, { description: 'The rows whose value is older than the maxAge of the view.' })
  stale!: number;

  @Field(() => Int, { description: 'The rows whose key the view has no row of, though it was computed.' })
  notFound!: number;

  @Field(() => Int, { description: 'The rows at whose instant the view had no as-of in force.' })
  notComputed!: number;

  @Field(() => Int, { description: 'The rows of which the store did not answer; 0 in a set that is complete.' })
  error!: number;
}

@ObjectType('MissingAsOfs', {
  description: 'The as-ofs of a view that the rows of a set need and that were never computed.',
})
class MissingAsOfsType {
  @Field(() => String, { description: 'The view as name@version.' })
  view!: string;

  @Field(() => Int, { description: 'The number of as-ofs.' })
  asOfs!: number;
}

@ObjectType('TrainingSetEstimate', {
  description: 'An estimate of a training set, by the history as it is now. Nothing is recorded.',
})
export class TrainingSetEstimateType {
  @Field(() => Int, { description: 'The number of rows.' })
  rows!: number;

  @Field(() => [ViewCoverageType], { description: 'The rows by the status that each view would have.' })
  coverage!: readonly ViewCoverage[];

  @Field(() => [MissingAsOfsType], { description: 'The as-ofs that are missing, of each view that lacks one.' })
  missingAsOfs!: TrainingSetEstimate['missingAsOfs'];

  @Field(() => Float, { description: 'The rows that the missing as-ofs would have.' })
  rowsToCompute!: number;

  @Field(() => Float, {
    description:
      'The seconds that it would take to compute them, by the newest runs of each view; a second a run where none was measured.',
  })
  secondsToCompute!: number;
}

@ObjectType('TrainingSet', {
  description: 'A training set: a file of point-in-time rows that its manifest reproduces exactly.',
})
export class TrainingSetType {
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

  @Field(() => [ViewCoverageType], {
    nullable: true,
    description:
      'The rows by the status of each view, which says how far its history covers them; null until the file is complete, and for a set of a release that did not count them.',
  })
  coverage!: readonly ViewCoverage[] | null;

  @Field(() => [String], { description: 'The features as view@version:feature, in the order of the columns.' })
  features!: readonly string[];

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'The manifest: everything that a rebuild needs; null until the file is complete. A caller who may not download the file reads it without the SQL and the hashes of the rows.',
  })
  manifest!: Readonly<Record<string, unknown>> | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The path of the file on this server; null until the file is complete, and where it holds personal values in clear that the caller sees masked: those of a role that sees them in clear, or that another caller brought.',
  })
  downloadUrl!: string | null;

  @Field(() => String, { nullable: true, description: 'The error of a failed build.' })
  error!: string | null;

  @Field(() => GraphQLDateTime, { description: 'The instant at which the set was requested.' })
  createdAt!: Instant;
}

@InputType('TrainingSetInput', { description: 'A request for a training set.' })
export class TrainingSetInputType {
  @Field(() => String, { description: 'The name of the training set, 1 to 200 characters.' })
  name!: string;

  @Field(() => String, { nullable: true, description: SERVICE_REFERENCE })
  service?: string | null;

  @Field(() => [String], { nullable: true, description: FEATURE_REFERENCES })
  features?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The spine as one SELECT of join keys, event_timestamp and pass-through columns. Give one of spine, spineSql, spineId and spineFromLabel.',
  })
  spineSql?: string | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'The spine in columnar form: join keys, event_timestamp and pass-through columns. Give one of spine, spineSql, spineId and spineFromLabel.',
  })
  spine?: Record<string, readonly unknown[]> | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'The id of a spine that POST /spines took. Its target, where it brings one, is the outcome, so a label is not given beside it.',
  })
  spineId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The label, as name@version, whose observations are the spine: those whose outcome is known at the knowledge time, sampled and split as its definition says. It is the label of the set where `label` names no other.',
  })
  spineFromLabel?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The label that is joined: name@version of a definition, or the name of an imported one.',
  })
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

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Makes the set also where a view had no as-of in force, or only one past its maxAge, at the instants of more rows than the operator allows (RISKGRAPH_STALE_SHARE).',
  })
  allowStale!: boolean;

  @Field(() => HistoryPolicy, {
    defaultValue: 'STORED',
    description:
      'The treatment of as-ofs that the rows need and that were never computed. With COMPUTE, the job fails with the estimate where they cost more than the operator allows (RISKGRAPH_HISTORY_ROWS, RISKGRAPH_HISTORY_SECONDS).',
  })
  history!: HistoryPolicyName;

  @Field(() => ExportFormat, { defaultValue: 'PARQUET', description: 'The format of the file.' })
  format!: ExportFormatName;
}

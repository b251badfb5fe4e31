import { Arg, Ctx, Field, FieldResolver, Float, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { checkDays } from '../core/bounds.js';
import { longestWindow } from '../core/compute/labels/observations.js';
import type { Label } from '../core/definitions/definitions.js';
import type { LocalDate } from '../core/helpers/time.js';
import { computeLabels } from '../core/ports/job-contracts.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { LabelEvidence } from '../core/ports/labels.js';
import type { RequestContext } from './context.js';
import { DataTableType } from './data-table.js';
import { NEWEST_VERSION } from './descriptions.js';
import { JobType } from './job.resolver.js';
import { LIST_COST } from './limits.js';
import { AssumedSize, Operation } from './operation.js';
import { GraphQLDate } from './scalars.js';

@ObjectType('LabelStratum', { description: 'Some of the observations of a label, of which a share goes into spines.' })
class LabelStratumType {
  @Field(() => String, { description: 'The name of the stratum.' })
  name!: string;

  @Field(() => String, {
    description:
      'The condition in SQL on value, outcome and observed_on; the first stratum whose condition holds counts.',
  })
  when!: string;

  @Field(() => Float, { description: 'The share that is taken, 0 to 1.' })
  rate!: number;
}

@ObjectType('LabelSampling', { description: 'The share of each stratum that spines of a label take.' })
class LabelSamplingType {
  @Field(() => String, { description: 'The text that chooses the rows: another one chooses others.' })
  seed!: string;

  @AssumedSize(8)
  @Field(() => [LabelStratumType], { description: 'The strata, in the order in which they are tried.' })
  strata!: readonly LabelStratumType[];
}

@ObjectType('LabelSplit', { description: 'The parts of a spine of a label by the day of the observation.' })
class LabelSplitType {
  @Field(() => GraphQLDate, {
    nullable: true,
    description: 'The first day of the part validation; null where there is none.',
  })
  validation!: LocalDate | null;

  @Field(() => GraphQLDate, { description: 'The first day of the part out_of_time; what is before is train.' })
  outOfTime!: LocalDate;
}

@ObjectType('LabelDefinition', {
  description: 'A version of a label: an outcome that models learn, computed from source tables.',
})
class LabelDefinitionType {
  /** The source of the resolved fields; it is no field of the graph. */
  readonly label!: Label;

  @Field(() => String, { description: 'The name of the label.' })
  name!: string;

  @Field(() => Int, { description: 'The version; its meaning never changes.' })
  version!: number;

  @Field(() => String, { description: 'The entity that is observed.' })
  entity!: string;

  @Field(() => String, { description: 'The meaning of the outcome: what 1 stands for, and of whom.' })
  description!: string;

  @Field(() => String, { description: 'The owner of the label.' })
  owner!: string;

  @Field(() => [String], { description: 'The tags of the label.' })
  tags!: readonly string[];

  @Field(() => Int, {
    description: 'The length of the performance window in days; of a window in months the longest that it can be.',
  })
  windowDays!: number;

  @Field(() => LabelSamplingType, {
    nullable: true,
    description: 'The sampling of spines that are made from the label; null where they take every outcome.',
  })
  sampling!: LabelSamplingType | null;

  @Field(() => LabelSplitType, {
    nullable: true,
    description: 'The split by time of spines that are made from the label; null where they have none.',
  })
  split!: LabelSplitType | null;
}

const samplingOf = ({ name, sampling }: Label): LabelSamplingType | null =>
  sampling
    ? {
        seed: sampling.seed ?? name,
        strata: Object.entries(sampling.strata).map(([stratum, { when, rate }]) => ({ name: stratum, when, rate })),
      }
    : null;

const splitOf = ({ split }: Label): LabelSplitType | null =>
  split ? { validation: split.validation ?? null, outOfTime: split.outOfTime } : null;

const shown = (label: Label): LabelDefinitionType => ({
  label,
  name: label.name,
  version: label.version,
  entity: label.entity.name,
  description: label.description,
  owner: label.owner,
  tags: label.tags,
  windowDays: longestWindow(label.window),
  sampling: samplingOf(label),
  split: splitOf(label),
});

const FROM = 'The first local day of observation, included.';
const TO = 'The last local day of observation, included.';

@Resolver(() => LabelDefinitionType)
export class LabelResolver {
  @Operation({
    roles: ['admin', 'modeler', 'decision', 'bi'],
    cost: ({ weight, catalogue }) => catalogue.labels().length * weight,
  })
  @Query(() => [LabelDefinitionType], {
    description: 'Lists the applied labels by name, newest version first.',
  })
  labelDefinitions(@Ctx() { services }: RequestContext): LabelDefinitionType[] {
    return services.catalogue.labels().map(shown);
  }

  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ weight }) => weight })
  @Query(() => LabelDefinitionType, {
    nullable: true,
    description: 'Reads one label; null where no applied label has this name and version.',
  })
  labelDefinition(
    @Arg('name', () => String, { description: 'The name of the label.' }) name: string,
    @Arg('version', () => Int, { nullable: true, description: NEWEST_VERSION }) version: number | null,
    @Ctx() { services }: RequestContext,
  ): LabelDefinitionType | null {
    const label = services.catalogue.label(name, version ?? undefined);
    return label ? shown(label) : null;
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Computes labels up to what is known now: outcomes that have become known, and corrections of earlier ones as new versions. The nightly job does the same for all.',
  })
  computeLabels(
    @Arg('labels', () => [String], {
      nullable: true,
      description:
        'The labels as name@version; a bare name means its newest version. Without them, all applied labels.',
    })
    labels: string[] | null,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    const ids = labels?.map((name) => services.catalogue.namedLabel(name).id);
    return services.queue.enqueue(computeLabels, { labels: ids ?? null }, { owner: caller.keyId });
  }

  // A report, which reads every outcome of the label.
  @AssumedSize(LIST_COST)
  @FieldResolver(() => DataTableType, {
    description:
      'The outcomes by month of observation: observations, those that are immature, excluded or indeterminate, goods, bads, and the bad rate. A rate without an outcome is null, with the reason.',
  })
  badRates(
    @Root() { label }: LabelDefinitionType,
    @Arg('from', () => GraphQLDate, { nullable: true, description: FROM }) from: LocalDate | null,
    @Arg('to', () => GraphQLDate, { nullable: true, description: TO }) to: LocalDate | null,
    @Ctx() context: RequestContext,
  ): Promise<DataTableType> {
    return evidence('badRates', label, { from, to, context });
  }

  @FieldResolver(() => DataTableType, {
    description:
      'The maturity curve: which share of the observations that have an outcome was bad by the end of each month of the window. The share of the last month is the bad rate. Where only the end of the window tells, the months before it are null.',
  })
  maturityCurve(
    @Root() { label }: LabelDefinitionType,
    @Arg('from', () => GraphQLDate, { nullable: true, description: FROM }) from: LocalDate | null,
    @Arg('to', () => GraphQLDate, { nullable: true, description: TO }) to: LocalDate | null,
    @Ctx() context: RequestContext,
  ): Promise<DataTableType> {
    return evidence('maturityCurve', label, { from, to, context });
  }

  @FieldResolver(() => DataTableType, {
    description:
      'The roll table: of the entities that reach 1, 30, 60, 90 days past due, or the threshold of the label, within its window, the number in each state 1, 3, 6 and 12 months later, and the shares that are as bad or worse, cured, and written off. A label whose entity has no loans has no rows.',
  })
  rollRates(
    @Root() { label }: LabelDefinitionType,
    @Arg('from', () => GraphQLDate, { nullable: true, description: FROM }) from: LocalDate | null,
    @Arg('to', () => GraphQLDate, { nullable: true, description: TO }) to: LocalDate | null,
    @Ctx() context: RequestContext,
  ): Promise<DataTableType> {
    return evidence('rollRates', label, { from, to, context });
  }
}

interface EvidenceArgs {
  readonly from: LocalDate | null;
  readonly to: LocalDate | null;
  readonly context: RequestContext;
}

async function evidence(
  kind: keyof LabelEvidence,
  label: Label,
  { from, to, context: { services, signal } }: EvidenceArgs,
): Promise<DataTableType> {
  if (from != null && to != null) checkDays({ from, to });
  const table = await services.labels[kind](label, {
    from: from ?? null,
    to: to ?? null,
    asOf: services.now(),
    signal,
  });
  return { ...table, rowCount: table.rows.length };
}

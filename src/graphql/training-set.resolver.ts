import { Arg, Ctx, FieldResolver, Float, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { bringsPersonal, personalInputs } from '../core/compute/disclosure.js';
import { planOnDemand } from '../core/compute/on-demand.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { LookUp } from '../core/ports/access.js';
import type { JobRecord, JobState as JobStateName } from '../core/ports/jobs.js';
import type {
  ColumnProfile,
  ExportFormat as ExportFormatName,
  TrainingSetEstimate,
  TrainingSetPins,
  TrainingSetRecord,
  ViewCoverage,
} from '../core/ports/training-sets.js';
import { columnarRows, joinKeysOf, valuesBrought } from './columnar.js';
import { identityOf, maskFor, type RequestContext, seesInFull, shownError } from './context.js';
import { PAGE_BEFORE, PAGE_SIZE } from './descriptions.js';
import { ExportFormat, JobState } from './enums.js';
import { JobType } from './job.resolver.js';
import { LIST_COST } from './limits.js';
import { Operation, type OperationDeclaration } from './operation.js';
import { checkBefore } from './pages.js';
import { GraphQLJSONObject } from './scalars.js';
import {
  ColumnProfileType,
  TrainingSetEstimateType,
  TrainingSetInputType,
  TrainingSetType,
  ViewCoverageType,
} from './training-set.types.js';

/** What a caller who may not see the set's rows reads of its manifest: what it was made from, without texts and hashes of the rows. */
function withoutClearHashes({
  spine,
  pins,
  ...manifest
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { spine: _kept, ...pinned } = (pins ?? {}) as TrainingSetPins;
  return { ...manifest, spine: { ...(spine as object), sql: null, hash: null }, contentHash: null, pins: pinned };
}

const broughtByAnother = (id: string): RiskgraphError =>
  new RiskgraphError({
    code: 'FORBIDDEN',
    message: `the spine '${id}' holds personal values that another caller brought`,
    hint: 'upload a spine with this key',
  });

/** Whose values a set is asked for, where its spine says so. */
const spineLookUp: OperationDeclaration['lookUp'] = ({ input }, registry) => {
  const { name, service, features, spine } = input as TrainingSetInputType;
  if (spine == null) return null;
  return { of: { name, ...(service ? { service } : { features }) }, entities: joinKeysOf(spine, registry) };
};

/** The look-up of an uploaded spine, whose rows the arguments do not hold; null for another spine. */
async function uploadLookUp(
  { name, service, features, spineId }: TrainingSetInputType,
  { spines }: RequestContext['services'],
): Promise<LookUp | null> {
  if (spineId == null) return null;
  const { columns, total } = await spines.keysOf(await spines.get(spineId));
  const of = { name, ...(service ? { service } : { features }), spineId };
  return { of, entities: columns, ...(total !== null && { total }) };
}

/**
 * Does what a caller asks of a set, and leaves in the audit log which entities its uploaded spine names: they are read before anything is done, and
 * recorded once it is.
 */
async function recorded<T>(
  { operation, input }: { readonly operation: string; readonly input: TrainingSetInputType },
  context: RequestContext,
  work: () => Promise<T>,
): Promise<T> {
  const { services, requestId, caller, address } = context;
  const lookUp = await uploadLookUp(input, services);
  const result = await work();
  if (lookUp) {
    await services.audit.recordReads({
      at: services.now(),
      requestId,
      caller,
      address,
      calls: [{ operation, ...lookUp }],
    });
  }
  return result;
}

const writtenSpine = ({ spineSql, spineFromLabel }: TrainingSetInputType) =>
  spineFromLabel == null ? { sql: spineSql as string } : { fromLabel: spineFromLabel };

/** BAD_USER_INPUT says what is wrong; FORBIDDEN where the spine is another caller's. */
async function requestOf(
  input: TrainingSetInputType,
  context: RequestContext,
): Promise<Parameters<RequestContext['services']['trainingSets']['create']>[0]> {
  const { services } = context;
  const { name, service, features, spine, spineSql, spineId, spineFromLabel, label, asOf, format } = input;
  const { includeEventTimes, includeStatuses, stalePolicy, allowStale, history } = input;
  if (!/\S/.test(name) || name.length > 200) throw badInput('`name` must be 1 to 200 characters');
  if ([spine, spineSql, spineId, spineFromLabel].filter((given) => given != null).length !== 1) {
    throw badInput(
      'exactly one of `spine`, `spineSql`, `spineId` and `spineFromLabel` is needed',
      'give columns, one SELECT, the id of an uploaded spine, or a label as name@version',
    );
  }
  if (spine != null) columnarRows(spine, 'spine');
  const refs = services.catalogue.features({ service: service ?? null, features: features ?? null });
  const masked = maskFor(context) !== undefined;
  // Of every on-demand view, and not of those alone that are asked for: another caller chooses other features.
  const { tables, onDemandViews } = services.registry;
  const personal = new Set([...tables.personalColumns, ...personalInputs(onDemandViews.values())]);
  const uploaded = spineId == null ? null : await services.spines.get(spineId);
  const columns = spine ?? Object.fromEntries(uploaded?.columns.map(({ name }) => [name, true]) ?? []);
  const brought = masked && bringsPersonal(columns, planOnDemand(refs), personal);
  if (brought && uploaded && uploaded.uploadedBy !== identityOf(context.caller)) throw broughtByAnother(uploaded.id);
  return {
    name,
    features: refs,
    spec: {
      spine: spine ?? (uploaded ? { id: uploaded.id } : writtenSpine(input)),
      label: label ?? spineFromLabel ?? null,
      asOf: asOf ?? services.now(),
      masked,
      ...(brought && { broughtBy: identityOf(context.caller) }),
      includeEventTimes,
      includeStatuses,
      stalePolicy,
      ...(allowStale && { allowStale }),
      ...(history === 'COMPUTE' && { history }),
      format,
    },
    callerKey: context.caller.keyId,
  };
}

/** A set's record as it is; state, progress and error are its job's. */
@Resolver(() => TrainingSetType)
export class TrainingSetResolver {
  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [TrainingSetType], { description: 'Lists training sets, newest first.' })
  async trainingSets(
    @Arg('limit', () => Int, { defaultValue: 50, description: PAGE_SIZE }) limit: number,
    @Arg('before', () => ID, { nullable: true, description: PAGE_BEFORE }) before: string | null,
    @Ctx() { services }: RequestContext,
  ): Promise<readonly TrainingSetRecord[]> {
    await checkBefore(before, (id) => services.trainingSets.get(id));
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

  @Operation({
    roles: ['admin', 'modeler'],
    cost: (call) => LIST_COST + valuesBrought(call),
    audit: true,
    lookUp: spineLookUp,
  })
  @Query(() => TrainingSetEstimateType, {
    description:
      'Says of a training set, before it is asked for, how the history covers its rows, by a sample of them where they are many, and what it would cost to compute the as-ofs that are missing. No training set is recorded.',
  })
  async trainingSetEstimate(
    @Arg('input', () => TrainingSetInputType, { description: 'The training set to estimate.' })
    input: TrainingSetInputType,
    @Ctx() context: RequestContext,
  ): Promise<TrainingSetEstimate> {
    const { name: _, ...request } = await requestOf(input, context);
    return recorded({ operation: 'Query.trainingSetEstimate', input }, context, () =>
      context.services.trainingSets.estimate({ ...request, signal: context.signal }),
    );
  }

  @Operation({ roles: ['admin', 'modeler'], cost: (call) => LIST_COST + valuesBrought(call), lookUp: spineLookUp })
  @Mutation(() => TrainingSetType, { description: 'Creates a training set; a job builds its file.' })
  async createTrainingSet(
    @Arg('input', () => TrainingSetInputType, { description: 'The training set to build.' })
    input: TrainingSetInputType,
    @Ctx() context: RequestContext,
  ): Promise<TrainingSetRecord> {
    const request = await requestOf(input, context);
    return recorded({ operation: 'Mutation.createTrainingSet', input }, context, () =>
      context.services.trainingSets.create(request),
    );
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
    return services.trainingSets.rebuild(id, { format: format ?? undefined, callerKey: caller.keyId });
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

  @FieldResolver(() => [ViewCoverageType], { nullable: true })
  coverage(@Root() { result }: TrainingSetRecord): readonly ViewCoverage[] | null {
    return result?.coverage ?? null;
  }

  /** The mean of one row is its value. */
  @FieldResolver(() => [ColumnProfileType], { nullable: true })
  columns(@Root() record: TrainingSetRecord, @Ctx() { caller }: RequestContext): readonly ColumnProfile[] | null {
    const columns = record.result?.columns ?? null;
    return seesInFull(caller, record)
      ? columns
      : (columns?.map((column) => ({ ...column, min: null, max: null, mean: null })) ?? null);
  }

  /** The text of a spine may name people, and a hash of rows in clear tells a guess of them from others. */
  @FieldResolver(() => GraphQLJSONObject, { nullable: true })
  manifest(
    @Root() record: TrainingSetRecord,
    @Ctx() { caller }: RequestContext,
  ): Readonly<Record<string, unknown>> | null {
    const manifest = record.result?.manifest ?? null;
    if (manifest === null || seesInFull(caller, record)) return manifest;
    return withoutClearHashes(manifest);
  }

  @FieldResolver(() => String, { nullable: true })
  downloadUrl(@Root() record: TrainingSetRecord, @Ctx() { caller }: RequestContext): string | null {
    return record.result === null || !seesInFull(caller, record) ? null : `/training-sets/${record.id}`;
  }
}

import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { scorableModel, scoreViewId } from '../core/compute/score-view.js';
import { badInput, notFound, RiskgraphError } from '../core/errors.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import { buildTrainingSet, materialize, scorePortfolio } from '../core/ports/job-contracts.js';
import { type JobRecord, type JobState as JobStateName, payloadOf } from '../core/ports/jobs.js';
import { type RequestContext, shownError } from './context.js';
import { MODEL_REFERENCE, PAGE_BEFORE, PAGE_SIZE, VIEW_NAMES } from './descriptions.js';
import { JobState } from './enums.js';
import { Operation } from './operation.js';
import { checkBefore } from './pages.js';
import { GraphQLDateTime, GraphQLJSON } from './scalars.js';

@ObjectType('Job', { description: 'A background job.' })
export class JobType {
  @Field(() => ID, { description: 'The id of the job.' })
  id!: string;

  @Field(() => String, { description: 'The name of the job definition.' })
  name!: string;

  @Field(() => JobState, { description: 'The state of the job.' })
  state!: JobStateName;

  @Field(() => Float, { description: 'The share of the work that is done, 0 to 1.' })
  progress!: number;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The result of a completed job.' })
  result!: unknown;

  @Field(() => String, { nullable: true, description: 'The error of a failed job.' })
  error!: string | null;

  @Field(() => GraphQLDateTime, { description: 'The instant at which the job was enqueued.' })
  createdAt!: Instant;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'The instant at which a worker started the job.' })
  startedAt!: Instant | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'The instant at which the job ended.' })
  finishedAt!: Instant | null;
}

/**
 * A watch that ends at once when the subscriber leaves: a generator that waits for the next change would end only with it.
 */
function subscription(watch: (signal: AbortSignal) => AsyncIterable<JobRecord>): AsyncIterableIterator<JobRecord> {
  const controller = new AbortController();
  const records = watch(controller.signal)[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => records.next(),
    async return() {
      controller.abort();
      await records.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** The id of the training set that a job builds; null for other jobs. */
const builtSet = (job: JobRecord): string | null => payloadOf(buildTrainingSet, job)?.id ?? null;

@Resolver(() => JobType)
export class JobResolver {
  @FieldResolver(() => String, { nullable: true })
  async error(@Root() job: JobRecord, @Ctx() { services, caller }: RequestContext): Promise<string | null> {
    const id = builtSet(job);
    if (job.error === null || id === null) return job.error;
    const set = await services.trainingSets.get(id);
    return set ? shownError(job.error, caller, set) : job.error;
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => JobType, { nullable: true, description: 'Reads one job.' })
  job(
    @Arg('id', () => ID, { description: 'The id of the job.' }) id: string,
    @Ctx() { services }: RequestContext,
  ): Promise<JobRecord | null> {
    return services.jobs.get(id);
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Query(() => [JobType], { description: 'Lists jobs, newest first.' })
  async jobs(
    @Arg('name', () => String, { nullable: true, description: 'The name of the job definition.' }) name: string | null,
    @Arg('state', () => JobState, { nullable: true, description: 'The state of the jobs.' }) state: JobStateName | null,
    @Arg('limit', () => Int, { defaultValue: 50, description: PAGE_SIZE }) limit: number,
    @Arg('before', () => ID, { nullable: true, description: PAGE_BEFORE }) before: string | null,
    @Ctx() { services }: RequestContext,
  ): Promise<readonly JobRecord[]> {
    await checkBefore(before, (id) => services.jobs.get(id));
    return services.jobs.list({
      ...(name == null ? {} : { name }),
      ...(state == null ? {} : { state }),
      ...(before == null ? {} : { before }),
      limit: boundedLimit(limit),
    });
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, { description: 'Computes feature views and updates the online store.' })
  materialize(
    @Arg('views', () => [String], {
      nullable: true,
      description: `${VIEW_NAMES} Without it, all views.`,
    })
    views: string[] | null,
    @Arg('asOf', () => GraphQLDateTime, {
      nullable: true,
      description: 'An as-of instant at which the views are due; without it, the newest due one.',
    })
    asOf: Instant | null,
    @Arg('republish', () => Boolean, {
      defaultValue: false,
      description:
        'Computes as-ofs that have history once more with what is known now: values that differ are available from now on, and what was known before stays.',
    })
    republish: boolean,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    const named = views == null ? undefined : services.catalogue.namedViews(views);
    if (named?.length === 0) throw badInput('`views` is empty', 'leave it out for all views');
    if (asOf != null) services.backfills.checkAsOf(named ?? services.catalogue.views(), asOf, services.now());
    const payload = {
      views: named?.map(({ id }) => id),
      asOf: asOf == null ? undefined : formatInstant(asOf),
      republish: republish || undefined,
    };
    return services.queue.enqueue(materialize, payload, { owner: caller.keyId });
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Scores every entity that a model can score, into the table scores and the feature view <model>_score.',
  })
  scorePortfolio(
    @Arg('model', () => String, { description: MODEL_REFERENCE }) model: string,
    @Arg('asOf', () => GraphQLDateTime, {
      nullable: true,
      description: "A due midnight of the portfolio's time zone; without it, the newest due one.",
    })
    asOf: Instant | null,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    const named = scorableModel(services.catalogue.namedModel(model));
    if (asOf != null) {
      services.backfills.checkAsOf(services.catalogue.namedViews([scoreViewId(named)]), asOf, services.now());
    }
    const payload = { model: named.id, asOf: asOf == null ? undefined : formatInstant(asOf) };
    return services.queue.enqueue(scorePortfolio, payload, { owner: caller.keyId });
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Mutation(() => JobType, {
    description: 'Cancels a job; role modeler cancels the jobs that were asked for with the same key.',
  })
  async cancelJob(
    @Arg('id', () => ID, { description: 'The id of the job.' }) id: string,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    const job = caller.role === 'admin' ? null : await services.jobs.get(id);
    if (job && job.owner !== caller.keyId) {
      throw new RiskgraphError({
        code: 'FORBIDDEN',
        message: `job '${id}' was not asked for with this key`,
        hint: 'use the key that started it, or ask an admin',
      });
    }
    return services.queue.cancel(id);
  }

  @Operation({ roles: ['admin', 'modeler'] })
  @Subscription(() => JobType, {
    description: 'Reports the job as it is now and at each change, until it ends.',
    subscribe: async ({ args, context }) => {
      const { services } = context as RequestContext;
      const { id } = args as { id: string };
      if (!(await services.jobs.get(id))) throw notFound(`there is no job '${id}'`, 'use the id that started it');
      return subscription((signal) => services.queue.watch(id, signal));
    },
  })
  jobProgress(
    @Arg('id', () => ID, { description: 'The id of the job.' }) _id: string,
    @Root() record: JobRecord,
  ): JobRecord {
    return record;
  }
}

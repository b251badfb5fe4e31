import type { Command } from 'commander';
import { badInput, notFound } from '../core/errors.js';
import { type CommandContext, clientCommand } from './context.js';
import { followJob, JOB_FIELDS, type JobView, type OutputOptions, oneOf, print, table } from './output.js';
import { WAITS, type Waits, waitWords } from './waits.js';

const STATES = ['WAITING', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

interface ListedJob extends JobView {
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

interface Freshness extends Waits {
  readonly view: string;
  readonly keys: number;
  readonly lastEventTime: string | null;
  readonly lagSeconds: number | null;
  readonly stale: boolean;
}

interface RejectedRow {
  readonly index: number;
  readonly column: string | null;
  readonly reason: string;
}

interface Model {
  readonly name: string;
  readonly version: number;
  readonly stage: string;
  readonly entity: string;
  readonly owner: string;
  readonly features: readonly string[];
  readonly description: string;
}

/** Text of a table, or the sentence that says why there is none. */
const tableOr = (none: string, header: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  rows.length === 0 ? none : table(header, rows);

const limitOf = (text: string): number => {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw badInput(`--limit '${text}' is no number of rows`, 'give a whole number from 1 to 500');
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const hours = (seconds: number | null): string => (seconds === null ? '' : `${(seconds / 3600).toFixed(1)} h`);

/** The commands of an operator: what runs, what is late, what was refused. */
export function addOperateCommands(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { state?: string; name?: string; limit: string }>(program, context, {
    name: 'jobs',
    description: 'list jobs, newest first; with an id, show one with its result and error',
    configure: (command) =>
      command
        .argument('[id]', 'the id of a job')
        .option('--state <state>', oneOf(STATES))
        .option('--name <name>', 'the job definition: materialize, backfill …')
        .option('--limit <number>', 'jobs at most, 1 to 500', '20'),
    run: async (client, { json, state, name, limit }, [id]) => {
      if (id) {
        const { job } = await client.graphql<{ job: ListedJob | null }>(
          `query($id: ID!) { job(id: $id) { ${JOB_FIELDS} createdAt startedAt finishedAt } }`,
          { id },
        );
        if (!job) throw notFound(`no job has the id ${id}`, '`npx riskgraph jobs` lists them');
        print(job, { json }, () => JSON.stringify(job, null, 2));
        return;
      }
      if (state && !(STATES as readonly string[]).includes(state))
        throw badInput(`a job is never ${state}`, `give ${oneOf(STATES)}`);
      const { jobs } = await client.graphql<{ jobs: readonly ListedJob[] }>(
        `query($state: JobState, $name: String, $limit: Int!) { jobs(state: $state, name: $name, limit: $limit) { ${JOB_FIELDS} createdAt startedAt finishedAt } }`,
        { state: state ?? null, name: name ?? null, limit: limitOf(limit) },
      );
      print(jobs, { json }, () =>
        tableOr(
          'No job matches.',
          ['id', 'job', 'state', 'done', 'created', 'ended', 'error'],
          jobs.map((job) => [
            ...[job.id, job.name, job.state, percent(job.progress), job.createdAt, job.finishedAt],
            job.error?.split('\n')[0],
          ]),
        ),
      );
    },
  });
  clientCommand(program, context, {
    name: 'cancel',
    description: 'cancel a job; what it has written stays valid',
    configure: (command) => command.argument('<id>', 'the id of a job'),
    run: async (client, options, [id]) => {
      const { cancelJob } = await client.graphql<{ cancelJob: JobView }>(
        `mutation($id: ID!) { cancelJob(id: $id) { ${JOB_FIELDS} } }`,
        { id },
      );
      print(cancelJob, options, () => `${cancelJob.name} (job ${cancelJob.id}) is ${cancelJob.state.toLowerCase()}`);
    },
  });
  clientCommand(program, context, {
    name: 'freshness',
    description: 'show how old the newest value of each applied view is',
    run: async (client, options) => {
      const { freshness } = await client.graphql<{ freshness: readonly Freshness[] }>(
        `{ freshness { view keys lastEventTime lagSeconds stale ${WAITS} } }`,
      );
      print(freshness, options, () =>
        tableOr(
          'No view is applied: `npx riskgraph apply` publishes the definitions.',
          ['view', 'keys', 'newest as of', 'age', ''],
          freshness.map(({ view, keys, lastEventTime, lagSeconds, stale, ...waits }) => {
            const state = [stale ? 'STALE' : 'fresh', ...waitWords(waits)].join('; ');
            return [view, keys, lastEventTime ?? 'never', hours(lagSeconds), state];
          }),
        ),
      );
    },
  });
  clientCommand<OutputOptions & { limit: string }>(program, context, {
    name: 'quarantine',
    description: 'list the rows of a source table that imports refused, newest first',
    configure: (command) =>
      command.argument('<table>', 'the source table').option('--limit <number>', 'rows at most, 1 to 500', '50'),
    run: async (client, { json, limit }, [source]) => {
      const { quarantine } = await client.graphql<{ quarantine: readonly RejectedRow[] }>(
        'query($table: String!, $limit: Int!) { quarantine(table: $table, limit: $limit) { index column reason } }',
        { table: source, limit: limitOf(limit) },
      );
      print(quarantine, { json }, () =>
        tableOr(
          `No row of ${source} was refused.`,
          ['line', 'column', 'reason'],
          quarantine.map(({ index, column, reason }) => [index, column, reason]),
        ),
      );
    },
  });
  clientCommand(program, context, {
    name: 'models',
    description: 'list the applied models',
    run: async (client, options) => {
      const { models } = await client.graphql<{ models: readonly Model[] }>(
        '{ models { name version stage entity owner features hash description } }',
      );
      print(models, options, () =>
        tableOr(
          'No model is applied: `npx riskgraph apply` publishes the definitions.',
          ['model', 'stage', 'entity', 'inputs', 'owner', 'description'],
          models.map(({ name, version, stage, entity, features, owner, description }) => [
            ...[`${name}@${version}`, stage, entity, features.length, owner, description],
          ]),
        ),
      );
    },
  });
  clientCommand<OutputOptions & { through?: string }>(program, context, {
    name: 'derive',
    description: 'derive the daily loan snapshots from schedules, payments and events',
    configure: (command) => command.option('--through <date>', 'the last local day (default: the newest that ended)'),
    run: async (client, options) => {
      const { deriveLoanSnapshots } = await client.graphql<{ deriveLoanSnapshots: JobView }>(
        `mutation($through: Date) { deriveLoanSnapshots(through: $through) { ${JOB_FIELDS} } }`,
        { through: options.through ?? null },
      );
      const job = await followJob(client, deriveLoanSnapshots, options);
      print(job, options, () => `${job.name} completed (job ${job.id}): ${JSON.stringify(job.result)}`);
    },
  });
}

import type { Command } from 'commander';
import { type CommandContext, clientCommand } from './context.js';
import { followJob, JOB_FIELDS, type JobView, type OutputOptions, print } from './output.js';
import { daysText, type MissingDay } from './waits.js';

const JOB = `{ ${JOB_FIELDS} }`;
const list = (text: string): string[] => text.split(',').map((item) => item.trim());

interface ViewResult {
  readonly view: string;
  readonly asOf?: string;
  readonly rows?: number;
  readonly changed?: number;
  readonly clampedTo?: string | null;
  /** Of a view that was published again. */
  readonly knownBy?: string;
  readonly incomplete?: readonly MissingDay[];
  /** The range of a backfill; absent for a view of which nothing was due. */
  readonly from?: string | null;
}

interface Estimate {
  readonly views: readonly {
    readonly view: string;
    readonly asOfs: number;
    readonly empty: number;
    readonly done: number;
    readonly rows: number;
    readonly countedAsOfs: number;
    readonly seconds: number | null;
    readonly measuredRuns: number;
    readonly clampedTo: string | null;
  }[];
  readonly notes: readonly string[];
  readonly asOfs: number;
  readonly rows: number;
  readonly seconds: number | null;
}

const ESTIMATE = `query($views: [String!]!, $from: Date!, $to: Date!) { backfillEstimate(views: $views, from: $from, to: $to) {
  asOfs rows seconds notes views { view asOfs empty done rows countedAsOfs seconds measuredRuns clampedTo } } }`;

const whole = (rows: number): string => rows.toLocaleString('en-US', { maximumFractionDigits: 0 });

const expected = (seconds: number | null): string =>
  seconds === null
    ? 'time not known: no run was measured'
    : `about ${Math.max(1, Math.ceil(seconds))} s by earlier runs`;

/** Notes, as lines, that the lines of the views do not say. */
const beyondViews = (notes: readonly string[], views: readonly { readonly view: string }[]): readonly string[] =>
  notes.filter((note) => !views.some(({ view }) => note.startsWith(`${view}:`))).map((note) => `  ${note}`);

function describeEstimate({ views, notes, asOfs, rows, seconds }: Estimate): string {
  const lines = views.map((each) => {
    const left = each.clampedTo ? `, up to ${each.clampedTo}, the last that is due` : '';
    const remarks = [
      `${each.done} computed before`,
      ...(each.empty > 0 ? [`${each.empty} before any data`] : []),
      `rows counted at ${each.countedAsOfs}`,
      expected(each.seconds),
    ];
    return `  ${each.view}: ${each.asOfs} as-ofs${left}, about ${whole(each.rows)} rows (${remarks.join('; ')})`;
  });
  const details = [...lines, ...beyondViews(notes, views)];
  return [`backfill of ${asOfs} as-ofs, about ${whole(rows)} rows, ${expected(seconds)}`, ...details].join('\n');
}

function describe(job: JobView): string {
  const views = (job.result as { views?: readonly ViewResult[] } | null)?.views ?? [];
  const lines = views.map(({ view, asOf, from, rows, changed, clampedTo, knownBy, incomplete }) =>
    from === null
      ? `  ${view}: nothing of it is due`
      : `  ${view}${asOf ? ` as of ${asOf}` : ''}: ${rows ?? 0} rows, ${changed ?? 0} new or changed${clampedTo ? `, up to ${clampedTo}, the last that is due` : ''}${knownBy ? `, with what was known by ${knownBy}` : ''}${incomplete ? `, before ${daysText(incomplete)} was whole` : ''}`,
  );
  const { notes = [] } = (job.result ?? {}) as { readonly notes?: readonly string[] };
  return [`${job.name} completed (job ${job.id})`, ...lines, ...beyondViews(notes, views)].join('\n');
}

function describeScores(job: JobView): string {
  const { model, view, asOf, scored, missing, written } = job.result as Readonly<Record<string, string | number>>;
  return `${model} as of ${asOf}: ${scored} scored, ${missing} could not be; ${written} new or changed in scores and ${view} (job ${job.id})`;
}

export function addMaterializeCommands(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { views?: string; asOf?: string; republish?: boolean }>(program, context, {
    name: 'materialize',
    description: 'compute feature views and bring the online store up to date; also restores an emptied online store',
    configure: (command) =>
      command
        .option('--views <names>', 'comma-separated views (default: all)')
        .option('--as-of <instant>', 'RFC 3339 with zone (default: the newest that is due)')
        .option('--republish', 'compute it once more with what is known now, such as rows that came late'),
    run: async (client, { republish = false, ...options }) => {
      const { materialize } = await client.graphql<{ materialize: JobView }>(
        `mutation($views: [String!], $asOf: DateTime, $republish: Boolean!) {
          materialize(views: $views, asOf: $asOf, republish: $republish) ${JOB} }`,
        { views: options.views ? list(options.views) : null, asOf: options.asOf ?? null, republish },
      );
      const job = await followJob(client, materialize, options);
      print(job, options, () => describe(job));
    },
  });
  clientCommand<OutputOptions & { from: string; to: string; estimate?: boolean }>(program, context, {
    name: 'backfill',
    description: 'compute the history of feature views for a range of days, both ends included',
    configure: (command) =>
      command
        .argument('<views>', 'comma-separated views')
        .requiredOption('--from <date>', 'first day')
        .requiredOption('--to <date>', 'last day; what is not due yet is left out')
        .option('--estimate', 'say what it would have to do, and do nothing'),
    run: async (client, options, [views]) => {
      const range = { views: list(views as string), from: options.from, to: options.to };
      const estimate = async (): Promise<Estimate> =>
        (await client.graphql<{ backfillEstimate: Estimate }>(ESTIMATE, range)).backfillEstimate;
      if (options.estimate) {
        const estimated = await estimate();
        return print(estimated, options, () => describeEstimate(estimated));
      }
      if (!options.json) {
        // A backfill does not need it: what takes too long to be counted can still be computed.
        const words = await estimate().then(describeEstimate, (cause: Error) => `no estimate: ${cause.message}`);
        process.stderr.write(`${words}\n`);
      }
      const { backfill } = await client.graphql<{ backfill: JobView }>(
        `mutation($views: [String!]!, $from: Date!, $to: Date!) { backfill(views: $views, from: $from, to: $to) ${JOB} }`,
        range,
      );
      const job = await followJob(client, backfill, options);
      print(job, options, () => describe(job));
    },
  });
  clientCommand<OutputOptions & { model: string; asOf?: string }>(program, context, {
    name: 'score-portfolio',
    description: 'score everyone a model can score, into the table scores and the feature view of its scores',
    configure: (command) =>
      command
        .requiredOption('--model <model>', 'name@version, or a bare name for its champion')
        .option('--as-of <instant>', 'a local midnight, RFC 3339 with zone (default: the newest that is due)'),
    run: async (client, options) => {
      const { scorePortfolio } = await client.graphql<{ scorePortfolio: JobView }>(
        `mutation($model: String!, $asOf: DateTime) { scorePortfolio(model: $model, asOf: $asOf) ${JOB} }`,
        { model: options.model, asOf: options.asOf ?? null },
      );
      const job = await followJob(client, scorePortfolio, options);
      print(job, options, () => describeScores(job));
    },
  });
}

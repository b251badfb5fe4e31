import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { badInput } from '../core/errors.js';
import { EXPORT_FORMATS, type TrainingSetEstimate, type ViewCoverage } from '../core/ports/training-sets.js';
import type { Client } from './client.js';
import { type CommandContext, clientCommand } from './context.js';
import { followJob, type JobView, type OutputOptions, oneOf, print, table } from './output.js';
import { sendFile } from './upload.js';

interface TrainingSet {
  readonly id: string;
  readonly rowCount: number;
  readonly downloadUrl: string;
  readonly coverage: readonly ViewCoverage[] | null;
  readonly manifest: { readonly contentHash: string; readonly warnings?: readonly { readonly message: string }[] };
  readonly columns: readonly {
    name: string;
    type: string;
    nullRate: number;
    distinct: number | null;
    informationValue: number | null;
  }[];
}

interface TrainSetOptions extends OutputOptions {
  readonly service?: string;
  readonly features?: string;
  readonly spineSql?: string;
  readonly spine?: string;
  readonly target?: string;
  readonly fromLabel?: string;
  readonly label?: string;
  readonly asOf?: string;
  readonly format: string;
  readonly includeEventTimes: boolean;
  readonly includeStatuses: boolean;
  readonly stalePolicy: string;
  readonly allowStale: boolean;
  readonly history: string;
  readonly output?: string;
}

export function addTrainSetCommand(program: Command, context: CommandContext): void {
  clientCommand<TrainSetOptions>(program, context, {
    name: 'train-set',
    description: 'build a point-in-time training set and download it',
    configure: (command) =>
      command
        .argument('<name>', 'name of the set')
        .option('--service <name@version>', 'the features of a service')
        .option('--features <references>', 'comma-separated view@version:feature')
        .option('--spine-sql <file.sql>', 'a SELECT of the join keys and event_timestamp')
        .option('--spine <file>', 'or a file of them to upload: .parquet, .csv or .arrow')
        .option('--target <column>', 'column of that file with the outcome (default: target)')
        .option('--from-label <name@version>', 'or a label: its observations, sampled and split as it says')
        .option('--label <name>', 'label to join (default: that of --from-label)')
        .option('--as-of <instant>', 'what was known then (default: now)')
        .option('--format <format>', oneOf(EXPORT_FORMATS), 'PARQUET')
        .option('--include-event-times', 'add the event time of each view', false)
        .option('--include-statuses', 'add the status of each value', false)
        .option('--stale-policy <policy>', 'what becomes of a STALE value: RETURN or NULL', 'RETURN')
        .option('--allow-stale', 'make the set however little of it the history of its views covers', false)
        .option(
          '--history <policy>',
          'COMPUTE: compute the as-ofs first that the rows need and that are missing',
          'STORED',
        )
        .option('--output <file>', 'where to write the file'),
    run: async (client, options, [name]) => {
      if (!options.service === !options.features) throw badInput('give one of --service and --features');
      if ([options.spineSql, options.spine, options.fromLabel].filter(Boolean).length !== 1) {
        throw badInput(
          'give one of --spine-sql, a file with a SELECT of the join keys and event_timestamp, --spine, a file with the rows, and --from-label, a label',
        );
      }
      const output = options.output ?? `${name}.${options.format.toLowerCase()}`;
      await checkOutput(output);
      const input = {
        name,
        service: options.service,
        features: options.features?.split(','),
        spineSql: options.spineSql && (await spineSqlOf(options.spineSql)),
        spineId: options.spine && (await uploaded(client, options.spine, options)),
        spineFromLabel: options.fromLabel,
        label: options.label,
        asOf: options.asOf,
        format: options.format,
        includeEventTimes: options.includeEventTimes,
        includeStatuses: options.includeStatuses,
        stalePolicy: options.stalePolicy,
        allowStale: options.allowStale,
        history: options.history,
      };
      if (options.history === 'COMPUTE') await sayEstimate(client, input);
      const { createTrainingSet } = await client.graphql<{ createTrainingSet: { id: string; job: JobView } }>(
        'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job { id name state progress result error } } }',
        { input },
      );
      await download(client, createTrainingSet, output, options);
    },
  });
  const parent = program.commands.find((command) => command.name() === 'train-set') as Command;
  // Both have --format and --output: what follows the subcommand is its own.
  program.enablePositionalOptions();
  parent.enablePositionalOptions();
  clientCommand<RebuildOptions>(parent, context, {
    name: 'rebuild',
    description: 'build a set once more from the very rows it was made from, and download it',
    configure: (command) =>
      command
        .argument('<id>', 'id of the set')
        .option('--format <format>', `${oneOf(EXPORT_FORMATS)} (default: that of the set)`)
        .requiredOption('--output <file>', 'where to write the file'),
    run: async (client, options, [id]) => {
      await checkOutput(options.output);
      const { rebuildTrainingSet } = await client.graphql<{ rebuildTrainingSet: { id: string; job: JobView } }>(
        'mutation($id: ID!, $format: ExportFormat) { rebuildTrainingSet(id: $id, format: $format) { id job { id name state progress result error } } }',
        { id, format: options.format },
      );
      await download(client, rebuildTrainingSet, options.output, options);
    },
  });
}

type Estimate = Pick<TrainingSetEstimate, 'missingAsOfs' | 'rowsToCompute' | 'secondsToCompute'>;

/** Says what is computed first, before the set is asked for. */
async function sayEstimate(client: Client, input: Readonly<Record<string, unknown>>): Promise<void> {
  const { trainingSetEstimate: told } = await client.graphql<{ trainingSetEstimate: Estimate }>(
    'query($input: TrainingSetInput!) { trainingSetEstimate(input: $input) { missingAsOfs { view asOfs } rowsToCompute secondsToCompute } }',
    { input },
  );
  const views = told.missingAsOfs.map(({ view, asOfs }) => `${view} ${asOfs}`).join(', ');
  const cost = `about ${told.rowsToCompute} rows and ${Math.ceil(told.secondsToCompute)} s`;
  process.stderr.write(views ? `as-ofs to compute first: ${views} (${cost})\n` : 'no as-of is missing\n');
}

interface RebuildOptions extends OutputOptions {
  readonly format?: string;
  readonly output: string;
}

interface Uploaded {
  readonly id: string;
  readonly rows: number;
  readonly rejected: number;
  readonly refused: readonly { readonly line: number; readonly column: string | null; readonly reason: string }[];
}

/** Uploads the spine, and says which of its rows are not in it. @returns its id */
async function uploaded(client: Client, file: string, options: TrainSetOptions): Promise<string> {
  const kind = await stat(file).catch(reasonOf);
  if (typeof kind === 'string') throw badInput(`--spine ${file} cannot be read: ${kind}`, 'give the path of a file');
  const query = options.target === undefined ? '' : `?${new URLSearchParams({ target: options.target })}`;
  const spine = await sendFile<Uploaded>(client, { path: `/spines${query}`, file, what: `upload ${file}` }, options);
  if (spine.rejected > 0) {
    const lines = spine.refused.map(
      ({ line, column, reason }) => `  line ${line}${column ? `, ${column}` : ''}: ${reason}`,
    );
    process.stderr.write(`${file}: ${spine.rows} rows taken, ${spine.rejected} refused\n${lines.join('\n')}\n`);
  }
  return spine.id;
}

/** @throws BAD_USER_INPUT where the file cannot be read */
async function spineSqlOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw badInput(
      `--spine-sql ${file} cannot be read: ${reasonOf(cause)}`,
      'give the path of a file with a SELECT of the join keys and event_timestamp, from the folder that the command runs in',
    );
  }
}

/** Checks the path before the set is built, so that minutes of work do not end without a file. @throws BAD_USER_INPUT where no file can be written there */
async function checkOutput(file: string): Promise<void> {
  const folder = dirname(file);
  const [kind, within] = await Promise.all([file, folder].map((path) => stat(path).catch(reasonOf)));
  const why =
    typeof kind === 'object' && kind.isDirectory()
      ? 'it is a folder'
      : typeof within === 'string'
        ? `its folder ${folder}: ${within}`
        : within?.isDirectory()
          ? null
          : `${folder} is no folder`;
  if (why)
    throw badInput(`--output ${file} cannot be written: ${why}`, 'give the path of a file in a folder that exists');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  ENOTDIR: 'its path goes through a file',
  EACCES: 'this user may not read it',
};

const reasonOf = (cause: unknown): string => {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
};

/** Waits for a set's job, fetches its file and says what is in it. */
async function download(
  client: Client,
  set: { readonly id: string; readonly job: JobView },
  output: string,
  options: OutputOptions,
): Promise<void> {
  await followJob(client, set.job, options);
  const { trainingSet } = await client.graphql<{ trainingSet: TrainingSet }>(
    'query($id: ID!) { trainingSet(id: $id) { id rowCount downloadUrl manifest coverage { view present null stale notFound notComputed } columns { name type nullRate distinct informationValue } } }',
    { id: set.id },
  );
  const { body } = await client.get(trainingSet.downloadUrl);
  await pipeline(Readable.fromWeb(body as import('node:stream/web').ReadableStream), createWriteStream(output));
  print({ ...trainingSet, output }, options, () => {
    const { manifest, rowCount, columns, coverage } = trainingSet;
    const cells = columns.map((column) => [
      ...[column.name, column.type, column.nullRate, column.distinct, column.informationValue],
    ]);
    return [
      `${output}: ${rowCount} rows, content hash ${manifest.contentHash}`,
      ...(manifest.warnings ?? []).map(({ message }) => `note: ${message}`),
      ...(coverage?.length
        ? [
            table(
              ['view', 'present', 'null', 'stale', 'not found', 'not computed'],
              coverage.map((each) => [each.view, each.present, each.null, each.stale, each.notFound, each.notComputed]),
            ),
          ]
        : []),
      table(['column', 'type', 'null rate', 'distinct', 'information value'], cells),
    ].join('\n');
  });
}

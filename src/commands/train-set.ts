import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { badInput } from '../core/errors.js';
import { type CommandContext, clientCommand } from './context.js';
import { followJob, type JobView, type OutputOptions, print, table } from './output.js';

interface TrainingSet {
  readonly id: string;
  readonly rowCount: number;
  readonly downloadUrl: string;
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
  readonly spineSql: string;
  readonly label?: string;
  readonly asOf?: string;
  readonly format: string;
  readonly includeEventTimes: boolean;
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
        .requiredOption('--spine-sql <file.sql>', 'a SELECT of the join keys and event_timestamp')
        .option('--label <name>', 'label to join')
        .option('--as-of <instant>', 'what was known then (default: now)')
        .option('--format <format>', 'PARQUET, CSV or ARROW', 'PARQUET')
        .option('--include-event-times', 'add the event time of each view', false)
        .option('--output <file>', 'where to write the file'),
    run: async (client, options, [name]) => {
      if (!options.service === !options.features) throw badInput('give one of --service and --features');
      const input = {
        name,
        service: options.service,
        features: options.features?.split(','),
        spineSql: await readFile(options.spineSql, 'utf8'),
        label: options.label,
        asOf: options.asOf,
        format: options.format,
        includeEventTimes: options.includeEventTimes,
      };
      const { createTrainingSet } = await client.graphql<{ createTrainingSet: { id: string; job: JobView } }>(
        'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job { id name state progress result error } } }',
        { input },
      );
      await followJob(client, createTrainingSet.job, options);
      const { trainingSet } = await client.graphql<{ trainingSet: TrainingSet }>(
        'query($id: ID!) { trainingSet(id: $id) { id rowCount downloadUrl manifest columns { name type nullRate distinct informationValue } } }',
        { id: createTrainingSet.id },
      );
      const output = options.output ?? `${name}.${options.format.toLowerCase()}`;
      const { body } = await client.get(trainingSet.downloadUrl);
      await pipeline(Readable.fromWeb(body as import('node:stream/web').ReadableStream), createWriteStream(output));
      print({ ...trainingSet, output }, options, () =>
        [
          `${output}: ${trainingSet.rowCount} rows`,
          table(
            ['column', 'type', 'null rate', 'distinct', 'information value'],
            trainingSet.columns.map((column) => [
              column.name,
              column.type,
              column.nullRate,
              column.distinct,
              column.informationValue,
            ]),
          ),
        ].join('\n'),
      );
    },
  });
}

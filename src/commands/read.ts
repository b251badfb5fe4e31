import type { Command } from 'commander';
import { badInput } from '../core/errors.js';
import { TIME_GRAINS } from '../core/ports/indicators.js';
import { keyColumns, requestColumns } from './columns.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, oneOf, print, table } from './output.js';

interface Scores {
  readonly scores: readonly {
    entity: Record<string, unknown>;
    status: string;
    probability: number | null;
    points: number | null;
    band: string | null;
    stale: readonly string[];
    error: string | null;
  }[];
}

interface DataTable {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

export function addReadCommands(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { request: readonly string[] }>(program, context, {
    name: 'score',
    description: 'score entities with a model: score uci_default@1 customer_id=1,2,3',
    configure: (command) =>
      command
        .argument('<model>')
        .argument('<keys...>', 'join_key=value,value,…')
        .option('--request <inputs...>', 'inputs of on-demand features: requested_amount=5000,3000 …', []),
    run: async (client, options, [model, ...keys]) => {
      const request = options.request.length > 0 ? requestColumns(options.request) : null;
      const { score } = await client.graphql<{ score: Scores }>(
        'query($model: String!, $entities: JSONObject!, $request: JSONObject) { score(model: $model, entities: $entities, request: $request) { requestId scores { entity status probability points band missing stale oldestInput error } } }',
        { model, entities: keyColumns(keys), request },
      );
      print(score, options, () =>
        table(
          ['entity', 'status', 'probability', 'points', 'band', 'stale inputs', 'why not scored'],
          score.scores.map(({ entity, status, probability, points, band, stale, error }) => [
            JSON.stringify(entity),
            status,
            probability,
            points,
            band,
            stale.length,
            error,
          ]),
        ),
      );
    },
  });
  clientCommand<OutputOptions & { by?: string; grain: string; from?: string; to?: string }>(program, context, {
    name: 'indicators',
    description: 'read indicators as a table; without names, list them',
    configure: (command) =>
      command
        .argument('[names]', 'comma-separated indicators')
        .option('--by <dimensions>', 'comma-separated dimensions')
        .option('--grain <grain>', oneOf(TIME_GRAINS.filter((grain) => grain !== 'HOUR')), 'MONTH')
        .option('--from <date>', 'first day')
        .option('--to <date>', 'last day'),
    run: async (client, options, [names]) => {
      if (!names) {
        const { indicators } = await client.graphql<{
          indicators: readonly { name: string; unit: string; description: string }[];
        }>('{ indicators { name domain unit dimensions description stock } }');
        print(indicators, options, () =>
          table(
            ['name', 'unit', 'description'],
            indicators.map((item) => [item.name, item.unit, item.description]),
          ),
        );
        return;
      }
      if (!options.from || !options.to) throw badInput('a table needs its days', 'give --from and --to, as YYYY-MM-DD');
      const { indicatorTable } = await client.graphql<{ indicatorTable: DataTable }>(
        'query($names: [String!]!, $by: [String!], $grain: TimeGrain!, $from: Date!, $to: Date!) { indicatorTable(names: $names, by: $by, grain: $grain, from: $from, to: $to) { columns { name unit } rows rowCount nulls { row column reason } } }',
        {
          names: names.split(','),
          by: options.by?.split(','),
          grain: options.grain,
          from: options.from,
          to: options.to,
        },
      );
      print(indicatorTable, options, () =>
        table(
          indicatorTable.columns.map((column) => column.name),
          indicatorTable.rows,
        ),
      );
    },
  });
}

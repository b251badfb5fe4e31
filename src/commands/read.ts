import type { Command } from 'commander';
import { keyColumns, requestColumns } from './columns.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print, table } from './output.js';

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
}

import type { Command } from 'commander';
import { keyColumns } from './columns.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print, table } from './output.js';

interface Preview {
  readonly columns: readonly { readonly name: string }[];
  readonly rowCount: number;
  readonly rows: readonly (readonly unknown[])[];
}

export function addPreviewCommand(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { keys: readonly string[]; asOf?: string }>(program, context, {
    name: 'preview',
    description:
      'run a view as its file is on disk, applied or not, for some keys: preview login_days --keys customer_id=C1,C2',
    configure: (command) =>
      command
        .argument('<view>', 'name, or name@version')
        .requiredOption('--keys <keys...>', 'join_key=value,value,…')
        .option('--as-of <time>', 'the as-of of the run, RFC 3339; now where absent'),
    run: async (client, options, [view]) => {
      const started = performance.now();
      const { previewFeatureView: preview } = await client.graphql<{ previewFeatureView: Preview }>(
        'query($view: String!, $keys: JSONObject!, $asOf: DateTime) { previewFeatureView(view: $view, keys: $keys, asOf: $asOf) { columns { name type unit masked } rowCount rows } }',
        { view, keys: keyColumns(options.keys), asOf: options.asOf ?? null },
      );
      const seconds = (performance.now() - started) / 1000;
      print({ ...preview, seconds }, options, () =>
        [
          table(
            preview.columns.map(({ name }) => name),
            preview.rows.map((row) => row.map((value) => (Array.isArray(value) ? JSON.stringify(value) : value))),
          ),
          '',
          `${preview.rowCount} ${preview.rowCount === 1 ? 'row' : 'rows'} in ${seconds.toFixed(1)} s; nothing was written.`,
        ].join('\n'),
      );
    },
  });
}

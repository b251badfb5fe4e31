import type { Command } from 'commander';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print, table } from './output.js';

interface SourceTable {
  readonly name: string;
  readonly attached: boolean;
  readonly rows: number | null;
  readonly completeThrough: string | null;
  readonly completeDue: string | null;
}

/** The commands of source tables: what they hold, and saying that their days are whole. */
export function addTablesCommands(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions>(program, context, {
    name: 'tables',
    description: 'list the source tables, their rows, and through which day they are whole',
    run: async (client, options) => {
      const { tables } = await client.graphql<{ tables: readonly SourceTable[] }>(
        '{ tables { name description attached rows completeThrough completeDue } }',
      );
      print(tables, options, () =>
        table(
          ['table', 'rows', 'whole through', 'due'],
          tables.map((each) => [
            each.name,
            each.attached ? 'attached' : each.rows,
            each.completeThrough,
            each.completeDue,
          ]),
        ),
      );
    },
  });
  clientCommand<OutputOptions>(program, context, {
    name: 'mark-complete',
    description: 'say that all rows of a source table are there, through a day that is over',
    configure: (command) => command.argument('<table>', 'source table').argument('<date>', 'the last whole day'),
    run: async (client, options, [name, date]) => {
      const { markComplete } = await client.graphql<{ markComplete: Pick<SourceTable, 'name' | 'completeThrough'> }>(
        'mutation($name: String!, $date: Date!) { markComplete(table: $name, date: $date) { name completeThrough } }',
        { name, date },
      );
      print(markComplete, options, () => `${markComplete.name} is whole through ${markComplete.completeThrough}`);
    },
  });
}

import type { Command } from 'commander';
import type { CommandContext } from './context.js';

export function addStartCommand(program: Command, context: CommandContext): void {
  program
    .command('start')
    .description('start the stores that have no URL, the API and the worker; Ctrl-C ends them')
    .action(async () => {
      // Other commands speak to a server and do without what runs one.
      const { startStack } = await import('./stack.js');
      await startStack(context, {
        logLevel: context.logLevel,
        onReady: async ({ url, client }) => {
          process.stdout.write(`Riskgraph serves at ${url}/graphql; keys: ${context.keyPlace}; Ctrl-C ends it.\n`);
          if (client === null) return;
          const { planRegistry } = await client.graphql<{
            planRegistry: { changes: readonly unknown[] };
          }>('mutation { planRegistry(costs: false) { changes { name } } }');
          const waiting = planRegistry.changes.length;
          if (waiting > 0) {
            process.stdout.write(
              `${waiting} definitions are not served yet: see \`npx riskgraph plan\`, then \`npx riskgraph apply\`.\n`,
            );
          }
        },
      });
    });
}

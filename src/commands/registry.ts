import type { Command } from 'commander';
import type { Client } from './client.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print } from './output.js';

interface Plan {
  readonly changes: readonly {
    readonly action: string;
    readonly kind: string;
    readonly name: string;
    readonly version: number | null;
    readonly description: string | null;
  }[];
  readonly problems: readonly string[];
}

const FIELDS = '{ changes { action kind name version description } problems }';

const describe = (plan: Plan, done: boolean): string => {
  if (plan.changes.length === 0 && plan.problems.length === 0)
    return 'Nothing to do: what is in the files is what is applied.';
  const changes = plan.changes.map(
    ({ action, kind, name, version, description }) =>
      `${action.padEnd(8)} ${kind.padEnd(10)} ${name}${version === null ? '' : `@${version}`}${description ? `  ${description}` : ''}`,
  );
  const problems = plan.problems.map((problem) => `problem  ${problem}`);
  return [
    ...changes,
    ...problems,
    '',
    `${plan.changes.length} change${plan.changes.length === 1 ? '' : 's'} ${done ? 'applied' : 'to apply'}.`,
  ].join('\n');
};

async function run(client: Client, options: OutputOptions, operation: 'planRegistry' | 'applyRegistry'): Promise<void> {
  const answer = await client.graphql<Record<string, Plan>>(`mutation { ${operation} ${FIELDS} }`);
  const plan = answer[operation] as Plan;
  print(plan, options, () => describe(plan, operation === 'applyRegistry'));
  if (plan.problems.length > 0) process.exitCode = 1;
}

export function addRegistryCommands(program: Command, context: CommandContext): void {
  clientCommand(program, context, {
    name: 'plan',
    description: 'show what differs between the definition files and what is applied',
    run: (client, options) => run(client, options, 'planRegistry'),
  });
  clientCommand(program, context, {
    name: 'apply',
    description: 'publish new definitions: creates their tables and serves them',
    run: (client, options) => run(client, options, 'applyRegistry'),
  });
}

import type { Command } from 'commander';
import { badInput } from '../core/errors.js';
import type { Client } from './client.js';
import { type CommandContext, clientCommand } from './context.js';
import { bytesText, followJob, type JobView, type OutputOptions, print, table } from './output.js';

interface Cost {
  readonly backfillFrom: string | null;
  readonly backfillTo: string | null;
  readonly backfillRows: number | null;
  readonly onlineKeys: number | null;
  readonly bytesPerKey: number | null;
  readonly onlineBytes: number | null;
  readonly problem: string | null;
}

interface Change {
  readonly action: string;
  readonly kind: string;
  readonly name: string;
  readonly version: number;
  readonly description: string | null;
  readonly pins: readonly string[];
  readonly touches: readonly { readonly kind: string; readonly id: string; readonly effect: string }[];
  readonly cost: Cost | null;
  readonly notes: readonly string[];
}

interface Plan {
  readonly changes: readonly Change[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly prunable: readonly {
    readonly view: string;
    readonly rows: number;
    readonly bytes: number;
    readonly trainingSets: readonly string[];
  }[];
}

const FIELDS = `{
  changes {
    action kind name version description notes pins breaks touches { kind id effect }
    cost {
      backfillFrom backfillTo backfillAsOfs backfillRows backfillSeconds onlineKeys sampledRows bytesPerKey onlineBytes problem
    }
  }
  problems warnings prunable { view retiredAt rows bytes trainingSets }
}`;

const count = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

const orUnknown = (value: number | null, text: (value: number) => string): string =>
  value === null ? '?' : text(value);

function costCells(cost: Cost | null): readonly string[] {
  if (!cost) return ['', '', '', ''];
  const days = cost.backfillFrom ? `${cost.backfillFrom} to ${cost.backfillTo}` : 'no data yet';
  return [
    orUnknown(cost.backfillRows, count),
    cost.backfillRows === null ? '' : days,
    orUnknown(cost.onlineKeys, count),
    orUnknown(cost.onlineBytes, bytesText),
  ];
}

const COLUMNS = ['change', 'kind', 'version', 'rows to backfill', 'days', 'keys online', 'in Redis'];

const UNVERSIONED: ReadonlySet<string> = new Set(['table', 'column']);

/** The definitions that a change affects, by effect. */
function touchText({ touches }: Change): string {
  const effects = [...new Set(touches.map(({ effect }) => effect))];
  return effects
    .map((effect) => {
      const affected = touches.filter((touch) => touch.effect === effect).map(({ kind, id }) => `${kind} ${id}`);
      return `${effect.toLowerCase()}: ${affected.join(', ')}`;
    })
    .join('; ');
}

export function describePlan(plan: Plan, done: boolean): string {
  const { changes, problems, warnings, prunable } = plan;
  const lines: string[] = [];
  const costed = changes.some(({ cost }) => cost);
  const idOf = ({ kind, name, version }: Change): string => (UNVERSIONED.has(kind) ? name : `${name}@${version}`);
  if (changes.length > 0) {
    const rows = changes.map((change) => [
      ...[change.action, change.kind, idOf(change)],
      ...(costed ? costCells(change.cost) : [change.description]),
    ]);
    lines.push(table(costed ? COLUMNS : ['change', 'kind', 'version', ''], rows), '');
  }
  for (const change of changes) {
    const words = touchText(change);
    if (words) lines.push(`${idOf(change)}  ${words}`);
    lines.push(...change.notes.map((note) => `${idOf(change)}  ${note}`));
    if (change.cost?.problem) lines.push(`${idOf(change)}  ${change.cost.problem}`);
  }
  lines.push(...problems.map((problem) => `problem  ${problem}`));
  lines.push(...warnings.map((warning) => `warning  ${warning}`));
  for (const { view, rows, bytes, trainingSets } of prunable) {
    const sets = trainingSets.length > 0 ? `, and ${trainingSets.length} training sets need it` : '';
    lines.push(`retired  ${view} still has ${count(rows)} rows of history (${bytesText(bytes)})${sets}`);
  }
  if (changes.length === 0 && problems.length === 0) {
    lines.push('Nothing to do: what is in the files is what is applied.');
  } else lines.push('', `${changes.length} change${changes.length === 1 ? '' : 's'} ${done ? 'applied' : 'to apply'}.`);
  return lines.join('\n').trimStart();
}

const REHASHED = 'The content hashes of what is applied are those of this release.';

function show(plan: Plan, options: OutputOptions, done: boolean, more: readonly string[] = []): void {
  print(plan, options, () => [describePlan(plan, done), ...more].join('\n'));
  if (plan.problems.length > 0) process.exitCode = 1;
}

interface Pruned {
  readonly view: string;
  readonly rows: number;
  readonly bytes: number;
  readonly onlineFields: number;
  readonly trainingSets: readonly string[];
}

function describePruned({ view, rows, bytes, onlineFields, trainingSets }: Pruned): string {
  const lost = trainingSets.length > 0 ? `; training sets ${trainingSets.join(', ')} cannot be built again` : '';
  return `${view} pruned: ${count(rows)} rows of history (${bytesText(bytes)}) and ${count(onlineFields)} values online dropped${lost}`;
}

export function addRegistryCommands(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { costs: boolean; from?: string }>(program, context, {
    name: 'plan',
    description:
      'show the difference between the definition files and what is applied, its cost, and the definitions that it affects',
    configure: (command) =>
      command
        .option('--no-costs', 'do not count rows nor measure bytes')
        .option('--from <date>', 'first day of the backfill that is counted'),
    run: async (client: Client, options) => {
      const { planRegistry } = await client.graphql<{ planRegistry: Plan }>(
        `mutation($costs: Boolean!, $from: Date) { planRegistry(costs: $costs, from: $from) ${FIELDS} }`,
        { costs: options.costs, from: options.from ?? null },
      );
      show(planRegistry, options, false);
    },
  });
  clientCommand<OutputOptions & { rehash: boolean }>(program, context, {
    name: 'apply',
    description: 'publish new definitions: creates their tables and serves them',
    configure: (command) =>
      command.option(
        '--rehash',
        'write content hashes of applied definitions anew that an earlier release made',
        false,
      ),
    run: async (client, options) => {
      const { applyRegistry } = await client.graphql<{ applyRegistry: Plan }>(
        `mutation($rehash: Boolean!) { applyRegistry(rehash: $rehash) ${FIELDS} }`,
        { rehash: options.rehash },
      );
      show(applyRegistry, options, true, options.rehash ? [REHASHED] : []);
    },
  });
  clientCommand<OutputOptions>(program, context, {
    name: 'promote',
    description: 'make an applied version of a model its champion: a name without a version means it from then on',
    configure: (command) => command.argument('<model>', 'name@version'),
    run: async (client, options, [model = '']) => {
      const [, name, version] = /^(\w+)@(\d+)$/.exec(model) ?? [];
      if (!name) throw badInput(`'${model}' names no version of a model`, 'write name@version');
      const { promoteModel } = await client.graphql<{ promoteModel: { name: string; version: number; stage: string } }>(
        'mutation($name: String!, $version: Int!) { promoteModel(name: $name, version: $version) { name version stage } }',
        { name, version: Number(version) },
      );
      print(promoteModel, options, () => `${name} means version ${version} from now on.`);
    },
  });
  clientCommand<OutputOptions & { force: boolean }>(program, context, {
    name: 'prune',
    description: 'drop the history of a retired version of a view, and what is left of it online',
    configure: (command) =>
      command
        .argument('<view>', 'name@version')
        .option('--force', 'also where training sets pin it: they can then not be built again', false),
    run: async (client, options, [view]) => {
      const { pruneFeatureView } = await client.graphql<{ pruneFeatureView: JobView }>(
        'mutation($view: String!, $force: Boolean!) { pruneFeatureView(view: $view, force: $force) { id name state progress result error } }',
        { view, force: options.force },
      );
      const job = await followJob(client, pruneFeatureView, options);
      print(job, options, () => describePruned(job.result as Pruned));
    },
  });
}

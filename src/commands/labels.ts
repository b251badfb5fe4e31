import type { Command } from 'commander';
import { badInput, notFound } from '../core/errors.js';
import { type CommandContext, clientCommand } from './context.js';
import { followJob, JOB_FIELDS, type JobView, type OutputOptions, oneOf, print, table } from './output.js';

interface Label {
  readonly name: string;
  readonly version: number;
  readonly entity: string;
  readonly windowDays: number;
  readonly owner: string;
  readonly description: string;
  readonly sampling: { readonly strata: readonly { readonly name: string; readonly rate: number }[] } | null;
  readonly split: { readonly validation: string | null; readonly outOfTime: string } | null;
}

/** How spines of the label are made; empty where they take every outcome, in one part. */
const spineText = ({ sampling, split }: Label): string =>
  [
    ...(sampling?.strata ?? []).map(({ name, rate }) => `${rate * 100} % of ${name}`),
    ...(split?.validation ? [`validation from ${split.validation}`] : []),
    ...(split ? [`out of time from ${split.outOfTime}`] : []),
  ].join(', ');

interface Evidence {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What the API answers of a label, by the word that asks for it. */
const EVIDENCE = { rates: 'badRates', maturity: 'maturityCurve', rolls: 'rollRates' } as const;
type Word = keyof typeof EVIDENCE;
const WORDS = Object.keys(EVIDENCE) as readonly Word[];

interface LabelOptions extends OutputOptions {
  readonly show: string;
  readonly from?: string;
  readonly to?: string;
}

/** The name and version of `name@version`; a bare name means its newest version. */
function named(reference: string): { readonly name: string; readonly version: number | null } {
  const [, name, version] = /^([a-z][a-z0-9_]*)(?:@([1-9]\d*))?$/.exec(reference) ?? [];
  if (name === undefined) throw badInput(`'${reference}' is not a label`, 'write a name, or name@version');
  return { name, version: version === undefined ? null : Number(version) };
}

interface ComputedLabels {
  readonly labels: readonly {
    readonly label: string;
    readonly months: number;
    readonly rows: number;
    readonly changed: number;
  }[];
}

/** The commands of labels: what they are, what they say of the book, and computing them now. */
export function addLabelCommands(program: Command, context: CommandContext): void {
  clientCommand<LabelOptions>(program, context, {
    name: 'labels',
    description: 'list the applied labels; with one, show its bad rates, maturity curve or roll table',
    configure: (command) =>
      command
        .argument('[label]', 'name@version, or a bare name for its newest version')
        .option('--show <what>', oneOf(WORDS), 'rates')
        .option('--from <date>', 'first day of observation')
        .option('--to <date>', 'last day of observation'),
    run: async (client, { json, show, from, to }, [reference]) => {
      if (!reference) {
        const { labelDefinitions } = await client.graphql<{ labelDefinitions: readonly Label[] }>(
          `{ labelDefinitions { name version entity windowDays owner description
            sampling { strata { name rate } } split { validation outOfTime } } }`,
        );
        print(labelDefinitions, { json }, () =>
          labelDefinitions.length === 0
            ? 'No label is applied: `npx riskgraph apply` publishes the definitions.'
            : table(
                ['label', 'of', 'days', 'owner', 'spines', 'description'],
                labelDefinitions.map((label) => {
                  const { name, version, entity, windowDays, owner, description } = label;
                  return [`${name}@${version}`, entity, windowDays, owner, spineText(label), description];
                }),
              ),
        );
        return;
      }
      if (!(WORDS as readonly string[]).includes(show))
        throw badInput(`a label has no '${show}' to show`, `give ${oneOf(WORDS)}`);
      const { labelDefinition } = await client.graphql<{ labelDefinition: { shown: Evidence } | null }>(
        `query($name: String!, $version: Int, $from: Date, $to: Date) { labelDefinition(name: $name, version: $version) { shown: ${EVIDENCE[show as Word]}(from: $from, to: $to) { columns { name unit } rows rowCount nulls { row column reason } } } }`,
        { ...named(reference), from: from ?? null, to: to ?? null },
      );
      if (!labelDefinition) throw notFound(`no applied label is '${reference}'`, '`npx riskgraph labels` lists them');
      const { shown } = labelDefinition;
      print(shown, { json }, () =>
        shown.rows.length === 0
          ? `Nothing is known of ${reference} yet: \`npx riskgraph compute-labels\` computes what is.`
          : table(
              shown.columns.map(({ name }) => name),
              shown.rows,
            ),
      );
    },
  });
  clientCommand(program, context, {
    name: 'compute-labels',
    description: 'compute the outcomes of labels that are known now, and corrections of earlier ones',
    configure: (command) =>
      command.argument('[labels...]', 'name@version, or a bare name for its newest version (default: all)'),
    run: async (client, options, labels) => {
      const { computeLabels } = await client.graphql<{ computeLabels: JobView }>(
        `mutation($labels: [String!]) { computeLabels(labels: $labels) { ${JOB_FIELDS} } }`,
        { labels: labels.length > 0 ? labels : null },
      );
      const job = await followJob(client, computeLabels, options);
      print(job, options, () => {
        const { labels: computed } = job.result as ComputedLabels;
        const lines = computed.map(
          ({ label, months, rows, changed }) =>
            `  ${label}: ${rows} outcomes of ${months} months, ${changed} new or corrected`,
        );
        return [`${job.name} completed (job ${job.id})`, ...lines].join('\n');
      });
    },
  });
}

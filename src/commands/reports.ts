/** Reports as tables: indicators, vintage, roll rates and funnels. */
import type { Command } from 'commander';
import { badInput } from '../core/errors.js';
import { parseFilter } from '../core/helpers/report-filter.js';
import { BASES, COMPARISONS, OBSERVATIONS, TIME_GRAINS } from '../core/ports/indicators.js';
import type { Client } from './client.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, oneOf, print, table } from './output.js';

interface DataTable {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What every report takes. */
interface ScopeOptions extends OutputOptions {
  readonly by?: string;
  readonly filter: readonly string[];
  readonly asOf?: string;
}

interface PeriodOptions extends ScopeOptions {
  readonly from?: string;
  readonly to?: string;
}

const GRAINS = TIME_GRAINS.filter((grain) => grain !== 'HOUR');

const withScope = (command: Command): Command =>
  command
    .option('--by <dimensions>', 'comma-separated dimensions')
    .option('--filter <filters...>', 'dimension:op:value, as channel:EQ:APP', [])
    .option('--as-of <instant>', 'knowledge time: the report as it was then');

const withDays = (command: Command): Command =>
  withScope(command).option('--from <date>', 'first day').option('--to <date>', 'last day');

const numberOf = (text: string, name: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badInput(`${name} is '${text}'`, 'give a whole number');
};

/** Variables of a query, each with its GraphQL type; absent ones leave the API's own default. */
type Variables = Readonly<Record<string, readonly [type: string, value: unknown]>>;

const scopeVariables = ({ by, filter, asOf }: ScopeOptions): Variables => ({
  by: ['[String!]', by?.split(',')],
  filters: ['[IndicatorFilter!]', filter.map(parseFilter)],
  asOf: ['DateTime', asOf],
});

function dayVariables({ from, to }: PeriodOptions): Variables {
  if (!from || !to) throw badInput('a table needs its days', 'give --from and --to, as YYYY-MM-DD');
  return { from: ['Date!', from], to: ['Date!', to] };
}

/** Asks for a report and prints it. */
async function report(client: Client, options: OutputOptions, field: string, variables: Variables): Promise<void> {
  const given = Object.entries(variables).filter(([, [, value]]) => value !== undefined);
  const declared = given.map(([name, [type]]) => `$${name}: ${type}`).join(', ');
  const passed = given.map(([name]) => `${name}: $${name}`).join(', ');
  const answer = await client.graphql<Readonly<Record<string, DataTable>>>(
    `query(${declared}) { ${field}(${passed}) { columns { name unit } rows rowCount nulls { row column reason } dataThrough } }`,
    Object.fromEntries(given.map(([name, [, value]]) => [name, value])),
  );
  const read = answer[field] as DataTable;
  const names = read.columns.map((column) => column.name);
  print(read, options, () => table(names, read.rows));
}

async function listIndicators(client: Client, options: OutputOptions): Promise<void> {
  const { indicators } = await client.graphql<{
    indicators: readonly { name: string; unit: string; description: string }[];
  }>('{ indicators { name domain unit dimensions description stock } }');
  print(indicators, options, () =>
    table(
      ['name', 'unit', 'description'],
      indicators.map((item) => [item.name, item.unit, item.description]),
    ),
  );
}

export function addReportCommands(program: Command, context: CommandContext): void {
  clientCommand<PeriodOptions & { grain: string; compare?: string }>(program, context, {
    name: 'indicators',
    description: 'read indicators as a table; without names, list them',
    configure: (command) =>
      withDays(command.argument('[names]', 'comma-separated indicators'))
        .option('--grain <grain>', oneOf(GRAINS), 'MONTH')
        .option('--compare <period>', oneOf(COMPARISONS)),
    run: async (client, options, [names]) => {
      if (!names) return listIndicators(client, options);
      await report(client, options, 'indicatorTable', {
        names: ['[String!]!', names.split(',')],
        grain: ['TimeGrain!', options.grain],
        compare: ['Comparison', options.compare],
        ...dayVariables(options),
        ...scopeVariables(options),
      });
    },
  });
  clientCommand<
    ScopeOptions & {
      dpd: string;
      basis: string;
      observed: string;
      cohortGrain: string;
      fromCohort?: string;
      toCohort?: string;
      maxMob: string;
    }
  >(program, context, {
    name: 'vintage',
    description: 'read cohorts of loans by months on book',
    configure: (command) =>
      withScope(command)
        .option('--dpd <days>', 'days past due from which on a loan counts', '30')
        .option('--basis <basis>', oneOf(BASES), 'BALANCE')
        .option('--observed <observation>', oneOf(OBSERVATIONS), 'CURRENT')
        .option('--cohort-grain <grain>', 'MONTH, QUARTER, YEAR or TOTAL', 'MONTH')
        .option('--from-cohort <date>', 'first day of the disbursements')
        .option('--to-cohort <date>', 'last day of the disbursements')
        .option('--max-mob <months>', 'last month on book', '24'),
    run: (client, options) =>
      report(client, options, 'vintage', {
        dpd: ['Int!', numberOf(options.dpd, '--dpd')],
        basis: ['Basis!', options.basis],
        observed: ['Observation!', options.observed],
        cohortGrain: ['TimeGrain!', options.cohortGrain],
        fromCohort: ['Date', options.fromCohort],
        toCohort: ['Date', options.toCohort],
        maxMob: ['Int!', numberOf(options.maxMob, '--max-mob')],
        ...scopeVariables(options),
      }),
  });
  clientCommand<PeriodOptions & { basis: string }>(program, context, {
    name: 'roll-rates',
    description: 'read where the loans of each bucket are a month later',
    configure: (command) => withDays(command).option('--basis <basis>', oneOf(BASES), 'BALANCE'),
    run: (client, options) =>
      report(client, options, 'rollRates', {
        basis: ['Basis!', options.basis],
        ...dayVariables(options),
        ...scopeVariables(options),
      }),
  });
  clientCommand<PeriodOptions & { grain: string; windowDays: string }>(program, context, {
    name: 'funnel',
    description: 'read how far people get: funnel application_funnel --from 2026-01-01 --to 2026-06-30',
    configure: (command) =>
      withDays(command.argument('<name>', 'the funnel'))
        .option('--grain <grain>', oneOf(GRAINS), 'MONTH')
        .option('--window-days <days>', 'days from the first step on in which a later one counts', '30'),
    run: (client, options, [name]) =>
      report(client, options, 'funnel', {
        name: ['String!', name],
        grain: ['TimeGrain!', options.grain],
        windowDays: ['Int!', numberOf(options.windowDays, '--window-days')],
        ...dayVariables(options),
        ...scopeVariables(options),
      }),
  });
}

import type { Command } from 'commander';
import type { ImportResult } from '../core/ports.js';
import { addDays, BusinessCalendar } from '../core/time.js';
import { portfolioTables, toNdjson } from '../portfolio/tables.js';
import type { Client } from './client.js';
import { type CommandContext, connect } from './context.js';
import { describeImport } from './import.js';
import { followJob, type JobView, progressBar } from './output.js';
import { startStack } from './start.js';

/** One seed for everyone, so that two people looking at the demo see the same customers. */
const SEED = 20_240_229;

const QUERY = `query {
  onlineFeatures(service: "behaviour_score@1", entities: { customer_id: ["C0000001", "C0000002", "nobody"] }) {
    columns { name values statuses }
    views { view eventTimes }
  }
}`;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Runs one step under its name and says how long it took. */
async function step<T>(name: string, body: () => Promise<T>, summary: (result: T) => string): Promise<T> {
  say(`\n▸ ${name}`);
  const started = Date.now();
  const result = await body();
  say(`${summary(result)}  (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return result;
}

async function* counting<T>(
  rows: AsyncIterable<T>,
  expected: number,
  update: (fraction: number) => void,
): AsyncIterable<T> {
  let seen = 0;
  for await (const row of rows) {
    seen += 1;
    if (seen % 1000 === 0) update(Math.min(1, seen / expected));
    yield row;
  }
}

/** The portfolio is there when its views have keys: a second start begins from what the first one made. */
async function alreadyLoaded(client: Client): Promise<boolean> {
  const { freshness } = await client.graphql<{ freshness: readonly { keys: number }[] }>('{ freshness { keys } }');
  return freshness.length > 0 && freshness.every(({ keys }) => keys > 0);
}

async function importPortfolio(client: Client, context: CommandContext): Promise<void> {
  const calendar = new BusinessCalendar(context.timezone);
  const endDate = addDays(calendar.dateOf(Date.now()), -1);
  const customers = context.demoCustomers;
  say(`\n▸ Synthetic portfolio of ${customers} customers, ending ${endDate}`);
  for (const { table, rows, estimatedRows } of portfolioTables({ seed: SEED, endDate, customers, calendar })) {
    const started = Date.now();
    const bar = progressBar(`  ${table}`, { json: false });
    const body = toNdjson(counting(rows, estimatedRows, bar.update));
    const result = await client
      .post<ImportResult>(`/import/${table}?history=true`, body, 'application/x-ndjson')
      .finally(bar.stop);
    say(`  ${describeImport(table, result)}  (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  }
}

async function load(client: Client, context: CommandContext): Promise<void> {
  await importPortfolio(client, context);
  await step(
    'Materialize: compute features for last midnight, write history and online store',
    async () => {
      const { materialize } = await client.graphql<{ materialize: JobView }>(
        'mutation { materialize { id name state progress result error } }',
      );
      return followJob(client, materialize, { json: false });
    },
    (job) => {
      const { views } = job.result as { views: readonly { view: string; rows: number; changed: number }[] };
      return views.map(({ view, rows, changed }) => `  ${view}: ${rows} rows, ${changed} new`).join('\n');
    },
  );
}

async function showQuery(client: Client): Promise<void> {
  const answer = await client.graphql<{
    onlineFeatures: { columns: readonly { name: string; values: readonly unknown[]; statuses: readonly string[] }[] };
  }>(QUERY);
  say(`\n▸ One query, as a decision service would ask it\n${QUERY}\n`);
  for (const { name, values, statuses } of answer.onlineFeatures.columns) {
    say(`  ${name.padEnd(46)} ${values.map((value, index) => `${shorten(value)} ${statuses[index]}`).join(' | ')}`);
  }
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 24 ? `${text.slice(0, 21)}…]` : text;
}

export function addDemoCommand(program: Command, context: CommandContext): void {
  program
    .command('demo')
    .description('start everything, load a synthetic portfolio, show it, and keep serving until Ctrl-C')
    .action(async () => {
      const started = Date.now();
      await startStack(context, {
        // Its own lines tell the story; the log tells what went wrong.
        logLevel: context.environment.RISKGRAPH_LOG_LEVEL ? context.logLevel : 'warn',
        onReady: async (url) => {
          const client = await connect(context);
          await step(
            'Definitions: publish what is in features/, indicators/ and models/',
            () =>
              client.graphql<{ applyRegistry: { changes: readonly unknown[] } }>(
                'mutation { applyRegistry { changes { name } } }',
              ),
            ({ applyRegistry }) => `  ${applyRegistry.changes.length} published`,
          );
          if (await alreadyLoaded(client)) say('\n▸ The portfolio is already loaded: starting from what is there');
          else await load(client, context);
          await showQuery(client);
          say(`\nReady in ${Math.round((Date.now() - started) / 1000)} s.`);
          say(`  GraphQL    ${url}/graphql`);
          say(`  GraphiQL   ${url}/graphiql`);
          say(`  Keys       ${context.keyPlace}   (role=key; send one as "Authorization: Bearer <key>")`);
          say('  Ctrl-C ends it; running jobs are finished first.');
        },
      });
    });
}

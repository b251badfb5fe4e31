import { join } from 'node:path';
import { Book } from '../../synthetic/book.js';
import { lifeOf } from '../../synthetic/simulate.js';
import { badInput } from '../core/errors.js';
import { addDays, BusinessCalendar } from '../core/helpers/time.js';
import type { Client } from './client.js';
import type { CommandContext } from './context.js';
import { chooseExamples } from './demo-examples.js';
import { type Demo, load, timed } from './demo-load.js';
import { showQueries } from './demo-show.js';
import { type DemoBook, DemoState } from './demo-state.js';
import { SEED } from './portfolio.js';
import { startStack } from './stack.js';

const MODEL = 'b_score@1';
const ENDING =
  '\nEnding: imports and jobs that have begun are finished, and the next run goes on from there. Ctrl-C again ends at once.';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function* livesOf(book: DemoBook, calendar: BusinessCalendar) {
  const whole = new Book({ ...book, calendar });
  for (let index = 0; index < book.customers; index++) yield lifeOf(whole, index);
}

async function openDemo(client: Client, ending: AbortSignal, context: CommandContext): Promise<Demo> {
  const { timezone, home, demoCustomers: customers } = context;
  const calendar = new BusinessCalendar(timezone);
  const endDate = addDays(calendar.dateOf(Date.now()), -1);
  const state = await DemoState.open(join(home, 'demo.json'), { seed: SEED, endDate, customers, timezone });
  if (state.book.customers !== customers) {
    say(
      `\nThis home holds a book of ${state.book.customers} customers: for one of ${customers}, set another RISKGRAPH_HOME.`,
    );
  }
  if (!state.examples) await state.show(chooseExamples(livesOf(state.book, calendar), state.book.endDate));
  return { client, ending, home, state, calendar, model: MODEL, say };
}

/** What is loaded into a store of somebody's own does not go away with the home. */
function sayStores({ environment }: CommandContext): void {
  const given = ['POSTGRES_URL', 'REDIS_URL', 'CLICKHOUSE_URL'].filter((name) => environment[name]);
  if (given.length > 0)
    say(`\nThe book goes into the stores that ${given.join(', ')} name${given.length === 1 ? 's' : ''}.`);
}

/** Starts everything, loads the book, or what is left of it, shows it, and returns when all has ended. */
export async function runDemo(context: CommandContext): Promise<void> {
  const started = Date.now();
  await startStack(context, {
    // Its own lines tell the story; the log tells what went wrong.
    logLevel: context.environment.RISKGRAPH_LOG_LEVEL ? context.logLevel : 'warn',
    onReady: async ({ url, client, ending }) => {
      if (client === null) throw badInput('RISKGRAPH_KEYS has no key of role admin', 'add admin=<key> to it');
      sayStores(context);
      ending.addEventListener('abort', () => say(ENDING));
      await timed(
        say,
        'Definitions: publish what is in features/, indicators/, labels/ and models/',
        () =>
          client.graphql<{ applyRegistry: { changes: readonly unknown[] } }>(
            'mutation { applyRegistry { changes { name } } }',
          ),
        ({ applyRegistry }) => `  ${applyRegistry.changes.length} published`,
      );
      const demo = await openDemo(client, ending, context);
      await load(demo);
      const { examples, book } = demo.state;
      if (examples) await showQueries({ client, say, examples, model: MODEL, endDate: book.endDate });
      say(`\nReady in ${Math.round((Date.now() - started) / 1000)} s.`);
      say(`  GraphQL    ${url}/graphql`);
      say(`  GraphiQL   ${url}/graphiql`);
      say(`  Keys       ${context.keyPlace}   (role=key; send one as "Authorization: Bearer <key>")`);
      say('  Ctrl-C ends it; running jobs are finished first.');
    },
  });
}

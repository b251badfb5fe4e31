import { join } from 'node:path';
import { PORTFOLIO_TABLES } from '../../synthetic/portfolio.js';
import { scoreViewId } from '../core/compute/score-view.js';
import { addDays, type BusinessCalendar, MINUTE } from '../core/helpers/time.js';
import type { Client } from './client.js';
import type { DemoState, DemoStep } from './demo-state.js';
import { followJob, type JobView, progressBar } from './output.js';
import { type LoadSummary, loadPortfolio } from './portfolio-loader.js';

/** Local days of history that the demo computes: enough to see a borrower become late. */
const HISTORY_DAYS = 21;
/** A chunk is what an interrupted import does again. */
const CHUNK_CUSTOMERS = 2_500;
const JOB = '{ id name state progress result error }';
const LINE_WIDTH = 118;

export interface Demo {
  readonly client: Client;
  /** Aborted once the stack begins to end: nothing new is begun. */
  readonly ending: AbortSignal;
  readonly home: string;
  readonly state: DemoState;
  readonly calendar: BusinessCalendar;
  readonly model: string;
  readonly say: (text: string) => void;
}

/** Runs one step under its name and says what came of it and how long it took. */
export async function timed<T>(
  say: Demo['say'],
  name: string,
  body: () => Promise<T>,
  summary: (result: T) => string,
): Promise<T> {
  say(`\n▸ ${name}`);
  const started = Date.now();
  const result = await body();
  say(`${summary(result)}  (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return result;
}

/** A step of the first run: left out when an earlier run finished it. */
async function once(state: DemoState, step: DemoStep, body: () => Promise<unknown>): Promise<void> {
  if (state.has(step)) return;
  await body();
  await state.finish(step);
}

/** Starts a job and follows it; one that an interrupted run left waiting or at work is followed instead. */
async function runJob(client: Client, name: string, start: () => Promise<JobView>): Promise<JobView> {
  const { waiting, active } = await client.graphql<Record<'waiting' | 'active', readonly JobView[]>>(
    `query($name: String) {
      waiting: jobs(name: $name, state: WAITING, limit: 1) ${JOB}
      active: jobs(name: $name, state: ACTIVE, limit: 1) ${JOB}
    }`,
    { name },
  );
  return followJob(client, active[0] ?? waiting[0] ?? (await start()), { json: false });
}

async function importBook({ client, ending, home, state, calendar, say }: Demo): Promise<void> {
  const { customers, endDate, seed } = state.book;
  await timed(
    say,
    `The book: ${customers} customers over 30 months, ending ${endDate}, through the import API`,
    async () => {
      const bar = progressBar('  book', { json: false });
      return loadPortfolio(
        client,
        {
          portfolio: { seed, endDate, customers, calendar },
          record: { path: join(home, 'demo-load.json'), server: home },
          chunkCustomers: CHUNK_CUSTOMERS,
          signal: ending,
        },
        ({ fraction }) => bar.update(fraction),
      ).finally(bar.stop);
    },
    describeBook,
  );
}

function describeBook({ tables, rows, problems }: LoadSummary): string {
  const counts = PORTFOLIO_TABLES.map((table) => {
    const { accepted = 0, duplicates = 0 } = tables[table] ?? {};
    return `${table} ${accepted + duplicates}`;
  });
  const refused = Object.values(tables).reduce((sum, { rejected }) => sum + rejected, 0);
  return [...wrapped(counts), ...problems.map((problem) => `  ${problem}`), `  ${rows} rows, ${refused} refused`].join(
    '\n',
  );
}

/** Words in lines of a readable length. */
function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? `  ${word}` : `${line} · ${word}`;
    if (longer.length > LINE_WIDTH) lines.push(line);
    line = longer.length > LINE_WIDTH ? `  ${word}` : longer;
  }
  return [...lines, line];
}

interface SnapshotsResult {
  readonly loans: number;
  readonly rows: number;
  readonly through: string | null;
}

async function deriveSnapshots({ client, state, calendar, say }: Demo): Promise<void> {
  const { endDate } = state.book;
  // In the first half hour of a day the last one cannot be derived yet; the newest that can is asked for by naming none.
  const isOver = Date.now() >= calendar.endOfDay(endDate) + 31 * MINUTE;
  await timed(
    say,
    'Loan snapshots: one row a loan and day, replayed from schedules, payments and events',
    // Never the nightly run that may be waiting: it could be of another day.
    async () => {
      const { deriveLoanSnapshots } = await client.graphql<{ deriveLoanSnapshots: JobView }>(
        `mutation($through: Date) { deriveLoanSnapshots(through: $through) ${JOB} }`,
        { through: isOver ? endDate : null },
      );
      return followJob(client, deriveLoanSnapshots, { json: false });
    },
    (job) => {
      const { loans, rows, through } = job.result as SnapshotsResult;
      return `  ${rows} rows of ${loans} loans, up to ${through}`;
    },
  );
}

interface ViewResult {
  readonly view: string;
  readonly rows?: number;
}

function viewLines({ result }: JobView): string {
  const views = (result as { views?: readonly ViewResult[] } | null)?.views ?? [];
  const rows = views.reduce((sum, each) => sum + (each.rows ?? 0), 0);
  return [...wrapped(views.map((each) => `${each.view} ${each.rows ?? 0}`)), `  ${rows} rows`].join('\n');
}

async function backfillHistory({ client, state, say }: Demo): Promise<void> {
  const { endDate } = state.book;
  const from = addDays(endDate, 1 - HISTORY_DAYS);
  await timed(
    say,
    `History: the features of every customer for each of ${HISTORY_DAYS} days up to ${endDate}`,
    () =>
      runJob(client, 'backfill', async () => {
        const scores = new Set(await viewsOf(client, { tag: 'score' }));
        const views = (await viewsOf(client, { entity: 'customer' })).filter((id) => !scores.has(id));
        const { backfill } = await client.graphql<{ backfill: JobView }>(
          `mutation($views: [String!]!, $from: Date!, $to: Date!) { backfill(views: $views, from: $from, to: $to) ${JOB} }`,
          { views, from, to: endDate },
        );
        return backfill;
      }),
    viewLines,
  );
}

async function materialize({ client, model, say }: Demo): Promise<void> {
  await timed(
    say,
    'Online: the newest features of every customer and device, in the store that decisions read',
    () =>
      runJob(client, 'materialize', async () => {
        // The scores of the model have a step of their own.
        const views = (await viewsOf(client, {})).filter((id) => id !== scoreView(model));
        const { materialize } = await client.graphql<{ materialize: JobView }>(
          `mutation($views: [String!]) { materialize(views: $views) ${JOB} }`,
          { views },
        );
        return materialize;
      }),
    viewLines,
  );
}

/** The applied views of an entity or with a tag that are computed on a schedule, as view@version. */
async function viewsOf(client: Client, which: { readonly entity?: string; readonly tag?: string }): Promise<string[]> {
  const { featureViews } = await client.graphql<{
    featureViews: readonly { readonly name: string; readonly version: number; readonly kind: string }[];
  }>('query($entity: String, $tag: String) { featureViews(entity: $entity, tag: $tag) { name version kind } }', which);
  return featureViews.filter(({ kind }) => kind !== 'ON_DEMAND').map(({ name, version }) => `${name}@${version}`);
}

/** The view that the scores of a model@version are. */
function scoreView(model: string): string {
  const [name = '', version] = model.split('@');
  return scoreViewId({ name, version: Number(version) });
}

interface ScoresResult {
  readonly asOf: string;
  readonly scored: number;
  readonly missing: number;
}

async function scorePortfolio({ client, model, say }: Demo): Promise<void> {
  await timed(
    say,
    `Scores: ${model} over the whole portfolio`,
    () =>
      runJob(client, 'score_portfolio', async () => {
        const { scorePortfolio } = await client.graphql<{ scorePortfolio: JobView }>(
          `mutation($model: String!) { scorePortfolio(model: $model) ${JOB} }`,
          { model },
        );
        return scorePortfolio;
      }),
    (job) => {
      const { asOf, scored, missing } = job.result as ScoresResult;
      return `  ${scored} customers scored as of ${asOf}; ${missing} lack what the model requires`;
    },
  );
}

/** Whether the stores still hold what the home remembers: they may have been emptied, or others be named since. */
async function holdsFeatures(client: Client): Promise<boolean> {
  const { freshness } = await client.graphql<{ freshness: readonly { keys: number }[] }>('{ freshness { keys } }');
  return freshness.some(({ keys }) => keys > 0);
}

/** Everything that the first run does, from the first step that no run has finished; each step may be done again. */
export async function load(demo: Demo): Promise<void> {
  const { state, client, say } = demo;
  if (state.has('online') && !(await holdsFeatures(client))) await state.forget();
  if (state.has('scores')) {
    say(`\n▸ The book of ${state.book.customers} customers that ends ${state.book.endDate} is already loaded`);
    return;
  }
  if (state.found) say('\n▸ An earlier run was interrupted: going on where it was');
  await once(state, 'book', () => importBook(demo));
  await once(state, 'snapshots', () => deriveSnapshots(demo));
  await once(state, 'history', () => backfillHistory(demo));
  await once(state, 'online', () => materialize(demo));
  await once(state, 'scores', () => scorePortfolio(demo));
  // For the catalogue. No step waits for it, and the hourly job completes what it leaves.
  await client.graphql('mutation { profileFeatures { id } }');
}

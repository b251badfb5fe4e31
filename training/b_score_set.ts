/**
 * The training set of b_score, made by a running server that holds a book:
 *
 *     node bin/run.js training/b_score_set.ts --end-date 2026-11-22 [--out folder]
 *
 * A client and no more: it derives the loan snapshots, computes the views of b_score@1 at the observation points alone, asks for the set and
 * downloads it with its manifest. Every step may be run again: what is there is not made twice.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { Client, findKey } from '../src/commands/client.js';
import { followJob, type JobView } from '../src/commands/output.js';
import {
  addDays,
  addMonths,
  BusinessCalendar,
  formatInstant,
  type LocalDate,
  parseLocalDate,
} from '../src/core/helpers/time.js';
import { BOOK_MONTHS } from '../synthetic/book.js';

const LABEL = 'dpd30_6m';
const SERVICE = 'b_score@1';
const VIEWS = ['loan_behaviour@1', 'payment_rhythm@1', 'app_activity@1', 'application_history@1'];
/** Months of the label's window, and the days after it by which every label is known. */
const WINDOW_MONTHS = 6;
const KNOWN_AFTER_DAYS = 4;
/** Months that the book has had before the first observation point: without a past, nobody's behaviour is seen. */
const WARM_UP_MONTHS = 4;
/** The newest points, on which the model is judged. */
const TEST_POINTS = 3;
const JOB = '{ id name state progress result error }';

const firstOfMonth = (day: LocalDate): LocalDate => `${day.slice(0, 7)}-01`;

/**
 * Firsts of months, oldest first: the newest three whose labels are all known by the end of the book, and before them those whose label windows
 * end, and are known, before the first of these. What lies between would only be thrown away.
 */
export function observationPoints(endDate: LocalDate): LocalDate[] {
  let newest = firstOfMonth(endDate);
  while (addDays(addMonths(newest, WINDOW_MONTHS), KNOWN_AFTER_DAYS) > endDate) newest = addMonths(newest, -1);
  const firstTest = addMonths(newest, 1 - TEST_POINTS);
  const lastTrain = addMonths(firstTest, -WINDOW_MONTHS - 1);
  const first = addMonths(firstOfMonth(addDays(endDate, 1)), WARM_UP_MONTHS - BOOK_MONTHS);
  const points: LocalDate[] = [];
  for (let point = first; point <= newest; point = addMonths(point, 1)) {
    if (point <= lastTrain || point >= firstTest) points.push(point);
  }
  return points;
}

/** Customers with a label at the points, and who they are: for the fairness report, never as inputs. */
export function spineSql(points: readonly LocalDate[], calendar: BusinessCalendar): string {
  // Labels are observed at 06:00, when the values of that midnight have been published.
  const instants = points.map(
    (point) => `'${formatInstant(calendar.at(point, '06:00')).replace('T', ' ').slice(0, -1)}'`,
  );
  return `SELECT l.entity_id AS customer_id, l.observed_at AS event_timestamp, c.gender AS gender, c.education AS education,
  c.marital_status AS marital_status, c.birth_date AS birth_date
FROM labels AS l LEFT JOIN customers AS c ON c.customer_id = l.entity_id
WHERE l.entity = 'customer' AND l.name = '${LABEL}' AND toString(l.observed_at) IN (${instants.join(', ')})
ORDER BY event_timestamp, customer_id
`;
}

async function runJob(client: Client, name: string, job: JobView): Promise<void> {
  const started = Date.now();
  const { result } = await followJob(client, job, { json: true });
  const { views, ...rest } = result as { views?: readonly { view: string; rows: number }[] };
  const told = views ? views.map(({ view, rows }) => `${view} ${rows} rows`).join(', ') : JSON.stringify(rest);
  process.stdout.write(`${name}: ${told} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
}

async function main(): Promise<void> {
  const values = new Command('b_score_set')
    .description('exports the training set of b_score from a running server that holds the book')
    .requiredOption('--end-date <day>', 'last day of the book that was loaded, YYYY-MM-DD')
    .option('--out <folder>', 'where the set and its manifest go', 'b_score_set')
    .option('--timezone <zone>', "the portfolio's time zone", 'Asia/Shanghai')
    .parse()
    .opts<{ endDate: string; out: string; timezone: string }>();
  const endDate = parseLocalDate(values.endDate, '--end-date');
  const points = observationPoints(endDate);
  const client = new Client({
    url: process.env.RISKGRAPH_URL ?? `http://127.0.0.1:${process.env.PORT ?? '4000'}`,
    key: await findKey({ key: process.env.RISKGRAPH_KEY, home: process.env.RISKGRAPH_HOME ?? '.riskgraph' }),
  });

  const { applyRegistry } = await client.graphql<{ applyRegistry: { changes: readonly object[] } }>(
    'mutation { applyRegistry { changes { __typename } } }',
  );
  process.stdout.write(`apply: ${applyRegistry.changes.length} changes\n`);
  const { deriveLoanSnapshots } = await client.graphql<{ deriveLoanSnapshots: JobView }>(
    `mutation($through: Date) { deriveLoanSnapshots(through: $through) ${JOB} }`,
    { through: points.at(-1) },
  );
  await runJob(client, 'snapshots', deriveLoanSnapshots);
  for (const point of points) {
    const { backfill } = await client.graphql<{ backfill: JobView }>(
      `mutation($views: [String!]!, $day: Date!) { backfill(views: $views, from: $day, to: $day) ${JOB} }`,
      { views: VIEWS, day: point },
    );
    await runJob(client, `backfill ${point}`, backfill);
  }
  const { createTrainingSet } = await client.graphql<{ createTrainingSet: { id: string; job: JobView } }>(
    `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job ${JOB} } }`,
    {
      input: {
        name: 'b_score',
        service: SERVICE,
        spineSql: spineSql(points, new BusinessCalendar(values.timezone)),
        label: LABEL,
      },
    },
  );
  await runJob(client, 'training set', createTrainingSet.job);
  await download(client, createTrainingSet.id, values.out);
}

async function download(client: Client, id: string, out: string): Promise<void> {
  const { trainingSet } = await client.graphql<{
    trainingSet: { rowCount: number; downloadUrl: string; manifest: object };
  }>('query($id: ID!) { trainingSet(id: $id) { rowCount downloadUrl manifest } }', { id });
  await mkdir(out, { recursive: true });
  const { body } = await client.get(trainingSet.downloadUrl);
  await pipeline(
    Readable.fromWeb(body as import('node:stream/web').ReadableStream),
    createWriteStream(join(out, 'set.parquet')),
  );
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(trainingSet.manifest, null, 2)}\n`);
  process.stdout.write(`${out}/set.parquet: ${trainingSet.rowCount} rows, beside it manifest.json\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

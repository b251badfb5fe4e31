/**
 * The UCI credit card data through the whole platform, as a client of a running server:
 *
 *     node bin/run.js examples/uci-credit-card/run.ts UCI_Credit_Card.csv [folder for the training set]
 */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Client, findKey } from '../../src/commands/client.js';
import { followJob, type JobView } from '../../src/commands/output.js';
import { checkIndicators, checkTrainingSet, sums } from './checks.js';
import { readDataFile } from './data-file.js';

/** The as-of whose window is April to September 2005. */
const AS_OF = '2005-10-01';
const AS_OF_INSTANT = '2005-10-01T00:00:00.000+08:00';
const QUIET = { json: true };
const JOB = 'id name state progress result error';

export interface ExampleOptions {
  readonly csv: string;
  readonly out: string;
  readonly url: string;
  readonly key: string;
  readonly print: (text: string) => void;
}

export interface ExampleResult {
  readonly trainingSet: string;
  readonly manifest: string;
}

/** Every step, each checked against the file; throws at the first that does not fit. */
export async function runExample({ csv, out, url, key, print }: ExampleOptions): Promise<ExampleResult> {
  const client = new Client({ url, key });
  const file = await readDataFile(csv);
  const expected = sums(file);
  print(`file: ${expected.rows} customers, ${expected.defaults} defaults`);

  await importAll(client, csv, print);
  const { applyRegistry } = await client.graphql<{ applyRegistry: { changes: readonly object[] } }>(
    'mutation { applyRegistry { changes { __typename } } }',
  );
  print(applyRegistry.changes.length === 0 ? 'apply: nothing new' : 'apply: all definitions are served');
  await runJob(
    client,
    print,
    'mutation($v: [String!]!, $d: Date!) { job: backfill(views: $v, from: $d, to: $d) { JOB } }',
    {
      v: ['statement_history@1'],
      d: AS_OF,
    },
  );
  await runJob(
    client,
    print,
    'mutation($v: [String!], $t: DateTime) { job: materialize(views: $v, asOf: $t) { JOB } }',
    {
      v: ['statement_history@1'],
      t: AS_OF_INSTANT,
    },
  );

  const ids = file.slice(0, 5).map((row) => row.customerId);
  await readOnline(client, ids, print);
  const trainingSet = await buildTrainingSet(client, out, print);
  await checkTrainingSet(trainingSet.path, file);
  print(
    `checked: all ${expected.rows} rows of the training set hold what the file holds, ${expected.defaults} of them defaults`,
  );
  await checkIndicators(client, file, print);
  await score(client, ids, print);
  return { trainingSet: trainingSet.path, manifest: trainingSet.manifest };
}

/** The three tables, each through its mapping; the same file twice changes nothing. */
export async function importAll(client: Client, csv: string, print: (text: string) => void): Promise<void> {
  const data = await readFile(csv);
  for (const table of ['customers', 'statements', 'labels']) {
    const mapping = await readFile(fileURLToPath(new URL(`${table}.sql`, import.meta.url)), 'utf8');
    const form = new FormData();
    form.set('mapping', mapping);
    form.set('file', new File([data], 'UCI_Credit_Card.csv', { type: 'text/csv' }));
    const { accepted, duplicates, rejected } = await client.post<
      Record<'accepted' | 'duplicates' | 'rejected', number>
    >(`/import/${table}?history=true`, form);
    print(`import ${table}: ${accepted} accepted, ${duplicates} duplicates, ${rejected} rejected`);
  }
}

async function runJob(
  client: Client,
  print: (text: string) => void,
  mutation: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { job } = await client.graphql<{ job: JobView }>(mutation.replace('JOB', JOB), variables);
  const done = await followJob(client, job, QUIET);
  print(`${done.name}: ${JSON.stringify(done.result)}`);
}

/** Today the newest statements are decades old: their values are served as STALE. Read as of October 2005 they are PRESENT. */
async function readOnline(client: Client, ids: readonly string[], print: (text: string) => void): Promise<void> {
  const { onlineFeatures } = await client.graphql<{
    onlineFeatures: { columns: readonly { name: string; values: readonly unknown[]; statuses: readonly string[] }[] };
  }>(
    `query($ids: JSONObject!) { onlineFeatures(features: ["statement_history@1:delinquency", "statement_history@1:utilization"], entities: $ids) {
      columns { name values statuses } } }`,
    { ids: { customer_id: ids } },
  );
  for (const { name, values, statuses } of onlineFeatures.columns) {
    print(`online ${name}: ${JSON.stringify(values[0])} ${statuses[0]}`);
  }
  const { customer } = await client.graphql<{ customer: { statementHistory: object } }>(
    `query($id: ID!, $asOf: DateTime) { customer(id: $id, asOf: $asOf) { statementHistory { delinquency utilization _status _eventTime } } }`,
    { id: ids[0], asOf: '2005-10-02T00:00:00.000+08:00' },
  );
  print(`customer ${ids[0]} as of 2 October 2005: ${JSON.stringify(customer.statementHistory)}`);
}

async function buildTrainingSet(
  client: Client,
  out: string,
  print: (text: string) => void,
): Promise<{ readonly path: string; readonly manifest: string }> {
  const spineSql = await readFile(fileURLToPath(new URL('spine.sql', import.meta.url)), 'utf8');
  const { createTrainingSet } = await client.graphql<{ createTrainingSet: { id: string; job: JobView } }>(
    `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job { ${JOB} } } }`,
    { input: { name: 'uci_default', service: 'uci_default@1', spineSql, label: 'default_next_month' } },
  );
  await followJob(client, createTrainingSet.job, QUIET);
  const { trainingSet } = await client.graphql<{
    trainingSet: { rowCount: number; downloadUrl: string; manifest: object; columns: readonly { name: string }[] };
  }>('query($id: ID!) { trainingSet(id: $id) { rowCount downloadUrl manifest columns { name } } }', {
    id: createTrainingSet.id,
  });
  await mkdir(out, { recursive: true });
  const path = join(out, 'training-set.parquet');
  const manifest = join(out, 'manifest.json');
  const { body } = await client.get(trainingSet.downloadUrl);
  await pipeline(Readable.fromWeb(body as import('node:stream/web').ReadableStream), createWriteStream(path));
  await writeFile(manifest, `${JSON.stringify(trainingSet.manifest, null, 2)}\n`);
  print(`training set: ${trainingSet.rowCount} rows, ${trainingSet.columns.length} columns`);
  return { path, manifest };
}

async function score(client: Client, ids: readonly string[], print: (text: string) => void): Promise<void> {
  const { score: answer } = await client.graphql<{
    score: {
      scores: readonly {
        entity: { customer_id: string };
        status: string;
        probability: number;
        points: number;
        band: string;
        reasonCodes: string[];
      }[];
    };
  }>(
    `query($ids: JSONObject!) { score(model: "uci_default@1", entities: $ids, explain: true) {
      scores { entity status probability points band reasonCodes } } }`,
    { ids: { customer_id: ids } },
  );
  for (const { entity, status, probability, points, band, reasonCodes } of answer.scores) {
    if (status !== 'SCORED') throw new Error(`${entity.customer_id} was not scored: ${status}`);
    print(
      `score ${entity.customer_id}: P(bad) ${probability.toFixed(4)}, ${points} points, band ${band}, because of ${reasonCodes[0] ?? 'nothing'}`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [csv, out] = process.argv.slice(2);
  if (!csv) {
    process.stderr.write('usage: node bin/run.js examples/uci-credit-card/run.ts <UCI_Credit_Card.csv> [folder]\n');
    process.exit(1);
  }
  const result = await runExample({
    csv,
    out: out ?? (await mkdtemp(join(tmpdir(), 'uci-credit-card-'))),
    url: process.env.RISKGRAPH_URL ?? 'http://127.0.0.1:4000',
    key: await findKey({ key: process.env.RISKGRAPH_KEY, home: process.env.RISKGRAPH_HOME ?? '.riskgraph' }),
    print: (text) => process.stdout.write(`${text}\n`),
  });
  process.stdout.write(`written: ${result.trainingSet} and ${result.manifest}\n`);
}

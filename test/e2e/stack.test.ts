import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runToEnd, type Stack, startCommand } from '../support/command.js';
import { freshHome } from '../support/homes.js';
import { halt, killAll, peakMemoryMb, pidOf, processesLeft, processesOf } from '../support/processes.js';
import { asProjectOf } from '../support/projects.js';
import { type BookFile, DEFINITIONS, daysAgo, historyRows, keysOf, nowText, onlineRows, writeBook } from './book.js';

const CUSTOMERS = 200;
const JOB = '{ id state progress error result }';

interface Job {
  readonly id: string;
  readonly state: string;
  readonly progress: number;
  readonly error: string | null;
  readonly result: { readonly views: readonly { readonly view: string; readonly asOfs: number }[] } | null;
}

let home: string;
let files: string;
let project: string;
let stack: Stack;
let book: ReadonlyMap<string, BookFile>;

beforeAll(async () => {
  [home, files, project] = await Promise.all([freshHome(), freshHome(), freshHome()]);
  await asProjectOf(project, DEFINITIONS);
  [stack, book] = await Promise.all([start(), writeBook(files, CUSTOMERS)]);
});
afterAll(async () => {
  await stack?.stop();
  for (const folder of [home, files, project]) await rm(folder, { recursive: true, force: true });
});

const start = (): Promise<Stack> => startCommand('start', { home, env: { RISKGRAPH_DEFINITIONS: project } });

const riskgraph = (...args: string[]) => runToEnd(args, stack.env);

/** Polls until it says so; the last value is in the failure. */
async function until<T>(read: () => Promise<T>, isDone: (value: T) => boolean, timeoutMs = 240_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (isDone(value)) return value;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${JSON.stringify(value)}`);
    await sleep(50);
  }
}

const jobOf = async (id: string): Promise<Job> =>
  (await stack.ask<{ job: Job }>('admin', `query($id: ID!) { job(id: $id) ${JOB} }`, { id })).job;

const ended = (id: string): Promise<Job> =>
  until(
    () => jobOf(id),
    ({ state }) => state !== 'WAITING' && state !== 'ACTIVE',
  );

const backfill = async (view: string, from: string, to: string): Promise<Job> => {
  const variables = { views: [view], from, to };
  const query = `mutation($views: [String!]!, $from: Date!, $to: Date!) { backfill(views: $views, from: $from, to: $to) ${JOB} }`;
  return (await stack.ask<{ backfill: Job }>('admin', query, variables)).backfill;
};

/**
 * Has a job at work, past a share of it, with the worker standing still: where the job had ended before it could be
 * caught, it is asked for again.
 */
async function caught(ask: () => Promise<Job>, share: number): Promise<Job> {
  for (let job = await ask(); ; ) {
    const { id } = job;
    job = await until(
      () => jobOf(id),
      ({ state, progress }) => state !== 'WAITING' && (state !== 'ACTIVE' || progress > share),
    );
    const worker = await pidOf(home, 'worker');
    await halt(worker);
    job = await jobOf(id);
    if (job.state === 'ACTIVE') return job;
    process.kill(worker, 'SIGCONT');
    job = await ask();
  }
}

const everyValue = () => Promise.all(keysOf(book).map((keys) => onlineRows(stack, keys)));

test('what needs no key answers without one, and everything else asks for it', async () => {
  const open = await Promise.all(
    ['/healthz', '/readyz', '/metrics', '/graphiql'].map(async (path) => (await fetch(`${stack.url}${path}`)).status),
  );
  expect(open).toEqual([200, 200, 200, 200]);
  // The worker beside the API is told of in the same answer.
  const metrics = await until(
    async () => (await fetch(`${stack.url}/metrics`)).text(),
    (text) => text.includes('process="worker"'),
  );
  expect(metrics).toContain('riskgraph_worker_healthy{process="api"}');
  expect(metrics).toContain('riskgraph_jobs_total{process="worker",job_name="materialize_due",outcome="failed"} 0');
  expect(await (await fetch(`${stack.url}/graphiql`)).text()).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/);
  const ask = (headers: Record<string, string>) =>
    fetch(`${stack.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'from-the-caller-1', ...headers },
      body: '{"query":"{ entities { name } }"}',
    });
  for (const headers of [{}, { authorization: 'Bearer nobody-has-this-key' }]) {
    const refused = await ask(headers as Record<string, string>);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('x-request-id')).toBe('from-the-caller-1');
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED', requestId: 'from-the-caller-1' } }],
    });
  }
  const taken = await ask({ authorization: `Bearer ${await stack.key('bi')}` });
  expect([taken.status, taken.headers.get('x-request-id')]).toEqual([200, 'from-the-caller-1']);
  const unkeyed = await fetch(`${stack.url}/graphql/stream`, { method: 'POST', body: '{}' });
  expect(unkeyed.status).toBe(401);
});

test('the command line imports the good rows of a file and names the bad ones; the same file again is nothing new', async () => {
  const csv = join(files, 'people.csv');
  await writeFile(
    csv,
    [
      'customer_id,registered_at,monthly_income',
      'P1,2024-01-01T00:00:00Z,1000.50',
      'P2,yesterday,1000',
      'P3,2024-01-01T00:00:00+08:00,a lot',
      'P4,2024-01-01T00:00:00Z,',
      '',
    ].join('\n'),
  );
  const first = await riskgraph('import', 'customers', csv, '--history');
  expect(first.code).toBe(0);
  expect(first.output).toContain('customers: 2 accepted, 0 duplicates, 2 rejected');
  expect(first.output).toMatch(/line 3, registered_at: .+/);
  expect(first.output).toMatch(/line 4, monthly_income: .+/);
  const again = await riskgraph('import', 'customers', csv, '--history', '--json');
  expect(JSON.parse(again.output)).toMatchObject({ accepted: 0, duplicates: 2, rejected: 2 });

  const ndjson = join(files, 'people.ndjson');
  await writeFile(ndjson, '{"customer_id":"P5","registered_at":"2024-01-01T00:00:00Z"}\n{"customer_id":\n');
  const lines = await riskgraph('import', 'customers', ndjson);
  expect(lines.output).toMatch(/customers: 1 accepted, 0 duplicates, 1 rejected\n {2}line 2: .+/);

  const { quarantine } = await stack.ask<{ quarantine: { index: number; column: string | null }[] }>(
    'modeler',
    '{ quarantine(table: "customers") { index column reason } }',
  );
  expect(quarantine).toContainEqual(expect.objectContaining({ index: 3, column: 'registered_at' }));
  const wrong = await riskgraph('import', 'custommers', csv);
  expect(wrong.code).toBe(1);
  expect(wrong.output).toMatch(/custommers[\s\S]*→ .*customers/);
});

test('the health of the worker turns red when it stands still, and green when it goes on', async () => {
  const health = async () => (await fetch(`${stack.url}/healthz/worker`)).status;
  // The worker starts after the API.
  await until(health, (status) => status === 200);
  const worker = await pidOf(home, 'worker');
  await halt(worker);
  try {
    // Imports need no worker: a good time to bring the book in.
    for (const { table, path, rows } of book.values()) {
      const { code, output } = await riskgraph('import', table, path, '--history');
      expect(code, output).toBe(0);
      expect(output).toContain(`${table}: ${rows.length} accepted, 0 duplicates, 0 rejected`);
    }
    await until(health, (status) => status === 503);
    const ready = (await (await fetch(`${stack.url}/readyz`)).json()) as { ready: boolean; worker: { ok: boolean } };
    expect(ready).toMatchObject({ ready: true, worker: { ok: false, reason: expect.stringContaining('no worker') } });
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  await until(health, (status) => status === 200);
}, 600_000);

test('definitions are planned, applied and materialized from the command line', async () => {
  const plan = await riskgraph('plan');
  expect(plan.output).toMatch(/ADD +view +repayment_history@1/);
  expect((await riskgraph('apply')).code).toBe(0);
  expect((await riskgraph('plan')).output).toContain('Nothing to do');
  const { code, output } = await riskgraph('materialize');
  expect(code, output).toBe(0);
  expect(output).toMatch(/repayment_history@1 as of .+: \d+ rows, \d+ new or changed/);
  for (const keys of keysOf(book)) {
    const online = await onlineRows(stack, keys);
    expect(online.filter((row) => row.some((value) => value !== null)).length).toBeGreaterThan(CUSTOMERS / 2);
    expect(online).toEqual(await historyRows(stack, keys, nowText()));
  }
}, 600_000);

test('a backfill tells its progress to whoever listens', async () => {
  const worker = await pidOf(home, 'worker');
  // It waits until somebody listens.
  await halt(worker);
  const job = await backfill('repayment_history@1', daysAgo(13), daysAgo(2));
  const seen: Job[] = [];
  const query = `subscription($id: ID!) { jobProgress(id: $id) ${JOB} }`;
  for await (const { jobProgress } of stack.subscribe<{ jobProgress: Job }>('modeler', query, { id: job.id })) {
    seen.push(jobProgress);
    process.kill(worker, 'SIGCONT');
  }
  expect(seen[0]).toMatchObject({ state: 'WAITING', progress: 0 });
  expect(seen.at(-1)).toMatchObject({ state: 'COMPLETED', progress: 1, error: null });
  expect(seen.at(-1)?.result?.views).toMatchObject([{ view: 'repayment_history@1', asOfs: 12 }]);
  const progress = seen.map((one) => one.progress);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  await expect(stack.subscribe('bi', query, { id: job.id }).next()).rejects.toThrow('FORBIDDEN');
});

test('a training set is built from SQL, as Parquet and as CSV, one row a spine row, by those who may', async () => {
  const labels = (book.get('labels')?.rows ?? []).filter(({ name }) => name === 'dpd60_6m');
  const observed = labels.at(-1)?.observed_at as string;
  const spineSql = `SELECT customer_id, toDateTime64('${observed.slice(0, 19).replace('T', ' ')}', 3, 'UTC') AS event_timestamp, channel FROM customers`;
  const query =
    'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id state job { id } downloadUrl } }';
  // The history of a few days says little of the instants at which the label was observed.
  const input = { name: 'stack', service: 'behaviour_score@1', spineSql, label: 'dpd60_6m', allowStale: true };
  const build = async (format: string) => {
    const { createTrainingSet } = await stack.ask<{ createTrainingSet: { id: string; job: { id: string } } }>(
      'modeler',
      query,
      { input: { ...input, format } },
    );
    expect(await ended(createTrainingSet.job.id)).toMatchObject({ state: 'COMPLETED', progress: 1 });
    const { trainingSet } = await stack.ask<{
      trainingSet: { rowCount: number; downloadUrl: string; features: string[]; columns: { name: string }[] };
    }>('modeler', 'query($id: ID!) { trainingSet(id: $id) { rowCount downloadUrl features columns { name } } }', {
      id: createTrainingSet.id,
    });
    return {
      ...trainingSet,
      id: createTrainingSet.id,
      response: await stack.fetch('modeler', trainingSet.downloadUrl),
    };
  };
  const [parquet, csv] = await Promise.all([build('PARQUET'), build('CSV')]);
  // The book's customers, and the three good rows of the small files.
  const rowCount = CUSTOMERS + 3;
  expect([parquet.rowCount, csv.rowCount]).toEqual([rowCount, rowCount]);
  const rows = await parquetReadObjects({ file: await parquet.response.arrayBuffer(), compressors });
  expect(rows).toHaveLength(rowCount);
  expect(Object.keys(rows[0] ?? {})).toEqual(parquet.columns.map(({ name }) => name));
  const labelled = new Map(
    labels.filter(({ observed_at }) => observed_at === observed).map(({ entity_id, value }) => [entity_id, value]),
  );
  for (const row of rows) {
    const value = labelled.get(row.customer_id as string);
    if (value !== undefined) expect(row).toMatchObject({ dpd60_6m: value });
  }
  const lines = (await csv.response.text()).trim().split('\n');
  expect(lines).toHaveLength(rowCount + 1);
  expect(lines[0]).toContain('dpd60_6m');

  const again = join(files, 'again.csv');
  const rebuilt = await riskgraph('train-set', 'rebuild', csv.id, '--output', again);
  expect(rebuilt.code, rebuilt.output).toBe(0);
  expect((await readFile(again, 'utf8')).trim().split('\n')).toEqual(lines);

  for (const role of ['decision', 'bi', 'ingest']) {
    const refused = await stack.graphql(role, query, { input });
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await stack.fetch(role, parquet.downloadUrl)).status).toBe(403);
  }
  const escaping = { ...input, spineSql: "SELECT * FROM file('/etc/passwd')" };
  expect((await stack.graphql('modeler', query, { input: escaping })).errors?.[0]?.extensions.code).toBe(
    'BAD_USER_INPUT',
  );
});

test('labels are computed, shown and made sets of from the command line; history that a set computes leaves online values alone', async () => {
  const computed = await riskgraph('compute-labels', 'dpd30_6m');
  expect(computed.code, computed.output).toBe(0);
  const [, outcomes] = /dpd30_6m@1: (\d+) outcomes of \d+ months, \d+ new or corrected/.exec(computed.output) ?? [];
  expect(Number(outcomes)).toBeGreaterThan(0);
  expect((await riskgraph('labels')).output).toMatch(/dpd30_6m@1 +customer +184 +behaviour-risk/);
  const rates = await riskgraph('labels', 'dpd30_6m', '--json');
  const { columns, rows } = JSON.parse(rates.output) as { columns: { name: string }[]; rows: (string | null)[][] };
  const total = (...names: string[]): number =>
    rows.reduce((sum, row) => sum + names.reduce((all, name) => all + Number(row[indexOf(name)]), 0), 0);
  const indexOf = (name: string): number => columns.findIndex((column) => column.name === name);
  expect(total('goods', 'bads', 'excluded', 'indeterminate')).toBe(Number(outcomes));
  expect((await riskgraph('labels', 'dpd30_6m', '--show', 'rolls')).output).toMatch(/^dpd +months +reached /m);
  const odd = await riskgraph('labels', 'dpd30_6m', '--show', 'fate');
  expect([odd.code, odd.output]).toEqual([1, expect.stringContaining("a label has no 'fate' to show")]);

  const csv = join(files, 'observed.csv');
  const asked = ['--features', 'repayment_history@1:max_dpd_3m', '--from-label', 'dpd30_6m@1', '--allow-stale'];
  const made = await riskgraph('train-set', 'observed', ...asked, '--format', 'CSV', '--output', csv);
  expect(made.code, made.output).toBe(0);
  const [header, ...lines] = (await readFile(csv, 'utf8')).trim().split('\n');
  expect(header).toMatch(/^"customer_id","event_timestamp",.*"dpd30_6m"$/);
  expect(lines).toHaveLength(total('goods', 'bads'));
  expect(lines.filter((line) => line.endsWith(',1'))).toHaveLength(total('bads'));

  const before = await everyValue();
  const first =
    "SELECT entity_id AS customer_id, observed_at AS event_timestamp FROM labels WHERE name = 'dpd30_6m@1' AND observed_at = (SELECT min(observed_at) FROM labels WHERE name = 'dpd30_6m@1')";
  const input = {
    name: 'computed',
    features: ['repayment_history@1:max_dpd_3m'],
    spineSql: first,
    label: 'dpd30_6m@1',
    history: 'COMPUTE',
  };
  const { trainingSetEstimate } = await stack.ask<{ trainingSetEstimate: unknown }>(
    'modeler',
    'query($input: TrainingSetInput!) { trainingSetEstimate(input: $input) { missingAsOfs { view asOfs } } }',
    { input },
  );
  expect(trainingSetEstimate).toEqual({ missingAsOfs: [{ view: 'repayment_history@1', asOfs: 1 }] });
  const { createTrainingSet } = await stack.ask<{ createTrainingSet: { job: Job } }>(
    'modeler',
    `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { job ${JOB} } }`,
    { input },
  );
  expect(await ended(createTrainingSet.job.id)).toMatchObject({
    state: 'COMPLETED',
    result: { coverage: [{ view: 'repayment_history@1', notComputed: 0 }] },
  });
  // The rows of an as-of of years ago are older than those that decisions read.
  expect(await everyValue()).toEqual(before);
}, 600_000);

test('Ctrl-C to the whole group during a job ends everything in good order, and the next start goes on from there', async () => {
  // Who left the window of the view in these days, as at the turn of a month, is kept from then on: another time changes nothing.
  const { id } = await backfill('statement_history@1', daysAgo(5), daysAgo(2));
  await ended(id);
  const before = await everyValue();
  const running = await caught(() => backfill('device_profile@1', daysAgo(17), daysAgo(2)), 0.1);
  const waiting = await backfill('statement_history@1', daysAgo(5), daysAgo(2));
  const worker = await pidOf(home, 'worker');
  stack.signalGroup('SIGINT');
  await stack.until(/the worker finishes its running jobs/);
  process.kill(worker, 'SIGCONT');
  expect(await stack.exited).toBe(0);
  expect(await processesLeft(home)).toEqual([]);
  expect(await readdir(join(home, 'run'))).toEqual(['lock.sqlite']);

  stack = await start();
  expect(await jobOf(running.id)).toMatchObject({ state: 'COMPLETED', result: { views: [{ asOfs: 16 }] } });
  expect(await ended(waiting.id)).toMatchObject({ state: 'COMPLETED', result: { views: [{ asOfs: 4 }] } });
  expect(await everyValue()).toEqual(before);
}, 600_000);

test('after kill -9 in the middle of a backfill the next start ends what is left, resumes the job, and both stores agree', async () => {
  const before = await everyValue();
  const job = await caught(() => backfill('device_profile@1', daysAgo(50), daysAgo(21)), 0.1);
  const orphan = await pidOf(home, 'api');
  await killAll(home, [orphan]);
  expect(await processesLeft(home, [orphan])).toEqual([]);
  expect((await processesOf(home)).map(({ pid }) => pid)).toEqual([orphan]);

  stack = await start();
  expect(stack.output()).toContain('ending a process that an earlier start left behind');
  await until(
    () => jobOf(job.id),
    ({ state, progress }) => state !== 'WAITING' && (state !== 'ACTIVE' || progress > 0.3),
  );
  await killAll(home);
  expect(await processesLeft(home)).toEqual([]);

  stack = await start();
  expect(await ended(job.id)).toMatchObject({
    state: 'COMPLETED',
    error: null,
    result: { views: [{ view: 'device_profile@1', asOfs: 30 }] },
  });
  expect(await everyValue()).toEqual(before);
  const now = nowText();
  for (const keys of keysOf(book)) expect(await onlineRows(stack, keys)).toEqual(await historyRows(stack, keys, now));
  // Nothing was lost or doubled in the history either: the same range again finds no row that differs.
  const again = await backfill('device_profile@1', daysAgo(50), daysAgo(21));
  expect((await ended(again.id)).result?.views).toMatchObject([{ asOfs: 30, changed: 0 }]);
  const day = `${daysAgo(35)}T04:00:00Z`;
  for (const keys of keysOf(book).filter(({ view }) => view === 'device_profile@1'))
    expect((await historyRows(stack, keys, day)).filter((row) => row.some((value) => value !== null))).not.toEqual([]);
}, 900_000);

test('API and worker stay below 400 MB', async () => {
  const peaks = await Promise.all(
    (['api', 'worker'] as const).map(async (role) => ({ role, mb: await peakMemoryMb(await pidOf(home, role)) })),
  );
  expect(peaks.filter(({ mb }) => mb >= 400)).toEqual([]);
});

test('a port that is taken and a home that is a file are reported before anything starts', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const empty = join(files, 'empty');
  await mkdir(empty);
  try {
    const { port } = other.address() as AddressInfo;
    const taken = await runToEnd(['start'], { RISKGRAPH_HOME: empty, PORT: String(port) });
    expect(taken.code).toBe(1);
    expect(taken.output).toContain(`port ${port} on 127.0.0.1 is in use by another program`);
    expect(taken.output).toContain('→ stop that program, or set PORT to another port');
    expect(await readdir(empty)).not.toContain('postgres');
  } finally {
    other.close();
  }
  const file = join(files, 'people.csv');
  const refused = await runToEnd(['start'], { RISKGRAPH_HOME: file, PORT: '0' });
  expect(refused.code).toBe(1);
  expect(refused.output).toContain(`${file} is not a folder`);
  expect(refused.output).toContain('RISKGRAPH_HOME');
  expect(refused.output).not.toMatch(/\n {4}at /);
});

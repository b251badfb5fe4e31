import { execFile, spawnSync } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Riskgraph } from '../../clients/typescript/src/index.js';
import { freePort } from '../../src/embedded/free-port.js';
import { interruptedAt, middayClock } from '../support/clock.js';
import { runCommand, type Stack, startCommand } from '../support/command.js';
import { freshHome } from '../support/homes.js';

const env = { RISKGRAPH_DEMO_CUSTOMERS: '300' };

/** What an operation answers with: a table by rows, one by columns, or scores. */
interface AnswerTable {
  readonly columns?: readonly { readonly values?: readonly unknown[] }[];
  readonly rows?: readonly (readonly unknown[])[];
  readonly scores?: readonly object[];
}

/** The bash of one section of a page. */
const fencesOf = (page: string, section: string): string[] => {
  const [text = ''] = page.split(`## ${section}\n`)[1]?.split('\n## ') ?? [];
  return [...text.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, body]) => body as string);
};

const lastYear = (): { readonly from: string; readonly to: string } => {
  const year = new Date(middayClock()).getUTCFullYear();
  return { from: `${year - 1}-01-01`, to: `${year}-12-31` };
};

let home: string;
let stack: Stack;

/** Another server, which RISKGRAPH_URL named to the interrupted run; and what it was asked. */
let another: Server;
const asked: (string | undefined)[] = [];
/** What the run said that Ctrl-C ended in the middle. */
let interrupted: string;
/** Of the book: someone who pays on time, someone who is late, and the due date that was missed. */
let examples: { readonly steady: string; readonly late: string; readonly lateSince: string };

beforeAll(async () => {
  home = await freshHome();
  const ended = interruptedAt(/^▸ History/);
  another = createServer(({ url }, response) => {
    asked.push(url);
    response.end('{}');
  });
  await new Promise<void>((resolve) => another.listen(0, '127.0.0.1', resolve));
  const first = runCommand(['demo'], {
    ...env,
    ...ended,
    RISKGRAPH_HOME: home,
    PORT: String(await freePort()),
    RISKGRAPH_URL: `http://127.0.0.1:${(another.address() as AddressInfo).port}`,
    RISKGRAPH_KEY: 'of-another-server',
  });
  // Where nothing ends it, it serves for ever: it is ended then, and the first test says so.
  await first.until(/Ctrl-C ends it/, 400_000).catch(() => undefined);
  if (first.isRunning()) first.signalGroup('SIGINT');
  await first.exited;
  interrupted = first.output();
  stack = await startCommand('demo', { env, home });
  examples = (JSON.parse(await readFile(`${home}/demo.json`, 'utf8')) as { examples: typeof examples }).examples;
}, 900_000);
afterAll(async () => {
  another?.close();
  await stack?.stop();
  await rm(home, { recursive: true, force: true });
});

test('the first run imports the whole book, refusing nothing, and derives the days of its loans', () => {
  for (const table of ['customers', 'applications', 'loans', 'installments', 'repayments', 'events', 'labels', 'costs'])
    expect(interrupted).toMatch(new RegExp(`\\b${table} [1-9]\\d*`));
  expect(interrupted).toMatch(/[1-9]\d* rows, 0 refused/);
  expect(interrupted).toMatch(/[1-9]\d+ rows of [1-9]\d* loans, up to \d{4}-/);
  expect(interrupted).toContain('▸ History');
  expect(interrupted).not.toContain('Ready in');
});

test('a command that starts a stack calls that alone, whatever server the environment names, and says so', () => {
  expect(interrupted).toMatch(/This stack serves at http\S+; other commands go to http\S+, which RISKGRAPH_URL names/);
  expect(asked).toEqual([]);
});

test('a run after an interrupted one does what is left and nothing twice', () => {
  const output = stack.output();
  expect(output).toContain('An earlier run was interrupted');
  for (const done of ['▸ The book:', '▸ Loan snapshots:']) expect(output).not.toContain(done);
  for (const left of ['▸ History', '▸ Online', '▸ Scores']) expect(output).toContain(left);
  expect(output).toMatch(/repayment_history@1 [1-9]/);
});

test('each kind of user sees a query with its answer, of people who borrow', () => {
  const output = stack.output();
  const rowOf = (customer: string): string =>
    new RegExp(`^  ${customer} .*$`, 'm').exec(output)?.[0].trim() ?? `no row of ${customer}`;
  expect(rowOf(examples.steady)).toMatch(/ 0 .* SCORED$/);
  expect(rowOf(examples.late)).toMatch(/ SCORED$/);
  expect(rowOf('nobody')).toMatch(/NOT_FOUND .* MISSING_FEATURES$/);
  // The modeler's two rows: what was known on the due date, and later.
  expect(output).toMatch(new RegExp(`^  ${examples.late} +${examples.lateSince}T`, 'm'));
  for (const indicator of ['approval_rate', 'overdue_balance_rate_30', 'new_loans'])
    expect(output).toMatch(new RegExp(`^  ${indicator}\n  product +channel +(\\d{4}-\\d{2} *){6}\n  \\w+_LINE `, 'm'));
  expect(output).toMatch(/^ {2}vintage: .*\n {2}cohort +0 +1 +2 +3 +4 +5\n {2}\d{4}-\d{2} +\d+\.\d %/m);
  expect(output).toMatch(/^ {2}roll rates of \d{4}-\d{2}: .*\n {2}from_bucket +[A-Z].*\n {2}C +.*\d+\.\d %/m);
  expect(output).toMatch(/^ {2}application_funnel: .*\n {2}channel +OPEN .*\n {2}[A-Z]+ +\d+ +\d+ /m);
  expect(output).toMatch(/Ready in \d+ s/);
  expect(output).toContain(`${stack.url}/graphiql`);
});

test('the home is closed to others, and no key was printed', async () => {
  expect((await stat(home)).mode & 0o777).toBe(0o700);
  expect((await stat(`${home}/keys`)).mode & 0o777).toBe(0o600);
  for (const role of ['admin', 'ingest', 'modeler', 'decision', 'bi', 'investigator'])
    expect(stack.output()).not.toContain(await stack.key(role));
});

test('a decision service reads fresh values, since the book ends yesterday', async () => {
  const { data } = await stack.graphql(
    'decision',
    `{ onlineFeatures(service: "behaviour_score@1", entities: { customer_id: ["${examples.steady}"] }) { columns { name statuses } } }`,
  );
  const { columns } = (data as { onlineFeatures: { columns: { statuses: string[] }[] } }).onlineFeatures;
  expect(columns.flatMap(({ statuses }) => statuses)).not.toContain('STALE');
});

test('a modeler reads the typed graph, now and as of the past', async () => {
  const { data, errors } = await stack.graphql(
    'modeler',
    `{ now: customer(id: "${examples.late}") { repaymentHistory { _status maxDpd6m } } before: customer(id: "${examples.late}", asOf: "2001-01-01T00:00:00Z") { repaymentHistory { _status maxDpd6m } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    now: { repaymentHistory: { _status: 'PRESENT', maxDpd6m: expect.any(Number) } },
    before: { repaymentHistory: { _status: 'NOT_FOUND', maxDpd6m: null } },
  });
});

test('an analyst reads the same indicator as a table and as a spreadsheet', async () => {
  const year = new Date(middayClock()).getUTCFullYear();
  const { data } = await stack.graphql(
    'bi',
    `{ indicatorTable(names: ["overdue_balance_rate_30"], from: "${year - 1}-01-01", to: "${year}-12-31") { columns { name } rows } }`,
  );
  const { rows } = (data as { indicatorTable: { rows: unknown[][] } }).indicatorTable;
  const csv = await (
    await stack.fetch(
      'bi',
      `/indicators.csv?names=overdue_balance_rate_30&from=${year - 1}-01-01&to=${year}-12-31&grain=MONTH`,
    )
  ).text();
  expect(rows.filter(([, rate]) => rate !== null).length).toBeGreaterThan(6);
  expect(csv.trim().split('\n')).toHaveLength(rows.length + 1);
});

test('the Python client reads, scores, and builds a set that has the values of a read', async (context) => {
  const python = { cwd: 'clients/python', encoding: 'utf8' as const };
  const absent = spawnSync('python3', ['-c', 'import pandas, pyarrow, pytest, requests'], python).status !== 0;
  if (absent) return context.skip('python3 has no pandas, pyarrow, pytest and requests: see clients/python/README.md');
  const run = promisify(execFile)('python3', ['-m', 'pytest', '--quiet', '-p', 'no:cacheprovider'], {
    ...python,
    env: {
      ...process.env,
      PYTHONPATH: 'src',
      PYTHONDONTWRITEBYTECODE: '1',
      RISKGRAPH_URL: stack.url,
      RISKGRAPH_KEY: await stack.key('modeler'),
    },
  });
  const { stdout } = await run.catch((failed: { stdout: string }) => failed);
  expect(stdout).toMatch(/^\d+ passed in/m);
});

test('the TypeScript client reads, scores, reports, and builds a set that has the values of a read', async () => {
  const rg = new Riskgraph({ url: stack.url, key: await stack.key('modeler') });
  const feature = 'loan_behaviour@1:max_dpd_3m';
  const entities = { customer_id: [examples.late, 'nobody'] };
  const { rows } = await rg.online({ features: [feature], entities });
  expect(rows).toMatchObject([
    { entity: { customer_id: examples.late }, features: { [feature]: { status: 'PRESENT' } } },
    { entity: { customer_id: 'nobody' }, features: { [feature]: { status: 'NOT_FOUND', value: null } } },
  ]);
  const { scores } = await rg.score({ model: 'b_score', entities, explain: true });
  expect(scores).toMatchObject([{ status: 'SCORED', band: expect.any(String) }, { status: 'MISSING_FEATURES' }]);

  const spine = { customer_id: [examples.late], event_timestamp: [new Date(middayClock() - 86_400_000)] };
  const read = await rg.features({ features: [feature], spine, statuses: true });
  const [value] = read.rows.map((row) => row.loan_behaviour__max_dpd_3m);
  const set = await rg.createTrainingSet({ name: 'typescript', features: [feature], spine, format: 'CSV' });
  const progress: number[] = [];
  await set.wait({ onProgress: (share) => progress.push(share) });
  expect([progress.at(-1), set.facts.rowCount]).toEqual([1, 1]);
  const csv = await readFile(await set.download(`${home}/typescript.csv`), 'utf8');
  expect(csv.trim().split('\n')[1]).toMatch(new RegExp(`^"${examples.late}",.*,${value}$`));
  expect((await rg.openTrainingSet(set.id)).facts.manifest).toEqual(set.facts.manifest);

  const report = await rg.indicators({ names: ['new_loans'], by: ['product'], ...lastYear(), decimals: 'number' });
  expect(report.rows.some((row) => typeof row.new_loans === 'number' && row.new_loans > 0)).toBe(true);
  expect((await rg.search({ text: 'max dpd', entity: 'customer' })).map(({ reference }) => reference)).toContain(
    feature,
  );
  expect((await rg.labels()).map(({ id }) => id)).toContain('dpd30_6m@1');
  expect((await rg.badRates('dpd30_6m@1')).rows.length).toBeGreaterThan(0);
  await expect(rg.online({ features: ['loan_behaviour@1:nothing'], entities })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: expect.stringContaining('max_dpd_3m'),
    requestId: expect.any(String),
  });
});

test('the commands that the README shows each user are answered with data', async () => {
  expect(
    spawnSync('curl', ['--version']).error,
    'this test runs the README’s commands, and curl is not installed',
  ).toBe(undefined);
  const fences = fencesOf(await readFile('README.md', 'utf8'), 'One query for each user');
  const calls = fences.flatMap((fence) => fence.split('\n')).filter((line) => /^(ask|curl) /.test(line));
  expect(calls.length).toBeGreaterThanOrEqual(5);
  const set = fences.flatMap((fence) => fence.split('\n')).filter((line) => /^(KEY=|ask\(\)|of\(\))/.test(line));
  expect(set).toHaveLength(3);
  const { host } = new URL(stack.url);
  const year = new Date(middayClock()).getUTCFullYear();
  for (const call of calls) {
    const script = [...set, call]
      .join('\n')
      .replaceAll('.riskgraph', home)
      .replaceAll('127.0.0.1:4000', host)
      // The book ends yesterday, whatever the year of the page.
      .replace(/\bfrom(: \\"|=)\d{4}/, `from$1${year - 1}`)
      .replace(/\bto(: \\"|=)\d{4}/, `to$1${year}`);
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script]);
    if (call.startsWith('curl')) {
      const [header, ...lines] = stdout.trim().split(/\r?\n/);
      expect(header, call).toMatch(/\bapproval_rate\b/);
      expect(lines.filter((line) => /,\d[\d.]*$/.test(line)).length, call).toBeGreaterThan(0);
      continue;
    }
    const { data, errors } = JSON.parse(stdout) as { data: Record<string, AnswerTable>; errors?: unknown };
    expect(errors, call).toBeUndefined();
    for (const { columns, rows, scores } of Object.values(data)) {
      const values = (rows ?? scores?.map(Object.values) ?? columns?.map((column) => column.values ?? []) ?? []).flat();
      expect(values.filter((value) => value !== null).length, call).toBeGreaterThan(0);
      // Keys, periods and statuses are there in any case: a number was measured.
      expect(
        values.some((value) => /^\d+(\.\d+)?$/.test(String(value))),
        stdout,
      ).toBe(true);
    }
  }
});

test('the command line reads the same server, as text and as JSON', async () => {
  const plan = runCommand(['plan'], stack.env);
  expect(await plan.exited).toBe(0);
  expect(plan.output()).toContain('Nothing to do');
  const doctor = runCommand(['doctor', '--json'], stack.env);
  expect(await doctor.exited, doctor.output()).toBe(0);
  const wrong = runCommand(['materialize', '--views', 'nothing'], stack.env);
  expect(await wrong.exited).toBe(1);
  expect(wrong.output()).toContain('nothing');
});

test('an operator sees jobs, ages of views, refused rows and models without curl', async () => {
  const read = async (...args: readonly string[]) => {
    const command = runCommand(args, stack.env);
    return { code: await command.exited, output: command.output() };
  };
  const [jobs, freshness, quarantine, models, derived, wrong] = await Promise.all([
    read('jobs', '--state', 'COMPLETED', '--json'),
    read('freshness'),
    read('quarantine', 'repayments'),
    read('models'),
    read('derive'),
    read('jobs', '--state', 'LOST'),
  ]);
  const listed = JSON.parse(jobs.output) as readonly { readonly id: string; readonly state: string }[];
  expect(listed.length).toBeGreaterThan(0);
  expect(new Set(listed.map(({ state }) => state))).toEqual(new Set(['COMPLETED']));
  expect(freshness.output).toMatch(/^loan_behaviour@1 +\d+ .* fresh$/m);
  expect(quarantine.output).toContain('No row of repayments was refused.');
  expect(models.output).toMatch(/^b_score@1 +CHAMPION +customer/m);
  expect(derived.output).toMatch(/completed \(job /);
  expect([freshness, quarantine, models, derived].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining('give WAITING, ACTIVE') });
});

test('a second start on the same home is refused with the reason while the first serves', async () => {
  const second = runCommand(['start'], { ...stack.env, PORT: '0' });
  expect(await second.exited).toBe(1);
  expect(second.output()).toMatch(/already running|in use/);
});

test('Ctrl-C ends every process, and the next start begins with what is there', async () => {
  expect(await stack.stop()).toBe(0);
  stack = await startCommand('demo', { env, home });
  expect(stack.output()).toContain('already loaded');
  expect(stack.output()).toMatch(new RegExp(`^  ${examples.steady} .* SCORED$`, 'm'));
  for (const step of ['▸ The book:', '▸ Loan snapshots:', '▸ History:']) {
    expect(interrupted).toContain(step);
    expect(stack.output()).not.toContain(step);
  }
}, 600_000);

test('what the online store has lost is ERROR, and there again without a command', async () => {
  const { Redis } = await import('ioredis');
  const redis = new Redis(`${home}/run/redis.sock`);
  await redis.flushall();
  redis.disconnect();
  const query = `{ onlineFeatures(features: ["repayment_history@1:max_dpd_6m"], entities: { customer_id: ["${examples.late}"] }) { columns { statuses } } }`;
  const answered = async () => JSON.stringify((await stack.graphql('decision', query)).data);
  const seen = new Set<string | undefined>();
  do seen.add(/"statuses":\["(\w+)"\]/.exec(await answered())?.[1]);
  while (!seen.has('PRESENT'));
  expect([...seen]).toEqual(['ERROR', 'PRESENT']);
});

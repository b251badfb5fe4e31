import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RiskgraphError } from '../../src/core/errors.js';
import { loadRegistry } from '../../src/registry/load.js';
import { asProject } from '../support/projects.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'registry-'));
  await asProject(root);
  await put(
    'features/entities.ts',
    "export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });",
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(file: string, body: string): Promise<void> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    `import { defineEntity, defineFeatureView, defineFeatureService, defineIndicator, defineJob, int32, sql } from 'riskgraph';\n${body}\n`,
  );
}

const view = (overrides = '') => `
import { customer } from '../entities.js';
export default defineFeatureView({
  entity: customer, description: 'Logins', owner: 'risk', schedule: { every: 'day', delay: '2h' }, maxAge: '2d', ttl: '30d',
  features: { logins: int32({ description: 'Logins so far' }) },
  query: ({ source, asOf }) => sql\`SELECT customer_id, toInt32(count()) AS logins FROM \${source('events')} WHERE event_time > \${asOf.minusDays(30)} GROUP BY customer_id\`,
  ${overrides}
});`;

const problemsOf = async (): Promise<readonly string[]> => {
  const error = await loadRegistry({ root }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RiskgraphError);
  return (error as RiskgraphError).details?.problems as string[];
};

test('a view file becomes a view whose identity is its path', async () => {
  await put('features/customer/logins.v2.view.ts', view());
  const { views } = await loadRegistry({ root });
  expect(views.get('logins@2')).toMatchObject({ name: 'logins', version: 2, delayMs: 7_200_000, sources: ['events'] });
});

test('a job whose contract has another name than its file is a problem', async () => {
  await put(
    'jobs/count.ts',
    "export default defineJob({ name: 'count_rows', description: 'x', payload: {}, concurrency: 1, run: async () => null });",
  );
  expect(await problemsOf()).toEqual([
    "jobs/count.ts: its contract names it 'count_rows'; name the file jobs/count_rows.ts",
  ]);
});

test('an indicator by a column that identifies a person is refused, one by something coarser is not', async () => {
  const by = (expression: string) => `{ expression: "${expression}", description: 'x' }`;
  await put(
    'indicators/people.indicator.ts',
    `export default defineIndicator({ domain: 'x', description: 'x', owner: 'x', unit: 'count', stock: false, finestGrain: 'DAY',
      from: ({ source }) => sql\`SELECT toDate(registered_at) AS date, phone_hash, birth_date FROM \${source('customers')}\`, numerator: 'count()',
      dimensions: { phone: ${by('phone_hash')}, born: ${by(' toString(birth_date)')}, decade: ${by('intDiv(toYear(birth_date), 10)')} } });`,
  );
  expect(await problemsOf()).toEqual([
    expect.stringContaining('dimension phone: phone_hash identifies a person'),
    expect.stringContaining('dimension born: birth_date identifies a person'),
  ]);
});

test('all problems of all files are listed at once', async () => {
  await put('features/customer/logins.v1.view.ts', view("owner: '', maxAge: '40d',"));
  await put(
    'features/services/login.v1.service.ts',
    "export default defineFeatureService({ description: 'x', owner: 'x', features: ['logins', 'nothing@1', 'logins@1:absent'] });",
  );
  await put('features/customer/Bad-Name.view.ts', 'export default 1;');
  const problems = await problemsOf();
  expect(problems).toEqual([
    'features/customer/Bad-Name.view.ts: the name must be <snake_case>.v<number>.<kind>.ts (tables: <snake_case>.table.ts, indicators: <snake_case>.indicator.ts)',
    'features/customer/logins.v1.view.ts: has no owner',
    'features/customer/logins.v1.view.ts: maxAge is longer than ttl',
    "features/services/login.v1.service.ts: 'logins' names no version; pin one, as logins@1",
    "features/services/login.v1.service.ts: 'nothing@1': there is no feature view nothing@1",
    "features/services/login.v1.service.ts: 'logins@1:absent': logins@1 has no feature absent",
  ]);
});

test.each([
  [
    'a table read by name',
    'query: () => sql`SELECT customer_id, 1 AS logins FROM events`,',
    "the query reads 'events' by name",
  ],
  [
    'a table joined by name after a source',
    `query: ({ source }) => sql\`SELECT customer_id, 1 AS logins FROM \${source('events')} e JOIN riskgraph.loans l USING customer_id\`,`,
    "reads 'riskgraph.loans'",
  ],
  ['a second table after a comma', 'query: () => sql`WITH a AS (SELECT 1) SELECT 1 FROM a, loans`,', "reads 'loans'"],
  ['a table function', "query: () => sql`SELECT * FROM file('/etc/passwd')`,", "reads 'file"],
  [
    'labels, which are never features',
    `query: ({ source }) => sql\`SELECT 1 FROM \${source('labels')}\`,`,
    'a label is never a feature',
  ],
  [
    'a table that the schema does not hold',
    `query: ({ source }) => sql\`SELECT 1 FROM \${source('eventz')}\`,`,
    "source('eventz') is not a source table",
  ],
  [
    'a source narrowed by a column that differs between versions',
    `query: ({ source }) => sql\`SELECT 1 FROM \${source('events', { where: sql\`event_id > 'e' AND page = 'x'\` })}\`,`,
    "names 'page', which is no key column",
  ],
  ['ttl 0', "ttl: '0d', maxAge: undefined,", 'ttl 0 is refused'],
  ['an unknown fate of absent keys', "absent: 'stays',", "absent 'stays' is neither 'ends' nor 'keeps'"],
  [
    'a deadline that ends before the delay',
    "schedule: { every: 'day', delay: '2h', deadline: '1h' },",
    "deadline '1h' is before its delay of '2h'",
  ],
  [
    'a deadline beyond the next as-of',
    "schedule: { every: 'hour', delay: '10m', deadline: '2h' },",
    "deadline '2h' is after the next as-of is due: at most one hour longer than its delay of '10m'",
  ],
  ['a reserved feature name', "features: { event_time: int32({ description: 'x' }) },", 'the name is reserved'],
])('%s is refused', async (_, override, reason) => {
  await put('features/customer/logins.v1.view.ts', view(override));
  expect((await problemsOf()).join('\n')).toContain(reason);
});

test('a table that promises whole days says how, and by when', async () => {
  const tableFile = (more: string) => `import { defineTable, instant, text } from 'riskgraph';
  export default defineTable({
    description: 'x', key: ['id'], ${more}, columns: { id: text('x'), at: instant('x') } });`;
  await put('tables/visits.table.ts', tableFile("eventTime: 'at', completeness: 'arrival', completeWithin: '6h'"));
  await put('tables/visitors.table.ts', tableFile("completeness: 'arrival'"));
  await put('tables/doors.table.ts', tableFile("completeness: 'sometimes', completeWithin: 'noon'"));
  await put('tables/rooms.table.ts', tableFile("completeWithin: '6h'"));
  expect(await problemsOf()).toEqual([
    "tables/doors.table.ts: completeness is 'sometimes': write 'marked' or 'arrival'",
    "tables/doors.table.ts: completeWithin: 'noon' is not a duration",
    'tables/rooms.table.ts: completeWithin is for a table with completeness',
    "tables/visitors.table.ts: completeness 'arrival' goes by the event time of rows: name an eventTime, or write 'marked'",
  ]);
});

test('a table that is cut or keeps its rows for a time says so by its event time, and no view or label looks back further', async () => {
  const tableFile = (more: string) => `import { defineTable, instant, text } from 'riskgraph';
  export default defineTable({
    description: 'x', key: ['id'], ${more}, columns: { id: text('x'), at: instant('x') } });`;
  const querying = (source: string) =>
    view(`query: ({ source, asOf }) => sql\`SELECT id AS customer_id, toInt32(1) AS logins FROM ${source}\`,`);
  const reads = (table: string, within: string) => querying(`\${source('${table}', { within: ${within} })}`);
  const moves = (months: number) => querying(`\${source('visits')} WHERE at > \${asOf.minusMonths(${months})}`);
  await put('tables/visits.table.ts', tableFile("eventTime: 'at', partition: 'month', retention: { months: 2 }"));
  await put('tables/doors.table.ts', tableFile("partition: 'day', retention: { days: 0 }"));
  await put(
    'tables/rooms.table.ts',
    tableFile("eventTime: 'at', retention: { weeks: 2 }, attached: { table: 'core.rooms' }"),
  );
  await put('features/customer/fits.v1.view.ts', reads('visits', '{ days: 59 }'));
  await put('features/customer/far.v1.view.ts', reads('visits', '{ days: 60 }'));
  await put('features/customer/moved.v1.view.ts', moves(3));
  await put('features/customer/nowhen.v1.view.ts', reads('visits', '{ days: 1.5 }'));
  const whole = 'write { days: n } or { months: n }, a whole number from 1 to a hundred years';
  expect(await problemsOf()).toEqual([
    "tables/doors.table.ts: partition is 'day': write 'month' or 'year'",
    `tables/doors.table.ts: retention: ${whole}`,
    'tables/doors.table.ts: partition goes by the event time of rows: name an eventTime, or take it out',
    'tables/doors.table.ts: retention goes by the event time of rows: name an eventTime, or take it out',
    `tables/rooms.table.ts: retention: ${whole}`,
    'tables/rooms.table.ts: retention is for tables that the platform fills: core.rooms is kept as its owner keeps it',
    "features/customer/far.v1.view.ts: source('visits', { within }) looks back 60 days, and visits keeps its rows for 2 months",
    "features/customer/moved.v1.view.ts: looks back 3 months, and visits keeps its rows for 2 months: look back less, or say in source('visits', { within }) how much of visits is read",
    `features/customer/nowhen.v1.view.ts: source('visits', { within }): ${whole}`,
  ]);
});

const hashOf = async (): Promise<string> => {
  // A fresh root, since a module is loaded once a path.
  const copy = root;
  const { views } = await loadRegistry({ root: copy });
  return views.get('logins@1')?.hash as string;
};

test('the content hash ignores comments and layout, and covers what the definition imports', async () => {
  const withHelper = (window: number, comment: string) => async () => {
    await put('features/customer/window.ts', `export const WINDOW = ${window};`);
    await put(
      'features/customer/logins.v1.view.ts',
      `${comment}\nimport { WINDOW } from './window.js';${view('// a remark\n')}\nexport const used = WINDOW;`,
    );
    return hashOf();
  };
  const first = await withHelper(30, '// one')();
  const reworded = await withHelper(30, '/* another */\n\n')();
  const changed = await withHelper(31, '// one')();
  expect(reworded).toBe(first);
  expect(changed).not.toBe(first);
});

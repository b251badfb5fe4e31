/** Two versions of one view side by side, from the plan to the prune: none of these needs a restart, but the types of the graph. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describePlan } from '../../src/commands/registry.js';
import { raw } from '../../src/core/definitions/sql.js';
import { addDays, BusinessCalendar } from '../../src/core/helpers/time.js';
import { openClickHouse } from '../../src/warehouse/client.js';
import { type DefinitionRoot, emptyRoot } from '../docs/definitions.js';
import { quietMetrics } from '../sources/support.js';
import { type Api, type ApiStores, closeApiStores, freshApiStores, startApi } from '../support/api.js';
import { middayClock } from '../support/clock.js';
import { quietLog } from '../support/homes.js';

const viewFile = (version: number, expression: string) => ({
  path: `features/customer/income_level.v${version}.view.ts`,
  text: `import { defineFeatureView, float64, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description: 'What a customer earns, meaning ${version}.',
  owner: 'test',
  schedule: { every: 'day', delay: '0s' },
  features: { monthly: float64({ description: 'Income a month', unit: 'CNY' }) },
  query: ({ source }) => sql\`SELECT customer_id, ${expression} AS monthly FROM \${source('customers')}\`,
});
`,
});
const serviceFile = (name: string, version: number) => ({
  path: `features/services/${name}.v1.service.ts`,
  text: `import { defineFeatureService } from 'riskgraph';

export default defineFeatureService({ description: '${name}', owner: 'test', features: ['income_level@${version}'] });
`,
});

const labelFile = {
  path: 'labels/late_30.v1.label.ts',
  text: `import { defineLabel, dpdReaches, monthEnds } from 'riskgraph';
import { customer } from '../features/entities.js';

export default defineLabel({
  entity: customer,
  description: '30 days past due within 90 days: 1 is late.',
  owner: 'test',
  observation: monthEnds(),
  window: { days: 90 },
  outcome: dpdReaches(30, { on: 'any' }),
  sampling: { strata: { bad: { when: 'value = 1', rate: 1 }, good: { when: 'value = 0', rate: 0.2 } } },
  split: { outOfTime: '2026-01-01' },
});
`,
};

let stores: ApiStores;
let definitions: DefinitionRoot;
let api: Api;
let worker: { close(): Promise<void> };

/** As the definition files are now. */
async function start(): Promise<void> {
  api = await startApi({ definitions: definitions.root, stores, clock: middayClock });
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
}
async function stop(): Promise<void> {
  await worker.close();
  await api.close();
}
/** The types of the graph are those of the start. */
async function restart(): Promise<void> {
  await stop();
  await start();
}

const ask = async <T>(query: string, role: 'admin' | 'decision' | 'modeler' = 'admin'): Promise<T> => {
  const { data, errors } = await api.graphql<T>(role, query);
  expect(errors).toEqual([]);
  return data as T;
};

interface Job {
  readonly id: string;
  readonly state: string;
  readonly error: string | null;
  readonly result: Readonly<Record<string, unknown>>;
}

async function finished(id: string): Promise<Job> {
  await api.jobEnded(id);
  return (await ask<{ job: Job }>(`{ job(id: "${id}") { id state error result } }`)).job;
}

async function run(mutation: string): Promise<Job> {
  const answer = await ask<Record<string, { id: string }>>(`mutation { ${mutation} { id } }`);
  const job = await finished(Object.values(answer)[0]?.id as string);
  expect(job).toMatchObject({ state: 'COMPLETED', error: null });
  return job;
}

const PLAN = `changes { action kind name version description notes pins breaks touches { kind id effect } cost {
  backfillFrom backfillTo backfillAsOfs backfillRows onlineKeys sampledRows bytesPerKey onlineBytes problem } }
  problems warnings prunable { view rows bytes trainingSets }`;
type Plan = Parameters<typeof describePlan>[0];

beforeAll(async () => {
  [stores, definitions] = await Promise.all([freshApiStores(), emptyRoot()]);
  await definitions.put(viewFile(1, 'toFloat64(monthly_income)'));
  await definitions.put(serviceFile('old', 1));
  await definitions.put(labelFile);
  await start();
  const response = await api.fetch('ingest', '/import/customers?history=true', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'customer_id,registered_at,monthly_income\nC1,2026-01-01T00:00:00Z,1000\nC2,2026-01-02T00:00:00Z,2000\n',
  });
  expect(await response.json()).toMatchObject({ accepted: 2 });
  await ask('mutation { applyRegistry { problems } }');
  await run('materialize');
});

afterAll(async () => {
  await stop();
  await definitions.close();
  await closeApiStores(stores);
});

it('a plan shows a new version with its cost and those whom it touches, to a program and to a person', async () => {
  // What is written while the server runs is planned as it stands.
  await definitions.put(viewFile(2, 'toFloat64(monthly_incom)'));
  await definitions.put({ path: 'features/customer/broken.v1.view.ts', text: 'export default {' });
  const draft = await ask<{ planRegistry: Plan }>('mutation { planRegistry(costs: false) { problems } }');
  expect(draft.planRegistry.problems).toEqual([
    expect.stringMatching(/^features\/customer\/broken\.v1\.view\.ts is refused: does not load: /),
    expect.stringMatching(/^the query of features\/customer\/income_level\.v2\.view\.ts cannot run: .*monthly_incom/),
  ]);
  const tried = async (): Promise<string | undefined> =>
    /clickhouse_query_seconds_count\{[^}]*"query-plan"[^}]*\} (\d+)/.exec(await api.app.telemetry.metricsText())?.[1];
  const before = await tried();
  await ask('mutation { planRegistry(costs: false) { changes { name } } }');
  expect(Number(before), 'a query is tried where problems are asked for').toBeGreaterThan(0);
  expect(await tried()).toBe(before);
  const preview = (keys: string) =>
    api.graphql<{ previewFeatureView: unknown }>(
      'modeler',
      `{ previewFeatureView(view: "income_level", keys: ${keys}) { columns { name type } rowCount rows } }`,
    );
  const refused = await preview('{ customer_id: ["C1"] }');
  expect(refused.errors[0]).toMatchObject({
    message: expect.stringMatching(/^the query of income_level@2 as of .* failed: .*monthly_incom/),
    extensions: { code: 'BAD_USER_INPUT' },
  });
  await rm(join(definitions.root, 'features/customer/broken.v1.view.ts'));
  await definitions.put(viewFile(2, 'toFloat64(monthly_income) * 12'));
  const previewed = await preview('{ customer_id: ["C2", "nobody", "C1"] }');
  expect(previewed.data?.previewFeatureView).toEqual({
    columns: [
      { name: 'customer_id', type: 'STRING' },
      { name: 'monthly', type: 'FLOAT64' },
    ],
    rowCount: 3,
    rows: [
      ['C2', 24_000],
      ['nobody', null],
      ['C1', 12_000],
    ],
  });
  expect((await preview('{ customer: ["C1"] }')).errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  await definitions.put(serviceFile('new', 2));
  const { planRegistry } = await ask<{ planRegistry: Plan }>(`mutation { planRegistry { ${PLAN} } }`);
  expect(planRegistry).toMatchObject({
    problems: [],
    prunable: [],
    changes: [
      {
        action: 'BUMP',
        kind: 'view',
        name: 'income_level',
        version: 2,
        breaks: [],
        touches: [
          { kind: 'service', id: 'new@1', effect: 'ADDED' },
          { kind: 'service', id: 'old@1', effect: 'STAYS' },
        ],
        // Where the history of version 1 begins: at its one as-of.
        cost: { backfillAsOfs: 1, backfillRows: 2, onlineKeys: 2, sampledRows: 2, problem: null },
      },
      { action: 'ADD', kind: 'service', name: 'new', pins: ['income_level@2'], cost: null },
    ],
  });
  const text = describePlan(planRegistry, false);
  expect(text).toMatch(/BUMP +view +income_level@2 +2 +\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d +2 +\d+ bytes/);
  expect(text).toContain('income_level@2  added: service new@1; stays: service old@1');
  const cheap = await ask<{ planRegistry: Plan }>(`mutation { planRegistry(costs: false) { ${PLAN} } }`);
  expect(cheap.planRegistry.changes.map(({ cost }) => cost)).toEqual([null, null]);
  expect(describePlan(cheap.planRegistry, false)).toContain('meaning 2');
});

it('serves two versions of one view side by side, each with a service of its own', async () => {
  await ask('mutation { applyRegistry { problems } }');
  await run('materialize');
  const read = (service: string) =>
    ask<{ onlineFeatures: { columns: unknown[] } }>(
      `{ onlineFeatures(service: "${service}", entities: { customer_id: ["C1", "C2"] }) { columns { name values statuses } } }`,
      'decision',
    );
  const present = { statuses: ['PRESENT', 'PRESENT'] };
  expect((await read('old@1')).onlineFeatures.columns).toEqual([
    { name: 'income_level@1:monthly', values: [1000, 2000], ...present },
  ]);
  expect((await read('new@1')).onlineFeatures.columns).toEqual([
    { name: 'income_level@2:monthly', values: [12_000, 24_000], ...present },
  ]);
  await restart();
  const graph = '{ customer(id: "C2") { incomeLevel { _status monthly } incomeLevelV1 { _status monthly } } }';
  expect(await ask(graph, 'decision')).toEqual({
    customer: {
      incomeLevel: { _status: 'PRESENT', monthly: 24_000 },
      incomeLevelV1: { _status: 'PRESENT', monthly: 2_000 },
    },
  });
  const now = new Date(middayClock()).toISOString();
  const both = await ask<{ historicalFeatures: { rows: unknown[] } }>(
    `{ historicalFeatures(features: ["income_level@1:monthly", "income_level@2:monthly"],
      spine: { customer_id: ["C1"], event_timestamp: ["${now}"] }) { rows } }`,
  );
  expect((both.historicalFeatures.rows[0] as unknown[]).slice(-2)).toEqual([1_000, 12_000]);
});

it('refuses to end a version that a service pins, then prunes what is retired, by the admin alone', async () => {
  const refused = await api.graphql('admin', 'mutation { retireFeatureView(view: "income_level@1") { problems } }');
  expect(refused.errors[0]?.message).toBe('feature view income_level@1 is pinned by service old@1');
  const early = await api.graphql('admin', 'mutation { pruneFeatureView(view: "income_level@1") { id } }');
  expect(early.errors[0]).toMatchObject({
    message: expect.stringContaining('is in force and pinned by service old@1'),
    extensions: { code: 'CONFLICT' },
  });
  const { createTrainingSet } = await ask<{ createTrainingSet: { id: string; job: { id: string } } }>(
    `mutation { createTrainingSet(input: { name: "winter", features: ["income_level@1"], spine: { customer_id: ["C1"],
      event_timestamp: ["${new Date(middayClock()).toISOString()}"] } }) { id job { id } } }`,
    'modeler',
  );
  await finished(createTrainingSet.job.id);

  await rm(join(definitions.root, serviceFile('old', 1).path));
  await ask('mutation { applyRegistry { problems } }');
  const { retireFeatureView } = await ask<{ retireFeatureView: Plan }>(
    `mutation { retireFeatureView(view: "income_level@1") { ${PLAN} } }`,
  );
  expect(retireFeatureView.prunable).toMatchObject([
    { view: 'income_level@1', rows: 2, trainingSets: [createTrainingSet.id] },
  ]);
  const pinned = await api.graphql('admin', 'mutation { pruneFeatureView(view: "income_level@1") { id } }');
  expect(pinned.errors[0]).toMatchObject({
    message: `feature view income_level@1 is pinned by training set 'winter' (${createTrainingSet.id})`,
    extensions: { code: 'CONFLICT', hint: expect.stringContaining('force: true') },
  });
  const forced = 'pruneFeatureView(view: "income_level@1", force: true)';
  expect((await api.graphql('modeler', `mutation { ${forced} { id } }`)).errors[0]?.extensions.code).toBe('FORBIDDEN');
  expect((await run(forced)).result).toMatchObject({ view: 'income_level@1', rows: 2 });
  expect(await ask('mutation { planRegistry { prunable { view } changes { name } } }')).toEqual({
    planRegistry: { prunable: [], changes: [] },
  });
  await restart();
  expect(await ask('{ customer(id: "C1") { incomeLevel { monthly } } }')).toEqual({
    customer: { incomeLevel: { monthly: 12_000 } },
  });
  const rebuilt = await api.graphql('modeler', `mutation { rebuildTrainingSet(id: "${createTrainingSet.id}") { id } }`);
  expect(rebuilt.errors[0]?.message).toBe(
    `training set '${createTrainingSet.id}' was built from income_level@1, whose history has been pruned since`,
  );
  const audited = (await api.app.services.api.audit.list(50)).filter(({ action }) => action.includes('pruneFeature'));
  expect(audited.map(({ outcome, caller }) => `${outcome} ${caller?.role}`)).toEqual([
    'DONE admin',
    'BEGUN admin',
    'REFUSED modeler',
    'FAILED admin',
    'BEGUN admin',
    'FAILED admin',
    'BEGUN admin',
  ]);

  await rm(join(definitions.root, viewFile(1, '').path));
  expect(await ask('mutation { planRegistry { changes { name } problems } }')).toEqual({
    planRegistry: { changes: [], problems: [] },
  });
});

const shopsFile = (more = '', phone = 'opt(pii(text("Its phone")))') => ({
  path: 'tables/shops.table.ts',
  text: `import { defineTable, float, instant, opt, pii, text } from 'riskgraph';

export default defineTable({
  description: 'A shop in which loans are sold.',
  key: ['shop_id'],
  eventTime: 'opened_at',
  completeness: 'arrival',
  completeWithin: '6h',
  columns: { shop_id: text('The shop'), customer_id: text('Who runs it'), opened_at: instant('When it opened'), phone: ${phone}, ${more} },
});
`,
});
const shopsView = {
  path: 'features/customer/shop_count.v1.view.ts',
  text: `import { defineFeatureView, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description: 'Shops that a customer runs.',
  owner: 'test',
  schedule: { every: 'day', delay: '0s' },
  features: { shops: int32({ description: 'Shops', unit: 'shops' }) },
  query: ({ source }) => sql\`SELECT customer_id, toInt32(count()) AS shops FROM \${source('shops')} GROUP BY customer_id\`,
});
`,
};

it('a table and a column of one’s own are made by an apply that a plan has shown, in every process, and any other change is refused by name', async () => {
  await definitions.put(shopsFile());
  await definitions.put(shopsView);
  const tableChanges = async (): Promise<readonly (readonly unknown[])[]> => {
    const { planRegistry } = await ask<{ planRegistry: Plan }>(`mutation { planRegistry(costs: false) { ${PLAN} } }`);
    expect(planRegistry.problems).toEqual([]);
    return planRegistry.changes.map(({ action, kind, name, touches }) => [
      action,
      kind,
      name,
      touches.map(({ id }) => id),
    ]);
  };
  const load = async (at: Api, body: string): Promise<unknown> => {
    const headers = { 'content-type': 'text/csv' };
    return (await at.fetch('ingest', '/import/shops', { method: 'POST', headers, body })).json();
  };
  const row = 'shop_id,customer_id,opened_at\nS1,C1,2026-01-05T00:00:00Z\n';
  // It starts with the file that no apply has made yet.
  const other = await startApi({ definitions: definitions.root, stores, clock: middayClock });
  try {
    expect(await tableChanges()).toEqual([
      ['ADD', 'table', 'shops', ['shop_count@1']],
      ['ADD', 'view', 'shop_count', []],
    ]);
    expect(await load(api, row)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(await load(other, row)).toMatchObject({
      error: { code: 'CONFLICT', hint: 'riskgraph plan shows it, and riskgraph apply makes it' },
    });
    await ask('mutation { applyRegistry { problems } }');
    expect(await tableChanges()).toEqual([]);
    expect(await load(api, row)).toMatchObject({ accepted: 1, rejected: 0 });
    await other.app.services.api.catalogue.refresh();
    expect(await load(other, row)).toMatchObject({ duplicates: 1 });

    await definitions.put(shopsFile("area: opt(float('Its area'))"));
    const wide = 'shop_id,customer_id,opened_at,area\nS1,C1,2026-01-05T00:00:00Z,80\n';
    expect(await tableChanges()).toEqual([['ADD', 'column', 'shops.area', []]]);
    const fresh = {
      path: shopsView.path.replace('shop_count', 'shop_area'),
      text: shopsView.text.replace('count()', 'sum(area)'),
    };
    await definitions.put(fresh);
    // The stored rows have no such column: what the view costs is not known, and not nothing.
    const costed = await ask<{ planRegistry: Plan }>(`mutation { planRegistry { ${PLAN} } }`);
    expect(costed.planRegistry.changes.find(({ name }) => name === 'shop_area')?.cost).toMatchObject({
      onlineKeys: null,
      problem: 'its cost is not known before the apply that adds shops.area',
    });
    await rm(join(definitions.root, fresh.path));
    expect(await load(api, wide)).toMatchObject({ error: { code: 'BAD_USER_INPUT' } });
    await ask('mutation { applyRegistry { problems } }');
    await other.app.services.api.catalogue.refresh();
    expect(await load(other, row)).toMatchObject({ duplicates: 1 });
    expect(await load(other, wide)).toMatchObject({ accepted: 1 });
    expect(await load(api, wide)).toMatchObject({ duplicates: 1 });

    const said = shopsFile("area: opt(float('Its area in m2'))");
    await definitions.put(said);
    expect(await tableChanges()).toEqual([['CHANGE', 'table', 'shops', []]]);
    await ask('mutation { applyRegistry { problems } }');
    expect(await tableChanges()).toEqual([]);
    await other.app.services.api.catalogue.refresh();
    expect(other.app.registry.tables.get('shops').columns.at(-1)?.description).toBe('Its area in m2');

    const kept = { ...said, text: said.text.replace('eventTime:', 'retention: { months: 24 }, eventTime:') };
    await definitions.put(kept);
    const { planRegistry } = await ask<{ planRegistry: Plan }>(`mutation { planRegistry(costs: false) { ${PLAN} } }`);
    expect(planRegistry.changes).toMatchObject([
      {
        action: 'CHANGE',
        name: 'shops',
        notes: ['keeps its rows for 24 months, until now for good: older rows are read no more, and removed for good'],
      },
    ]);
    await ask('mutation { applyRegistry { problems } }');
    expect(await tableChanges()).toEqual([]);
    await other.app.services.api.catalogue.refresh();
    expect(other.app.registry.tables.get('shops').retention).toEqual({ months: 24 });
    await definitions.put(said);
    expect(await tableChanges()).toEqual([['CHANGE', 'table', 'shops', ['shop_count@1']]]);
    await ask('mutation { applyRegistry { problems } }');
  } finally {
    await other.close();
  }

  const problemsOf = async (): Promise<readonly string[]> =>
    (await ask<{ planRegistry: Plan }>('mutation { planRegistry(costs: false) { problems } }')).planRegistry.problems;
  const areaOf = (column: string) => `area: opt(${column}('Its area'))`;
  await definitions.put(shopsFile(`${areaOf('text')}, floors: float('x')`, 'opt(text("Its phone"))'));
  const problems = await problemsOf();
  expect(problems).toHaveLength(1);
  for (const reason of [
    /^tables\/shops\.table\.ts is refused: /,
    /'area' is stored as Nullable\(Float64\)/,
    /'phone' was applied as personal: put pii\(…\) back/,
    /'floors' is new/,
  ]) {
    expect(problems[0]).toMatch(reason);
  }
  // What is served goes on, with the definition that was applied.
  expect(await load(api, row.replace('S1', 'S2'))).toMatchObject({ accepted: 1 });
  await rm(join(definitions.root, shopsFile().path));
  expect((await problemsOf()).join()).toMatch(
    /the file of the source table shops is gone, and view shop_count@1 reads it/,
  );
  await definitions.put(shopsFile("area: opt(pii(float('Its area')))"));
  expect((await problemsOf()).join()).toMatch(/'area' was applied without pii\(…\)/);
});

it('a label says how spines that are made of it are sampled and split', async () => {
  const asked =
    '{ labelDefinition(name: "late_30") { sampling { seed strata { name when rate } } split { validation outOfTime } } }';
  expect(await ask(asked, 'modeler')).toEqual({
    labelDefinition: {
      sampling: {
        seed: 'late_30',
        strata: [
          { name: 'bad', when: 'value = 1', rate: 1 },
          { name: 'good', when: 'value = 0', rate: 0.2 },
        ],
      },
      split: { validation: null, outOfTime: '2026-01-01' },
    },
  });
});

interface WholeTable {
  readonly name: string;
  readonly completeThrough: string | null;
  readonly completeDue: string | null;
}

it('a table is whole through the day before its newest row where it says so, or through a later one that is marked, which only moves forward', async () => {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const daysAgo = (days: number): string => addDays(calendar.dateOf(middayClock()), -days);
  const shops = async (role: 'admin' | 'modeler' = 'admin') => {
    const { tables } = await ask<{ tables: readonly WholeTable[] }>(
      '{ tables { name completeThrough completeDue } }',
      role,
    );
    return tables.find(({ name }) => name === 'shops');
  };
  const mark = (role: 'ingest' | 'modeler', table: string, date: string) =>
    api.graphql<{ markComplete: Pick<WholeTable, 'name' | 'completeThrough'> }>(
      role,
      `mutation { markComplete(table: "${table}", date: "${date}") { name completeThrough } }`,
    );
  // Its rows are of 5 January; at noon, six hours after midnight are over.
  expect(await shops()).toEqual({ name: 'shops', completeThrough: '2026-01-04', completeDue: daysAgo(1) });
  const gauges = await (await api.fetch('admin', '/metrics')).text();
  const end = calendar.endOfDay('2026-01-04') + 1;
  expect(gauges).toContain(`riskgraph_source_complete_through_seconds{table="shops"} ${end / 1_000}`);
  expect(Number(/riskgraph_source_late_seconds\{table="shops"\} (\S+)/.exec(gauges)?.[1])).toBeGreaterThan(0);
  expect(gauges).not.toContain('source_late_seconds{table="customers"}');

  const send = async (body: string, completeThrough: string): Promise<unknown> => {
    const headers = { 'content-type': 'text/csv', 'x-complete-through': completeThrough };
    return (await api.fetch('ingest', '/import/shops', { method: 'POST', headers, body })).json();
  };
  const file = 'shop_id,customer_id,opened_at\nS9,C1,2026-01-05T00:00:00Z\n';
  expect(await send(file, daysAgo(2))).toEqual({ accepted: 1, duplicates: 0, rejected: 0, quarantine: [] });
  expect(await shops('modeler')).toMatchObject({ completeThrough: daysAgo(2) });
  const [done] = (await api.app.services.api.audit.list(50)).filter(({ action }) => action === 'POST /import/:table');
  expect(done).toMatchObject({ outcome: 'DONE', details: { headers: { 'x-complete-through': daysAgo(2) } } });

  for (const [date, through] of [
    [daysAgo(1), daysAgo(1)],
    [daysAgo(1), daysAgo(1)],
    [daysAgo(9), daysAgo(1)],
  ] as const) {
    expect((await mark('ingest', 'shops', date)).data).toEqual({
      markComplete: { name: 'shops', completeThrough: through },
    });
  }
  // A table that promises nothing is marked all the same; a late row of a marked day is taken.
  expect((await mark('ingest', 'customers', daysAgo(1))).data).toMatchObject({
    markComplete: { completeThrough: daysAgo(1) },
  });
  expect(await send(file.replace('S9', 'S10'), daysAgo(1))).toMatchObject({ accepted: 1 });

  const refused = async (role: 'ingest' | 'modeler', table: string, date: string) =>
    (await mark(role, table, date)).errors.map(({ message, extensions: { code, hint } }) => ({ code, message, hint }));
  expect(await refused('ingest', 'shops', daysAgo(0))).toEqual([
    {
      code: 'BAD_USER_INPUT',
      message: `${daysAgo(0)} is not over in Asia/Shanghai: more of its rows may come`,
      hint: `mark it once it is over; the last day that is over is ${daysAgo(1)}`,
    },
  ]);
  expect(await refused('ingest', 'shops', '0000-01-01')).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
  expect(await refused('ingest', 'shop', daysAgo(1))).toMatchObject([{ code: 'NOT_FOUND' }]);
  expect(await refused('modeler', 'shops', daysAgo(1))).toMatchObject([{ code: 'FORBIDDEN' }]);
  expect(await shops()).toMatchObject({ completeThrough: daysAgo(1) });
});

it('an attached table is read in place: as known where it says since when a row is, marked where it does not, and never written', async () => {
  const { url, database } = stores.clickhouse;
  const lender = openClickHouse({ url, database, log: quietLog, metrics: quietMetrics });
  const core = `${database}_core`;
  const run = (statement: string) => lender.run('test', raw(statement));
  const incomeFile = (attached: string) => ({
    path: 'tables/salaries.table.ts',
    text: `import { day, defineTable, instant, money, opt, text } from 'riskgraph';

export default defineTable({
  description: 'A salary that was paid.',
  key: ['salary_id'],
  eventTime: 'paid_at',
  attached: { table: '${core}.salary', ${attached} },
  columns: { salary_id: text('The salary'), customer_id: text('Who got it'), paid_at: instant('When'), amount: money('How much') },
});
`,
  });
  const otherFile = (name: string, table: string, columns: string) => ({
    path: `tables/${name}.table.ts`,
    text: `import { defineTable, instant, money, text } from 'riskgraph';

export default defineTable({
  description: 'Another payment.',
  key: ['id'],
  eventTime: 'paid_at',
  attached: { table: '${core}.${table}', columns: { ${columns}, paid_at: 'at' } },
  columns: { id: text('The payment'), customer_id: text('Who got it'), paid_at: instant('When'), amount: money('How much') },
});
`,
  });
  const view = {
    ...shopsView,
    path: 'features/customer/salary_sum.v1.view.ts',
    text: shopsView.text.replaceAll('shops', 'salaries').replace('count()', 'sum(amount)'),
  };
  const plan = async () =>
    (await ask<{ planRegistry: Plan }>(`mutation { planRegistry(costs: false) { ${PLAN} } }`)).planRegistry;
  const amountAt = async (asOf: string, name = 'salary_sum'): Promise<unknown> => {
    const query = `{ previewFeatureView(view: "${name}", keys: { customer_id: ["7"] }, asOf: "${asOf}") { rows } }`;
    return (await ask<{ previewFeatureView: { rows: unknown[][] } }>(query)).previewFeatureView.rows[0]?.[1];
  };
  await definitions.put(shopsFile("area: opt(float('Its area in m2'))"));
  await run(`CREATE DATABASE ${core}`);
  try {
    await run(`CREATE TABLE ${core}.salary (salary_no UInt64, cust_no UInt32, paid_at DateTime('Asia/Shanghai'),
      amount Decimal(12, 4), loaded DateTime64(3, 'UTC'), void UInt8) ENGINE = MergeTree ORDER BY salary_no`);
    await run(`INSERT INTO ${core}.salary VALUES (1, 7, '2026-01-10 10:00:00', 100, '2026-01-11 00:00:00', 0),
      (1, 7, '2026-01-10 10:00:00', 150, '2026-01-20 00:00:00', 0), (2, 7, '2026-01-12 10:00:00', 30, '2026-01-12 12:00:00', 0),
      (2, 7, '2026-01-12 10:00:00', 30, '2026-01-25 00:00:00', 1)`);
    await definitions.put(view);
    await definitions.put(
      incomeFile("columns: { salary_id: 'toString(salary_nr)', customer_id: 'toString(cust_no)' }"),
    );
    await run(
      `CREATE TABLE ${core}.day_sum (day_no UInt64, paid Float64, paid_at DateTime('UTC')) ENGINE = SummingMergeTree ORDER BY day_no`,
    );
    await run(`CREATE TABLE ${core}.kept (no String, customer_id String, paid Float64, at DateTime('UTC'), sign Int8)
      ENGINE = CollapsingMergeTree(sign) ORDER BY no`);
    // Not merged: the row that K2 cancels is stored beside it.
    await run(
      `INSERT INTO ${core}.kept VALUES ('K1', '7', 0.29, '2026-01-10 02:00:00', 1), ('K2', '7', 5, '2026-01-10 02:00:00', 1)`,
    );
    await run(`INSERT INTO ${core}.kept VALUES ('K2', '7', 5, '2026-01-10 02:00:00', -1)`);
    const wrong = {
      summed: otherFile('summed', 'day_sum', "id: 'toString(day_no)', amount: '0::Decimal(18, 2)'"),
      cut: otherFile('cut', 'kept', "id: 'no', amount: 'round(paid, 2)::Decimal(18, 2)'"),
      newest: otherFile('newest', 'kept', "id: 'no', amount: 'toDecimal64(toString(max(paid)), 2)'"),
      joined: otherFile('joined', 'kept', `id: 'no', amount: '(SELECT toDecimal64(0, 2) FROM ${core}.kept LIMIT 1)'`),
      several: otherFile('several', 'kept', "id: 'no', amount: 'arrayJoin([toDecimal64(0, 2)])'"),
      aliased: otherFile('aliased', 'kept', "id: 'concat((no AS paid), no)', amount: 'toDecimal64(toString(paid), 2)'"),
    };
    for (const file of Object.values(wrong)) await definitions.put(file);
    const { problems } = await plan();
    const saysOf = (name: string) => problems.find((problem) => problem.startsWith(`tables/${name}.table.ts`));
    expect(saysOf('summed')).toMatch(
      /day_sum is a SummingMergeTree, which combines rows at a time of its own: attach a view/,
    );
    expect(saysOf('cut')).toMatch(
      /'amount' cannot be derived so: it converts a Float64 to a decimal, which cuts 0\.29 to 0\.28: write toDecimal64/,
    );
    expect(saysOf('newest')).toMatch(/'amount' cannot be derived so: it calls max, and a value is that of one row/);
    expect(saysOf('joined')).toMatch(/'amount' cannot be derived so: it reads another table/);
    expect(saysOf('several')).toMatch(/'amount' cannot be derived so: it calls arrayJoin/);
    expect(saysOf('aliased')).toMatch(/'id' cannot be derived so: it names a part of itself 'paid'/);
    for (const { path } of Object.values(wrong)) await rm(join(definitions.root, path));
    const refused = saysOf('salaries');
    expect(refused).toMatch(/^tables\/salaries\.table\.ts is refused: 'salary_id' cannot be derived of .*salary_nr/);
    expect(refused).toMatch(/'amount' is Decimal\(12, 4\) in .*_core\.salary, which Money does not hold/);

    const columns =
      "columns: { salary_id: 'toString(salary_no)', customer_id: 'toString(cust_no)', amount: 'CAST(amount, \\'Decimal(18, 2)\\')' }";
    await definitions.put(incomeFile(columns));
    const unprotected = await plan();
    expect(unprotected.problems).toEqual([]);
    expect(unprotected.changes[0]).toMatchObject({
      kind: 'table',
      name: 'salaries',
      notes: [
        expect.stringMatching(
          /^.*_core\.salary says no knowledgeTime: .* corrected later is in training sets of the past/,
        ),
        expect.stringMatching(/come late make no as-of due again: riskgraph materialize --republish/),
      ],
    });
    expect(unprotected.changes[1]).toMatchObject({ name: 'salary_sum' });

    const unstamped = incomeFile(columns);
    await definitions.put({ ...unstamped, path: unstamped.path.replace('salaries', 'salaries_now') });
    await definitions.put({
      path: view.path.replace('_sum', '_now'),
      text: view.text.replace("('salaries')", "('salaries_now')"),
    });
    const stamped = `${columns}, knowledgeTime: 'loaded', deleted: 'void'`;
    await definitions.put(incomeFile(stamped));
    await definitions.put(otherFile('kept', 'kept', "id: 'no', amount: 'toDecimal64(toString(round(paid, 2)), 2)'"));
    await definitions.put({
      path: view.path.replace('_sum', '_kept'),
      text: view.text.replace("('salaries')", "('kept')").replace('sum(amount)', 'sum(amount) * 100'),
    });
    const { changes } = await plan();
    const late = expect.stringMatching(/salary, so those that come late make no as-of due again/);
    expect(changes.find(({ name }) => name === 'salaries')).toMatchObject({ notes: [late] });
    expect(changes.find(({ name }) => name === 'kept')).toMatchObject({
      notes: [
        expect.stringMatching(/kept is a CollapsingMergeTree: it is read with FINAL/),
        expect.stringMatching(/says no knowledgeTime/),
        expect.stringMatching(/make no as-of due again/),
      ],
    });
    await ask('mutation { applyRegistry { problems } }');
    expect(await plan()).toMatchObject({ changes: [], problems: [] });
    // Each instant reads what was known then: before the row came, the first amount, the corrected one, and without the row that was voided.
    expect(await amountAt('2026-01-10T12:00:00Z')).toBe(null);
    expect(await amountAt('2026-01-12T00:00:00Z', 'salary_kept')).toBe(29);
    expect(await amountAt('2026-01-15T00:00:00Z')).toBe(130);
    expect(await amountAt('2026-01-21T00:00:00Z')).toBe(180);
    expect(await amountAt('2026-01-26T00:00:00Z')).toBe(150);
    const written = await api.fetch('ingest', '/import/salaries', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'salary_id,customer_id,paid_at,amount\n3,7,2026-01-12T00:00:00Z,1\n',
    });
    expect(await written.json()).toMatchObject({
      error: {
        code: 'CONFLICT',
        message: expect.stringMatching(/^salaries is attached: it is read from .*_core\.salary/),
      },
    });
    const { tables } = await ask<{ tables: readonly { readonly name: string }[] }>(
      '{ tables { name key eventTime attached rows readBy columns { name type nullable pii description } } }',
    );
    expect(tables.find(({ name }) => name === 'salaries')).toMatchObject({
      attached: true,
      rows: null,
      eventTime: 'paid_at',
      readBy: ['salary_sum@1'],
    });
    expect(tables.find(({ name }) => name === 'shops')).toMatchObject({ attached: false, rows: 5 });
    expect(
      await ask('mutation { markComplete(table: "salaries", date: "2026-01-31") { attached completeThrough } }'),
    ).toEqual({ markComplete: { attached: true, completeThrough: '2026-01-31' } });

    await definitions.put(incomeFile(columns));
    expect((await plan()).problems).toEqual([
      expect.stringMatching(
        /its knowledgeTime was applied as loaded, and the file says none: put it back.*what says that a row is deleted/,
      ),
    ]);
    await definitions.put(incomeFile(stamped));
    await run(`ALTER TABLE ${core}.salary RENAME COLUMN cust_no TO client_no`);
    // It forbids nothing but what reads it.
    const away = /the source table salaries, which cannot be read now: 'customer_id' cannot be derived of .*cust_no/;
    expect(await plan()).toMatchObject({
      changes: [],
      problems: [],
      warnings: [expect.stringMatching(away), expect.stringMatching(/^tables\/salaries_now\.table\.ts: what reads it/)],
    });
    const [reader, other] = ['salaries', 'shops'].map((table) => ({
      path: view.path.replace('_sum', `_of_${table}`),
      text: view.text.replace("('salaries')", `('${table}')`).replace('sum(amount)', 'count()'),
    })) as [typeof view, typeof view];
    await definitions.put(reader);
    await definitions.put(other);
    const both = await plan();
    expect(both.problems).toEqual([
      expect.stringMatching(/^view salary_of_salaries@1 reads the source table salaries/),
    ]);
    await rm(join(definitions.root, reader.path));
    await ask('mutation { applyRegistry { problems } }');
    expect(await plan()).toMatchObject({ changes: [], problems: [] });
    const renewed = { ...unstamped, path: unstamped.path.replace('salaries', 'salaries_now') };
    const renamed = (text: string) => text.replace('cust_no', 'client_no');
    await definitions.put({ ...renewed, text: renamed(renewed.text) });
    await definitions.put(incomeFile(renamed(stamped)));
    const afterwards = await plan();
    expect(afterwards.problems).toEqual([]);
    expect(afterwards.changes.map(({ action, kind, name }) => [action, kind, name])).toEqual([
      ['CHANGE', 'table', 'salaries'],
      ['CHANGE', 'table', 'salaries_now'],
    ]);
    expect(afterwards.changes[0]?.notes.join()).toMatch(
      /'customer_id' was applied as toString\(cust_no\), String, which cannot be read any more, and the file says toString\(client_no\)/,
    );
    await ask('mutation { applyRegistry { problems } }');
    expect(await plan()).toMatchObject({ changes: [], problems: [] });
    expect(await amountAt('2026-01-26T00:00:00Z')).toBe(150);
    await run(`CREATE TABLE ${core}.merged ENGINE = MergeTree ORDER BY no AS SELECT * FROM ${core}.kept FINAL`);
    await run(`RENAME TABLE ${core}.kept TO ${core}.before, ${core}.merged TO ${core}.kept`);
    expect((await plan()).changes).toMatchObject([
      { action: 'CHANGE', name: 'kept', notes: [expect.stringMatching(/applied with FINAL.* without FINAL now/)] },
    ]);
    await ask('mutation { applyRegistry { problems } }');
    expect(await amountAt('2026-01-12T00:00:00Z', 'salary_kept')).toBe(29);
    const files = [unstamped.path.replace('salaries', 'salaries_now'), view.path.replace('_sum', '_now')];
    for (const path of files) await rm(join(definitions.root, path));
    // The plan that ends the last reader of a table gives the table up.
    const ended = await plan();
    expect(ended.problems.join()).not.toMatch(/salaries_now/);
    expect(ended.changes.map(({ action, kind, name }) => [action, kind, name])).toEqual([
      ['RETIRE', 'table', 'salaries_now'],
      ['RETIRE', 'view', 'salary_now'],
    ]);
    const marks = await ask(
      '{ stamped: featureView(name: "salary_sum") { unprotectedSources } not: featureView(name: "salary_now") { unprotectedSources } }',
    );
    expect(marks).toEqual({ stamped: { unprotectedSources: [] }, not: { unprotectedSources: ['salaries_now'] } });
  } finally {
    await run(`DROP DATABASE ${core}`);
    await lender.close();
  }
});

/** Models and scores over GraphQL, on the definitions of the product. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import type { JobDefinition } from '../../src/core/definitions/registry.js';
import { addMonths, BusinessCalendar } from '../../src/core/helpers/time.js';
import type { JobContext, JobNeed } from '../../src/core/ports/job-services.js';
import { type Api, type ApiStores, closeApiStores, freshApiStores, startApi } from '../support/api.js';
import { middayClock } from '../support/clock.js';
import { asProject } from '../support/projects.js';
import { logisticOnnx } from '../support/tiny-onnx.js';
import { ROOT } from '../support/views.js';

let api: Api;
let stores: ApiStores;
/** The product's definitions, with room for more. */
let definitions: string;
/** Scores by where a customer sleeps and where the request says it is sent from. */
const NEAR_HOME = `import { defineModel } from 'riskgraph';
import { customer } from '../../features/entities.js';
export default defineModel({
  entity: customer,
  description: 'x',
  owner: 'x',
  onnx: 'near_home.onnx',
  inputs: ['application_place@1:distance_from_home_km'],
  tensors: { input: 'features', probability: 'probability' },
  missing: 'refuse',
  scale: { points: 600, odds: 1, pointsToDoubleOdds: 20 },
  bands: { A: -1000 },
});
`;
/** When the online rows were written. */
let writtenAt: number;

beforeAll(async () => {
  [stores, definitions] = await Promise.all([freshApiStores(), mkdtemp(join(tmpdir(), 'definitions-'))]);
  await asProject(definitions, ['zod']);
  for (const folder of ['features', 'indicators', 'models', 'jobs'])
    await cp(join(ROOT, folder), join(definitions, folder), { recursive: true });
  const folder = join(definitions, 'models/near_home');
  await mkdir(folder);
  await writeFile(join(folder, 'near_home.v1.model.ts'), NEAR_HOME);
  await writeFile(join(folder, 'near_home.onnx'), logisticOnnx([0.001]));
  await writeFile(join(folder, 'card.json'), JSON.stringify({ medians: [10] }));
  api = await startApi({ definitions, stores, clock: middayClock });
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  const view = api.app.registry.views.get('statement_history@1') as View;
  const values: Readonly<Record<string, unknown>> = {
    credit_limit: '50000',
    utilization: 0.4,
    months_observed: 6,
    delinquency: [0, 0, 0, 0, 0, 0],
    statement_balance: ['20000', '19000', '18000', '17000', '16000', '15000'],
    amount_paid: ['2000', '2000', '2000', '2000', '2000', '2000'],
  };
  const late = {
    ...values,
    utilization: 1.2,
    delinquency: [3, 3, 2, 2, 1, 0],
    amount_paid: ['0', '0', '0', '0', '0', '0'],
  };
  const now = middayClock();
  writtenAt = now;
  const row = (id: string, of: Readonly<Record<string, unknown>>) => ({
    key: [id],
    eventTime: now - 3_600_000,
    availableAt: now,
    sequence: 1,
    tombstone: false,
    values: view.features.map(({ name }) => (of[name] ?? null) as string),
  });
  const old = { ...row('old', values), eventTime: now - 4_000 * 86_400_000 };
  await api.app.services.worker.online.write(view, [row('pays', values), row('late', late), old]);
});

afterAll(async () => {
  await api.close();
  await closeApiStores(stores);
  await rm(definitions, { recursive: true, force: true });
});

interface Answer {
  readonly score: {
    readonly requestId: string;
    readonly model: { readonly name: string; readonly version: number; readonly stage: string };
    readonly scores: readonly {
      readonly entity: Record<string, string>;
      readonly status: string;
      readonly probability: number;
      readonly points: number;
      readonly band: string;
      readonly missing: readonly string[];
      readonly reasonCodes: readonly string[] | null;
      readonly contributions: readonly { readonly feature: string; readonly contribution: number }[] | null;
      readonly scoredAt: string;
    }[];
  };
}

const QUERY = `query($model: String!, $entities: JSONObject!, $explain: Boolean!) { score(model: $model, entities: $entities, explain: $explain) {
  requestId model { name version stage } scores { entity status probability points band outputs missing reasonCodes contributions { feature value contribution } scoredAt } } }`;

describe('score', () => {
  it('answers probability, points and band in the order of the request; who pays late scores lower', async () => {
    const entities = { customer_id: ['late', 'pays', 'nobody'] };
    const { data, errors } = await api.graphql<Answer>('decision', QUERY, {
      model: 'uci_default',
      entities,
      explain: false,
    });
    expect(errors).toEqual([]);
    const { model, scores } = (data as Answer).score;
    expect(model).toEqual({ name: 'uci_default', version: 1, stage: 'CHAMPION' });
    expect(scores.map(({ entity, status }) => [entity.customer_id, status])).toEqual([
      ['late', 'SCORED'],
      ['pays', 'SCORED'],
      ['nobody', 'MISSING_FEATURES'],
    ]);
    const [late, pays, nobody] = scores;
    expect(late?.probability).toBeGreaterThan(pays?.probability as number);
    expect(late?.points).toBeLessThan(pays?.points as number);
    expect(Number.isInteger(pays?.points)).toBe(true);
    expect(nobody).toMatchObject({
      probability: null,
      points: null,
      scoredAt: null,
      missing: expect.arrayContaining(['statement_history@1:utilization']),
    });
  });

  it('names the stale inputs of a score and the time of the oldest, and says why a row has none', async () => {
    const { data, errors } = await api.graphql<{ score: { scores: unknown[] } }>(
      'decision',
      '{ score(model: "uci_default", entities: { customer_id: ["old", "pays", "nobody"] }) { scores { status stale oldestInput error } } }',
    );
    expect(errors).toEqual([]);
    const ago = (ms: number) => new Date(writtenAt - ms).toISOString();
    expect(data?.score.scores).toEqual([
      {
        status: 'SCORED',
        stale: expect.arrayContaining(['statement_history@1:utilization']),
        oldestInput: ago(4_000 * 86_400_000),
        error: null,
      },
      { status: 'SCORED', stale: [], oldestInput: ago(3_600_000), error: null },
      {
        status: 'MISSING_FEATURES',
        stale: [],
        oldestInput: null,
        error: 'no input has a value: check the keys, or materialize the views that the model reads',
      },
    ]);
  });

  it('explains where it is asked to', async () => {
    const { data } = await api.graphql<Answer>('decision', QUERY, {
      model: 'uci_default@1',
      entities: { customer_id: ['late'] },
      explain: true,
    });
    const [late] = (data as Answer).score.scores;
    expect(late?.contributions?.map(({ feature }) => feature)).toContain('statement_history@1:delinquency');
    expect(late?.reasonCodes?.length).toBeGreaterThan(0);
  });

  it('tells a role that sees personal values masked no score that would tell where a customer sleeps', async () => {
    const home = api.app.registry.views.get('home_location@1') as View;
    const of: Readonly<Record<string, unknown>> = { latitude: 31.2304, longitude: 121.4737, datum: 'WGS84', nights: 9 };
    const values = home.features.map(({ name }) => (of[name] ?? null) as string);
    const times = { eventTime: writtenAt - 3_600_000, availableAt: writtenAt };
    const row = { key: ['sleeps'], sequence: 1, tombstone: false, values, ...times };
    await api.app.services.worker.online.write(home, [row]);
    const query = `query($request: JSONObject) {
      score(model: "near_home@1", entities: { customer_id: ["sleeps"] }, request: $request, explain: true) { scores { status contributions { value } } } }`;
    const request = { latitude: [31.2304], longitude: [121.4737], datum: ['WGS84'] };
    const { data } = await api.graphql<Answer>('decision', query, { request });
    expect(data?.score.scores).toEqual([{ status: 'SCORED', contributions: [{ value: 0 }] }]);
    const { errors } = await api.graphql('modeler', query, { request });
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining(
        'near_home@1 scores by application_place@1:distance_from_home_km, computed from',
      ),
      extensions: { code: 'FORBIDDEN', hint: 'score with a key of role decision or admin' },
    });
  });

  it('refuses an unknown model, a wrong key and a role that may not', async () => {
    const code = async (role: 'decision' | 'bi', model: string, entities: object) =>
      (await api.graphql(role, QUERY, { model, entities, explain: false })).errors[0]?.extensions.code;
    expect(await code('decision', 'nothing', { customer_id: ['a'] })).toBe('NOT_FOUND');
    expect(await code('decision', 'uci_default@9', { customer_id: ['a'] })).toBe('NOT_FOUND');
    expect(await code('decision', 'uci_default', { device_id: ['a'] })).toBe('BAD_USER_INPUT');
    expect(await code('bi', 'uci_default', { customer_id: ['a'] })).toBe('FORBIDDEN');
  });
});

describe('models', () => {
  it('show their features, the hash of their weights and their card to the catalogue’s readers', async () => {
    const { data, errors } = await api.graphql(
      'bi',
      '{ models { name version entity owner stage features hash card } model(name: "uci_default") { version } none: model(name: "x") { version } }',
    );
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ model: { version: 1 }, none: null });
    expect((data as { models: unknown[] }).models).toContainEqual(
      expect.objectContaining({
        name: 'uci_default',
        version: 1,
        entity: 'customer',
        stage: 'CHAMPION',
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        features: expect.arrayContaining(['statement_history@1:delinquency']),
        card: expect.any(Object),
      }),
    );
  });
});

describe('a version that another process applies', () => {
  const PROMOTE = 'mutation($version: Int!) { promoteModel(name: "uci_default", version: $version) { version stage } }';
  const seen = { timeout: 60_000, interval: 100 };
  const scoredBy = async (model: string): Promise<unknown> => {
    const entities = { customer_id: ['pays'] };
    const { data, errors } = await api.graphql<Answer>('decision', QUERY, { model, entities, explain: false });
    return data === null ? errors[0]?.message : [data.score.model.version, data.score.scores[0]?.status];
  };
  /** What names without a version mean: the version of the model, of the view of its scores, and of these in the typed graph; and the one that is to be written where values are read. */
  const bare = async (): Promise<unknown> => {
    const { data, errors } = await api.graphql<{
      model: { version: number };
      featureView: { version: number };
      customer: { uciDefaultScore: { _version: number } };
    }>(
      'decision',
      `{ model(name: "uci_default") { version } featureView(name: "uci_default_score") { version }
         customer(id: "pays") { uciDefaultScore { _version } uciDefaultScoreV1 { _status } } }`,
    );
    expect(errors).toEqual([]);
    const read = `{ onlineFeatures(features: ["uci_default_score:points"], entities: { customer_id: ["pays"] }) { requestId } }`;
    const hint = (await api.graphql('decision', read)).errors[0]?.extensions.hint;
    return [data?.model.version, data?.featureView.version, data?.customer.uciDefaultScore._version, hint];
  };
  const means = (version: number) => [version, version, version, `write 'uci_default_score@${version}:points'`];

  it('opens here without a restart as a challenger, which a bare name means once it is promoted, audited', async () => {
    const folder = join(definitions, 'models/uci_default_2');
    await cp(join(definitions, 'models/uci_default'), folder, { recursive: true });
    await cp(join(folder, 'uci_default.v1.model.ts'), join(folder, 'uci_default.v2.model.ts'));
    await rm(join(folder, 'uci_default.v1.model.ts'));
    expect(await scoredBy('uci_default@2')).toBe('there is no model uci_default@2');
    const other = await startApi({ definitions, stores, clock: middayClock });
    const applied = await other.graphql('admin', 'mutation { applyRegistry { changes { kind name version } } }');
    expect(applied.errors).toEqual([]);
    await vi.waitFor(async () => expect(await scoredBy('uci_default@2')).toEqual([2, 'SCORED']), seen);
    expect(await scoredBy('uci_default')).toEqual([1, 'SCORED']);
    expect(await bare()).toEqual(means(1));

    const promote = (role: 'admin' | 'modeler', version: number) => other.graphql(role, PROMOTE, { version });
    expect((await promote('modeler', 2)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await promote('admin', 9)).errors[0]?.extensions.code).toBe('NOT_FOUND');
    const promoted = await promote('admin', 2);
    expect(promoted.data).toEqual({ promoteModel: { version: 2, stage: 'CHAMPION' } });
    await vi.waitFor(async () => expect(await scoredBy('uci_default')).toEqual([2, 'SCORED']), seen);
    expect(await bare()).toEqual(means(2));
    const { data } = await api.graphql<{ models: { name: string; version: number; stage: string }[] }>(
      'bi',
      '{ models { name version stage } }',
    );
    expect(data?.models.filter(({ name }) => name === 'uci_default')).toEqual([
      { name: 'uci_default', version: 2, stage: 'CHAMPION' },
      { name: 'uci_default', version: 1, stage: 'CHALLENGER' },
    ]);
    const audited = await api.app.services.api.audit.list(500);
    expect(audited).toContainEqual(expect.objectContaining({ action: 'Mutation.promoteModel', outcome: 'DONE' }));
    await promote('admin', 1);
    await vi.waitFor(async () => expect(await scoredBy('uci_default')).toEqual([1, 'SCORED']), seen);

    // A champion that goes would give the bare name another meaning.
    await rm(join(definitions, 'models/uci_default/uci_default.v1.model.ts'));
    const third = await startApi({ definitions, stores, clock: middayClock });
    const plan = await third.graphql<{ planRegistry: { problems: string[] } }>(
      'admin',
      'mutation { planRegistry(costs: false) { problems } }',
    );
    expect(plan.data?.planRegistry.problems).toEqual([
      expect.stringContaining('is gone, which is the champion of uci_default'),
    ]);
    await other.close();
    await third.close();
  });
});

const runNext = async (id: string): Promise<unknown> => {
  const { app } = api;
  const record = await app.services.api.jobs.get(id);
  const definition = app.registry.jobs.get(record?.name as string) as JobDefinition;
  const { log, metrics } = app.telemetry;
  const context: JobContext<JobNeed> = {
    jobId: id,
    scheduledFor: record?.createdAt as number,
    now: middayClock,
    log,
    metrics,
    services: app.services.worker,
    report: async () => undefined,
    signal: new AbortController().signal,
  };
  return definition.run(context, definition.payload.parse(record?.payload));
};

describe('scorePortfolio', () => {
  const START = 'mutation($model: String!, $asOf: DateTime) { scorePortfolio(model: $model, asOf: $asOf) { id name } }';
  const start = (role: 'admin' | 'modeler', variables: object) =>
    api.graphql<{ scorePortfolio: { id: string; name: string } }>(role, START, { ...variables });

  it('is admin’s, names an unknown model and says what is missing before there is anything to score', async () => {
    const refused = await start('modeler', { model: 'uci_default' });
    expect(refused.errors[0]?.extensions.code).toBe('FORBIDDEN');
    const unknown = await start('admin', { model: 'nothing' });
    expect(unknown.errors[0]).toMatchObject({
      message: "there is no model 'nothing'",
      extensions: { code: 'NOT_FOUND' },
    });
    const { data } = await start('admin', { model: 'uci_default' });
    await expect(runNext(data?.scorePortfolio.id as string)).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: 'materialize or backfill statement_history@1 first',
    });
  });

  it.each([
    ['an hour that is no midnight', '2026-01-01T03:00:00Z', 'has no as-of 2026-01-01T03:00:00.000Z'],
    ['a midnight to come', '2199-01-01T16:00:00Z', 'may not be seen before'],
  ])('is refused where it is asked for as of %s, before there is a job', async (_, asOf, words) => {
    const { data, errors } = await start('admin', { model: 'uci_default', asOf });
    expect(data).toBeNull();
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining(words),
      extensions: { code: 'BAD_USER_INPUT', hint: expect.stringContaining('the newest that is due') },
    });
  });

  it('writes scores that the graph of a customer, a query by the view and the table tell alike', async () => {
    // Half a year of each, so that on no day of the year the newest month that is known is one without a statement.
    const business = new BusinessCalendar('Asia/Shanghai');
    const thisMonth = `${business.dateOf(middayClock()).slice(0, 8)}01`;
    const lines = [1, 2, 3, 4, 5, 6, 7].flatMap((ago) =>
      ['S1', 'S2'].map((customer_id, index) =>
        JSON.stringify({
          customer_id,
          month: addMonths(thisMonth, -ago),
          credit_limit: '50000',
          statement_balance: String(9_000 + index * 30_000),
          amount_paid: '100',
          delinquency: index * 2,
        }),
      ),
    );
    const loaded = await api.fetch('ingest', '/import/statements?history=true', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    expect(await loaded.json()).toMatchObject({ accepted: 14 });
    const materialized = await api.graphql<{ materialize: { id: string } }>(
      'admin',
      'mutation { materialize(views: ["statement_history"]) { id } }',
    );
    await runNext(materialized.data?.materialize.id as string);
    const { data, errors } = await start('admin', { model: 'uci_default' });
    expect(errors).toEqual([]);
    expect(data?.scorePortfolio.name).toBe('score_portfolio');
    expect(await runNext(data?.scorePortfolio.id as string)).toMatchObject({
      model: 'uci_default@1',
      view: 'uci_default_score@1',
      scored: 2,
      missing: 0,
      written: 2,
    });

    const answer = await api.graphql<Record<'s1' | 's2', { uciDefaultScore: Record<string, unknown> }> & Answer>(
      'decision',
      `{ s1: customer(id: "S1") { uciDefaultScore { _status probability points band } }
         s2: customer(id: "S2") { uciDefaultScore { _status probability points band } }
         score(model: "uci_default@1", entities: { customer_id: ["S1", "S2"] }) { scores { probability points band } } }`,
    );
    expect(answer.errors).toEqual([]);
    const { s1, s2, score } = answer.data as NonNullable<typeof answer.data>;
    expect([s1.uciDefaultScore, s2.uciDefaultScore]).toEqual(
      score.scores.map((each) => ({ _status: 'PRESENT', ...each })),
    );
    expect(s1.uciDefaultScore.points).toBeGreaterThan(s2.uciDefaultScore.points as number);
    const { freshness } = (
      await api.graphql<{ freshness: { view: string; keys: number }[] }>('admin', '{ freshness { view keys } }')
    ).data as { freshness: { view: string; keys: number }[] };
    expect(freshness.find(({ view }) => view === 'uci_default_score@1')).toMatchObject({ keys: 2 });
  });
});

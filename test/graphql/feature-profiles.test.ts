/** Profiles, freshness and metrics of features that a worker has computed, as each role sees them, and what they cost. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays, BusinessCalendar } from '../../src/core/helpers/time.js';
import type { Role } from '../../src/core/ports/access.js';
import {
  type Api,
  type ApiStores,
  closeApiStores,
  freshApiStores,
  type GraphqlAnswer,
  keyOf,
  startApi,
} from '../support/api.js';
import { middayClock } from '../support/clock.js';
import { runCommand } from '../support/command.js';

const calendar = new BusinessCalendar('Asia/Shanghai');
const today = calendar.dateOf(middayClock());
const READERS: readonly Role[] = ['admin', 'modeler', 'decision', 'bi'];

let api: Api;
let stores: ApiStores;
let worker: { close(): Promise<void> };

const ok = <T>({ data, errors }: GraphqlAnswer<T>): T => {
  expect(errors).toEqual([]);
  return data as T;
};

async function run(mutation: string): Promise<Record<string, unknown>> {
  const started = ok(await api.graphql<Record<string, { id: string }>>('admin', `mutation { ${mutation} { id } }`));
  const { id } = Object.values(started)[0] as { id: string };
  await api.jobEnded(id);
  const { job } = ok(
    await api.graphql<{ job: { state: string; error: string | null; result: Record<string, unknown> } }>(
      'admin',
      'query($id: ID!) { job(id: $id) { state error result } }',
      { id },
    ),
  );
  if (job.state !== 'COMPLETED') throw new Error(`${mutation}: ${job.error}`);
  return job.result;
}

beforeAll(async () => {
  stores = await freshApiStores();
  api = await startApi({ clock: middayClock, stores });
  ok(await api.graphql('admin', 'mutation { applyRegistry { problems } }'));
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  const response = await api.fetch('ingest', '/import/customers?history=true', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: [
      'customer_id,registered_at,birth_date,segment,monthly_income,phone_hash,city',
      'C1,2026-01-01T00:00:00Z,1990-07-15,gold,1000.00,phone-of-C1,Wuhan',
      'C2,2026-01-02T00:00:00Z,1980-01-02,gold,3000.00,phone-of-C2,',
      'C3,2026-01-03T00:00:00Z,,,,,',
      '',
    ].join('\n'),
  });
  expect(await response.json()).toMatchObject({ accepted: 3, rejected: 0 });
  await run('materialize');
  await run(`backfill(views: ["customer_profile@1"], from: "${addDays(today, -3)}", to: "${addDays(today, -1)}")`);
});

afterAll(async () => {
  await worker.close();
  await api.close();
  await closeApiStores(stores);
});

describe('profiles', () => {
  const FIELDS = '{ asOf rows nullRate distinct min max mean p5 p50 p95 }';
  const query = `query($feature: String!, $from: Date!, $to: Date!) { featureProfile(feature: $feature, from: $from, to: $to) ${FIELDS} }`;
  const week = { from: addDays(today, -6), to: today };
  const profile = async (role: Role, feature: string, range = week) =>
    ok(await api.graphql<{ featureProfile: readonly Record<string, unknown>[] }>(role, query, { feature, ...range }))
      .featureProfile;

  it('are measured by a job for every committed as-of, once', async () => {
    expect(await profile('modeler', 'customer_profile@1:segment')).toEqual([]);
    expect((await run('profileFeatures(views: ["customer_profile@1"])')).views).toEqual([
      { view: 'customer_profile@1', asOfs: 4 },
    ]);
    expect((await run('profileFeatures')).views).toEqual([
      { view: 'customer_profile@2', asOfs: 1 },
      { view: 'customer_profile@1', asOfs: 0 },
      { view: 'device_use@1', asOfs: 1 },
    ]);
  });

  it('tell a feature over time to every reader of the catalogue', async () => {
    const days = [-3, -2, -1, 0].map((days) => new Date(calendar.startOfDay(addDays(today, days))).toISOString());
    for (const role of READERS) {
      const found = await profile(role, 'customer_profile@1:monthly_income');
      expect(found.map(({ asOf }) => asOf)).toEqual(days);
      expect(found[0]).toMatchObject({
        rows: 3,
        nullRate: 1 / 3,
        distinct: 2,
        min: '1000',
        max: '3000',
        mean: 2000,
        p95: 3000,
      });
    }
    const one = { from: addDays(today, -2), to: addDays(today, -2) };
    expect((await profile('bi', 'customer_profile@1:segment', one)).map(({ asOf, max }) => [asOf, max])).toEqual([
      [days[1], 'gold'],
    ]);
  });

  it('of a personal feature tell the modeler no value and bi nothing', async () => {
    const none = { min: null, max: null, mean: null, p5: null, p50: null, p95: null };
    for (const feature of ['phone_hash', 'birth_date', 'household']) {
      const id = `customer_profile@1:${feature}`;
      const [masked, clear] = [await profile('modeler', id), await profile('admin', id)];
      expect(masked[0]).toMatchObject({ ...none, rows: 3 });
      expect(clear[0]?.max).not.toBeNull();
      const { errors } = await api.graphql('bi', query, { feature: id, ...week });
      expect(errors[0]).toMatchObject({
        message: `feature view customer_profile@1 has no feature '${feature}'`,
        extensions: { code: 'NOT_FOUND', hint: 'it has segment, monthly_income' },
      });
    }
  });

  it('are refused for what is no feature and for ranges that make no sense', async () => {
    for (const [variables, message] of [
      [{ feature: 'customer_profile@1', ...week }, /is a view and not a feature/],
      [{ feature: 'customer_profile:segment', ...week }, /names no version/],
      [{ feature: 'customer_profile@1:segment', from: today, to: addDays(today, -1) }, /is after/],
      [{ feature: 'customer_profile@1:segment', from: addDays(today, -400), to: today }, /more than 400 days/],
    ] as const) {
      const { errors } = await api.graphql('modeler', query, variables);
      expect(errors[0]?.message).toMatch(message);
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });

  it('give every feature its newest, beside the freshness of its view, masked alike', async () => {
    const text =
      '{ featureView(name: "customer_profile", version: 1) { freshness { lastEventTime keys stale } features { name latestProfile { asOf rows max } } } }';
    const { featureView } = ok(
      await api.graphql<{
        featureView: {
          freshness: unknown;
          features: readonly { name: string; latestProfile: Record<string, unknown> }[];
        };
      }>('modeler', text),
    );
    const asOf = new Date(calendar.startOfDay(today)).toISOString();
    expect(featureView.freshness).toEqual({ lastEventTime: asOf, keys: 3, stale: false });
    expect(
      featureView.features.map(({ name, latestProfile }) => [name, latestProfile.asOf, latestProfile.max]),
    ).toEqual([
      ['segment', asOf, 'gold'],
      ['monthly_income', asOf, '3000'],
      ['phone_hash', asOf, null],
      ['birth_date', asOf, null],
      ['household', asOf, null],
    ]);
  });

  it('reach the metrics: age and keys of every view, NULLs of every feature', async () => {
    // What the stores did not tell in time is told to a later scrape.
    const text = await vi.waitFor(
      async () => {
        const told = await (await api.fetch('admin', '/metrics')).text();
        expect(told).toContain('riskgraph_gauges_fresh{of="views"} 1');
        return told;
      },
      { timeout: 120_000, interval: 200 },
    );
    expect(text).toContain('riskgraph_feature_null_ratio{view="customer_profile@1",feature="monthly_income"} 0.3333');
    expect(text).toContain('riskgraph_view_keys{view="customer_profile@1"} 3');
    // No scheduled run has committed it: a run that was asked for at another as-of is none.
    expect(text).toMatch(/riskgraph_view_late_seconds\{view="customer_profile@2"\} \d/);
    expect(text).toMatch(/riskgraph_view_lag_seconds\{view="customer_profile@2"\} \d/);
  });
});

describe('an online store that has lost everything', () => {
  const READ =
    '{ onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["C1", "none"] }) { columns { statuses } } }';
  const statuses = async (): Promise<readonly string[] | undefined> =>
    ok(await api.graphql<{ onlineFeatures: { columns: { statuses: string[] }[] } }>('decision', READ)).onlineFeatures
      .columns[0]?.statuses;

  it('says ERROR and never NOT_FOUND, in readiness and metrics too, and is restored without being asked', async () => {
    expect(await statuses()).toEqual(['PRESENT', 'NOT_FOUND']);
    const redis = new Redis(stores.redis.url);
    await redis.flushall();
    redis.disconnect();
    expect(await statuses()).toEqual(['ERROR', 'ERROR']);
    const ready = await api.fetch(null, '/readyz?duty=decisions');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      stores: { redis: { ok: true } },
      duties: { decisions: { ok: false, reason: expect.stringContaining('Redis has lost values of 3 of 3 views') } },
    });
    expect(await (await api.fetch(null, '/metrics')).text()).toContain(
      'riskgraph_view_online_whole{view="customer_profile@1"} 0',
    );
    const { watchContent } = api.app.services;
    await watchContent();
    // A second look, or that of another worker, finds the job under way.
    await watchContent();
    const jobs = ok(
      await api.graphql<{ jobs: { id: string; name: string }[] }>('admin', '{ jobs(limit: 5) { id name } }'),
    ).jobs.filter(({ name }) => name === 'restore_online');
    expect(jobs).toHaveLength(1);
    await api.jobEnded(jobs[0]?.id as string);
    expect(await statuses()).toEqual(['PRESENT', 'NOT_FOUND']);
    expect((await api.fetch(null, '/readyz?duty=decisions')).status).toBe(200);
    const { job } = ok(
      await api.graphql<{ job: unknown }>('admin', 'query($id: ID!) { job(id: $id) { state progress result } }', {
        id: jobs[0]?.id,
      }),
    );
    expect(job).toMatchObject({
      state: 'COMPLETED',
      progress: 1,
      result: { views: expect.arrayContaining([{ view: 'customer_profile@1', rows: 3 }]) },
    });
  });
});

describe('the command line', () => {
  const features = async (...args: readonly string[]): Promise<string> => {
    const command = runCommand(['features', ...args], { RISKGRAPH_URL: api.url, RISKGRAPH_KEY: keyOf('bi') });
    await command.exited;
    return command.output();
  };

  it('finds features by words for a person, with the NULLs among their newest values and who reads them', async () => {
    const [header, first, ...rest] = (await features('income', 'month')).trim().split('\n');
    expect(header).toMatch(/^feature +type +unit +owner +nulls +read by +description$/);
    expect(first).toMatch(/^customer_profile@2:monthly_income +DECIMAL +CNY +test +33\.3 % +0 +Income a month$/);
    expect(rest[0]).toMatch(/^customer_profile@1:monthly_income .* 1 +Income a month$/);
    // After them those whose view reads a column of that name.
    expect(rest.slice(1).map((line) => line.split(' ')[0]?.split(':')[1])).toEqual(['segment', 'city', 'segment']);
    expect(await features('unicorn')).toBe('No feature has all of these words.\n');
  });

  it('gives JSON to a program, and refuses what the server refuses', async () => {
    const found = JSON.parse(await features('--json', '--entity', 'device', '--limit', '2')) as unknown[];
    expect(found).toMatchObject([{ reference: 'device_use@1:sightings' }, { reference: 'device_use@1:share_of_root' }]);
    expect(await features('--entity', 'shop')).toContain("there is no entity 'shop'");
  });
});

describe('the cost of a question', () => {
  /** Statements that ClickHouse was asked so far, by label. */
  const statements = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      [
        ...(await api.app.telemetry.metricsText()).matchAll(
          /clickhouse_query_seconds_count\{label="([^"]+)".*\} (\d+)/g,
        ),
      ].map(([, label, count]) => [label as string, Number(count)]),
    );
  const costOf = async (question: string): Promise<Record<string, number>> => {
    const before = await statements();
    ok(await api.graphql('modeler', question));
    const after = Object.entries(await statements()).map(
      ([label, count]) => [label, count - (before[label] ?? 0)] as const,
    );
    return Object.fromEntries(after.filter(([, count]) => count > 0));
  };

  it('is two statements whatever the number of features, and none for what the stores do not hold', async () => {
    const known = 'versions { version } lineage { downstream { id } }';
    expect(
      await costOf(
        `{ features(limit: 100) { reference view { ${known} } } featureViews { ${known} features { name } } }`,
      ),
    ).toEqual({});
    const stored = 'freshness { keys } features { latestProfile { rows } }';
    expect(
      await costOf(
        `{ features(limit: 100) { feature { latestProfile { rows } } view { ${stored} } } featureViews { ${stored} } }`,
      ),
    ).toEqual({ 'view-stats': 1, 'profiles-newest': 1 });
  });
});

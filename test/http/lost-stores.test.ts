/** What the API still does while a store is away. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Role } from '../../src/core/ports/access.js';
import { type Api, type ApiStores, closeApiStores, freshApiStores, startApi } from '../support/api.js';
import { halt } from '../support/processes.js';
import { type StallingProxy, stallingProxy } from '../support/stalling-proxy.js';

const PATIENT = { timeout: 60_000, interval: 50 };

let api: Api;

async function writeProfile({ app }: Api): Promise<void> {
  const view = app.registry.views.get('customer_profile@1') as View;
  const now = Date.now();
  const row = { key: ['C1'], eventTime: now - 1_000, availableAt: now, sequence: 1, tombstone: false };
  await app.services.worker.online.write(view, [{ ...row, values: ['gold', '1', 'hash', '2000-01-01', 1] }]);
}

const startLosing = async (): Promise<void> => {
  api = await startApi();
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  await writeProfile(api);
};
const closeLost = (): Promise<void> => api.close();

const READ = `{ onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["C1"] }) { columns { values statuses } }
  customer(id: "C1") { customerProfileV1 { _status segment } } }`;

describe('without Redis', () => {
  beforeEach(startLosing);
  afterEach(closeLost);

  it('online values are ERROR, never a part of the data, and readiness names the store', async () => {
    await api.lose('redis');
    const { status, data, errors } = await api.graphql('decision', READ);
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
    expect(data).toEqual({
      onlineFeatures: { columns: [{ values: [null], statuses: ['ERROR'] }] },
      customer: { customerProfileV1: { _status: 'ERROR', segment: null } },
    });
    // A store that is slow is away too, for as long.
    await vi.waitFor(
      async () => {
        const ready = await api.fetch(null, '/readyz');
        expect(ready.status).toBe(503);
        expect(await ready.json()).toMatchObject({
          ready: false,
          stores: { redis: { ok: false }, postgres: { ok: true } },
          duties: {
            decisions: { ok: false, reason: 'no answer from redis' },
            ingest: { needs: ['clickhouse', 'postgres'] },
          },
        });
      },
      { timeout: 60_000, interval: 100 },
    );
  });
});

describe('without Postgres', () => {
  beforeEach(startLosing);
  afterEach(closeLost);

  it('decisions are still answered, and what needs it says so without naming what is inside', async () => {
    await api.lose('postgres');
    const { data, errors } = await api.graphql('decision', READ);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ onlineFeatures: { columns: [{ values: ['gold'], statuses: ['PRESENT'] }] } });
    const jobs = await api.graphql('admin', '{ jobs { id } }');
    expect(jobs.errors[0]?.extensions.code).toBe('STORE_UNAVAILABLE');
    expect(JSON.stringify(jobs)).not.toMatch(/database "|pg_|SELECT|127\.0\.0\.1/);
    expect((await api.fetch(null, '/readyz?duty=decisions')).status).toBe(200);
    const ingest = await api.fetch(null, '/readyz?duty=ingest');
    expect(ingest.status).toBe(503);
    expect(await ingest.json()).toMatchObject({ duties: { ingest: { reason: 'no answer from postgres' } } });
  });
});

describe('with a store that hangs', () => {
  /** Without the deadline a read waits 5 s or more for its store: the bench measures how late an answer is. */
  const IN_TIME = 4_000;
  const DEADLINE = { 'x-deadline-ms': '300' };
  let stores: ApiStores;
  let served: Api;
  let ways: { readonly postgres: StallingProxy; readonly clickhouse: StallingProxy };
  let redisPid: number;

  beforeAll(async () => {
    stores = await freshApiStores();
    ways = {
      postgres: await stallingProxy(stores.postgres.url),
      clickhouse: await stallingProxy(stores.clickhouse.url),
    };
    const redis = new Redis(stores.redis.url);
    redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
    redis.disconnect();
    served = await startApi({
      stores: {
        ...stores,
        postgres: { ...stores.postgres, url: ways.postgres.url },
        clickhouse: { ...stores.clickhouse, url: ways.clickhouse.url },
      },
      decisionDeadlineMs: 300,
      rateLimits: '100000',
    });
    // A change is not left in the middle, whatever its caller waits for.
    const applied = await served.graphql(
      'admin',
      'mutation { applyRegistry { problems } }',
      {},
      { 'x-deadline-ms': '1' },
    );
    expect(applied.errors).toEqual([]);
    await writeProfile(served);
  });

  afterAll(async () => {
    ways.postgres.resume();
    ways.clickhouse.resume();
    await served.close();
    await Promise.all([ways.postgres.close(), ways.clickhouse.close()]);
    await closeApiStores(stores);
  });

  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const answer = await work();
    expect(performance.now() - startedAt).toBeLessThan(IN_TIME);
    return answer;
  };
  const codeOf = async (role: Role, query: string) =>
    (await timed(() => served.graphql(role, query, {}, DEADLINE))).errors.map(({ extensions }) => extensions.code);
  const statusOf = async (role: Role, path: string) => {
    const response = await timed(() => served.fetch(role, path, { headers: DEADLINE }));
    return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
  };
  const decides = async () => {
    const { data, errors } = await served.graphql('decision', READ, {}, { 'x-deadline-ms': '60000' });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ onlineFeatures: { columns: [{ values: ['gold'], statuses: ['PRESENT'] }] } });
  };

  it('Redis: statuses are ERROR in time, then at once for the callers after, and values again once it goes on', async () => {
    await decides();
    await halt(redisPid);
    try {
      // More than it works on at once: who waits for a place is told by his deadline that there was none.
      const body = JSON.stringify({ query: READ });
      const headers = { 'content-type': 'application/json' };
      const burst = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const response = await timed(() => served.fetch('decision', '/graphql', { method: 'POST', headers, body }));
          const overloaded = (await response.text()).includes('"code":"OVERLOADED"');
          return { status: response.status, after: response.headers.get('retry-after'), overloaded };
        }),
      );
      const refused = burst.filter(({ overloaded }) => overloaded);
      expect(refused.length).toBeGreaterThan(0);
      for (const each of refused) expect(each).toEqual({ status: 503, after: '1', overloaded: true });
      expect(burst.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
      expect(await served.app.telemetry.metricsText()).toContain(
        `riskgraph_overloaded_requests_total{role="decision",caller="decision"} ${refused.length}`,
      );
      for (const [role, headers] of [
        ['decision', {}],
        ['modeler', DEADLINE],
      ] as const) {
        const { data, errors } = await timed(() => served.graphql(role, READ, {}, headers));
        expect(errors).toEqual([]);
        expect(data).toEqual({
          onlineFeatures: { columns: [{ values: [null], statuses: ['ERROR'] }] },
          customer: { customerProfileV1: { _status: 'ERROR', segment: null } },
        });
      }
      await vi.waitFor(async () => {
        expect(await served.app.telemetry.metricsText()).toContain('riskgraph_store_answering{store="redis"} 0');
      }, PATIENT);
      // Nobody waits any more: ten callers with a minute of patience are answered at once.
      const answers = await timed(() =>
        Promise.all(
          Array.from({ length: 10 }, () => served.graphql('decision', READ, {}, { 'x-deadline-ms': '60000' })),
        ),
      );
      expect(JSON.stringify(answers)).not.toContain('PRESENT');
    } finally {
      process.kill(redisPid, 'SIGCONT');
    }
    await vi.waitFor(decides, PATIENT);
  });

  it('ClickHouse: reads of it are TIMEOUT in time, and what is asked beside them is answered', async () => {
    ways.clickhouse.stall();
    const spine = '{ customer_id: ["C1"], event_timestamp: ["2026-01-01T00:00:00Z"] }';
    const features = '["customer_profile@1:segment"]';
    expect(
      await codeOf('modeler', `{ historicalFeatures(features: ${features}, spine: ${spine}) { rowCount } }`),
    ).toEqual(['TIMEOUT']);
    const days = 'from=2026-01-01&to=2026-01-31';
    expect(await statusOf('bi', `/indicators.json?names=customers_registered&${days}`)).toEqual([503, 'TIMEOUT']);
    const beside = await timed(() =>
      served.graphql(
        'modeler',
        `{ now: customer(id: "C1") { customerProfileV1 { segment } }
           past: customer(id: "C1", asOf: "2026-01-01T00:00:00Z") { customerProfileV1 { segment } } }`,
        {},
        DEADLINE,
      ),
    );
    expect(beside.data).toEqual({
      now: { customerProfileV1: { segment: 'gold' } },
      past: { customerProfileV1: null },
    });
    expect(beside.errors).toMatchObject([{ path: ['past', 'customerProfileV1'], extensions: { code: 'TIMEOUT' } }]);
    await decides();
    ways.clickhouse.resume();
  });

  it('Postgres: what it keeps is TIMEOUT in time, a refusal that cannot be recorded too, and decisions go on', async () => {
    ways.postgres.stall();
    expect(await codeOf('admin', '{ jobs { id } }')).toEqual(['TIMEOUT']);
    expect(await codeOf('decision', '{ jobs { id } }')).toEqual(['TIMEOUT']);
    expect(await statusOf('modeler', '/training-sets/any')).toEqual([503, 'TIMEOUT']);
    await decides();
    ways.postgres.resume();
  });

  it.each(['0', '-5', '1.5', 'soon', '600001'])('a deadline of %s ms is refused', async (ms) => {
    const response = await served.fetch('decision', '/healthz', { headers: { 'x-deadline-ms': ms } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('X-Deadline-Ms') } });
  });
});

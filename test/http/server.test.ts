import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Role } from '../../src/core/ports/access.js';
import { createHttpServer, type HttpOptions } from '../../src/http/http-server.js';
import { type GivenKey, openAcceptedKeys, openKeyRing } from '../../src/http/keys.js';
import { parseRateLimits } from '../../src/http/rate-limit.js';
import { createWorkerServer, withWorkerMetrics } from '../../src/http/worker-server.js';
import { type Api, keyOf, startApi, TEST_KEYS } from '../support/api.js';
import { quietLog } from '../support/homes.js';
import { anyRequest } from './requests.js';

const PATIENT = { timeout: 60_000, interval: 100 };

let api: Api;
/** Errors that reached the log. */
const logged: { readonly fields: object; readonly message: string }[] = [];
let broken: () => Promise<never[]> = () => Promise.reject(new Error('nothing is broken yet'));

beforeAll(async () => {
  api = await startApi({
    http: ({ services }) => ({
      services: { ...services.api, freshness: () => broken() },
      log: { ...quietLog, error: (fields, message) => void logged.push({ fields, message }) },
    }),
  });
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
});

afterAll(() => api.close());

const post = (body: string, headers: Record<string, string> = {}) =>
  api.fetch('admin', '/graphql', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

async function codeOf(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { errors?: { extensions: { code: string } }[]; error?: { code: string } };
  return body.error?.code ?? body.errors?.[0]?.extensions.code;
}

/** One more server over the same stores. */
async function serveAlso(given: Partial<HttpOptions>, keys: readonly GivenKey[] = []) {
  const { services, config, telemetry } = api.app;
  const server = await createHttpServer({
    services: services.api,
    keys: await openKeyRing({
      given: [...TEST_KEYS, ...keys],
      home: config.home,
      store: services.keys,
      now: Date.now,
      log: quietLog,
    }),
    health: { stores: services.stores, worker: async () => ({ ok: true, reason: null }) },
    log: quietLog,
    metrics: telemetry.metrics,
    metricsText: async () => '',
    rateLimits: parseRateLimits('none'),
    decisionDeadlineMs: 60_000,
    idleBodySeconds: 60,
    ...given,
  });
  return { server, url: await server.listen({ host: '127.0.0.1', port: 0 }) };
}

describe('SQL over the views of facts', () => {
  const sqlAs = (headers: Record<string, string>, query: string, more: Record<string, string> = {}) =>
    fetch(`${api.url}/sql?${new URLSearchParams(more)}`, { method: 'POST', body: query, headers });
  const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}` });

  it('is answered to the key as basic auth, as bearer and as ClickHouse clients send it, in the format that is asked for', async () => {
    const key = keyOf('bi');
    for (const headers of [
      basic(key),
      { authorization: `Bearer ${key}` },
      { 'x-clickhouse-user': 'a', 'x-clickhouse-key': key },
    ]) {
      const answer = await sqlAs(headers, 'SELECT count() AS rows FROM system.columns FORMAT JSONEachRow', {
        session_id: 'one',
        wait_end_of_query: '1',
      });
      expect([answer.status, await answer.text()]).toEqual([200, '{"rows":0}\n']);
      expect(answer.headers.get('x-clickhouse-format')).toBe('JSONEachRow');
    }
    const asked = await fetch(`${api.url}/sql?query=SELECT%201%20AS%20one&default_format=CSVWithNames`, {
      headers: basic(key),
    });
    expect([asked.headers.get('content-type'), await asked.text()]).toEqual([
      'text/csv; charset=utf-8; header=present',
      '"one"\n1\n',
    ]);
    expect(await (await fetch(`${api.url}/sql/ping`)).text()).toBe('Ok.\n');
  });

  it('says what is wrong, with the code that clients of ClickHouse look for', async () => {
    const failed = async (answer: Response) => [
      answer.status,
      answer.headers.get('x-clickhouse-exception-code'),
      await answer.text(),
    ];
    const bi = basic(keyOf('bi'));
    expect(await failed(await sqlAs({}, 'SELECT 1'))).toEqual([401, '516', expect.stringContaining('no key was sent')]);
    expect((await failed(await sqlAs(basic(keyOf('decision')), 'SELECT 1'))).slice(0, 2)).toEqual([403, '497']);
    expect(await failed(await sqlAs(bi, 'SELECT * FROM loans'))).toEqual([
      400,
      '62',
      expect.stringContaining("the table 'loans' is not allowed"),
    ]);
    expect((await failed(await sqlAs(bi, 'SELECT 1', { max_threads: '64' })))[2]).toContain(
      "there is no query parameter 'max_threads'",
    );
    expect((await failed(await sqlAs(bi, 'SELECT 1', { param_a: '1' })))[2]).toContain(
      "there is no query parameter 'param_a'",
    );
    expect((await failed(await sqlAs(bi, 'SELECT 1', { password: keyOf('bi') })))[2]).toContain(
      "there is no query parameter 'password'",
    );
    // Once rows are on their way the connection breaks: no client takes a part for all.
    expect((await failed(await sqlAs(bi, 'SELECT throwIf(1)')))[0]).toBe(400);
  });

  it('is in the audit log by who asked, without the statement', async () => {
    const marked = 'SELECT 1 WHERE 1 = 0 OR 7351 = 1';
    const headers = { ...basic(keyOf('bi')), 'x-request-id': 'sql-audited' };
    await (await fetch(`${api.url}/sql?query=${encodeURIComponent(marked)}`, { headers })).text();
    const { audit } = api.app.services.api;
    await audit.flush();
    const entries = (await audit.list(200)).filter(({ requestId }) => requestId === 'sql-audited');
    expect(entries.map(({ action, outcome }) => `${action} ${outcome}`).sort()).toEqual([
      'GET /sql BEGUN',
      'GET /sql DONE',
    ]);
    expect(JSON.stringify(entries)).not.toContain('7351');
  });
});

describe('request ids', () => {
  it('are taken where they are harmless and echoed on every answer', async () => {
    for (const path of ['/healthz', '/nope', '/training-sets/x']) {
      const response = await api.fetch(null, path, { headers: { 'x-request-id': 'abc-123' } });
      expect(response.headers.get('x-request-id')).toBe('abc-123');
    }
    const { errors } = await api.graphql('admin', '{ nope }', {}, { 'x-request-id': 'abc-124' });
    expect(errors[0]?.extensions.requestId).toBe('abc-124');
  });

  it('are made where the given one would not be safe in a log', async () => {
    for (const bad of ['', 'x'.repeat(129), 'a b', '{"a":1}']) {
      const response = await api.fetch(null, '/healthz', { headers: { 'x-request-id': bad } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('a body', () => {
  it.each([
    ['that is not JSON', '{"query": ', 400, 'BAD_USER_INPUT'],
    ['without a query', '{"variables": {}}', 400, 'BAD_USER_INPUT'],
    ['that is a batch', '[{"query": "{ entities { name } }"}]', 400, 'BAD_USER_INPUT'],
    ['whose variables are a list', '{"query": "{ entities { name } }", "variables": []}', 400, 'BAD_USER_INPUT'],
    ['that is empty', '', 400, 'BAD_USER_INPUT'],
  ])('%s is refused in the shape of every error', async (_, body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe(code);
  });

  it('that is too large is refused by what its headers say, before it is sent', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': String(17 * 1024 * 1024) };
    const sent = request(`${api.url}/graphql`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${keyOf('admin')}` },
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).once('error', reject),
    );
    sent.flushHeaders();
    const response = await answer;
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response))).toMatchObject({ errors: [{ extensions: { code: 'TOO_COMPLEX' } }] });
    sent.on('error', () => undefined).destroy();
  });

  it('of another content type is refused', async () => {
    const response = await post('query=x', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
  });

  it('that is not here by the deadline of its request is not waited for', async () => {
    const sent = request(`${api.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': '1000',
        'x-deadline-ms': '100',
        authorization: `Bearer ${keyOf('decision')}`,
      },
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).once('error', reject),
    );
    sent.write('{');
    const response = await answer;
    expect([response.statusCode, response.headers.connection]).toEqual([503, 'close']);
    expect(JSON.parse(await text(response))).toMatchObject({ errors: [{ extensions: { code: 'TIMEOUT' } }] });
    sent.on('error', () => undefined).destroy();
  });

  it('that drips keeps no place of work for long, and leaves room for other keys all the while', async () => {
    const { server, url } = await serveAlso({ idleBodySeconds: 1 });
    let begun = 0;
    server.server.on('request', () => begun++);
    const headers = { 'content-type': 'application/json', 'content-length': '10000000' };
    const drips = Array.from({ length: 33 }, () =>
      request(`${url}/graphql`, { method: 'POST', headers: { ...headers, authorization: `Bearer ${keyOf('bi')}` } }),
    );
    const first = new Promise<IncomingMessage>((resolve) => {
      for (const sent of drips) sent.on('error', () => undefined).once('response', resolve);
    });
    const dripping = setInterval(() => {
      for (const sent of drips) sent.write(' '.repeat(2_048));
    }, 50);
    await vi.waitFor(() => expect(begun).toBe(drips.length), PATIENT);
    const answered = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf('modeler')}` },
      body: '{"query":"{ entities { name } }"}',
    });
    expect(answered.status).toBe(200);
    const response = await first;
    clearInterval(dripping);
    const message = 'less than 262144 bytes of the body came in 1 s';
    expect([response.statusCode, response.headers.connection]).toEqual([503, 'close']);
    expect(JSON.parse(await text(response))).toMatchObject({ errors: [{ message, extensions: { code: 'TIMEOUT' } }] });
    for (const sent of drips) sent.destroy();
    await server.close();
  });

  it('is not read before the key is known', async () => {
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{ this is not JSON',
    });
    expect(response.status).toBe(401);
  });
});

describe('errors', () => {
  it('of our own are general words without a stack or a path, and whole in the log (rule 25)', async () => {
    broken = () => Promise.reject(new Error('cannot open /secret/path'));
    const answer = await api.graphql('admin', '{ freshness { view } }');
    expect(answer.errors).toMatchObject([
      {
        message: 'the server failed to answer',
        path: ['freshness'],
        extensions: { code: 'INTERNAL', requestId: expect.any(String) },
      },
    ]);
    expect(JSON.stringify(answer)).not.toMatch(/secret|stack|\.ts|node_modules/);
    expect(logged.at(-1)).toMatchObject({
      fields: { err: expect.objectContaining({ message: 'cannot open /secret/path' }), operation: 'freshness' },
    });
  });

  it('of a store that is away say so', async () => {
    broken = () =>
      Promise.reject(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }));
    const { errors } = await api.graphql('admin', '{ freshness { view } }');
    expect(errors).toMatchObject([{ message: 'a store does not answer', extensions: { code: 'STORE_UNAVAILABLE' } }]);
  });

  it.each([
    ['an instant without a zone', '{ customer(id: "x", asOf: "2026-01-01T00:00:00") { id } }', /has no time zone/],
    [
      'a date that is none',
      '{ indicatorTable(names: ["a"], from: "2026-02-30", to: "2026-03-01") { rows } }',
      /not a date/,
    ],
    ['a syntax error', '{ entities { ', /Syntax Error/],
    ['an unknown field', '{ entities { nope } }', /Cannot query field "nope"/],
    ['a missing argument', '{ job { id } }', /is required/],
  ])('of the document: %s is BAD_USER_INPUT', async (_, query, words) => {
    const { errors } = await api.graphql('admin', query);
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(words),
      extensions: { code: 'BAD_USER_INPUT', hint: expect.any(String) },
    });
  });

  it('of a variable name the variable', async () => {
    const { errors } = await api.graphql('admin', 'query($at: DateTime) { customer(id: "x", asOf: $at) { id } }', {
      at: 'tomorrow',
    });
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('$at'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it('of HTTP are one object with code, message, hint and request id (rule 25)', async () => {
    const response = await api.fetch('admin', '/training-sets/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: {
        code: 'NOT_FOUND',
        message: expect.any(String),
        hint: expect.any(String),
        requestId: response.headers.get('x-request-id'),
      },
    });
  });

  it('of an import name the table or the column', async () => {
    const send = (table: string, body: string) =>
      api.fetch('ingest', `/import/${table}`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body });
    const unknown = await send('nothing', 'a\n1\n');
    expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'NOT_FOUND']);
    const header = await send('customers', 'a,b\n1,2\n');
    expect([header.status, await codeOf(header)]).toEqual([400, 'BAD_USER_INPUT']);
  });
});

describe('limits', () => {
  const rows = (count: number) => ({ customer_id: Array.from({ length: count }, (_, row) => `C${row}`) });
  const fields = ['customer_profile@1', 'customer_profile@2'];
  const aliases = (count: number, body: string) =>
    `query($e: JSONObject!, $f: [String!]) { ${Array.from({ length: count }, (_, i) => `a${i}: ${body}`).join(' ')} }`;
  const read = 'onlineFeatures(features: $f, entities: $e) { columns { statuses } }';

  it('count rows × features of every alias together', async () => {
    // 1,000 rows × 11 features = 11,000 an alias: 22 fit into 250,000, 23 do not.
    const fit = await api.graphql('decision', aliases(22, read), { e: rows(1_000), f: fields });
    expect(fit.errors).toEqual([]);
    const over = await api.graphql('decision', aliases(23, read), { e: rows(1_000), f: fields });
    expect(over.status).toBe(400);
    expect(over.errors[0]?.extensions.code).toBe('TOO_COMPLEX');
  });

  it('count what a variable brings as its default', async () => {
    const list = JSON.stringify(rows(1_000).customer_id.slice(0, 900));
    const query = `query($e: JSONObject = { customer_id: ${list} }) { ${Array.from({ length: 30 }, (_, i) => `a${i}: onlineFeatures(features: ["customer_profile@1", "customer_profile@2"], entities: $e) { requestId }`).join(' ')} }`;
    const { errors } = await api.graphql('decision', query.replace('JSONObject =', 'JSONObject! ='));
    expect(errors[0]?.extensions.code).toBe('TOO_COMPLEX');
  });

  it.each([
    ['aliases', aliases(31, 'entities { name }').replace('($e: JSONObject!, $f: [String!])', '')],
    ['depth', `{ __schema { types ${'{ ofType '.repeat(17)}{ name }${' }'.repeat(17)} } }`],
    ['tokens', `{ ${'entities { name } '.repeat(1_300)} }`],
    [
      'fields of fragments that spread each other',
      `{ ...f0 } ${Array.from({ length: 14 }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join(' ')} fragment f14 on Query { entities { name } }`,
    ],
  ])('bound %s', async (_, query) => {
    const { status, errors } = await api.graphql('admin', query);
    expect(status).toBe(400);
    expect(errors[0]?.extensions.code).toBe('TOO_COMPLEX');
  });

  it('leave room for what GraphiQL asks', async () => {
    const { errors, data } = await api.graphql('bi', getIntrospectionQuery());
    expect(errors).toEqual([]);
    expect(data).toHaveProperty('__schema');
  });
});

describe('the rate limit', () => {
  it('is one count a key over all processes of the API, and says when to come back', async () => {
    const { services } = api.app;
    const keys = [{ role: 'modeler' as const, name: 'patient', key: 'key-of-the-patient-modeler' }];
    const limits = { rateLimits: parseRateLimits('6,modeler:patient=none'), rateCount: services.rateCount };
    const serve = () => serveAlso(limits, keys);
    const [one, other] = await Promise.all([serve(), serve()]);
    const ask = async (url: string, key: string) =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: '{"query":"{ entities { name } }"}',
      });
    const statusesOf = async (key: string) => {
      const statuses: number[] = [];
      for (let i = 0; i < 8; i += 1) statuses.push((await ask(i % 2 ? one.url : other.url, key)).status);
      return statuses;
    };
    expect(await statusesOf(keyOf('modeler'))).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    // No decision is refused for its number, and a caller may have a limit of its own.
    expect(await statusesOf(keyOf('decision'))).toEqual(Array(8).fill(200));
    expect(await statusesOf('key-of-the-patient-modeler')).toEqual(Array(8).fill(200));
    const metrics = await api.app.telemetry.metricsText();
    expect(metrics).toContain('riskgraph_rate_limit_per_minute{role="modeler",caller=""} 6');
    expect(metrics).toContain('riskgraph_rate_limited_requests_total{role="modeler",caller="modeler"} 2');
    const refused = await ask(one.url, keyOf('modeler'));
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await codeOf(refused)).toBe('RATE_LIMITED');
    expect((await ask(one.url, keyOf('bi'))).status).toBe(200);
    // Health is asked by machines that must not be turned away.
    for (let i = 0; i < 10; i += 1) {
      expect((await fetch(`${one.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${one.url}/readyz?duty=decisions`)).status).toBe(200);
    }
    await Promise.all([one.server.close(), other.server.close()]);
  });
});

describe('a server that closes', () => {
  it('answers what it has begun and ends the connection with it, though the client would keep it', async () => {
    const gate = new EventEmitter();
    const begun = once(gate, 'begun');
    const freed = once(gate, 'freed');
    const freshness = async () => {
      gate.emit('begun');
      await freed;
      return [];
    };
    const { server, url } = await serveAlso({ services: { ...api.app.services.api, freshness } });
    const asked = fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf('admin')}` },
      body: '{"query":"{ freshness { view } }"}',
    });
    await begun;
    const closed = server.close();
    await vi.waitFor(() => expect(server.server.listening).toBe(false), PATIENT);
    gate.emit('freed');
    const response = await asked;
    expect(await response.json()).toEqual({ data: { freshness: [] } });
    expect(response.headers.get('connection')).toBe('close');
    await closed;
  });
});

describe('health', () => {
  it('is alive and ready for each duty, each store with its time', async () => {
    expect(await (await api.fetch(null, '/healthz')).json()).toMatchObject({ status: 'ok' });
    const store = { ok: true, ms: expect.any(Number) };
    // ClickHouse answers other test files too: one answer may be too late.
    await vi.waitFor(async () => {
      const ready = await api.fetch(null, '/readyz');
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({
        ready: true,
        stores: { postgres: store, clickhouse: store, redis: store },
        duties: { decisions: { ok: true }, history: { ok: true }, reports: { ok: true }, ingest: { ok: true } },
      });
    }, PATIENT);
  });

  it('judges each duty by the stores that it needs: a store that hangs takes what needs it out of service, and nothing else', async () => {
    const { services, config } = api.app;
    const answers = () => Promise.resolve();
    const away = () => Promise.reject(new Error('away'));
    const hangs = () => new Promise<never>(() => undefined);
    const stores = { postgres: answers, clickhouse: answers, redis: answers };
    const server = await createHttpServer({
      services: services.api,
      keys: await openKeyRing({
        given: TEST_KEYS,
        home: config.home,
        store: services.keys,
        now: Date.now,
        log: quietLog,
      }),
      health: { stores, worker: async () => ({ ok: false, reason: 'a worker has work and makes no progress' }) },
      log: quietLog,
      metrics: api.app.telemetry.metrics,
      metricsText: api.app.telemetry.metricsText,
      rateLimits: parseRateLimits('none'),
      decisionDeadlineMs: 60_000,
      idleBodySeconds: 60,
    });
    const duties = ['decisions', 'history', 'reports', 'ingest'];
    const statusesWith = async (broken: Partial<typeof stores>) => {
      Object.assign(stores, { postgres: answers, clickhouse: answers, redis: answers, ...broken });
      const paths = ['/readyz', ...duties.map((duty) => `/readyz?duty=${duty}`)];
      return Promise.all(paths.map(async (path) => (await server.inject(path)).statusCode));
    };
    // The first is /readyz itself: it is about decisions.
    expect(await statusesWith({})).toEqual([200, 200, 200, 200, 200]);
    expect(await statusesWith({ redis: away })).toEqual([503, 503, 200, 200, 200]);
    expect(await statusesWith({ postgres: away })).toEqual([200, 200, 503, 200, 503]);
    expect(await statusesWith({ clickhouse: hangs })).toEqual([200, 200, 503, 503, 503]);
    const whole = (await server.inject('/readyz')).json();
    expect(whole).toEqual({
      ready: true,
      stores: {
        clickhouse: { ok: false, ms: expect.any(Number) },
        postgres: { ok: true, ms: expect.any(Number) },
        redis: { ok: true, ms: expect.any(Number) },
      },
      duties: {
        decisions: { ok: true, needs: ['redis'], reason: null },
        history: { ok: false, needs: ['clickhouse', 'postgres'], reason: 'no answer from clickhouse' },
        reports: { ok: false, needs: ['clickhouse'], reason: 'no answer from clickhouse' },
        ingest: { ok: false, needs: ['clickhouse', 'postgres'], reason: 'no answer from clickhouse' },
      },
      worker: { ok: false, reason: 'a worker has work and makes no progress' },
    });
    // A probe that gives up after a second must not lose the other stores to the one that hangs.
    expect(whole.stores.clickhouse.ms).toBeLessThan(1_000);
    expect((await server.inject('/metrics')).body).toMatch(/duty_ready\{duty="decisions"\} 1\n.*duty="history"\} 0/s);
    const unknown = await server.inject('/readyz?duty=everything');
    expect([unknown.statusCode, unknown.json().error.code]).toEqual([400, 'BAD_USER_INPUT']);
    const worker = await server.inject('/healthz/worker');
    expect(worker.statusCode).toBe(503);
    expect(worker.json()).toMatchObject({ ok: false, reason: 'a worker has work and makes no progress' });
    await server.close();
  });
});

describe('metrics', () => {
  it('are read on loopback without a key, and by admin alone through a proxy', async () => {
    const local = await api.fetch(null, '/metrics');
    expect(local.status).toBe(200);
    const text = await local.text();
    expect(text).toContain('riskgraph_graphql_seconds_count{operation="entities",outcome="ok"}');
    expect(text).toContain('riskgraph_worker_healthy 0');
    const proxied = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    expect((await api.fetch(null, '/metrics', proxied)).status).toBe(401);
    expect((await api.fetch('modeler', '/metrics', proxied)).status).toBe(403);
    expect((await api.fetch('admin', '/metrics', proxied)).status).toBe(200);
  });

  it('say what was served by status, what waits for a worker, and what Redis holds', async () => {
    await api.graphql('admin', 'mutation { materialize { id } }');
    const { errors } = await api.graphql(
      'decision',
      '{ onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["nobody", "none"] }) { requestId } }',
    );
    expect(errors).toEqual([]);
    const text = await vi.waitFor(async () => {
      const told = await (await api.fetch(null, '/metrics')).text();
      for (const of of ['queue', 'redis']) expect(told).toContain(`riskgraph_gauges_fresh{of="${of}"} 1`);
      return told;
    }, PATIENT);
    expect(text).toMatch(/riskgraph_served_values_total\{view="customer_profile@1",status="NOT_FOUND"\} [1-9]/);
    expect(text).toContain('riskgraph_jobs_waiting{job_name="materialize"} 1');
    expect(text).toMatch(/riskgraph_queue_age_seconds\{job_name="materialize"\} [\d.]+/);
    const bytes = (name: string) => Number(new RegExp(`${name}\\{node="[^"]+"\\} (\\d+)`).exec(text)?.[1]);
    expect(bytes('redis_memory_bytes')).toBeGreaterThan(100_000);
    expect(bytes('redis_memory_limit_bytes')).toBeGreaterThan(bytes('redis_memory_bytes'));
  });

  it('of a worker have a port of their own under the same keys, and are part of the API beside it', async () => {
    const { services, telemetry } = api.app;
    const worker = createWorkerServer({
      keys: await openAcceptedKeys(TEST_KEYS, services.keys),
      audit: services.api.audit,
      metricsText: telemetry.metricsText,
      now: Date.now,
      log: quietLog,
    });
    const url = await worker.listen({ host: '127.0.0.1', port: 0 });
    const from = (headers: Record<string, string>) =>
      fetch(`${url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9', ...headers } });
    expect((await from({})).status).toBe(401);
    expect((await from({ authorization: `Bearer ${keyOf('bi')}` })).status).toBe(403);
    expect((await from({ authorization: `Bearer ${keyOf('admin')}` })).status).toBe(200);
    const merged = withWorkerMetrics(telemetry.metricsText, url);
    expect(await merged()).toContain('riskgraph_process_start_time_seconds{process="worker"}');
    await worker.close();
    expect(await merged()).not.toContain('process="worker"');
  });
});

describe('GraphiQL', () => {
  it('is a keyless page that loads from this server alone', async () => {
    const page = await api.fetch(null, '/graphiql');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(assets).toHaveLength(6);
    for (const asset of assets) {
      const response = await api.fetch(null, asset);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/(javascript|css)/);
    }
  });

  it('serves no other file', async () => {
    for (const path of ['/graphiql/x.js', '/graphiql/..%2fpackage.json', '/graphiql/toString', '/graphiql/__proto__']) {
      expect((await api.fetch(null, path)).status).toBe(404);
    }
  });
});

describe('the page at /', () => {
  it('is keyless and gives each kind of user a first query that the API takes', async () => {
    const page = await api.fetch(null, '/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    for (const user of ['Modeler', 'Decision service', 'Analyst', 'Fraud investigator', 'Operator']) {
      expect(html).toContain(`<h2>${user}</h2>`);
    }
    const queries = [...html.matchAll(/href="\/graphiql\?query=([^"]+)"/g)].map(([, query = '']) =>
      decodeURIComponent(query),
    );
    expect(queries).toHaveLength(5);
    const schema = buildSchema(await readFile('schema.graphql', 'utf8'));
    for (const query of queries) expect(validate(schema, parse(query)), query).toEqual([]);
  });
});

describe('what is not there', () => {
  it('is 404 with what to do: no GET of queries', async () => {
    for (const path of ['/index.html', '/graphql', '/graphql?query={__typename}', '/.env']) {
      const response = await api.fetch(null, path);
      expect(response.status).toBe(404);
      expect(await codeOf(response)).toBe('NOT_FOUND');
    }
  });
});

describe('the schema', () => {
  const fieldsOf = async (role: Role): Promise<string[]> => {
    const { data } = await api.graphql<{ __type: { fields: { name: string }[] } }>(
      role,
      '{ __type(name: "CustomerProfileV1") { fields { name } } }',
    );
    return data?.__type.fields.map(({ name }) => name) ?? [];
  };

  it('does not tell a caller of a feature that is hidden from it', async () => {
    expect(await fieldsOf('modeler')).toContain('phoneHash');
    const shown = await fieldsOf('bi');
    expect(shown).toContain('segment');
    expect(shown).not.toContain('phoneHash');
    const misspelt = '{ customer(id: "x") { customerProfileV1 { phoneHas } } }';
    expect(JSON.stringify(await api.graphql('modeler', misspelt))).toContain('phoneHash');
    expect(JSON.stringify(await api.graphql('bi', misspelt))).not.toContain('phoneHash');
  });
});

describe('whatever is sent', () => {
  const told = async (role: Role, path: string, init: RequestInit = {}) => {
    const response = await api.fetch(role, path, init);
    return [response.status, await codeOf(response)];
  };
  const asked = (query: string, path = '/graphql') =>
    told('admin', path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ query }),
    });

  it.each([
    ['NUL in a path', () => told('admin', '/training-sets/a%00b')],
    ['NUL in the name of a table', () => told('ingest', '/import/%00', { method: 'POST' })],
    ['a path that is no UTF-8', () => told('admin', '/training-sets/%ff')],
    ['a path that is not percent-encoded', () => told('admin', '/training-sets/%zz')],
    ['a subscription, to the route of queries', () => asked('subscription { jobProgress(id: "x") { id } }')],
    ['a document of deep lists', () => asked(`{ entities(x: ${'['.repeat(2_000)}`)],
    ['a document of deep types', () => asked(`query($x: ${'['.repeat(2_000)}Int) { entities { name } }`)],
    ['a document of deep selections', () => asked('{ a '.repeat(1_200), '/graphql/stream')],
  ])('is BAD_USER_INPUT: %s', async (_, send) => {
    expect(await send()).toEqual([400, 'BAD_USER_INPUT']);
  });

  it.each([
    ['an address of 20 kB', `GET /healthz?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 413, 'PAYLOAD_TOO_LARGE'],
    ['what is no HTTP', 'hello\r\n\r\n', 400, 'BAD_USER_INPUT'],
  ])('is answered in the shape of every error: %s', async (_, bytes, status, code) => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(body)).toEqual({
      error: { code, message: expect.any(String), hint: expect.any(String), requestId: expect.any(String) },
    });
  });

  it('that is a body of deep lists is BAD_USER_INPUT', async () => {
    const deep = `{"query":"{ entities { name } }","variables":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    const response = await post(deep);
    expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('is never answered by a fault of the server', async () => {
    broken = () => Promise.resolve([]);
    const schema = buildSchema(await readFile('schema.graphql', 'utf8'));
    const property = fc.asyncProperty(anyRequest(schema, ['planRegistry']), async ({ role, path, ...init }) => {
      const response = await fetch(`${api.url}${path}`, {
        ...init,
        headers: { ...init.headers, ...(role ? { authorization: `Bearer ${keyOf(role)}` } : {}) },
      });
      const answer = await response.text();
      expect([response.status, answer]).toEqual([
        expect.not.toSatisfy((status) => status === 500),
        expect.not.stringContaining('"INTERNAL"'),
      ]);
    });
    await fc.assert(property, { seed: 20_261_130, numRuns: 2_000, interruptAfterTimeLimit: 4_000 });
  });
});

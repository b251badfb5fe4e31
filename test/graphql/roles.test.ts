/** Every operation of the schema × every role, generated from the schema: a new operation is tried without being added here. */
import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEntry, ROLES, type Role } from '../../src/core/ports/access.js';
import { operationsOf } from '../../src/graphql/operation.js';
import { buildSchema } from '../../src/graphql/schema.js';
import { GUARDED_ROUTES, roleTable } from '../../src/http/role-table.js';
import { type Api, keyOf, startApi } from '../support/api.js';
import { fixtureRegistry } from '../support/registries.js';

const registry = await fixtureRegistry();
const schema: GraphQLSchema = buildSchema(registry);
const rolesOf = new Map<string, readonly Role[]>(
  operationsOf(schema).map(({ name, declaration }) => [name, declaration.roles]),
);
const operations = [...rolesOf.keys()];

/** Some value that the type takes. */
function sample(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sample(type.ofType);
  if (isListType(type)) return [sample(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(required.map((field) => [field.name, sample(field.type)]));
  }
  const samples: Record<string, unknown> = {
    Int: 1,
    Float: 1,
    Boolean: true,
    Date: '2026-01-01',
    DateTime: '2026-01-01T00:00:00Z',
    JSONObject: {},
  };
  return samples[type.name] ?? 'x';
}

/** The smallest document that calls an operation. */
function call(operation: string): { readonly query: string; readonly variables: Record<string, unknown> } {
  const [typeName = '', fieldName = ''] = operation.split('.');
  const type = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].find(
    (one) => one?.name === typeName,
  );
  const field = type?.getFields()[fieldName];
  if (!field) throw new Error(`no such operation: ${operation}`);
  const args = field.args.filter(isRequiredArgument);
  const declared = args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = args.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }';
  return {
    query: `${typeName.toLowerCase()} t${declared ? `(${declared})` : ''} { ${fieldName}${passed ? `(${passed})` : ''} ${selection} }`,
    variables: Object.fromEntries(args.map(({ name, type }) => [name, sample(type)])),
  };
}

/** Reads the rows of one product alone. */
const PARTNER = { role: 'bi', name: 'partner', key: 'the-key-of-a-funding-partner', rows: 'product=CASH' } as const;
const asPartner = { authorization: `Bearer ${PARTNER.key}` };

let api: Api;

beforeAll(async () => {
  api = await startApi({ keys: [PARTNER] });
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
});

afterAll(() => api.close());

async function codes(operation: string, role: Role | null, headers: Record<string, string> = {}): Promise<string[]> {
  const { query, variables } = call(operation);
  if (!operation.startsWith('Subscription.')) {
    return (await api.graphql(role, query, variables, headers)).errors.map(({ extensions }) => extensions.code);
  }
  const response = await api.fetch(role, '/graphql/stream', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return [...(await response.text()).matchAll(/"code":"([A-Z_]+)"/g)].map((match) => match[1] as string);
}

const auditOf = async (action: string): Promise<readonly AuditEntry[]> =>
  (await api.app.services.api.audit.list(500)).filter((entry) => entry.action === action);

describe.each(operations)('%s', (operation) => {
  it.each(ROLES)('is answered to the roles declared and FORBIDDEN to others: %s', async (role) => {
    const allowed = rolesOf.get(operation)?.includes(role);
    const found = await codes(operation, role);
    if (allowed) expect(found).not.toContain('FORBIDDEN');
    else expect(found).toEqual(['FORBIDDEN']);
    expect(found).not.toContain('INTERNAL');
  });

  it('is UNAUTHENTICATED without a key', async () => {
    expect(await codes(operation, null)).toEqual(['UNAUTHENTICATED']);
  });

  it('leaves every refusal in the audit log, and every call of a mutation', async () => {
    const entries = await auditOf(operation);
    const refused = ROLES.filter((role) => !rolesOf.get(operation)?.includes(role));
    expect(
      entries
        .filter(({ outcome }) => outcome === 'REFUSED')
        .map(({ caller }) => caller?.role)
        .sort(),
    ).toEqual([...refused].sort());
    if (!operation.startsWith('Mutation.')) return;
    const done = entries.filter(({ outcome }) => outcome !== 'REFUSED').map(({ caller }) => caller?.role);
    for (const role of rolesOf.get(operation) ?? []) expect(done).toContain(role);
    for (const { requestId, address, at } of entries) {
      expect(requestId).not.toBe('');
      expect(address).toBe('127.0.0.1');
      expect(at).toBeGreaterThan(0);
    }
  });
});

describe('a refusal that depends on the arguments', () => {
  it('is in the audit log too: history asked for by decision', async () => {
    const asked = '2026-01-01T00:00:00.000Z';
    const { errors } = await api.graphql('decision', `{ customer(id: "C1", asOf: "${asked}") { id } }`);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    const entry = (await auditOf('Query.customer')).find(
      ({ caller, outcome }) => caller?.role === 'decision' && outcome === 'REFUSED',
    );
    // The log names no entity.
    expect(entry?.details).toEqual({ code: 'FORBIDDEN', arguments: { id: '1 value', asOf: expect.anything() } });
  });

  it('leaves no entry where it is refused as bad input', async () => {
    const before = (await auditOf('Query.customer')).length;
    await api.graphql('modeler', '{ customer(id: "C1", asOf: "2999-01-01T00:00:00Z") { id } }');
    await api.app.services.api.audit.flush();
    expect(await auditOf('Query.customer')).toHaveLength(before);
  });
});

describe('a read', () => {
  const READS = {
    graph: ['decision', '{ customer(id: "C1") { id } }'],
    online: [
      'decision',
      '{ onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["C1", "C2", null] }) { requestId } }',
    ],
    both: [
      'modeler',
      '{ a: customer(id: "C1") { id } b: customer(id: "C9") { id } onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["C1"] }) { requestId } }',
    ],
    quarantine: ['modeler', '{ quarantine(table: "customers") { line: index } }'],
    indicators: [
      'bi',
      '{ indicatorTable(names: ["customers_registered"], from: "2026-01-01", to: "2026-01-31") { rowCount } }',
    ],
  } as const;

  it('leaves one entry a request: who asked, by what, for how many, and a keyed hash of each', async () => {
    const answers = await Promise.all(
      Object.entries(READS).map(async ([name, [role, query]]) => {
        const { errors } = await api.graphql(role, query, {}, { 'x-request-id': `read-${name}` });
        return errors;
      }),
    );
    expect(answers.flat()).toEqual([]);
    const { audit } = api.app.services.api;
    await audit.flush();
    const entries = await audit.list(500);
    const of = (name: string) => entries.filter(({ requestId }) => requestId === `read-${name}`);
    for (const name of Object.keys(READS)) {
      expect(of(name)).toMatchObject([
        { outcome: 'DONE', address: '127.0.0.1', caller: { role: READS[name as keyof typeof READS][0] } },
      ]);
    }
    const hashesOf = (name: string) => of(name)[0]?.details.hashes as string[];
    expect(of('online')[0]).toMatchObject({
      action: 'Query.onlineFeatures',
      details: { entities: 3, calls: [{ features: ['customer_profile@1:segment'], entities: 3 }] },
    });
    expect(of('both')[0]).toMatchObject({ action: 'Query.customer, Query.onlineFeatures', details: { entities: 3 } });
    // The same customer has one hash in every door, and the log alone does not say who that is.
    expect([hashesOf('graph').length, hashesOf('online').length, hashesOf('both').length]).toEqual([1, 2, 2]);
    for (const name of ['online', 'both']) expect(hashesOf(name)).toContain(hashesOf('graph')[0]);
    expect(of('quarantine')[0]?.details).toEqual({
      calls: [{ operation: 'Query.quarantine', table: 'customers', limit: 50, entities: 0 }],
      entities: 0,
      hashes: [],
    });
    expect(of('indicators')[0]?.details.calls).toMatchObject([{ names: ['customers_registered'], from: '2026-01-01' }]);
    expect(JSON.stringify(entries.filter(({ requestId }) => requestId.startsWith('read-')))).not.toMatch(/"C[129]"/);
  });
});

describe('a spine of rows', () => {
  const SPINE =
    '{ customer_id: ["C1", "C2"], event_timestamp: ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], note: ["n", "n"] }';
  const SPINES = {
    historical: `{ historicalFeatures(features: ["customer_profile@1:segment"], spine: ${SPINE}) { rowCount } }`,
    preview: '{ previewFeatureView(view: "customer_profile@1", keys: { customer_id: ["C1", "C2"] }) { rowCount } }',
    set: `mutation { createTrainingSet(input: { name: "s", features: ["customer_profile@1:segment"], spine: ${SPINE} }) { id } }`,
  };

  it('leaves a keyed hash of each entity that it asks for, beside the entry of the call', async () => {
    const online =
      '{ onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["C1", "C2"] }) { requestId } }';
    for (const [name, query] of Object.entries({ online, ...SPINES })) {
      expect((await api.graphql('modeler', query, {}, { 'x-request-id': `spine-${name}` })).errors).toEqual([]);
    }
    const { audit } = api.app.services.api;
    await audit.flush();
    const entries = await audit.list(500);
    const hashesOf = (name: string) =>
      entries.filter(({ requestId }) => requestId === `spine-${name}`).flatMap(({ details }) => details.hashes ?? []);
    expect(hashesOf('online')).toHaveLength(2);
    for (const name of Object.keys(SPINES)) expect(hashesOf(name)).toEqual(hashesOf('online'));
  });

  it('is none where the training set takes its rows from SQL', async () => {
    const sql = "SELECT 'C1' AS customer_id, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') AS event_timestamp";
    const input = { name: 's', features: ['customer_profile@1:segment'], spineSql: sql };
    const query = 'mutation ($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }';
    expect((await api.graphql('modeler', query, { input }, { 'x-request-id': 'spine-sql' })).errors).toEqual([]);
    const { audit } = api.app.services.api;
    await audit.flush();
    const entries = (await audit.list(500)).filter(({ requestId }) => requestId === 'spine-sql');
    expect(entries.map(({ outcome }) => outcome).sort()).toEqual(['BEGUN', 'DONE']);
  });
});

/** Those that take a key; report links take none. */
const ROUTES = GUARDED_ROUTES.filter(({ config }) => !config.access.link).map(
  ({ method, url, config }) => [`${method} ${url}`, config.access.roles as readonly Role[]] as const,
);

describe.each(ROUTES)('%s', (route, allowed) => {
  const [method = '', path = ''] = route.split(' ');
  const url = path.replace(':table', 'customers').replace(':id', 'x');
  const ask = (role: Role | null) =>
    api.fetch(role, url, {
      method,
      headers: { 'x-forwarded-for': '10.0.0.1', ...(method === 'POST' ? { 'content-type': 'text/csv' } : {}) },
      ...(method === 'POST' ? { body: 'x\n' } : {}),
    });

  it.each(ROLES)('answers 403 to a role that may not: %s', async (role) => {
    const response = await ask(role);
    expect(response.status === 403).toBe(!allowed.includes(role));
    if (response.status !== 403) return;
    const { error } = (await response.json()) as { error: Record<string, string> };
    expect(error).toMatchObject({ code: 'FORBIDDEN', requestId: response.headers.get('x-request-id') });
  });

  it('answers 401 without a key, whatever the body', async () => {
    const response = await ask(null);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'UNAUTHENTICATED', message: 'no key was sent' } });
  });

  it('leaves its refusals in the audit log', async () => {
    const entries = await auditOf(route);
    const refused = entries.filter(({ outcome }) => outcome === 'REFUSED');
    expect(refused.length).toBeGreaterThanOrEqual(ROLES.length - allowed.length);
    // Of a caller without a key the log has the minute and the address.
    await api.app.services.api.audit.flush();
    const strangers = await auditOf('unauthenticated');
    const counted = strangers.map(({ details }) => (details.actions as Record<string, number>)[route] ?? 0);
    expect(counted.reduce((sum, calls) => sum + calls)).toBeGreaterThan(0);
    expect(strangers[0]).toMatchObject({ caller: null, outcome: 'REFUSED', address: '127.0.0.1' });
  });
});

/** As a program sends what a person types into its dialog. */
const basicOf = (user: string, key: string): string => `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`;

describe('basic auth', () => {
  const REPORTS = ['indicators', 'vintage', 'roll-rates', 'funnel'].flatMap((name) =>
    ['csv', 'json', 'parquet'].map((suffix) => `GET /${name}.${suffix}`),
  );
  const TAKEN = [...REPORTS, 'GET /sql', 'POST /sql'];
  const sent = (route: string, headers: Readonly<Record<string, string>> = {}) => {
    const [method = '', path = ''] = route.split(' ');
    const url = path.replace(':table', 'customers').replace(':id', 'x');
    return api.fetch(null, url, { method, headers: { 'x-forwarded-for': '10.0.0.1', ...headers } });
  };

  it('is asked for and taken by reports and SQL over facts alone, with any user and the key as password', async () => {
    for (const route of [...ROUTES.map(([name]) => name), 'POST /graphql', 'POST /graphql/stream']) {
      const isReport = TAKEN.includes(route);
      const stranger = await sent(route);
      const challenge = isReport ? 'Basic realm="Riskgraph", charset="UTF-8"' : null;
      expect([route, stranger.status, stranger.headers.get('www-authenticate')]).toEqual([route, 401, challenge]);
      const known = await sent(route, { authorization: basicOf('a person', keyOf('admin')) });
      expect([route, known.status === 401]).toEqual([route, !isReport]);
    }
  });

  it('gives a caller no more than bearer does, and the audit log the name of the key', async () => {
    const [route = ''] = REPORTS;
    const statusOf = async (authorization: string) => (await sent(route, { authorization })).status;
    expect(await statusOf(basicOf('admin', keyOf('decision')))).toBe(403);
    expect(await statusOf(basicOf(keyOf('admin'), ''))).toBe(401);
    const id = 'basic-auth.1';
    await sent(`${route}?names=x`, { authorization: basicOf('admin', keyOf('bi')), 'x-request-id': id });
    const entries = (await api.app.services.api.audit.list(20)).filter(({ requestId }) => requestId === id);
    expect(entries.map(({ caller }) => caller?.role)).toEqual(['bi', 'bi']);
  });
});

/** Every address that takes a key, with a role that may call it and one that may not; any key may send GraphQL. */
const ADDRESSES = [
  ...ROUTES.filter(([route]) => route !== 'GET /metrics').map(([route, allowed]) => {
    const forbidden = ROLES.find((role) => !allowed.includes(role));
    return { route, allowed: allowed[0] as Role, forbidden };
  }),
  { route: 'POST /graphql', allowed: 'admin' as const, forbidden: undefined },
  { route: 'POST /graphql/stream', allowed: 'admin' as const, forbidden: undefined },
];
const TEXTS = [
  ['NUL', '%00'],
  ['half a character', '%ED%A0%BD'],
  ['10 kB', 'y'.repeat(10_000)],
] as const;

describe.each(ADDRESSES)('$route', ({ route, allowed, forbidden }) => {
  const [method = '', path = ''] = route.split(' ');
  const ask = async (role: Role | null, url: string) => {
    const post = {
      headers: { 'content-type': path.startsWith('/import') ? 'text/csv' : 'application/json' },
      body: '{}',
    };
    const response = await api.fetch(role, url, { method, ...(method === 'POST' ? post : {}) });
    const { error, errors } = (await response.json()) as {
      error?: { message: string };
      errors?: { message: string }[];
    };
    return {
      status: response.status,
      message: error?.message ?? errors?.[0]?.message,
      id: response.headers.get('x-request-id'),
    };
  };
  const plain = path.replace(':table', 'customers').replace(':id', 'x');

  it.each(TEXTS)(
    'keeps no call out of the audit log by a parameter with %s, which is refused by its name',
    async (_, text) => {
      const roles = [allowed, null, ...(forbidden ? [forbidden] : [])] as const;
      const answers = await Promise.all(roles.map((role) => ask(role, `${plain}?x=${text}`)));
      expect(answers.map(({ status }) => status)).toEqual([400, 401, ...(forbidden ? [403] : [])]);
      expect(answers[0]?.message).toBe("there is no query parameter 'x' here");
      const entries = await api.app.services.api.audit.list(20);
      const outcomes = answers.map(({ id }) => entries.find(({ requestId }) => requestId === id)?.outcome);
      const kept = path.startsWith('/graphql') ? undefined : 'FAILED';
      expect(outcomes).toEqual([kept, undefined, ...(forbidden ? ['REFUSED'] : [])]);
    },
  );

  it('is recorded, whatever its path holds that is an id at all', async () => {
    if (!path.includes(':')) return;
    for (const [id, status, outcomes] of [
      ['y'.repeat(90), 404, ['FAILED', 'BEGUN']],
      ['%00', 400, ['FAILED']],
      ['%ED%A0%BD', 400, []],
      ['y'.repeat(10_000), 400, []],
    ] as const) {
      const answer = await ask(allowed, path.replace(/:\w+/, id));
      const entries = (await api.app.services.api.audit.list(20)).filter(({ requestId }) => requestId === answer.id);
      expect([answer.status, entries.map(({ outcome }) => outcome)]).toEqual([status, outcomes]);
    }
  });

  it('leaves no key in the audit log that is in its address', async () => {
    const key = keyOf('modeler');
    for (const role of [allowed, null]) {
      await ask(role, `${plain}?key=${key}&names=${key}&history=${key}&${key}`);
      await ask(role, path.replace(/:\w+/, key));
    }
    await ask(allowed, `${plain}?names=${basicOf('a', key).replace('Basic ', '')}`);
    const entries = JSON.stringify(await api.app.services.api.audit.list(20));
    expect(entries).not.toContain(key);
    expect(entries).not.toContain(basicOf('a', key).slice('Basic '.length, -4));
  });
});

describe('a key with rights to some rows', () => {
  const REPORTS = ['indicators', 'indicatorTable', 'vintage', 'rollRates', 'funnel'].map((name) => `Query.${name}`);

  it('is FORBIDDEN every operation that does not hold to them', async () => {
    for (const operation of operations) {
      const isForbidden = (await codes(operation, null, asPartner)).includes('FORBIDDEN');
      expect([operation, isForbidden]).toEqual([operation, !REPORTS.includes(operation)]);
    }
  });

  it('is refused every address but those of reports, also by HEAD', async () => {
    for (const [route] of ROUTES) {
      const [method = '', path = ''] = route.split(' ');
      const url = path.replace(':table', 'customers').replace(':id', 'x');
      const isReport = /^GET \/(indicators|vintage|roll-rates|funnel)\.|^\w+ \/sql$/.test(route);
      for (const tried of method === 'GET' ? ['GET', 'HEAD'] : [method]) {
        const { status } = await api.fetch(null, url, {
          method: tried,
          headers: { 'x-forwarded-for': '10.0.0.1', ...asPartner },
        });
        expect([tried, url, status === 403]).toEqual([tried, url, !isReport]);
      }
    }
  });

  it('leaves its refusals in the audit log', async () => {
    const [entry] = (await auditOf('Query.tables')).filter(({ caller }) => caller?.name === PARTNER.name);
    expect(entry).toMatchObject({ outcome: 'REFUSED', details: { code: 'FORBIDDEN' } });
  });
});

describe('the table of roles', () => {
  it('declares every operation of the schema and no other', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((type) => Object.keys(type?.getFields() ?? {}).map((name) => `${type?.name}.${name}`));
    expect(fields.sort()).toEqual([...operations].sort());
  });

  it('reads as Markdown with a row an operation and route', () => {
    const lines = roleTable(schema).split('\n');
    expect(lines).toHaveLength(2 + operations.length + ROUTES.length);
    expect(lines).toContain('| `Query.indicatorTable` | ✓ |  | ✓ |  | ✓ |  |');
  });
});

describe('without Postgres', () => {
  beforeAll(() => api.lose('postgres'));

  const AUDITED = operationsOf(schema)
    .filter(({ name, declaration }) => name.startsWith('Mutation.') || declaration.audit)
    .map(({ name, declaration: { roles } }) => [name, roles[0]] as const);

  it.each(AUDITED)('%s is refused, since it cannot be recorded', async (operation, role) => {
    expect(await codes(operation, role)).toEqual(['STORE_UNAVAILABLE']);
  });

  it.each(ROUTES.filter(([route]) => route !== 'GET /metrics'))(
    '%s is refused before its body is read',
    async (route, allowed) => {
      const [method = '', path = ''] = route.split(' ');
      const url = path.replace(':table', 'customers').replace(':id', 'x');
      const statusOf = async (role: Role | null) => (await api.fetch(role, url, { method })).status;
      const forbidden = ROLES.filter((role) => !allowed.includes(role));
      expect(await statusOf(allowed[0] as Role)).toBe(503);
      // What is refused stays refused.
      expect(await statusOf(null)).toBe(401);
      expect(await statusOf(forbidden[0] as Role)).toBe(403);
    },
  );

  it('a decision is answered though its entry has to wait', async () => {
    const { audit } = api.app.services.api;
    const { errors } = await api.graphql('decision', '{ customer(id: "C1") { id } }');
    expect(errors).toEqual([]);
    await expect(audit.flush()).rejects.toThrow();
  });

  it('a metric counts what could not be recorded', async () => {
    const text = await api.app.telemetry.metricsText();
    const count = (outcome: string) =>
      Number(new RegExp(`riskgraph_audit_failures_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1]);
    expect(count('BEGUN')).toBe(AUDITED.length + ROUTES.length - 1);
    expect(count('REFUSED')).toBe(ROUTES.length - 1);
  });
});

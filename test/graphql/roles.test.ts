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
import { type Api, startApi } from '../support/api.js';
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

let api: Api;

beforeAll(async () => {
  api = await startApi();
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
});

afterAll(() => api.close());

async function codes(operation: string, role: Role | null): Promise<string[]> {
  const { query, variables } = call(operation);
  if (!operation.startsWith('Subscription.')) {
    return (await api.graphql(role, query, variables)).errors.map(({ extensions }) => extensions.code);
  }
  const response = await api.fetch(role, '/graphql/stream', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
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
    expect(entry?.details).toMatchObject({ code: 'FORBIDDEN', arguments: { id: 'C1' } });
  });

  it('leaves no entry for a read that is answered, or that is refused as bad input', async () => {
    const before = (await auditOf('Query.customer')).length;
    await api.graphql('decision', '{ customer(id: "C1") { id } }');
    await api.graphql('modeler', '{ customer(id: "C1", asOf: "2999-01-01T00:00:00Z") { id } }');
    expect(await auditOf('Query.customer')).toHaveLength(before);
  });
});

const ROUTES = GUARDED_ROUTES.map(
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
    expect(refused.length).toBeGreaterThan(ROLES.length - allowed.length);
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
    expect(lines).toContain('| `Query.indicatorTable` | ✓ |  | ✓ |  | ✓ |');
  });
});

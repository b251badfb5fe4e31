/** Bad requests over GraphQL and HTTP, with what each must be told. */
import type { Role } from '../../src/core/ports/access.js';
import type { Case } from './conformance.js';

export interface Refused extends Case {
  readonly code: string;
  /** Words that the message and the hint hold together: what was wrong, and what to do. */
  readonly says: readonly RegExp[];
  /** Null sends no key; a text is sent as the key. */
  readonly as?: Role | null | `Bearer ${string}`;
}

export interface OverGraphql extends Refused {
  readonly asks: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly status?: number;
}

export interface OverHttp extends Refused {
  readonly path: string;
  readonly init?: RequestInit;
  readonly status: number;
}

const customers = (count: number) => ({ customer_id: Array.from({ length: count }, (_, row) => `C${row}`) });
const READ =
  'query($features: [String!], $entities: JSONObject!) { onlineFeatures(features: $features, entities: $entities) { requestId } }';

export const GRAPHQL: readonly OverGraphql[] = [
  { name: 'a syntax error', asks: '{ entities { ', code: 'BAD_USER_INPUT', says: [/Syntax Error/], status: 400 },
  {
    name: 'a field that is not there',
    asks: '{ entities { nope } }',
    code: 'BAD_USER_INPUT',
    says: [/"nope"/],
    status: 400,
  },
  {
    name: 'an argument that is missing',
    asks: '{ job { id } }',
    code: 'BAD_USER_INPUT',
    says: [/"id".*required/],
    status: 400,
  },
  {
    name: 'an instant without a zone',
    asks: '{ customer(id: "x", asOf: "2026-01-01T00:00:00") { id } }',
    code: 'BAD_USER_INPUT',
    status: 400,
    says: [/no time zone/, /2026-03-01T08:00:00\+08:00/],
  },
  {
    name: 'a variable that is no instant',
    asks: 'query($at: DateTime) { customer(id: "x", asOf: $at) { id } }',
    variables: { at: 'tomorrow' },
    code: 'BAD_USER_INPUT',
    says: [/\$at/, /tomorrow/],
    status: 400,
  },
  {
    name: 'an instant in the future',
    asks: '{ customer(id: "x", asOf: "2199-01-01T00:00:00Z") { customerProfile { segment } } }',
    code: 'BAD_USER_INPUT',
    says: [/2199|future/],
  },
  {
    name: 'a date that is none',
    asks: '{ indicatorTable(names: ["customers_registered"], from: "2026-02-30", to: "2026-03-01") { rows } }',
    code: 'BAD_USER_INPUT',
    says: [/2026-02-30/, /YYYY-MM-DD/],
    status: 400,
  },
  {
    name: 'days the wrong way round',
    asks: '{ indicatorTable(names: ["customers_registered"], from: "2026-03-02", to: "2026-03-01") { rows } }',
    code: 'BAD_USER_INPUT',
    says: [/after/],
  },
  {
    name: 'an indicator that is not there',
    asks: '{ indicatorTable(names: ["nothing"], from: "2026-03-01", to: "2026-03-02") { rows } }',
    code: 'BAD_USER_INPUT',
    says: [/nothing/, /customers_registered/],
  },
  {
    name: 'a join key that is missing',
    asks: READ,
    variables: { features: ['customer_profile@1'], entities: { device_id: ['D1'] } },
    code: 'BAD_USER_INPUT',
    says: [/lacks.*customer_id/, /give customer_id/],
  },
  {
    name: 'a join key that nothing takes',
    asks: READ,
    variables: { features: ['customer_profile@1'], entities: { customer_id: ['C1'], device_id: ['D1'] } },
    code: 'BAD_USER_INPUT',
    says: [/device_id/, /join keys/],
  },
  {
    name: 'lists of different lengths',
    asks: READ,
    variables: {
      features: ['customer_profile@1', 'device_use@1'],
      entities: { customer_id: ['C1'], device_id: ['D1', 'D2'] },
    },
    code: 'BAD_USER_INPUT',
    says: [/differ in length/, /i-th/],
  },
  {
    name: 'more rows than a request may have',
    asks: READ,
    variables: { features: ['customer_profile@1'], entities: customers(1_001) },
    code: 'BAD_USER_INPUT',
    says: [/1001/, /split/],
  },
  {
    name: 'neither a service nor features',
    asks: READ,
    variables: { entities: customers(1) },
    code: 'BAD_USER_INPUT',
    says: [/exactly one/, /name@version/],
  },
  {
    name: 'a view that is not there',
    asks: READ,
    variables: { features: ['nothing@1:x'], entities: customers(1) },
    code: 'NOT_FOUND',
    says: [/nothing@1/, /catalogue/],
  },
  {
    name: 'a limit out of bounds',
    asks: '{ jobs(limit: 501) { id } }',
    code: 'BAD_USER_INPUT',
    says: [/501/, /1 to 500/],
  },
  {
    name: 'a table that is not there',
    asks: '{ quarantine(table: "nothing") { reason } }',
    code: 'NOT_FOUND',
    says: [/nothing/, /customers/],
  },
  {
    name: 'a model that is not there',
    asks: '{ score(model: "nothing@1", entities: { customer_id: ["C1"] }) { requestId } }',
    code: 'NOT_FOUND',
    says: [/nothing@1/, /models/],
  },
  {
    name: 'a job that cannot be cancelled because there is none',
    asks: 'mutation { cancelJob(id: "nothing") { id } }',
    code: 'NOT_FOUND',
    says: [/nothing/],
  },
  {
    name: 'an as-of that a view does not have',
    asks: 'mutation { materialize(views: ["device_use"], asOf: "2026-01-01T00:00:00.001Z") { id } }',
    code: 'BAD_USER_INPUT',
    says: [/device_use@1 has no as-of/, /newest that is due/],
  },
  {
    name: 'a view that a service pins cannot be retired',
    asks: 'mutation { retireFeatureView(view: "customer_profile@1") { problems } }',
    code: 'CONFLICT',
    says: [/pinned by service decision@1/, /retire those first/],
  },
  {
    name: 'a spine that reads another table than the allowed',
    asks: 'mutation { createTrainingSet(input: { name: "x", features: ["customer_profile@1"], spineSql: "SELECT * FROM system.users" }) { id } }',
    code: 'BAD_USER_INPUT',
    says: [/system/, /not allowed/],
  },
  {
    name: 'a spine that is two statements',
    asks: 'mutation { createTrainingSet(input: { name: "x", features: ["customer_profile@1"], spineSql: "SELECT 1; DROP TABLE customers" }) { id } }',
    code: 'BAD_USER_INPUT',
    says: [/one|single|statement|SELECT/i],
  },
  {
    name: 'a query that is too deep',
    asks: `{ __schema { types ${'{ ofType '.repeat(17)}{ name }${' }'.repeat(17)} } }`,
    code: 'TOO_COMPLEX',
    says: [/levels deep/, /split/],
    status: 400,
  },
  {
    name: 'too many aliases',
    asks: `{ ${Array.from({ length: 31 }, (_, index) => `a${index}: entities { name }`).join(' ')} }`,
    code: 'TOO_COMPLEX',
    says: [/30 aliases/, /split/],
    status: 400,
  },
  {
    name: 'no key',
    as: null,
    asks: '{ entities { name } }',
    code: 'UNAUTHENTICATED',
    says: [/no key/, /Bearer/],
    status: 401,
  },
  {
    name: 'a key of another server',
    as: 'Bearer nonsense',
    asks: '{ entities { name } }',
    code: 'UNAUTHENTICATED',
    says: [/not one of this server/],
    status: 401,
  },
  {
    name: 'an operation of another role',
    as: 'bi',
    asks: 'mutation { materialize { id } }',
    code: 'FORBIDDEN',
    says: [/bi/, /admin/],
  },
  {
    name: 'history asked for by a role of decisions',
    as: 'decision',
    asks: '{ customer(id: "x", asOf: "2026-01-01T00:00:00Z") { id } }',
    code: 'FORBIDDEN',
    says: [/decision/],
  },
  {
    name: 'a fault of the server',
    asks: '{ freshness { view } }',
    code: 'INTERNAL',
    says: [/failed to answer/, /request id/],
  },
];

const csv = (body: string): RequestInit => ({ method: 'POST', headers: { 'content-type': 'text/csv' }, body });
export const post = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
});
const INDICATORS = '/indicators.csv?names=customers_registered&from=2026-01-01&to=2026-01-31';

export const HTTP: readonly OverHttp[] = [
  {
    name: 'HTTP: a path that is not there',
    path: '/nothing',
    status: 404,
    code: 'NOT_FOUND',
    says: [/\/nothing/, /POST \/graphql/],
  },
  {
    name: 'HTTP: a table that is not there',
    path: '/import/nothing',
    init: csv('a\n1\n'),
    status: 404,
    code: 'NOT_FOUND',
    says: [/nothing/, /customers/],
  },
  {
    name: 'HTTP: a header that does not fit the table',
    path: '/import/customers',
    init: csv('customer_id,nmae\nC1,x\n'),
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/unknown: 'nmae'/, /missing: 'registered_at'/],
  },
  {
    name: 'HTTP: an empty import',
    path: '/import/customers',
    init: csv(''),
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/empty/],
  },
  {
    name: 'HTTP: an import of a type that is not supported',
    path: '/import/customers',
    init: post('{}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/application\/json/, /text\/csv/],
  },
  {
    name: 'HTTP: an import that says how it is wrong',
    path: '/import/customers?history=yes',
    init: csv('a\n'),
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/true/, /false/],
  },
  {
    name: 'HTTP: an import by a role that may not',
    as: 'bi',
    path: '/import/customers',
    init: csv('a\n'),
    status: 403,
    code: 'FORBIDDEN',
    says: [/bi/, /ingest/],
  },
  {
    name: 'HTTP: an import without a key',
    as: null,
    path: '/import/customers',
    init: csv('a\n'),
    status: 401,
    code: 'UNAUTHENTICATED',
    says: [/no key/, /Bearer/],
  },
  {
    name: 'HTTP: a training set that is not there',
    path: '/training-sets/nothing',
    status: 404,
    code: 'NOT_FOUND',
    says: [/nothing/],
  },
  {
    name: 'HTTP: a path that climbs out of its folder',
    path: '/training-sets/..%2f..%2fetc%2fpasswd',
    status: 404,
    code: 'NOT_FOUND',
    says: [/training set/],
  },
  {
    name: 'HTTP: a report without its days',
    path: '/indicators.csv?names=customers_registered',
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/from/],
  },
  {
    name: 'HTTP: a report with a parameter that nobody knows',
    path: `${INDICATORS}&colour=red`,
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/colour/],
  },
  {
    name: 'HTTP: a report with a filter that is none',
    path: `${INDICATORS}&filter=segment`,
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/dimension:op:value/],
  },
  {
    name: 'HTTP: GraphQL that is no JSON',
    path: '/graphql',
    init: post('{"query": '),
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/JSON/],
  },
  {
    name: 'HTTP: GraphQL without a query',
    path: '/graphql',
    init: post('{}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    says: [/query/],
  },
  {
    name: 'HTTP: GraphQL that is too large',
    path: '/graphql',
    init: post(JSON.stringify({ query: '{ a }', pad: 'x'.repeat(17 << 20) })),
    status: 413,
    code: 'TOO_COMPLEX',
    says: [/too large/, /split/],
  },
];

/** Asked while Postgres is away. */
export const AWAY: readonly OverGraphql[] = [
  {
    name: 'a store that is away',
    asks: '{ jobs { id } }',
    code: 'STORE_UNAVAILABLE',
    says: [/(a store|postgres) does not answer|the audit log cannot be written/, /readyz/],
  },
  {
    name: 'a mutation while a store is away',
    asks: 'mutation { materialize { id } }',
    code: 'STORE_UNAVAILABLE',
    says: [/(a store|postgres) does not answer|the audit log cannot be written/, /readyz/],
  },
];

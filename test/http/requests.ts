/** Requests as a program with a fault, or an attacker, sends them: to every route, with every kind of body and document. */
import fc from 'fast-check';
import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { ROLES, type Role } from '../../src/core/ports/access.js';

export interface AnyRequest {
  readonly role: Role | null;
  readonly method: string;
  /** As it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const NASTY = [
  ...['', '\0', 'a\0b', '\ud800', '../../etc/passwd', '__proto__', 'constructor', '\u{1f600}', "'; DROP TABLE x; --"],
  ...['-1', '1e400', 'NaN', '2026-02-30', '99999-01-01', '2026-01-01T00:00:00Z', '9'.repeat(40), 'x'.repeat(3_000)],
  ...[
    'customer_profile@1:age',
    'customer_profile@',
    '@1',
    'customers',
    'SELECT 1',
    '{',
    '%',
    '00000000-0000-0000-0000-000000000000',
  ],
];
const text = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 20 }));
const number = fc.constantFrom(-1, 0, 1, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53, -(2 ** 63), 1e300);
const anything = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.object({ key: text, maxDepth: 3 }),
);
const role = fc.constantFrom<Role | null>(...ROLES, null);

const escaped = fc.oneof(
  fc.constantFrom('%00', 'a%00b', '%', '%zz', '%ff', '%c0%80', '%2e%2e%2f', '%ed%a0%80', 'a'.repeat(500)),
  text.map((value) => encodeURIComponent(value.replace(/\p{Surrogate}/gu, '?'))),
);
const PATHS = [
  '/import/:',
  '/training-sets/:',
  '/gangs/:/case.csv',
  '/cells.csv',
  '/graphiql/:',
  '/:',
  '/indicators.csv',
  '/indicators.json',
  '/indicators.parquet',
  '/vintage.csv',
  '/roll-rates.json',
  '/funnel.json',
  '/readyz',
  '/healthz',
  '/metrics',
  '/graphql',
  '/graphql/stream',
  '/import/customers',
];
const NAMES = [
  'history',
  'names',
  'by',
  'grain',
  'from',
  'to',
  'filter',
  'limit',
  'asOf',
  'orderBy',
  'dpd',
  'maxMob',
  'fromCohort',
  'duty',
  'x',
  '__proto__',
];
const TYPES = [
  'application/json',
  'text/csv',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'x',
  '',
];

const toRoutes: fc.Arbitrary<AnyRequest> = fc
  .record({
    role,
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'),
    path: fc.constantFrom(...PATHS),
    parameter: escaped,
    query: fc.array(fc.tuple(fc.constantFrom(...NAMES), escaped), { maxLength: 4 }),
    type: fc.constantFrom(...TYPES),
    encoding: fc.constantFrom('', 'identity', 'gzip', 'br'),
    body: text,
  })
  .map(({ role, method, path, parameter, query, type, encoding, body }) => ({
    role,
    method,
    path: `${path.replace(':', parameter)}?${query.map((pair) => pair.join('=')).join('&')}`,
    headers: { ...(type && { 'content-type': type }), ...(encoding && { 'content-encoding': encoding }) },
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
  }));

const post = (role: Role | null, path: string, body: string): AnyRequest => ({
  role,
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body,
});
const GRAPHQL = fc.constantFrom('/graphql', '/graphql/stream');

const brackets = fc
  .tuple(fc.constantFrom('[', '{a', '(', '{"a":', '"\\"'), fc.constantFrom(1, 50, 500, 4_000, 100_000))
  .map(([bracket, count]) => bracket.repeat(count));
const bodies: fc.Arbitrary<AnyRequest> = fc
  .tuple(
    role,
    GRAPHQL,
    fc.oneof(
      brackets,
      brackets.map((deep) => JSON.stringify({ query: `{ entities${deep}` })),
      brackets.map((deep) => JSON.stringify({ query: `query($a: ${deep}Int) { entities { name } }` })),
      brackets.map((deep) => `{"query":"{ entities { name } }","variables":${deep}`),
      fc
        .record(
          {
            query: fc.oneof(anything, fc.constant('{ entities { name } }')),
            variables: anything,
            operationName: anything,
            extensions: anything,
          },
          { requiredKeys: [] },
        )
        .map((body) => JSON.stringify(body)),
      anything.map((body) => JSON.stringify(body)),
    ),
  )
  .map(([role, path, body]) => post(role, path, body));

/** A value of the type, or one that only looks like it. */
function inputOf(type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return inputOf(type.ofType);
  if (isListType(type)) return fc.array(inputOf(type.ofType), { maxLength: 3 });
  if (isEnumType(type)) return fc.oneof(fc.constantFrom(...type.getValues().map(({ name }) => name)), anything);
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).map((field) => [field.name, inputOf(field.type)] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  }
  if (type.name === 'JSONObject') return fc.dictionary(text, fc.array(anything, { maxLength: 3 }), { maxKeys: 3 });
  if (type.name === 'Int' || type.name === 'Float') return fc.oneof(number, anything);
  return fc.oneof({ weight: 4, arbitrary: text }, anything);
}

/** Calls of every operation but these, by every role. */
const documents = (schema: GraphQLSchema, without: readonly string[]): fc.Arbitrary<AnyRequest> => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const calls = roots.flatMap((root) =>
    Object.values(root?.getFields() ?? {})
      .filter(({ name }) => !without.includes(name))
      .map((field) => {
        const kind = root?.name.toLowerCase();
        const declared = field.args.map(({ name, type }) => `$${name}: ${String(type).replace(/!$/, '')}`);
        const passed = field.args.map(({ name }) => `${name}: $${name}`);
        const wrapped = (items: readonly string[]) => (items.length > 0 ? `(${items.join(', ')})` : '');
        const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }';
        const query = `${kind} Any${wrapped(declared.map((each, at) => (isNonNullType(field.args[at]?.type) ? `${each}!` : each)))} { ${field.name}${wrapped(passed)}${selection} }`;
        const variables = Object.fromEntries(field.args.map(({ name, type }) => [name, inputOf(type)]));
        const paths = kind === 'subscription' ? ['/graphql'] : ['/graphql', '/graphql', '/graphql', '/graphql/stream'];
        return fc
          .tuple(role, fc.constantFrom(...paths), fc.record(variables, { requiredKeys: [] }))
          .map(([role, path, given]) => post(role, path, JSON.stringify({ query, variables: given })));
      }),
  );
  return fc.oneof(...calls);
};

export const anyRequest = (schema: GraphQLSchema, without: readonly string[]): fc.Arbitrary<AnyRequest> =>
  fc.oneof(
    { weight: 2, arbitrary: toRoutes },
    { weight: 1, arbitrary: bodies },
    { weight: 4, arbitrary: documents(schema, without) },
  );

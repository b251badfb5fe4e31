import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError, type GraphQLSchema, getOperationAST, parse, validate } from 'graphql';
import type { Response as SseResponse } from 'graphql-sse';
import { createHandler } from 'graphql-sse/lib/use/fastify';
import { badInput, ERROR_STATUS, type ErrorCode, RiskgraphError } from '../core/errors.js';
import { lostDigits, nestsDeeper, tooManyDigits } from '../core/json.js';
import type { Log, Metrics } from '../core/ports/process.js';
import { createApollo } from '../graphql/apollo.js';
import { type ApiServices, piiView, type RequestContext } from '../graphql/context.js';
import { formatGraphqlError, isOurFault, thrownError } from '../graphql/errors.js';
import { checkNesting, checkOperation, MAX_NESTING, MAX_TOKENS, tooDeep } from '../graphql/limits.js';
import { createLoaders } from '../graphql/loaders.js';
import type { Schemas } from '../graphql/schema.js';
import type { Admission } from './admission.js';
import { answeredInTime, waitOf } from './deadlines.js';
import { openStreams } from './streams.js';

/** Room for 1,000 rows of keys, or a spine of 10,000 rows with a few columns. */
const BODY_LIMIT = 16 * 1024 * 1024;

/** A key of any role: operations have roles of their own. */
const KEYED = { access: 'ANY_ROLE' } as const;

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

interface GraphqlOptions {
  readonly schemas: Schemas;
  readonly services: ApiServices;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly admit: Admission;
}

function contextOf(request: FastifyRequest, { services, log, metrics }: GraphqlOptions): RequestContext {
  const { caller, id, ip, deadline } = request;
  if (!caller) throw new RiskgraphError({ code: 'UNAUTHENTICATED', message: 'no key was sent' });
  const { onlineFeatures, offline, jobs, freshness, completeness, profiles } = services;
  const now = services.now();
  const signal = waitOf(request);
  const stored = { onlineFeatures, offline, jobs, freshness, completeness, profiles };
  const loaders = createLoaders({ ...stored, now, deadline: deadline?.signal, signal });
  return { services, caller, requestId: id, address: ip, loaders, deadline, signal, log, metrics, reads: [] };
}

const schemaOf = ({ caller }: FastifyRequest): keyof Schemas =>
  caller && piiView(caller) === 'HIDDEN' ? 'withoutPersonal' : 'whole';

async function checkBody({ body }: FastifyRequest): Promise<void> {
  const { query, variables } = (body ?? {}) as { query?: unknown; variables?: unknown };
  if (Array.isArray(body) || typeof query !== 'string') {
    throw badInput(
      'the body is not a GraphQL request',
      'send { "query": "…", "variables": { … } }, one operation a request',
    );
  }
  if (variables !== undefined && (typeof variables !== 'object' || Array.isArray(variables))) {
    throw badInput('`variables` is not an object', 'send { "query": "…", "variables": { … } }');
  }
  checkNesting(query);
}

/** Subscriptions as server-sent events; queries and mutations have their own route, with its limits and its log. */
function streamHandler(options: GraphqlOptions) {
  const { schemas, services, log } = options;
  return createHandler<RequestContext & Record<PropertyKey, unknown>>({
    // One operation a connection; a connection that several requests share would outlive the key that opened it.
    authenticate: () => null,
    context: ({ raw }) => ({ ...contextOf(raw, options) }),
    onSubscribe: ({ raw }, { query, variables, operationName }) => {
      const fail = (error: unknown): SseResponse => {
        const wrapped =
          error instanceof GraphQLError ? error : new GraphQLError(String(error), { originalError: error as Error });
        const { message, extensions } = formatGraphqlError(wrapped.toJSON(), wrapped);
        const body = { errors: [{ message, extensions: { ...extensions, requestId: raw.id } }] };
        const status = ERROR_STATUS[extensions?.code as ErrorCode];
        return [JSON.stringify(body), { status, statusText: '', headers: JSON_HEADERS }];
      };
      const schema = schemas[schemaOf(raw)];
      try {
        const document = parse(String(query), { maxTokens: MAX_TOKENS });
        const problems = validate(schema, document);
        if (problems[0]) return fail(problems[0]);
        const operation = getOperationAST(document, operationName);
        if (operation?.operation !== 'subscription') {
          throw badInput('this route serves subscriptions only', 'send queries and mutations to POST /graphql');
        }
        checkOperation({ schema, document, operation, variables: { ...variables }, catalogue: services.catalogue });
        return {
          schema,
          document,
          ...(operationName == null ? {} : { operationName }),
          variableValues: { ...variables },
          contextValue: { ...contextOf(raw, options) },
        };
      } catch (error) {
        return fail(error);
      }
    },
    onNext: (_context, { raw }, result) => ({
      ...result,
      ...(result.errors
        ? {
            errors: result.errors.map((error) => {
              if (isOurFault(error)) log.error({ err: thrownError(error), requestId: raw.id }, 'a subscription failed');
              const { message, extensions } = formatGraphqlError(error.toJSON(), error);
              return new GraphQLError(message, { extensions: { ...extensions, requestId: raw.id } });
            }),
          }
        : {}),
    }),
  });
}

export async function registerGraphql(server: FastifyInstance, options: GraphqlOptions): Promise<void> {
  const handlerOf = async (schema: GraphQLSchema) => {
    const apollo = createApollo(schema);
    await apollo.start();
    server.addHook('onClose', () => apollo.stop());
    return fastifyApolloHandler(apollo, { context: async (request) => contextOf(request, options) });
  };
  const handlers = {
    whole: await handlerOf(options.schemas.whole),
    withoutPersonal: await handlerOf(options.schemas.withoutPersonal),
  };

  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (nestsDeeper(String(body), MAX_NESTING)) return done(tooDeep('the body'));
    const place = lostDigits(String(body));
    if (place === null) void parseJson(request, String(body), done);
    else done(tooManyDigits(`\`${place}\``));
  });

  server.post('/graphql', {
    config: KEYED,
    bodyLimit: BODY_LIMIT,
    preParsing: options.admit,
    preValidation: checkBody,
    handler: (request, reply) =>
      answeredInTime(request, handlers[schemaOf(request)].call(server, request, reply) as Promise<unknown>),
  });

  const streams = openStreams(server);
  const stream = streamHandler(options);
  server.post(
    '/graphql/stream',
    { config: KEYED, bodyLimit: BODY_LIMIT, preValidation: checkBody },
    async (request, reply) => {
      streams.open(request, reply);
      reply.hijack();
      await stream(request, reply).catch((error: unknown) => {
        options.log.error({ err: error, requestId: request.id }, 'a stream failed');
        reply.raw.destroy();
      });
    },
  );
}

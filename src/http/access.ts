import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RiskgraphError } from '../core/errors.js';
import type { AuditEntry, AuditLog, Caller } from '../core/ports/access.js';
import type { Clock, Log } from '../core/ports/process.js';
import { type GuardedRoute, ROUTE_ROLES } from '../graphql/roles.js';
import type { KeyRing } from './keys.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: no key, or a wrong one. */
    caller: Caller | null;
  }
}

/** Routes that need no key; GraphiQL is a static page whose queries need one. */
const OPEN_ROUTES = new Set(['GET /healthz', 'GET /readyz', 'GET /healthz/worker', 'GET /graphiql', 'GET /graphiql/*']);
/** Routes that need a key of any role: their operations have roles of their own. */
const KEYED_ROUTES = new Set(['POST /graphql', 'POST /graphql/stream']);

const isGuarded = (route: string): route is GuardedRoute => route in ROUTE_ROLES;

/** `GET /training-sets/:id`; HEAD is GET without a body. */
const routeOf = (request: FastifyRequest): string =>
  `${request.method === 'HEAD' ? 'GET' : request.method} ${request.routeOptions.url ?? ''}`;

/** Prometheus on the same machine; what a proxy forwards comes from elsewhere. */
const isLocalMetrics = (request: FastifyRequest, route: string): boolean =>
  route === 'GET /metrics' &&
  ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.ip) &&
  request.headers['x-forwarded-for'] === undefined &&
  request.headers.forwarded === undefined;

function check(request: FastifyRequest): void {
  const route = routeOf(request);
  if (request.is404 || OPEN_ROUTES.has(route) || isLocalMetrics(request, route)) return;
  if (!request.caller) {
    throw new RiskgraphError({
      code: 'UNAUTHENTICATED',
      message: request.headers.authorization === undefined ? 'no key was sent' : 'the key is not one of this server',
      hint: 'send `Authorization: Bearer <key>`; the operator finds generated keys in the file `keys` of RISKGRAPH_HOME',
    });
  }
  if (!isGuarded(route)) return;
  const roles: readonly string[] = ROUTE_ROLES[route];
  if (!roles.includes(request.caller.role)) {
    throw new RiskgraphError({
      code: 'FORBIDDEN',
      message: `role ${request.caller.role} may not call ${route}`,
      hint: `it takes a key of role ${roles.join(' or ')}`,
    });
  }
}

/** What a route was called with, without bodies. */
const detailsOf = (request: FastifyRequest, status: number): AuditEntry['details'] => ({
  status,
  ...(request.params && Object.keys(request.params).length > 0 ? { parameters: request.params } : {}),
  ...(request.query && Object.keys(request.query).length > 0 ? { query: request.query } : {}),
});

/**
 * Who calls, whether they may, and the record of it, in one place for every route. Keys are checked before a body is read. A route
 * that no table of roles names fails when it is registered.
 */
export function registerAccess(
  server: FastifyInstance,
  {
    keys,
    audit,
    now,
    log,
  }: { readonly keys: KeyRing; readonly audit: AuditLog; readonly now: Clock; readonly log: Log },
): void {
  server.decorateRequest('caller', null);

  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const route = `${one === 'HEAD' ? 'GET' : one} ${url}`;
      if (!OPEN_ROUTES.has(route) && !KEYED_ROUTES.has(route) && !isGuarded(route)) {
        throw new Error(`route without a declared role: ${route}`);
      }
    }
  });

  server.addHook('onRequest', async (request, reply) => {
    request.caller = keys.authenticate(request.headers.authorization);
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });

  // After the rate limit, which counts refused calls too, and before the body.
  server.addHook('preParsing', async (request) => check(request));

  // Before the answer leaves: who has it in hand is in the log.
  server.addHook('onSend', async (request, reply) => {
    const route = routeOf(request);
    const refused = reply.statusCode === 401 || reply.statusCode === 403;
    const exported = isGuarded(route) && route !== 'GET /metrics';
    if (!refused && !exported) return;
    const outcome = refused ? 'REFUSED' : reply.statusCode < 400 ? 'DONE' : 'FAILED';
    await audit
      .record({
        at: now(),
        requestId: request.id,
        caller: request.caller,
        action: route,
        outcome,
        address: request.ip,
        details: detailsOf(request, reply.statusCode),
      })
      .catch((error: unknown) =>
        log.error({ err: error, requestId: request.id, route }, 'the audit log could not be written'),
      );
  });
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { withinTime } from '../core/async.js';
import { RiskgraphError } from '../core/errors.js';
import type { AuditEntry, AuditLog, Caller } from '../core/ports/access.js';
import type { Clock, Log } from '../core/ports/process.js';
import type { KeyRing } from './keys.js';
import type { GuardedAccess, GuardedRoute } from './route-access.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: no key, or a wrong one. */
    caller: Caller | null;
  }
}

/** A Postgres that hangs holds up no answer for longer; an entry that is taken later is still kept. */
const AUDIT_MS = 2_000;

/** `GET /training-sets/:id`; HEAD is GET without a body. */
const routeOf = (request: FastifyRequest): string =>
  `${request.method === 'HEAD' ? 'GET' : request.method} ${request.routeOptions.url ?? ''}`;

/** The declaration of a route that is open to some roles only; null for one that is not, and where there is no route. */
const guardOf = ({ is404, routeOptions }: FastifyRequest): GuardedAccess | null => {
  const access = is404 ? undefined : routeOptions.config.access;
  return typeof access === 'object' ? access : null;
};

/** Whether the audit log keeps every call of the route. */
export const isAudited = (request: FastifyRequest): boolean => guardOf(request)?.audit === true;

/** The caller is on the same machine; what a proxy forwards comes from elsewhere. */
const isLoopback = (request: FastifyRequest): boolean =>
  ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.ip) &&
  request.headers['x-forwarded-for'] === undefined &&
  request.headers.forwarded === undefined;

function check(request: FastifyRequest): void {
  if (request.is404 || request.routeOptions.config.access === 'OPEN') return;
  const guard = guardOf(request);
  if (guard?.loopback && isLoopback(request)) return;
  if (!request.caller) {
    throw new RiskgraphError({
      code: 'UNAUTHENTICATED',
      message: request.headers.authorization === undefined ? 'no key was sent' : 'the key is not one of this server',
      hint: 'send `Authorization: Bearer <key>`; the operator finds generated keys in the file `keys` of RISKGRAPH_HOME',
    });
  }
  if (guard && !guard.roles.includes(request.caller.role)) {
    throw new RiskgraphError({
      code: 'FORBIDDEN',
      message: `role ${request.caller.role} may not call ${routeOf(request)}`,
      hint: `it takes a key of role ${guard.roles.join(' or ')}`,
    });
  }
}

/** The arguments of a call of a route, without its body. */
const detailsOf = (request: FastifyRequest, status: number): AuditEntry['details'] => ({
  status,
  ...(request.params && Object.keys(request.params).length > 0 ? { parameters: request.params } : {}),
  ...(request.query && Object.keys(request.query).length > 0 ? { query: request.query } : {}),
});

/**
 * Authentication, authorization and audit of every route, in one place. Keys are checked before a body is read. A route that declares no
 * access fails when it is registered.
 */
export function registerAccess(
  server: FastifyInstance,
  options: {
    readonly keys: Pick<KeyRing, 'authenticate'>;
    /** Every route that is closed to some roles. */
    readonly guarded: readonly GuardedRoute[];
    readonly audit: AuditLog;
    readonly now: Clock;
    readonly log: Log;
  },
): void {
  const { keys, guarded, audit, now, log } = options;
  server.decorateRequest('caller', null);

  server.addHook('onRoute', ({ method, url, config }) => {
    const route = `${[method].flat().join(', ')} ${url}`;
    const access = config?.access;
    if (!access) throw new Error(`route without a declared role: ${route}; write \`config: { access }\` beside it`);
    if (typeof access === 'object' && !guarded.some((each) => each.config.access === access)) {
      throw new Error(`route missing from GUARDED_ROUTES: ${route}; list it there, so that the table of roles has it`);
    }
  });

  server.addHook('onRequest', async (request, reply) => {
    request.caller = keys.authenticate(request.headers.authorization);
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });

  // After the rate limit, which counts refused calls too, and before the body.
  server.addHook('preParsing', async (request) => check(request));

  // Before the answer leaves: a caller that has it is in the log.
  server.addHook('onSend', async (request, reply) => {
    const refused = reply.statusCode === 401 || reply.statusCode === 403;
    if (!refused && !isAudited(request)) return;
    const route = routeOf(request);
    const outcome = refused ? 'REFUSED' : reply.statusCode < 400 ? 'DONE' : 'FAILED';
    const recorded = audit.record({
      at: now(),
      requestId: request.id,
      caller: request.caller,
      action: route,
      outcome,
      address: request.ip,
      details: detailsOf(request, reply.statusCode),
    });
    const late = () => new Error(`Postgres did not take the entry within ${AUDIT_MS} ms`);
    const waited = request.deadline?.answer(recorded) ?? recorded;
    await withinTime(waited, AUDIT_MS, late).catch((error: unknown) =>
      log.error({ err: error, requestId: request.id, route }, 'the audit log could not be written'),
    );
  });
}

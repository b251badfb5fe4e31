import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RiskgraphError } from '../core/errors.js';
import type { AuditEntry, AuditLog, Caller } from '../core/ports/access.js';
import type { Clock } from '../core/ports/process.js';
import type { ReportLink, ReportLinks } from '../core/ports/report-links.js';
import { readsReportsAlone } from '../graphql/guard.js';
import { checkAddress, declaredParameters } from './address.js';
import type { KeyRing } from './keys.js';
import type { GuardedAccess, GuardedRoute } from './route-access.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: no key, or a wrong one. */
    caller: Caller | null;
    /** That of a route that takes one; null where it is unknown, revoked or over. */
    link: ReportLink | null;
    /** The entry of a call that did not begin since its entry could not be written: it is not written at its end either. */
    unrecorded: boolean;
  }
}

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

/** The key as `Authorization` brings it, or, on a route that takes it so, as clients of ClickHouse send it. */
function credentialsOf(request: FastifyRequest): string | undefined {
  const { authorization, 'x-clickhouse-key': key } = request.headers;
  if (authorization !== undefined || typeof key !== 'string') return authorization;
  return guardOf(request)?.clickhouse ? `Bearer ${key}` : undefined;
}

/** Who reads a link: no key, and so no more than the link. */
const callerOf = ({ name, sha256, rows }: NonNullable<Awaited<ReturnType<ReportLinks['open']>>>): Caller => ({
  role: 'bi',
  name: `link ${name}`,
  keyId: sha256.slice(0, 16),
  ...(rows.length > 0 ? { rows } : {}),
});

function check(request: FastifyRequest): void {
  if (request.is404 || request.routeOptions.config.access === 'OPEN') return;
  const guard = guardOf(request);
  if (guard?.loopback && isLoopback(request)) return;
  if (guard?.link && !request.caller) {
    throw new RiskgraphError({
      code: 'UNAUTHENTICATED',
      message: 'there is no such link: it was revoked, its time is over, or its address is not whole',
      hint: 'ask an admin of this server for another',
    });
  }
  if (!request.caller) {
    throw new RiskgraphError({
      code: 'UNAUTHENTICATED',
      message: request.headers.authorization === undefined ? 'no key was sent' : 'the key is not one of this server',
      hint: `send \`Authorization: Bearer <key>\`${guard?.basic ? ', or basic auth with any user and the key as password' : ''}; the operator finds generated keys in the file \`keys\` of RISKGRAPH_HOME`,
    });
  }
  if (guard && request.caller.rows && !guard.withinRights) throw readsReportsAlone(routeOf(request));
  if (guard && !guard.roles.includes(request.caller.role)) {
    throw new RiskgraphError({
      code: 'FORBIDDEN',
      message: `role ${request.caller.role} may not call ${routeOf(request)}`,
      hint: `it takes a key of role ${guard.roles.join(' or ')}`,
    });
  }
}

/** Asked so, a program asks its user for the key. */
const CHALLENGE = 'Basic realm="Riskgraph", charset="UTF-8"';

type Authenticate = KeyRing['authenticate'];

/** A key that a caller puts into the address by mistake stays out of the log. */
function withoutKeys(value: unknown, authenticate: Authenticate): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutKeys(item, authenticate));
  if (typeof value !== 'string') return value;
  const isKey = (word: string): boolean =>
    authenticate(`Bearer ${word}`) !== null || authenticate(`Basic ${word}`, { basic: true }) !== null;
  const hidden = (word: string): string => (isKey(word) ? '[key]' : word);
  return value
    .split(/([\s,]+)/)
    .map(hidden)
    .join('');
}

const sizeOf = (value: unknown): string => {
  const size = Array.isArray(value) ? value.length : 1;
  return size === 1 ? '1 value' : `${size} values`;
};

/** The arguments of a call of a route, without its body. What no route declares, or a caller without a key sends, may be anything, also a key. */
function argumentsOf(request: FastifyRequest, authenticate: Authenticate): Record<string, unknown> {
  if (!request.caller) return {};
  const { personal = [] } = request.routeOptions.config;
  const shown = (given: object, names: readonly string[]): [string, unknown][] =>
    Object.entries(given).flatMap(([name, value]) =>
      names.includes(name) ? [[name, personal.includes(name) ? sizeOf(value) : withoutKeys(value, authenticate)]] : [],
    );
  const params = request.params as object;
  const parameters = shown(params, Object.keys(params));
  const query = shown(request.query as object, declaredParameters(request));
  const headers = shown(request.headers, request.routeOptions.config.headers ?? []);
  return {
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    ...(parameters.length > 0 ? { parameters: Object.fromEntries(parameters) } : {}),
    ...(query.length > 0 ? { query: Object.fromEntries(query) } : {}),
  };
}

/**
 * Authentication, authorization and audit of every route, in one place. Keys are checked before a body is read, and what takes data in or
 * out is in the audit log before it begins, or does not begin. A route that declares no access fails when it is registered.
 */
export function registerAccess(
  server: FastifyInstance,
  options: {
    readonly keys: Pick<KeyRing, 'authenticate'>;
    /** Every route that is closed to some roles. */
    readonly guarded: readonly GuardedRoute[];
    /** Of a server with routes that take one. */
    readonly links?: Pick<ReportLinks, 'open'>;
    readonly audit: Pick<AuditLog, 'record' | 'noteStranger'>;
    readonly now: Clock;
  },
): void {
  const { keys, links, guarded, audit, now } = options;
  server.decorateRequest('caller', null);
  server.decorateRequest('link', null);
  server.decorateRequest('unrecorded', false);

  server.addHook('onRoute', ({ method, url, config }) => {
    const route = `${[method].flat().join(', ')} ${url}`;
    const access = config?.access;
    if (!access) throw new Error(`route without a declared role: ${route}; write \`config: { access }\` beside it`);
    if (typeof access === 'object' && !guarded.some((each) => each.config.access === access)) {
      throw new Error(`route missing from GUARDED_ROUTES: ${route}; list it there, so that the table of roles has it`);
    }
  });

  server.addHook('onRequest', async (request, reply) => {
    const guard = guardOf(request);
    if (guard?.link) {
      const { secret = '' } = request.params as Readonly<Record<string, string>>;
      const link = (await links?.open(secret)) ?? null;
      request.link = link;
      request.caller = link && callerOf(link);
    } else request.caller = keys.authenticate(credentialsOf(request), { basic: guard?.basic === true });
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });

  const record = (request: FastifyRequest, outcome: AuditEntry['outcome'], status?: number): Promise<void> => {
    const { id, caller, ip, deadline } = request;
    const details = { ...(status === undefined ? {} : { status }), ...argumentsOf(request, keys.authenticate) };
    const recorded = audit.record({
      at: now(),
      requestId: id,
      caller,
      action: routeOf(request),
      outcome,
      address: ip,
      details,
    });
    return deadline?.answer(recorded) ?? recorded;
  };

  // After the rate limit, which counts refused calls too, and before the body.
  server.addHook('preParsing', async (request) => {
    check(request);
    checkAddress(request);
    if (!isAudited(request)) return;
    request.unrecorded = true;
    await record(request, 'BEGUN');
    request.unrecorded = false;
  });

  // Before the answer leaves: a caller that has it is in the log. What is done or refused is so, also where that cannot be recorded.
  server.addHook('onSend', async (request, reply) => {
    const { statusCode } = reply;
    if (statusCode === 401 && !request.caller) {
      if (guardOf(request)?.basic) reply.header('www-authenticate', CHALLENGE);
      audit.noteStranger({ at: now(), address: request.ip, action: routeOf(request) });
      return;
    }
    const refused = statusCode === 403;
    if (request.unrecorded || (!refused && !isAudited(request))) return;
    const outcome = refused ? 'REFUSED' : statusCode < 400 ? 'DONE' : 'FAILED';
    await record(request, outcome, statusCode).catch(() => undefined);
  });
}

import { randomUUID } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import type { RateCount } from '../core/ports/access.js';
import type { Log, Metrics } from '../core/ports/process.js';
import type { ApiServices } from '../graphql/context.js';
import { schemasOf } from '../graphql/schema.js';
import { isAudited, registerAccess } from './access.js';
import { createAdmission } from './admission.js';
import { registerBodies } from './bodies.js';
import { registerCells } from './cells.routes.js';
import { registerDeadlines } from './deadlines.js';
import { registerDownloads } from './downloads.routes.js';
import { answerBroken, registerErrors, sendError } from './errors.js';
import { registerGangs } from './gangs.routes.js';
import { registerGraphiql } from './graphiql.routes.js';
import { registerGraphql } from './graphql.routes.js';
import { type HealthChecks, registerHealth } from './health.routes.js';
import { registerHome } from './home.routes.js';
import { registerIndicators } from './indicators.routes.js';
import type { KeyRing } from './keys.js';
import { type RateLimits, registerRateLimit } from './rate-limit.js';
import { GUARDED_ROUTES } from './role-table.js';
import { registerSpines } from './spines.routes.js';
import { registerSql } from './sql.routes.js';

export interface HttpOptions {
  readonly services: ApiServices;
  readonly keys: KeyRing;
  readonly health: HealthChecks;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly metricsText: () => Promise<string>;
  readonly rateLimits: RateLimits;
  /** Deadline of a request of role decision that names none. */
  readonly decisionDeadlineMs: number;
  /** How long the sender of a body may be silent. */
  readonly idleBodySeconds: number;
  /** The count that all processes of the API share. Absent: each counts for itself. */
  readonly rateCount?: RateCount;
  /** Adds the import routes. */
  readonly registerImports?: (server: FastifyInstance) => void | Promise<void>;
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Taken from the caller where it is harmless in a log, else made. */
const requestId = (given: string | string[] | undefined): string =>
  typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();

/**
 * A connection that is busy when the server begins to close ends with its answer. Only those that are idle by then are closed, and its client
 * would keep it, and the server with it, for more than a minute.
 */
function endConnectionsOnClose(server: FastifyInstance): void {
  let closing = false;
  server.addHook('preClose', async () => {
    closing = true;
  });
  server.addHook('onSend', async (_, reply) => {
    if (closing) reply.header('connection', 'close');
  });
  // The head of a download may have gone before.
  server.addHook('onResponse', async () => {
    if (closing) setImmediate(() => server.server.closeIdleConnections());
  });
}

/** The HTTP server with every route; it listens when told to. */
export async function createHttpServer(options: HttpOptions): Promise<FastifyInstance> {
  const { services, keys, log, metrics, metricsText, rateLimits, rateCount } = options;
  const server = fastify({
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBroken,
    // What is refused before a route is found.
    frameworkErrors: (error, request, reply) => sendError(request, reply, error, log),
  });

  endConnectionsOnClose(server);
  registerErrors(server, log);
  registerAccess(server, {
    keys,
    links: services.reportLinks,
    guarded: GUARDED_ROUTES,
    audit: services.audit,
    now: services.now,
  });
  registerBodies(server, { idleSeconds: options.idleBodySeconds });
  registerDeadlines(server, { decisionMs: options.decisionDeadlineMs });
  await registerRateLimit(server, { limits: rateLimits, count: rateCount, metrics });

  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.observe('http_seconds', reply.elapsedTime / 1_000, { route, status: String(reply.statusCode) });
    // Operations have lines of their own; health, metrics and the page would drown the rest.
    const level = isAudited(request) ? 'info' : 'debug';
    log[level]({ requestId: request.id, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'http');
  });

  registerHealth(server, {
    health: options.health,
    metrics,
    metricsText,
    now: services.now,
    report: services.reportGauges,
  });
  registerHome(server);
  registerGraphiql(server);
  await registerSpines(server, { spines: services.spines });
  registerDownloads(server, { trainingSets: services.trainingSets });
  registerCells(server, { services });
  registerGangs(server, { services, calendar: services.calendar });
  const admit = createAdmission(server, { metrics, idleSeconds: options.idleBodySeconds });
  registerIndicators(server, {
    indicators: services.indicators,
    calendar: services.calendar,
    now: services.now,
    admit,
  });
  await registerSql(server, { mis: services.mis });
  await registerGraphql(server, { schemas: schemasOf(services.registry), services, log, metrics, admit });
  await options.registerImports?.(server);
  return server;
}

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { badInput, ERROR_STATUS, type ErrorCode, RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { publicError } from '../graphql/errors.js';

/** An address that fastify cannot read, or a parameter longer than it reads. */
const BAD_ADDRESS = new Set(['FST_ERR_BAD_URL', 'FST_ERR_MAX_PARAM_LENGTH', 'FST_ERR_ASYNC_CONSTRAINT']);

/** Our messages for fastify's own refusals, whose messages name its internals. */
function fromFastify(error: unknown): RiskgraphError | null {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) {
    return new RiskgraphError({
      code: 'PAYLOAD_TOO_LARGE',
      message: 'the body is too large',
      hint: 'split the request, or use the import API',
    });
  }
  if (typeof code === 'string' && BAD_ADDRESS.has(code)) return badAddress();
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || statusCode === 415) {
    return new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: 'this content type is not supported here',
      hint: 'send application/json',
    });
  }
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP')) {
    return new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: 'the body could not be read',
      hint: 'send valid JSON that is as long as it says',
    });
  }
  if (error instanceof SyntaxError && statusCode === 400) {
    return new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: 'the body is not valid JSON',
      hint: 'check quotes and commas',
    });
  }
  return null;
}

/** Clients of ClickHouse show the text of an answer that is no success, and look for its code in a header. */
const CLICKHOUSE_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  UNAUTHENTICATED: 516,
  FORBIDDEN: 497,
  BAD_USER_INPUT: 62,
  TOO_COMPLEX: 396,
  OVERLOADED: 202,
  TIMEOUT: 159,
};

const isSql = ({ routeOptions: { config } }: FastifyRequest): boolean =>
  typeof config?.access === 'object' && config.access.clickhouse === true;

const isGraphql = (request: FastifyRequest): boolean => /^\/graphql(\/stream)?(\?|$)/.test(request.url);

/** What Node reads of a connection before there is a request: the code of its error, and how long the head may take to come. */
const BROKEN: Readonly<Record<string, RiskgraphError>> = {
  HPE_HEADER_OVERFLOW: new RiskgraphError({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'the address and the headers are larger than 16 KiB',
    hint: 'send what is long in the body',
  }),
  ERR_HTTP_REQUEST_TIMEOUT: new RiskgraphError({
    code: 'TIMEOUT',
    message: 'the headers of the request did not come whole in time',
    hint: 'send it again, without pauses',
  }),
};

/** Answers what is no HTTP request, in the shape of every other error, and ends the connection. */
export function answerBroken({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const error = BROKEN[code ?? ''] ?? badInput('the connection holds no HTTP request', 'send HTTP/1.1');
  const { message, hint, status } = error;
  const body = JSON.stringify({ error: { code: error.code, message, hint, requestId: randomUUID() } });
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

/** Answers an error in the shape of its route: a GraphQL response, or `{ error }`. Never a stack or a path. */
export function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown, log: Log): FastifyReply {
  const ours = fromFastify(error) ?? error;
  const { code, message, hint, details } = publicError(ours);
  const status = ERROR_STATUS[code];
  // The list of GraphQL codes is closed: the status says that it was the size.
  const graphqlCode = code === 'PAYLOAD_TOO_LARGE' ? 'TOO_COMPLEX' : code;
  const requestId = request.id;
  const retryAfter = details?.retryAfterSeconds;
  if (typeof retryAfter === 'number') reply.header('retry-after', retryAfter);
  if (code === 'INTERNAL') log.error({ err: error, requestId, route: request.routeOptions.url }, 'a request failed');
  if (isSql(request)) reply.header('x-clickhouse-exception-code', CLICKHOUSE_CODES[code] ?? 49);
  const body = isGraphql(request)
    ? { errors: [{ message, extensions: { code: graphqlCode, hint, requestId, ...(details ? { details } : {}) } }] }
    : { error: { code, message, hint, requestId, ...(details ? { details } : {}) } };
  return reply.code(status).type('application/json; charset=utf-8').send(body);
}

const badAddress = (): RiskgraphError =>
  badInput('the address cannot be read', 'percent-encode UTF-8, without the character NUL');

/** Refuses NUL in a parameter of the path, which no store takes: it is no name and no id. */
function checkParameters({ params }: FastifyRequest): void {
  const values = Object.values((params ?? {}) as Readonly<Record<string, string>>);
  if (values.some((value) => value.includes('\0'))) throw badAddress();
}

export function registerErrors(server: FastifyInstance, log: Log): void {
  server.addHook('preValidation', async (request) => checkParameters(request));
  server.setErrorHandler((error, request, reply) => sendError(request, reply, error, log));
  server.setNotFoundHandler((request, reply) =>
    sendError(
      request,
      reply,
      new RiskgraphError({
        code: 'NOT_FOUND',
        message: `there is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}`,
        hint: 'the API is POST /graphql; GET / shows where to start',
      }),
      log,
    ),
  );
}

import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_STATUS, type ErrorCode, RiskgraphError } from '../core/errors.js';

export interface PublicError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const DEFAULT_HINTS: Readonly<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'send `Authorization: Bearer <key>` with a key of this server',
  FORBIDDEN: 'use a key of a role that may',
  BAD_USER_INPUT: 'compare the request with the schema',
  NOT_FOUND: 'check the name or id',
  CONFLICT: 'look at the present state and ask again',
  PAYLOAD_TOO_LARGE: 'split the request',
  RATE_LIMITED: 'slow down and try again in a minute',
  TOO_COMPLEX: 'split the request',
  OVERLOADED: 'try again in a moment',
  TIMEOUT: 'ask for less at once, or try again',
  STORE_UNAVAILABLE: 'try again in a moment; GET /readyz says which store is down',
  INTERNAL: 'try again; if it stays, give the operator the request id',
};

/** Drivers say so when their server is away; Postgres has codes of its own for lost, refused and ended connections. */
const AWAY = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'ENOENT'],
  ...['08001', '08006', '28P01', '3D000', '53300', '57P01', '57P02', '57P03'],
]);

const isAway = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  // pg says these without a code.
  if (/^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)) return true;
  // ENOENT on connect means a socket whose server is gone; on a file it is a fault of the platform.
  return typeof code === 'string' && AWAY.has(code) && (code !== 'ENOENT' || syscall === 'connect');
};

/** The error as a caller reads it; an error that is not of this code base is INTERNAL with a general message. */
export function publicError(error: unknown): PublicError {
  if (error instanceof RiskgraphError) {
    const { code, message, hint, details } = error;
    return { code, message, hint: hint ?? DEFAULT_HINTS[code], ...(details ? { details } : {}) };
  }
  if (isAway(error)) {
    return { code: 'STORE_UNAVAILABLE', message: 'a store does not answer', hint: DEFAULT_HINTS.STORE_UNAVAILABLE };
  }
  return { code: 'INTERNAL', message: 'the server failed to answer', hint: DEFAULT_HINTS.INTERNAL };
}

const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && value in ERROR_STATUS;

/** The innermost error that was thrown: graphql-js wraps what resolvers and scalars throw. */
function thrown(error: unknown): unknown {
  let inner = error;
  while (inner instanceof GraphQLError && inner.originalError) inner = inner.originalError;
  return inner;
}

/** graphql-js writes it as "more that". */
const TOKEN_LIMIT = /more tha[nt] \d+ tokens/;

/** The shape of every GraphQL error: message, place, and extensions of code, hint and, added later, requestId. */
export function formatGraphqlError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const inner = thrown(error);
  const { locations, path } = formatted;
  const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
  if (inner instanceof GraphQLError) {
    // Not from our code: the document itself, or a value that a scalar refused.
    const { code, hint } = inner.extensions as { code?: unknown; hint?: unknown };
    const errorCode =
      isCode(code) && code !== 'INTERNAL' ? code : TOKEN_LIMIT.test(inner.message) ? 'TOO_COMPLEX' : 'BAD_USER_INPUT';
    return {
      message: formatted.message,
      ...place,
      extensions: { code: errorCode, hint: typeof hint === 'string' ? hint : DEFAULT_HINTS[errorCode] },
    };
  }
  const { code, message, hint, details } = publicError(inner);
  return { message, ...place, extensions: { code, hint, ...(details ? { details } : {}) } };
}

/** Whether an operator must look at it: everything that the caller could not have caused. */
export const isOurFault = (error: unknown): boolean => {
  const inner = thrown(error);
  if (inner instanceof GraphQLError) return false;
  return publicError(inner).code === 'INTERNAL';
};

export const thrownError = thrown;

import type { HTTPMethods } from 'fastify';
import type { Role } from '../core/ports/access.js';

/** The access of a route that is not open to all: its roles, and what the audit log keeps. */
export interface GuardedAccess {
  readonly roles: readonly [Role, ...Role[]];
  /** Records every call; refused calls are recorded on every route. */
  readonly audit: boolean;
  /** Answers a caller with rights to some rows within them; every other guarded route is FORBIDDEN to such a caller. */
  readonly withinRights?: true;
  /** Takes no key: the secret in its path is that of a report link. */
  readonly link?: true;
  /** A caller on the same machine needs no key. */
  readonly loopback?: true;
  /** Takes basic auth, with the key as password, beside bearer: for programs that ask a person for a user and a password, as spreadsheets do. */
  readonly basic?: true;
  /** Takes the key in `X-ClickHouse-Key`, too, as clients of ClickHouse send it. */
  readonly clickhouse?: true;
}

/** OPEN needs no key; ANY_ROLE needs a key, and what it calls has roles of its own. */
export type RouteAccess = 'OPEN' | 'ANY_ROLE' | GuardedAccess;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route without it fails when it is registered. */
    access?: RouteAccess;
    /** The query parameters that the route takes; none where absent, and every other is refused. */
    query?: readonly string[];
    /** Parameters whose values may name a person, or are a secret: the audit log keeps how many there are. */
    personal?: readonly string[];
    /** The headers that say what the call is to do, in small letters: the audit log keeps them. */
    headers?: readonly string[];
  }
}

export interface GuardedRoute {
  readonly method: HTTPMethods;
  readonly url: string;
  readonly config: {
    readonly access: GuardedAccess;
    readonly query: readonly string[];
    readonly headers: readonly string[];
    readonly personal: readonly string[];
  };
}

/** Declares a route beside its handler: `server.route({ ...guardedRoute('GET', '/file', { … }), handler })`. */
export const guardedRoute = (
  method: HTTPMethods,
  url: string,
  access: GuardedAccess,
  { query = [], headers = [], personal = [] }: Partial<Omit<GuardedRoute['config'], 'access'>> = {},
): GuardedRoute => ({ method, url, config: { access, query, headers, personal } });

/** Open to all, without a key. */
export const OPEN = { config: { access: 'OPEN' } } as const;

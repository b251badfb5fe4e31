import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { withinTime } from '../core/async.js';
import { RiskgraphError } from '../core/errors.js';
import { type Caller, type RateCount, ROLES, type Role } from '../core/ports/access.js';
import type { Metrics } from '../core/ports/process.js';

const WINDOW_MS = 60_000;

/** Requests a minute; null: no limit. */
type Limit = number | null;

/** How many requests each key may send. */
export interface RateLimits {
  /** The limit of one key; that of one address for a request without a key. */
  of(caller: Caller | null): Limit;
  /** Every limit that is in force: by role, and by the name of the keys that have one of their own. */
  readonly all: readonly { readonly role: Role; readonly name: string | null; readonly limit: Limit }[];
}

/** What is written alone: for every role but `decision`, and for callers without a key. */
const OTHERS = 6_000;
/** Real overload protects itself (OVERLOADED); a count would refuse a decision that there is room for. */
const DECISIONS: Limit = null;

const ENTRY = /^(?:([a-z]+)(?::([^=\s,]{1,64}))?=)?(none|[1-9]\d{0,8})$/;
const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/**
 * Reads `6000,bi=600,decision=none,modeler:nightly=60000`: requests a minute for each key of every role but `decision`, of a role, and for the
 * keys of one name, the closest one counting.
 * @throws BAD_USER_INPUT listing every problem by its place
 */
export function parseRateLimits(text: string | undefined): RateLimits {
  const problems: string[] = [];
  const given = new Map<string, Limit>();
  for (const [index, entry] of (text?.split(',') ?? []).entries()) {
    const place = `entry ${index + 1}`;
    const [match, role = '', name, amount] = ENTRY.exec(entry.trim()) ?? [];
    const key = name === undefined ? role : `${role}:${name}`;
    if (match === undefined) problems.push(`${place} is not a number or 'none', role=… or role:name=…`);
    else if (role !== '' && !isRole(role)) problems.push(`${place}: '${role}' is not a role`);
    else if (given.has(key)) problems.push(`${place}: ${key === '' ? 'the number alone' : key} is given twice`);
    else given.set(key, amount === 'none' ? null : Number(amount));
  }
  if (problems.length > 0) {
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: `RISKGRAPH_RATE_LIMIT is not usable: ${problems.join('; ')}`,
      hint: `write requests a minute, as in 6000,bi=600,decision=none, with roles ${ROLES.join(', ')}`,
    });
  }
  const find = (key: string, otherwise: Limit): Limit => {
    const limit = given.get(key);
    return limit === undefined ? otherwise : limit;
  };
  const others = find('', OTHERS);
  const byRole = new Map(ROLES.map((role) => [role, find(role, role === 'decision' ? DECISIONS : others)]));
  const named = [...given].flatMap(([key, limit]) => {
    const [role, name] = key.split(/:(.*)/s);
    return name ? [{ role: role as Role, name, limit }] : [];
  });
  return {
    of: (caller) => (caller === null ? others : find(`${caller.role}:${caller.name}`, byRole.get(caller.role) ?? null)),
    all: [...ROLES.map((role) => ({ role, name: null, limit: byRole.get(role) ?? null })), ...named],
  };
}

export interface RateLimitOptions {
  readonly limits: RateLimits;
  /** Absent: each process counts for itself. */
  readonly count?: RateCount | undefined;
  readonly metrics: Metrics;
}

/** A count that takes longer is not waited for: the request goes on uncounted. */
const COUNT_MS = 40;

/** The count as the plugin takes it. */
const storeOf = (count: RateCount): FastifyRateLimitStoreCtor =>
  class SharedCount implements FastifyRateLimitStore {
    incr(key: string, done: Parameters<FastifyRateLimitStore['incr']>[1], windowMs: number): void {
      const late = () => new Error('Redis did not count the request in time');
      withinTime(count(key, windowMs), COUNT_MS, late).then((counted) => done(null, counted), done);
    }
    child(): FastifyRateLimitStore {
      return this;
    }
  };

/** Counts the requests of every key, or of an address without one, before anything is read of them. */
export async function registerRateLimit(
  server: FastifyInstance,
  { limits, count, metrics }: RateLimitOptions,
): Promise<void> {
  for (const { role, name, limit } of limits.all) {
    if (limit !== null) metrics.gauge('rate_limit_per_minute', limit, { role, caller: name ?? '' });
  }
  await server.register(rateLimit, {
    global: true,
    allowList: ({ caller }) => limits.of(caller) === null,
    max: ({ caller }) => limits.of(caller) ?? Number.POSITIVE_INFINITY,
    timeWindow: WINDOW_MS,
    keyGenerator: ({ caller, ip }) => (caller ? `key:${caller.keyId}` : `ip:${ip}`),
    // A Redis that is away must not close the API: its absence shows as ERROR in the values themselves.
    skipOnError: true,
    ...(count ? { store: storeOf(count) } : {}),
    onExceeded: ({ caller }) =>
      metrics.count('rate_limited_requests', { role: caller?.role ?? '', caller: caller?.name ?? '' }),
    errorResponseBuilder: (_request, { max, after }) =>
      new RiskgraphError({
        code: 'RATE_LIMITED',
        message: `more than ${max} requests a minute`,
        hint: `try again in ${after}`,
      }),
  });
}

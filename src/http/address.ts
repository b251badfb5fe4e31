import type { FastifyRequest } from 'fastify';
import { badInput } from '../core/errors.js';

/** What the stores keep in no id: NUL, which ends a text for some of them, and half a character. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** A message names no more than these. */
const NAMED = 10;
const LONGEST_NAME = 100;

/** The query parameters that a route declares. */
export const declaredParameters = ({ routeOptions }: FastifyRequest): readonly string[] =>
  routeOptions.config.query ?? [];

/**
 * Checks what the address of a call holds beside its route. A misspelt query parameter would be answered as if it were not there.
 * @throws BAD_USER_INPUT naming the query parameters that the route does not take, or the part of the path that is no id
 */
export function checkAddress(request: FastifyRequest): void {
  if (request.is404) return;
  for (const [name, value] of Object.entries(request.params as Readonly<Record<string, string>>)) {
    if (UNSTORABLE.test(value)) throw badInput(`the ${name} in the path holds a character that no ${name} has`);
  }
  const declared = declaredParameters(request);
  const unknown = Object.keys(request.query as object).filter((name) => !declared.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.slice(0, NAMED).map((name) => `'${name.slice(0, LONGEST_NAME)}'`);
  const more = unknown.length > NAMED ? ` and ${unknown.length - NAMED} more` : '';
  throw badInput(
    `there is no query parameter ${names.join(', ')}${more} here`,
    declared.length === 0 ? 'this address takes no query parameters' : `this address takes ${declared.join(', ')}`,
  );
}
